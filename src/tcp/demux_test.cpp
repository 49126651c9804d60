// Demux against a plain model, through growth and shrinking; tags are keyed.
#include "tcp/demux.hpp"

#include <gtest/gtest.h>

#include <map>

namespace dt::tcp {
namespace {

PeerRef peer(std::uint32_t index) { return {PeerKind::connection, index}; }

TEST(Demux, AReferenceKeepsItsKindAndIndex) {
    EXPECT_TRUE(PeerRef{}.is_null());
    const PeerRef ref{PeerKind::time_wait, PeerRef::index_max};
    EXPECT_EQ(ref.kind(), PeerKind::time_wait);
    EXPECT_EQ(ref.index(), PeerRef::index_max);
    EXPECT_FALSE((PeerRef{PeerKind::connection, 0}).is_null());
}

TEST(Demux, EqualTagsAreToldApartByWhatTheyPointAt) {
    Demux demux;
    demux.insert(7, peer(1));
    demux.insert(7, peer(2));
    EXPECT_EQ(demux.find(7, [](PeerRef p) { return p.index() == 2; }), peer(2));
    EXPECT_TRUE(demux.find(7, [](PeerRef) { return false; }).is_null());
    demux.erase(7, peer(1));
    EXPECT_TRUE(demux.find(7, [](PeerRef p) { return p.index() == 1; }).is_null());
    EXPECT_EQ(demux.size(), 1U);
}

TEST(Demux, AnEntryIsReplacedInItsPlace) {
    Demux demux;
    demux.insert(99, {PeerKind::half_open, 5});
    demux.replace(99, {PeerKind::half_open, 5}, peer(6));
    EXPECT_EQ(demux.find(99, [](PeerRef) { return true; }), peer(6));
    EXPECT_EQ(demux.size(), 1U);
}

// Every live entry is found and no dead one is, while the table grows and shrinks under it.
TEST(Demux, AgreesWithAModelThroughGrowthAndShrinking) {
    Demux demux;
    Rng rng(4711);
    std::map<std::uint32_t, std::uint32_t> model;  // index → tag
    std::uint32_t next_index = 0;
    const auto check = [&](std::uint32_t index, std::uint32_t tag) {
        return demux.find(tag, [&](PeerRef p) { return p == peer(index); }) == peer(index);
    };
    std::size_t largest = 0;
    for (int phase = 0; phase < 6; ++phase) {
        const std::uint64_t inserts_in_10 = phase % 2 == 0 ? 8 : 2;
        for (int step = 0; step < 8'000; ++step) {
            if (model.empty() || rng.below(10) < inserts_in_10) {
                // Few distinct homes near the end of the table: clusters wrap around.
                const auto tag = rng.chance(0.2)
                                     ? 0xfffffff0U + static_cast<std::uint32_t>(rng.below(16))
                                     : static_cast<std::uint32_t>(rng.next());
                demux.insert(tag, peer(next_index));
                model[next_index++] = tag;
            } else {
                auto victim = model.lower_bound(static_cast<std::uint32_t>(rng.below(next_index)));
                if (victim == model.end()) victim = model.begin();
                ASSERT_TRUE(check(victim->first, victim->second));
                demux.erase(victim->second, peer(victim->first));
                ASSERT_FALSE(check(victim->first, victim->second));
                model.erase(victim);
            }
            ASSERT_EQ(demux.size(), model.size());
            if (step % 4000 == 0) {
                for (const auto& [index, tag] : model) ASSERT_TRUE(check(index, tag)) << index;
            }
        }
        largest = std::max(largest, demux.capacity());
    }
    EXPECT_GE(largest, 4096U);
    while (!model.empty()) {
        demux.erase(model.begin()->second, peer(model.begin()->first));
        model.erase(model.begin());
    }
    EXPECT_EQ(demux.size(), 0U);
    EXPECT_LT(demux.memory(), 64U * 1024U);
}

TEST(Demux, DeletionLeavesNothingBehind) {
    Demux demux;
    for (std::uint32_t i = 0; i < 500; ++i) demux.insert(i * 2654435761U, peer(i));
    const std::size_t memory = demux.memory();
    for (std::uint32_t i = 500; i < 200'000; ++i) {
        demux.erase((i - 500) * 2654435761U, peer(i - 500));
        demux.insert(i * 2654435761U, peer(i));
    }
    EXPECT_EQ(demux.size(), 500U);
    EXPECT_EQ(demux.memory(), memory);
}

TEST(Demux, TagsDependOnTheKeyAndOnEachPartOfTheTuple) {
    const FourTuple tuple{{Ipv4{10, 0, 0, 1}, Port{80}}, {Ipv4{10, 0, 0, 2}, Port{40000}}};
    const SipKey key{1, 2};
    EXPECT_EQ(tuple_tag(key, tuple), tuple_tag(key, tuple));
    EXPECT_NE(tuple_tag(key, tuple), tuple_tag(SipKey{1, 3}, tuple));
    EXPECT_NE(tuple_tag(key, tuple), tuple_tag(key, tuple.reversed()));
    FourTuple other = tuple;
    other.remote.port = Port{40001};
    EXPECT_NE(tuple_tag(key, tuple), tuple_tag(key, other));
    other = tuple;
    other.remote.addr = Ipv4{10, 0, 0, 3};
    EXPECT_NE(tuple_tag(key, tuple), tuple_tag(key, other));
    other.remote.addr = IpAddr::loopback_v6();
    EXPECT_NE(tuple_tag(key, tuple), tuple_tag(key, other));
}

}  // namespace
}  // namespace dt::tcp
