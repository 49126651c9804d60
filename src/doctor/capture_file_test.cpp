// Packets as bytes, cut and whole, and what the rules see in them.
#include "doctor/capture_file.hpp"

#include <gmock/gmock.h>

namespace dt::doctor {
namespace {

using rules::Capture;
using testing::ElementsAre;
using testing::IsEmpty;

/// One direction of 10.0.0.1:40000 ↔ 10.0.0.2:80 in segments written by hand.
class Talk {
  public:
    void client(std::uint8_t flags, std::uint32_t seq, std::uint32_t ack, std::uint16_t length = 0,
                std::uint16_t window = 1000) {
        add(Ends::to_server, flags, {seq, ack}, length, window);
    }
    void server(std::uint8_t flags, std::uint32_t seq, std::uint32_t ack, std::uint16_t length = 0,
                std::uint16_t window = 1000) {
        add(Ends::to_client, flags, {seq, ack}, length, window);
    }
    void later(Duration time) { now_ += time; }
    [[nodiscard]] std::vector<std::string> fired() const {
        std::vector<std::string> names;
        for (const auto& finding : capture_.judge().findings) {
            names.push_back(rules::name(finding.rule));
        }
        return names;
    }

  private:
    enum class Ends : std::uint8_t { to_server, to_client };
    struct Numbers {
        std::uint32_t seq;
        std::uint32_t ack;
    };

    void add(Ends ends, std::uint8_t flags, Numbers numbers, std::uint16_t length,
             std::uint16_t window) {
        std::vector<std::byte> packet(40U + length);
        const MutableOctets octets{packet};
        const bool is_clients = ends == Ends::to_server;
        octets[0] = std::byte{0x45};
        store_be(octets, 2, static_cast<std::uint16_t>(packet.size()));
        octets[9] = std::byte{6};
        Ipv4{10, 0, 0, static_cast<std::uint8_t>(is_clients ? 1 : 2)}.store(octets, 12);
        Ipv4{10, 0, 0, static_cast<std::uint8_t>(is_clients ? 2 : 1)}.store(octets, 16);
        store_be(octets, 20, static_cast<std::uint16_t>(is_clients ? 40000 : 80));
        store_be(octets, 22, static_cast<std::uint16_t>(is_clients ? 80 : 40000));
        store_be(octets, 24, numbers.seq);
        store_be(octets, 28, numbers.ack);
        octets[32] = std::byte{0x50};
        octets[33] = std::byte{flags};
        store_be(octets, 34, window);
        // Only the headers are at hand, as with a short snapshot length.
        see_packet(capture_, ++number_, now_, Octets{packet}.first(40), packet.size());
        now_ += 1ms;
    }

    Capture capture_;
    std::uint64_t number_ = 0;
    Instant now_{};
};

constexpr std::uint8_t fin = 1;
constexpr std::uint8_t syn = 2;
constexpr std::uint8_t rst = 4;
constexpr std::uint8_t ack = 16;

Talk opened() {
    Talk talk;
    talk.client(syn, 0, 0);
    talk.server(syn | ack, 0, 1);
    talk.client(ack, 1, 1);
    return talk;
}

TEST(Capture, AnOrderlyCallIsNothing) {
    Talk talk = opened();
    talk.client(ack, 1, 1, 100);
    talk.server(ack, 1, 101, 500);
    talk.client(ack | fin, 101, 501);
    talk.server(ack | fin, 501, 102);
    talk.client(ack, 102, 502);
    EXPECT_THAT(talk.fired(), IsEmpty());
}

TEST(Capture, ASynAnsweredByAResetIsRefused) {
    Talk talk;
    talk.client(syn, 0, 0);
    talk.server(rst | ack, 0, 1);
    EXPECT_THAT(talk.fired(), ElementsAre("R13"));
}

TEST(Capture, SynsWithoutAnswerAndWithALateOneAreToldApart) {
    Talk talk;
    talk.client(syn, 0, 0);
    talk.later(1s);
    talk.client(syn, 0, 0);
    EXPECT_THAT(talk.fired(), ElementsAre("R21"));
    talk.server(syn | ack, 0, 1);
    EXPECT_THAT(talk.fired(), ElementsAre("R20"));
}

TEST(Capture, AResetInTheMiddleIsTold) {
    Talk talk = opened();
    talk.client(ack, 1, 1, 100);
    talk.server(rst | ack, 1, 101);
    EXPECT_THAT(talk.fired(), ElementsAre("R64"));
}

TEST(Capture, AWindowOfZeroCountsFromASecondOn) {
    Talk talk = opened();
    talk.server(ack, 1, 101, 0, 0);
    talk.later(500ms);
    talk.server(ack, 1, 101);
    EXPECT_THAT(talk.fired(), IsEmpty());
    talk.server(ack, 1, 101, 0, 0);
    talk.later(2s);
    talk.server(ack, 1, 101);
    EXPECT_THAT(talk.fired(), ElementsAre("R44"));
}

TEST(Capture, ALargeSegmentThatNeverArrivesIsABlackHole) {
    Talk talk = opened();
    talk.client(ack, 1, 1, 100);
    talk.server(ack, 1, 101);
    for (int i = 0; i < 4; ++i) talk.client(ack, 101, 1, 1400);
    EXPECT_THAT(talk.fired(), ElementsAre("R47"));
}

TEST(Capture, ASegmentThatArrivesAtLastIsNoBlackHole) {
    Talk talk = opened();
    for (int i = 0; i < 4; ++i) talk.client(ack, 1, 1, 1400);
    talk.server(ack, 1, 1401);
    EXPECT_THAT(talk.fired(), IsEmpty());
}

TEST(Capture, PacketsThatAreCutAnywhereDoNoHarm) {
    std::vector<std::byte> packet(40, std::byte{0x45});
    for (std::size_t size = 0; size <= packet.size(); ++size) {
        Capture capture;
        see_packet(capture, 1, Instant{}, Octets{packet}.first(size), packet.size());
        EXPECT_EQ(capture.size(), 0U);
    }
}

TEST(Capture, AFileThatIsNoneSaysSo) {
    EXPECT_FALSE(read_capture("src/doctor/capture_file_test.cpp"));
    EXPECT_FALSE(read_capture("does-not-exist.pcap"));
}

}  // namespace
}  // namespace dt::doctor
