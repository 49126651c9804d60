// UDP between an engine and hand-made packets: opening, lookup, queues, errors, sending.
#include "udp/engine.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "wire/ipv4.hpp"
#include "wire/udp.hpp"

namespace dt::udp {
namespace {

using event::Reason;
using Verdict = Engine::Verdict;

constexpr Ipv4 us{10, 0, 0, 1};
constexpr Ipv4 peer{10, 0, 0, 2};
constexpr Endpoint exact{us, Port{53}};
constexpr Endpoint wildcard{IpAddr::any_v4(), Port{53}};
constexpr Endpoint remote{peer, Port{4000}};

Octets octets_of(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string text_of(const Datagram& datagram) {
    if (datagram.length == 0) return {};
    std::vector<std::byte> all(datagram.frame->size());
    datagram.frame->copy_to(all);
    return {reinterpret_cast<const char*>(all.data()) + datagram.offset, datagram.length};
}

class Recorder final : public event::Sink {
  public:
    void on_event(Instant, event::HostIndex, const event::Body& body) override {
        if (const auto* moved = std::get_if<event::DatagramMoved>(&body)) moves.push_back(*moved);
    }
    std::vector<event::DatagramMoved> moves;
};

struct UdpTest : testing::Test {
    Config config;
    Recorder recorder;
    buf::Pool pool;
    Engine engine{config, pool};

    Turn turn() { return {Instant{}, config, recorder, 0}; }

    /// A packet as it comes off a wire: UDP header and text in one slice.
    FramePtr packet(std::string_view text, bool has_checksum = true) {
        std::vector<std::byte> all(8 + text.size());
        const wire::UdpRepr header{remote.port, exact.port,
                                   static_cast<std::uint16_t>(text.size())};
        std::ranges::copy(octets_of(text), all.begin() + 8);
        if (has_checksum) {
            Checksum sum = wire::pseudo_header(peer, us, wire::IpProtocol::udp,
                                               static_cast<std::uint32_t>(all.size()));
            header.emit(all, sum.add(octets_of(text)));
        } else {
            header.emit(all);
        }
        return frame_of(all);
    }
    FramePtr frame_of(Octets octets) {
        FramePtr frame = pool.frame();
        (void)frame->add(pool.copy(octets));
        return frame;
    }
    Datagram datagram(std::string_view text, Endpoint from = remote, Endpoint to = exact) {
        Datagram made;
        made.tuple = {to, from};
        made.frame = frame_of(octets_of(text));
        made.length = static_cast<std::uint32_t>(text.size());
        return made;
    }
    Verdict deliver(std::string_view text, Endpoint from = remote, Endpoint to = exact) {
        Datagram made = datagram(text, from, to);
        return engine.on_datagram(turn(), made, false);
    }
    std::optional<std::string> receive(EndpointId id) {
        const auto got = engine.receive(id);
        if (!got) return std::nullopt;
        return text_of(*got);
    }
};

Notice notice(Error error) {
    Notice told;
    told.error = error;
    return told;
}

TEST_F(UdpTest, a_missing_checksum_is_accepted_over_ipv4_only) {
    FramePtr frame = packet("query", false);
    const auto opened = open_datagram(peer, us, frame, Checksums::verify);
    ASSERT_TRUE(opened);
    EXPECT_EQ(text_of(*opened), "query");
    EXPECT_EQ(opened->tuple, (FourTuple{exact, remote}));
    FramePtr six = packet("query", false);
    const auto refused =
        open_datagram(IpAddr::loopback_v6(), IpAddr::loopback_v6(), six, Checksums::verify);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error(), Reason::bad_checksum);
    EXPECT_NE(six, nullptr);
}

TEST_F(UdpTest, a_bad_checksum_is_refused) {
    FramePtr frame = packet("query");
    ASSERT_TRUE(open_datagram(peer, us, frame, Checksums::verify));
    frame = packet("query");
    const auto other_source = open_datagram(Ipv4{10, 0, 0, 3}, us, frame, Checksums::verify);
    ASSERT_FALSE(other_source);
    EXPECT_EQ(other_source.error(), Reason::bad_checksum);
    EXPECT_TRUE(open_datagram(Ipv4{10, 0, 0, 3}, us, frame, Checksums::trusted));
    frame = packet("query");
    frame->marked_bad = 1;
    EXPECT_FALSE(open_datagram(peer, us, frame, Checksums::trusted));
}

TEST_F(UdpTest, a_length_beyond_the_packet_is_refused_and_octets_behind_it_are_cut) {
    std::vector<std::byte> all(11, std::byte{0x61});
    wire::UdpRepr header{remote.port, exact.port, 1};
    header.emit(all);
    FramePtr frame = frame_of(all);
    const auto cut = open_datagram(peer, us, frame, Checksums::verify);
    ASSERT_TRUE(cut);
    EXPECT_EQ(text_of(*cut), "a");
    EXPECT_EQ(cut->frame->size(), 9U);
    header.payload_length = 92;
    header.emit(all);
    frame = frame_of(all);
    const auto beyond = open_datagram(peer, us, frame, Checksums::verify);
    ASSERT_FALSE(beyond);
    EXPECT_EQ(beyond.error(), Reason::bad_header);
}

TEST_F(UdpTest, a_length_below_eight_is_refused) {
    std::vector<std::byte> all(12);
    wire::UdpRepr{remote.port, exact.port, 4}.emit(all);
    store_be<std::uint16_t>(all, 4, 7);
    FramePtr frame = frame_of(all);
    EXPECT_EQ(open_datagram(peer, us, frame, Checksums::verify).error(), Reason::bad_header);
}

TEST_F(UdpTest, UDP_006_source_port_zero_is_delivered_and_destination_port_zero_never_sent) {
    const EndpointId id = engine.open(exact, 100'000);
    EXPECT_EQ(deliver("x", {peer, Port{0}}), Verdict::taken);
    EXPECT_EQ(receive(id), "x");
    EXPECT_EQ(engine.send(turn(), {exact, {peer, Port{0}}}, octets_of("x")),
              fail(Error::invalid_argument));
}

TEST_F(UdpTest, UDP_007_a_datagram_for_nobody_asks_for_port_unreachable_and_keeps_its_frame) {
    Datagram made = datagram("x");
    EXPECT_EQ(engine.on_datagram(turn(), made, false), Verdict::no_socket);
    EXPECT_NE(made.frame, nullptr);
    ASSERT_EQ(recorder.moves.size(), 1U);
    EXPECT_EQ(recorder.moves[0].reason, Reason::no_datagram_socket);
    // To many: never answered by an error.
    EXPECT_EQ(engine.on_datagram(turn(), made, true), Verdict::dropped);
}

TEST_F(UdpTest, UDP_008_an_empty_datagram_is_delivered) {
    const EndpointId id = engine.open(exact, 100'000);
    EXPECT_EQ(deliver(""), Verdict::taken);
    EXPECT_EQ(engine.queued(id), 1U);
    EXPECT_EQ(receive(id), "");
    EXPECT_EQ(receive(id), std::nullopt);
}

TEST_F(UdpTest, UDP_010_the_largest_datagram_is_65507_octets_over_ipv4) {
    const std::string text(65'508, 'a');
    const FourTuple tuple{exact, remote};
    EXPECT_EQ(engine.send(turn(), tuple, octets_of(text)), fail(Error::message_too_long));
    ASSERT_TRUE(engine.send(turn(), tuple, octets_of(text).first(65'507)));
    EXPECT_EQ(engine.next_datagram(turn())->frame->size(), 65'515U);
}

TEST_F(UdpTest, UDP_011_a_connected_endpoint_hears_only_its_peer_and_its_errors) {
    const EndpointId id = engine.open(exact, 100'000);
    engine.connect(id, remote);
    EXPECT_EQ(deliver("a"), Verdict::taken);
    EXPECT_EQ(deliver("b", {peer, Port{4001}}), Verdict::no_socket);
    engine.on_error({exact, remote}, notice(Error::connection_refused), Hardness::hard);
    EXPECT_EQ(engine.error(id), Error::connection_refused);
    EXPECT_EQ(engine.take_error(id), Error::connection_refused);
    EXPECT_EQ(engine.take_error(id), std::nullopt);
}

TEST_F(UdpTest, UDP_012_an_unconnected_endpoint_learns_of_no_error) {
    const EndpointId id = engine.open(exact, 100'000);
    engine.on_error({exact, remote}, notice(Error::connection_refused), Hardness::hard);
    EXPECT_EQ(engine.error(id), std::nullopt);
    EXPECT_EQ(engine.next_edge(), std::nullopt);
}

TEST_F(UdpTest, UDP_013_a_soft_error_is_not_reported) {
    const EndpointId id = engine.open(exact, 100'000);
    engine.connect(id, remote);
    engine.on_error({exact, remote}, notice(Error::host_unreachable), Hardness::soft);
    EXPECT_EQ(engine.error(id), std::nullopt);
}

TEST_F(UdpTest, UDP_014_an_error_is_an_edge) {
    const EndpointId id = engine.open(exact, 100'000);
    engine.connect(id, remote);
    engine.on_error({exact, remote}, notice(Error::connection_refused), Hardness::hard);
    EXPECT_EQ(engine.next_edge(), id);
    EXPECT_EQ(engine.next_edge(), std::nullopt);
}

TEST_F(UdpTest, UDP_017_a_dissolved_endpoint_hears_everybody_again) {
    const EndpointId id = engine.open(exact, 100'000);
    engine.connect(id, remote);
    engine.connect(id, std::nullopt);
    EXPECT_EQ(deliver("b", {peer, Port{4001}}), Verdict::taken);
    EXPECT_EQ(receive(id), "b");
}

TEST_F(UdpTest, UDP_019_a_connected_peer_comes_before_the_address_before_the_wildcard) {
    const EndpointId connected = engine.open(exact, 100'000);
    engine.connect(connected, remote);
    const EndpointId bound = engine.open(exact, 100'000);
    const EndpointId any = engine.open(wildcard, 100'000);
    EXPECT_EQ(deliver("peer"), Verdict::taken);
    EXPECT_EQ(deliver("other", {peer, Port{4001}}), Verdict::taken);
    EXPECT_EQ(deliver("elsewhere", remote, {Ipv4{10, 0, 0, 7}, Port{53}}), Verdict::taken);
    EXPECT_EQ(receive(connected), "peer");
    EXPECT_EQ(receive(bound), "other");
    EXPECT_EQ(receive(any), "elsewhere");
}

TEST_F(UdpTest, UDP_019_among_equals_the_one_bound_to_the_link_it_came_by_comes_first) {
    const EndpointId of_link = engine.open(exact, 100'000);
    engine.set_hearing(of_link, std::uint16_t{1}, std::nullopt);
    const EndpointId plain = engine.open(exact, 100'000);
    const auto came_by = [&](std::string_view text, std::optional<std::uint16_t> heard_by) {
        Datagram made = datagram(text);
        made.arrival.heard_by = heard_by;
        return engine.on_datagram(turn(), made, false);
    };
    EXPECT_EQ(came_by("by it", 1), Verdict::taken);
    EXPECT_EQ(receive(of_link), "by it");
    EXPECT_EQ(came_by("by another", 2), Verdict::taken);
    EXPECT_EQ(receive(of_link), std::nullopt);
    EXPECT_EQ(receive(plain), "by another");
    EXPECT_EQ(came_by("by whichever", std::nullopt), Verdict::taken);
    EXPECT_EQ(receive(of_link), "by whichever");
}

TEST_F(UdpTest, UDP_020_a_broadcast_is_copied_to_every_endpoint_that_fits) {
    const EndpointId first = engine.open(wildcard, 100'000);
    const EndpointId second = engine.open(wildcard, 100'000);
    const EndpointId connected = engine.open(wildcard, 100'000);
    engine.connect(connected, Endpoint{peer, Port{9}});
    Datagram made = datagram("all", remote, {IpAddr::broadcast(), Port{53}});
    EXPECT_EQ(engine.on_datagram(turn(), made, true), Verdict::dropped);
    EXPECT_EQ(receive(first), "all");
    EXPECT_EQ(receive(second), "all");
    EXPECT_EQ(receive(connected), std::nullopt);
}

TEST_F(UdpTest, UDP_021_of_equals_the_last_bound_gets_a_unicast) {
    const EndpointId first = engine.open(exact, 100'000);
    const EndpointId second = engine.open(exact, 100'000);
    EXPECT_EQ(deliver("x"), Verdict::taken);
    EXPECT_EQ(receive(first), std::nullopt);
    EXPECT_EQ(receive(second), "x");
    engine.close(second);
    EXPECT_EQ(deliver("y"), Verdict::taken);
    EXPECT_EQ(receive(first), "y");
}

TEST_F(UdpTest, UDP_023_a_full_receive_buffer_drops_what_comes_later) {
    const EndpointId id = engine.open(exact, 8192);
    const std::string text(1000, 'a');
    int taken = 0;
    for (int i = 0; i < 1000; ++i) taken += deliver(text) == Verdict::taken ? 1 : 0;
    EXPECT_EQ(taken, 6);  // 1000 octets and 512 of frame each: the sixth passes 8192
    EXPECT_EQ(recorder.moves.back().reason, Reason::receive_buffer_full);
    EXPECT_EQ(recorder.moves.back().step, event::Step::dropped);
    EXPECT_EQ(receive(id), text);
    EXPECT_EQ(deliver(text), Verdict::taken);
}

TEST_F(UdpTest, UDP_023_empty_datagrams_fill_a_buffer_too) {
    (void)engine.open(exact, 8192);
    int taken = 0;
    for (int i = 0; i < 1000; ++i) taken += deliver("") == Verdict::taken ? 1 : 0;
    EXPECT_EQ(taken, 16);
}

TEST_F(UdpTest, SentDatagramsLeaveInOrderWithTheirHeader) {
    ASSERT_TRUE(engine.send(turn(), {exact, remote}, octets_of("one")));
    ASSERT_TRUE(engine.send(turn(), {exact, remote}, octets_of("")));
    const auto first = engine.next_datagram(turn());
    ASSERT_TRUE(first);
    EXPECT_EQ(first->tuple, (FourTuple{exact, remote}));
    const auto view = wire::UdpView::parse_front(first->frame->front(), first->frame->size());
    ASSERT_TRUE(view);
    EXPECT_EQ(view->source(), exact.port);
    EXPECT_EQ(view->destination(), remote.port);
    EXPECT_EQ(view->length(), 11);
    EXPECT_EQ(engine.next_datagram(turn())->frame->size(), 8U);
    EXPECT_FALSE(engine.next_datagram(turn()));
}

TEST_F(UdpTest, WhatWaitsToLeaveIsBounded) {
    config.send_buffer_max = 1000;
    Engine small(config, pool);
    const std::string text(600, 'a');
    EXPECT_TRUE(small.send(turn(), {exact, remote}, octets_of(text)));
    EXPECT_TRUE(small.send(turn(), {exact, remote}, octets_of(text)));
    EXPECT_EQ(small.send(turn(), {exact, remote}, octets_of(text)), fail(Error::would_block));
    EXPECT_TRUE(small.next_datagram(turn()));
    EXPECT_TRUE(small.send(turn(), {exact, remote}, octets_of(text)));
}

TEST_F(UdpTest, UDP_028_the_parts_of_one_leave_together_or_not_at_all) {
    config.send_buffer_max = 1000;
    Engine small(config, pool);
    const std::string text(2500, 'a');
    const Carriage in_parts{.segment = 1000};
    EXPECT_TRUE(small.send(turn(), {exact, remote}, octets_of(text), in_parts));
    EXPECT_EQ(small.send(turn(), {exact, remote}, octets_of(text), in_parts),
              fail(Error::would_block));
    for (const std::size_t length : {1008U, 1008U, 508U}) {
        EXPECT_EQ(small.next_datagram(turn())->frame->size(), length);
    }
    EXPECT_FALSE(small.next_datagram(turn()));
}

TEST_F(UdpTest, AReboundEndpointIsFoundAtItsNewPort) {
    const EndpointId id = engine.open(exact, 100'000);
    engine.rebind(id, {us, Port{54}});
    EXPECT_EQ(deliver("x"), Verdict::no_socket);
    EXPECT_EQ(deliver("y", remote, {us, Port{54}}), Verdict::taken);
    EXPECT_EQ(engine.next_edge(), id);
    EXPECT_EQ(engine.front_length(id), 1U);
}

TEST_F(UdpTest, ViewsShowEndpointsInOrderOfOpening) {
    const EndpointId first = engine.open(wildcard, 100'000);
    (void)engine.open({us, Port{54}}, 100'000);
    engine.connect(first, remote);
    EXPECT_EQ(deliver("abc"), Verdict::taken);
    std::vector<event::SocketView> views;
    engine.snapshot(views);
    ASSERT_EQ(views.size(), 2U);
    EXPECT_EQ(views[0].transport, event::Transport::udp);
    EXPECT_EQ(views[0].state, event::State::established);
    EXPECT_EQ(views[0].peer, remote);
    EXPECT_EQ(views[0].receive_queue, 3U);
    EXPECT_EQ(views[1].state, event::State::closed);
}

TEST_F(UdpTest, UDP_022_those_that_share_a_port_have_their_conversations) {
    std::array<EndpointId, 4> sharing{};
    for (EndpointId& id : sharing) {
        id = engine.open(exact, 10'000'000);
        engine.share_port(id);
    }
    for (std::uint16_t port = 1; port <= 4000; ++port) {
        EXPECT_EQ(deliver("x", {peer, Port{port}}), Verdict::taken);
    }
    for (const EndpointId id : sharing) {
        EXPECT_GE(engine.queued(id), 600U);
        EXPECT_LE(engine.queued(id), 1400U);
    }
    // The same conversation goes where it went before.
    const auto counts = [&] {
        std::array<std::size_t, 4> found{};
        for (std::size_t i = 0; i < found.size(); ++i) found[i] = engine.queued(sharing[i]);
        return found;
    };
    const auto before = counts();
    for (int i = 0; i < 10; ++i) EXPECT_EQ(deliver("y", {peer, Port{77}}), Verdict::taken);
    const auto after = counts();
    std::size_t changed = 0;
    for (std::size_t i = 0; i < before.size(); ++i) changed += after[i] != before[i] ? 1 : 0;
    EXPECT_EQ(changed, 1U);
}

}  // namespace
}  // namespace dt::udp
