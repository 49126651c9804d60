// Specifications of unknown origin: what no plan could have is refused.
#include "world/spec.hpp"

#include <gtest/gtest.h>

#include "world/codec.hpp"
#include "world/recorder.hpp"

namespace dt::world {
namespace {

/// What decode_spec() makes of a specification with a change that no plan could have.
template <class Change>
bool is_refused(Change change) {
    Spec spec;
    spec.hosts = {{"a", {}}, {"b", {}}};
    link::LinkSpec wire;
    wire.hosts = {"a", "b"};
    wire.items.push_back({});
    wire.items[0].settings = {link::delay_of(1ms)};
    spec.links = {wire};
    spec.faults.emplace_back().at = 1s;
    Encoder sound;
    encode(sound, spec);
    Decoder whole(sound.written());
    (void)decode_spec(whole, recording_format);
    EXPECT_FALSE(whole.is_broken());
    change(spec);
    Encoder to;
    encode(to, spec);
    Decoder from(to.written());
    (void)decode_spec(from, recording_format);
    return from.is_broken();
}

TEST(Spec, ValuesThatNoPlanCouldHaveAreRefused) {
    using link::LinkKey;
    const auto set = [](LinkKey key, std::uint64_t value) {
        return is_refused([=](Spec& s) { s.links[0].items[0].settings = {{key, value, "x"}}; });
    };
    EXPECT_TRUE(set(LinkKey::jitter, ~std::uint64_t{0}));
    EXPECT_TRUE(set(LinkKey::delay, std::uint64_t{1} << 63));
    EXPECT_TRUE(set(LinkKey::loss, link::Share::whole + 1ULL));
    EXPECT_TRUE(set(LinkKey::mtu, 65536));
    EXPECT_FALSE(set(LinkKey::loss, link::Share::whole));
    const auto tune = [](auto change) {
        return is_refused([&](Spec& s) { change(s.hosts[0].config); });
    };
    EXPECT_TRUE(tune([](Config& c) { c.rto_min = -1ns; }));
    EXPECT_TRUE(tune([](Config& c) { c.time_wait = Duration::max(); }));
    EXPECT_TRUE(tune([](Config& c) { c.sack = static_cast<event::Switch>(2); }));
    EXPECT_TRUE(tune([](Config& c) { c.ecn = static_cast<event::Ecn>(3); }));
    EXPECT_TRUE(tune([](Config& c) { c.sockets_max = ~std::size_t{0}; }));
    EXPECT_TRUE(is_refused([](Spec& s) { s.faults[0].by = Duration::min(); }));
    EXPECT_TRUE(is_refused([](Spec& s) { s.faults[0].at = Duration::max(); }));
    EXPECT_TRUE(is_refused([](Spec& s) { s.faults[0].p = link::Share{~0U}; }));
}

TEST(Decoder, TextsOfARecordingCannotSteerATerminal) {
    Encoder to;
    to.text("co\x1b[31mnn");
    Decoder from(to.written());
    EXPECT_EQ(from.text(), "co?[31mnn");
}

}  // namespace
}  // namespace dt::world
