// Tests of Ethernet headers.
#include "wire/ethernet.hpp"

#include <gtest/gtest.h>

#include "wire/hex_fixture.hpp"

namespace dt::wire {
namespace {

TEST(Ethernet, EmitsWhatItParses) {
    const EthernetRepr repr{*Mac::parse("02:00:00:00:00:02"), *Mac::parse("02:00:00:00:00:01"),
                            EtherType::arp};
    std::vector<std::byte> frame(EthernetRepr::size());
    repr.emit(frame);
    EXPECT_EQ(frame, hex("020000000002 020000000001 0806"));
    const auto view = EthernetView::parse(frame);
    ASSERT_TRUE(view);
    EXPECT_EQ(EthernetRepr::from(*view), repr);
    EXPECT_TRUE(view->payload().empty());
    EXPECT_FALSE(view->is_802_3());
}

TEST(Ethernet, ShortFramesAreTruncated) {
    const auto frame = hex("020000000002 020000000001 8100 0000 0800 45");
    for (const std::size_t length : {0U, 13U, 14U, 17U}) {
        const auto view = EthernetView::parse(Octets(frame).first(length));
        ASSERT_FALSE(view) << length;
        EXPECT_EQ(view.error(), Error::truncated);
    }
    EXPECT_TRUE(EthernetView::parse(Octets(frame).first(18)));
}

TEST(Ethernet, ARP_018_looks_through_a_tag_and_tells_its_vlan) {
    const auto priority = hex("020000000002 020000000001 8100 e000 0800 45");
    const auto tagged = hex("020000000002 020000000001 8100 0005 0800 45");
    const auto view = EthernetView::parse(priority);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->vlan_id(), 0);
    EXPECT_EQ(view->type(), EtherType::ipv4);
    EXPECT_EQ(view->payload().size(), 1U);
    EXPECT_EQ(EthernetView::parse(tagged)->vlan_id(), 5);
}

TEST(Ethernet, ARP_018_knows_a_length_from_a_type) {
    const auto snap = hex("020000000002 020000000001 0026 aaaa03 000000 0800");
    EXPECT_TRUE(EthernetView::parse(snap)->is_802_3());
    EXPECT_EQ(EthernetView::parse(snap)->vlan_id(), 0);
}

}  // namespace
}  // namespace dt::wire
