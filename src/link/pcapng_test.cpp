// Captures: blocks that add up, and a file that tshark reads without complaint.
#include "link/pcapng.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "link/frame_fixture.hpp"

namespace dt::link {
namespace {

class StringSink final : public OctetSink {
  public:
    void write(Octets octets) override {
        text.append(reinterpret_cast<const char*>(octets.data()), octets.size());
    }
    std::string text;
};

class OneNumber final : public EventNumbers {
  public:
    [[nodiscard]] std::uint64_t sent(std::uint64_t frame) const override {
        return frame == 7 ? 31 : 0;
    }
};

std::uint32_t u32_at(const std::string& text, std::size_t at) {
    std::uint32_t number = 0;
    for (int i = 3; i >= 0; --i)
        number = number << 8 | static_cast<unsigned char>(text[at + static_cast<std::size_t>(i)]);
    return number;
}

/// A capture of a SYN that was lost, and of one with text whose checksum was left open.
std::string capture() {
    buf::Pool pool;
    StringSink sink;
    OneNumber numbers;
    PcapngTap tap(sink, "dialtone", Instant{}, 1'700'000'000s);
    tap.name_port(0, 0, "client/eth0");
    tap.name_port(0, 1, "server/eth0");
    tap.number_with(numbers);
    FramePtr syn = segment_frame(pool, {.flags = TcpFlag::syn, .seq = 1});
    syn->id = 7;
    tap.on_frame(Instant{} + 1500us, 0, 0, *syn, "loss=1%");
    FramePtr text = segment_frame(
        pool,
        {.from = 2, .to = 1, .flags = TcpFlag::ack | TcpFlag::psh, .seq = 9, .text = "hello"});
    const Checksum pseudo =
        wire::pseudo_header(Ipv4{10, 0, 0, 2}, Ipv4{10, 0, 0, 1}, wire::IpProtocol::tcp, 25);
    text->offload = {
        .checksum = wire::ChecksumState::needed, .checksum_start = 34, .checksum_offset = 16};
    store_be(text->head(), 50, pseudo.partial());
    tap.on_frame(Instant{} + 2ms, 0, 1, *text, {});
    return sink.text;
}

TEST(Pcapng, BlocksSayTheirLengthAtBothEnds) {
    const std::string file = capture();
    std::size_t at = 0;
    std::vector<std::uint32_t> types;
    while (at + 12 <= file.size()) {
        const std::uint32_t length = u32_at(file, at + 4);
        ASSERT_EQ(length % 4, 0U);
        ASSERT_LE(at + length, file.size());
        EXPECT_EQ(u32_at(file, at + length - 4), length);
        types.push_back(u32_at(file, at));
        at += length;
    }
    EXPECT_EQ(at, file.size());
    EXPECT_EQ(types, (std::vector<std::uint32_t>{0x0a0d0d0a, 1, 1, 6, 6}));
}

TEST(Pcapng, TsharkReadsItWithoutComplaint) {
    if (std::system("command -v tshark >/dev/null 2>&1") != 0)
        GTEST_SKIP() << "tshark is not installed";
    const auto folder = std::filesystem::temp_directory_path();
    const std::string path =
        (folder / ("dialtone-pcapng-" + std::to_string(::getpid()) + ".pcapng")).string();
    std::ofstream(path, std::ios::binary) << capture();
    const std::string command = "tshark -r " + path +
                                " -o ip.check_checksum:TRUE -o tcp.check_checksum:TRUE -T fields "
                                "-E separator='|' -e frame.time_epoch"
                                " -e frame.interface_name -e frame.comment -e tcp.flags -e tcp.len "
                                "-e tcp.checksum.status 2>&1";
    std::string output;
    FILE* pipe = ::popen(command.c_str(), "r");
    ASSERT_NE(pipe, nullptr);
    char line[512];
    while (std::fgets(line, sizeof line, pipe) != nullptr) {
        if (std::string_view(line).starts_with("Running as user")) continue;
        output += line;
    }
    EXPECT_EQ(::pclose(pipe), 0);
    std::filesystem::remove(path);
    EXPECT_EQ(output,
              "1700000000.001500000|client/eth0|p31, lost: loss=1%|0x0002|0|1\n"
              "1700000000.002000000|server/eth0||0x0018|5|1\n");
}

}  // namespace
}  // namespace dt::link
