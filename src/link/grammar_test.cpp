// The grammar of `--link` and `--fault`: what it reads, and how it says what it cannot read.
#include "link/grammar.hpp"

#include <gtest/gtest.h>

#include <ostream>

namespace dt::link {
namespace {

std::uint64_t value_of(const LinkItem& item, LinkKey key) {
    for (const Setting& setting : item.settings) {
        if (setting.key == key) return setting.value;
    }
    return 0;
}

struct Wrong {
    const char* text;
    std::uint32_t column;
    std::uint32_t length;
    const char* sentence;
    const char* help;
};
void PrintTo(const Wrong& wrong, std::ostream* out) { *out << wrong.text; }

TEST(LinkGrammar, ReadsEveryKeyWithItsUnit) {
    const auto link = parse_link(
        "client<->proxy: delay=20ms, jitter=250us,loss=0.1%,reorder=1%,dup=2%,corrupt=100%,"
        "rate=1.5Gbit,queue=64KiB,mtu=9000B");
    ASSERT_TRUE(link) << link.error().sentence;
    EXPECT_EQ(link->where.kind, Where::Kind::both_ways);
    EXPECT_EQ(link->where.from, "client");
    EXPECT_EQ(link->where.to, "proxy");
    EXPECT_EQ(value_of(*link, LinkKey::delay), 20'000'000U);
    EXPECT_EQ(value_of(*link, LinkKey::jitter), 250'000U);
    EXPECT_EQ(value_of(*link, LinkKey::loss), Share::percent / 10);
    EXPECT_EQ(value_of(*link, LinkKey::reorder), Share::percent);
    EXPECT_EQ(value_of(*link, LinkKey::dup), 2 * Share::percent);
    EXPECT_EQ(value_of(*link, LinkKey::corrupt), Share::whole);
    EXPECT_EQ(value_of(*link, LinkKey::rate), 1'500'000'000U);
    EXPECT_EQ(value_of(*link, LinkKey::queue), 65'536U);
    EXPECT_EQ(value_of(*link, LinkKey::mtu), 9'000U);
    EXPECT_EQ(link->settings[2].text, "loss=0.1%") << "source text is kept for messages";
}

TEST(LinkGrammar, TakesSpacesAroundCommasColonsAndArrows) {
    const auto link = parse_link(" client -> proxy : delay = 1ms , loss = 1% ");
    ASSERT_TRUE(link) << link.error().sentence;
    EXPECT_EQ(link->where.kind, Where::Kind::one_way);
    EXPECT_EQ(link->where.to, "proxy");
    EXPECT_EQ(value_of(*link, LinkKey::delay), 1'000'000U);
    EXPECT_EQ(value_of(*link, LinkKey::loss), Share::percent);
}

TEST(LinkGrammar, ReadsFractionsExactly) {
    EXPECT_EQ(*parse_duration({"1.5s", 1}), 1500ms);
    EXPECT_EQ(*parse_duration({"2m", 1}), 120s);
    EXPECT_EQ(*parse_duration({"0.25ms", 1}), 250us);
    EXPECT_EQ(*parse_size({"1.5KiB", 1}), 1536U);
    EXPECT_EQ(*parse_size({"1MB", 1}), 1'000'000U);
    EXPECT_EQ(parse_share({"0.0001%", 1})->per_billion, 1000U);
}

TEST(LinkGrammar, ReadsSeedsEndpointsAndRanges) {
    EXPECT_EQ(*parse_seed({"0x5eed", 1}), 0x5eedU);
    EXPECT_EQ(*parse_seed({"18446744073709551615", 1}), ~0ULL);
    EXPECT_FALSE(parse_seed({"18446744073709551616", 1}));
    EXPECT_FALSE(parse_seed({"-1", 1}));
    EXPECT_EQ(parse_endpoint({"server:8080", 1})->host, "server");
    EXPECT_EQ(parse_endpoint({"server:8080", 1})->port, 8080);
    EXPECT_EQ(parse_endpoint({"*:80", 1})->host, "*");
    EXPECT_EQ(parse_endpoint({":80", 1})->host, "");
    EXPECT_EQ(parse_endpoint({"10.0.0.1", 1})->port, std::nullopt);
    EXPECT_EQ(parse_endpoint({"server:70000", 1}).error().column, 8U);
    EXPECT_EQ(*parse_range({"1..3", 1}, {"nth"}), (Range{1, 3}));
    EXPECT_EQ(*parse_range({"7", 1}, {"nth"}), (Range{7, 7}));
    EXPECT_FALSE(parse_range({"3..1", 1}, {"nth"}));
    EXPECT_FALSE(parse_range({"0", 1}, {"nth"}));
}

TEST(FaultGrammar, ReadsTheClassics) {
    const auto lost_syn = parse_fault("drop,seg=syn,nth=1");
    ASSERT_TRUE(lost_syn);
    EXPECT_EQ(lost_syn->action, FaultAction::drop);
    EXPECT_EQ(lost_syn->segment, SegmentKind::syn);
    EXPECT_EQ(lost_syn->nth, (Range{1, 1}));
    EXPECT_EQ(lost_syn->where.kind, Where::Kind::all);
    const auto silent = parse_fault("server: silence,at=2s,for=1s");
    ASSERT_TRUE(silent);
    EXPECT_EQ(silent->where.kind, Where::Kind::host);
    EXPECT_EQ(silent->at, Duration(2s));
    EXPECT_EQ(silent->lasts, Duration(1s));
    EXPECT_EQ(silent->text, "server: silence,at=2s,for=1s");
}

TEST(FaultGrammar, ReadsEveryCondition) {
    const auto fault = parse_fault(
        "a->b: "
        "delay,seg=data,nth=2..4,every=3,p=50%,port=80,flow=2,after=4096B,larger=1KiB,by=5ms");
    ASSERT_TRUE(fault) << fault.error().sentence;
    EXPECT_EQ(fault->nth, (Range{2, 4}));
    EXPECT_EQ(fault->every, 3U);
    EXPECT_EQ(fault->p, Share{Share::whole / 2});
    EXPECT_EQ(fault->port, 80);
    EXPECT_EQ(fault->flow, 2U);
    EXPECT_EQ(fault->after, 4096U);
    EXPECT_EQ(fault->larger, 1024U);
    EXPECT_EQ(fault->by, Duration(5ms));
}

class WrongLink : public testing::TestWithParam<Wrong> {};
TEST_P(WrongLink, SaysWhatAndWhere) {
    const auto link = parse_link(GetParam().text);
    ASSERT_FALSE(link);
    EXPECT_EQ(link.error().sentence, GetParam().sentence);
    EXPECT_EQ(link.error().help, GetParam().help);
    EXPECT_EQ(link.error().column, GetParam().column);
    EXPECT_EQ(link.error().length, GetParam().length);
}
INSTANTIATE_TEST_SUITE_P(
    All, WrongLink,
    testing::Values(
        Wrong{"loss=1", 6, 1, "a loss needs a percent sign", "write `loss=1%`"},
        Wrong{"client<->proxy: dealy=20ms", 17, 5, "unknown key `dealy` in a link",
              "did you mean `delay`?"},
        Wrong{"speed=1", 1, 5, "unknown key `speed` in a link",
              "keys of a link: delay jitter loss reorder dup corrupt rate queue mtu"},
        Wrong{"delay=20", 7, 2, "a delay needs a unit", "write `delay=20ms`"},
        Wrong{"delay=20mz", 9, 2, "unknown unit `mz` of a delay", "units: ns us ms s m"},
        Wrong{"delay", 1, 5, "`delay` needs a value", "write `delay=20ms`"},
        Wrong{"delay=fast", 7, 4, "a delay starts with a number, not `fast`", "write `delay=1ms`"},
        Wrong{"loss=101%", 6, 4, "a loss of 101% is too much", "at most 100%"},
        Wrong{"delay=99999999999999999999s", 7, 21, "a delay of 99999999999999999999s is too much",
              "at most a hundred years"},
        Wrong{"rate=0Mbit", 6, 5, "a rate of 0 lets nothing through",
              "a dead peer is `--fault silence`"},
        Wrong{"mtu=20B", 5, 3, "an mtu of 20B is out of range", "from 68 (RFC 791) to 65535"},
        Wrong{"loss=1%,loss=2%", 9, 7, "`loss` is given twice", "keep one of the two"},
        Wrong{"delay=1ms,", 11, 1, "unknown key `` in a link",
              "keys of a link: delay jitter loss reorder dup corrupt rate queue mtu"},
        Wrong{"a<->a: loss=1%", 5, 1, "`a` stands on both sides of the arrow", "name two hosts"},
        Wrong{"Client<->b: loss=1%", 1, 6, "`Client` is not a host name",
              "names are a letter, then letters, digits and `-`, all in lower case, at most 63"}));

class WrongFault : public testing::TestWithParam<Wrong> {};
TEST_P(WrongFault, SaysWhatAndWhere) {
    const auto fault = parse_fault(GetParam().text);
    ASSERT_FALSE(fault);
    EXPECT_EQ(fault.error().sentence, GetParam().sentence);
    EXPECT_EQ(fault.error().help, GetParam().help);
    EXPECT_EQ(fault.error().column, GetParam().column);
    EXPECT_EQ(fault.error().length, GetParam().length);
}
INSTANTIATE_TEST_SUITE_P(
    All, WrongFault,
    testing::Values(
        Wrong{"dorp,seg=syn", 1, 4, "unknown fault `dorp`", "did you mean `drop`?"},
        Wrong{"rst,seg=data", 1, 3, "unknown fault `rst`",
              "faults: drop delay dup corrupt reorder silence mark"},
        Wrong{"drop,seg=sin", 10, 3, "unknown segment `sin`", "did you mean `syn`?"},
        Wrong{"drop,nht=1", 6, 3, "unknown key `nht` in a fault", "did you mean `nth`?"},
        Wrong{"drop,p=5", 8, 1, "a share needs a percent sign", "write `p=5%`"},
        Wrong{"drop,port=70000", 11, 5, "`70000` is not a number from 1 to 65535",
              "write `port=1`"},
        Wrong{"drop,nth=0", 10, 1, "`0` is neither a count nor a range that grows",
              "write `nth=1` or `nth=1..3`"},
        Wrong{"delay,seg=ack", 1, 5, "a delay fault needs `by`", "write `delay,by=20ms`"},
        Wrong{"drop,by=5ms", 1, 4, "`by` belongs to `delay` and `reorder`", "take `by` away"},
        Wrong{"drop,nth=1,nth=2", 12, 5, "`nth` is given twice", "keep one of the two"}));

TEST(LinkJoin, OneSwitchJoinsAllHostsAndKeepsPairsAsDirections) {
    const std::vector<std::string> hosts{"client", "server", "db"};
    const std::vector<LinkItem> items{*parse_link("delay=10ms"),
                                      *parse_link("client->server: loss=1%")};
    const auto links = join(hosts, items, Joining::one_switch);
    ASSERT_TRUE(links);
    ASSERT_EQ(links->size(), 1U);
    EXPECT_EQ(links->front().hosts, hosts);
    const auto there = Impairment::of(links->front(), "client", "server");
    EXPECT_EQ(there.delay, Duration(10ms));
    EXPECT_EQ(there.loss, Share{Share::percent});
    EXPECT_TRUE(there.touches_frames());
    const auto back = Impairment::of(links->front(), "server", "client");
    EXPECT_EQ(back.delay, Duration(10ms));
    EXPECT_TRUE(back.loss.is_zero());
    EXPECT_FALSE(back.touches_frames());
}

TEST(LinkJoin, AFileMakesOneLinkForEachPairItNames) {
    const std::vector<std::string> hosts{"client", "proxy", "app"};
    const std::vector<LinkItem> items{*parse_link("client<->proxy: delay=20ms"),
                                      *parse_link("proxy<->app:"),
                                      *parse_link("proxy->client: delay=5ms")};
    const auto links = join(hosts, items, Joining::as_written);
    ASSERT_TRUE(links);
    ASSERT_EQ(links->size(), 2U);
    EXPECT_EQ((*links)[1].hosts, (std::vector<std::string>{"proxy", "app"}));
    EXPECT_EQ(Impairment::of((*links)[0], "client", "proxy").delay, Duration(20ms));
    EXPECT_EQ(Impairment::of((*links)[0], "proxy", "client").delay, Duration(5ms));
}

TEST(LinkJoin, SaysWhichHostDoesNotExistOrIsNotReached) {
    const std::vector<std::string> hosts{"client", "proxy", "app"};
    const std::vector<LinkItem> unknown{*parse_link("client<->proxy: delay=20ms"),
                                        *parse_link("proxy<->ap: delay=1ms")};
    const auto links = join(hosts, unknown, Joining::as_written);
    ASSERT_FALSE(links);
    EXPECT_EQ(links.error().item, 1U);
    EXPECT_EQ(links.error().error.column, 9U);
    EXPECT_EQ(links.error().error.sentence, "host `ap` does not exist");
    EXPECT_EQ(links.error().error.help, "did you mean `app`? hosts: client, proxy, app");

    const std::vector<LinkItem> partial{*parse_link("client<->proxy: delay=20ms")};
    const auto apart = join(hosts, partial, Joining::as_written);
    ASSERT_FALSE(apart);
    EXPECT_EQ(apart.error().error.sentence, "no link reaches host `app`");
}

TEST(LinkSettings, MadeFromValuesReadAsTheyWouldBeWritten) {
    for (const Setting& setting :
         {delay_of(1500ms), delay_of(20ms), jitter_of(250us), delay_of(7ns),
          share_of(LinkKey::loss, Share{Share::percent / 8}),
          share_of(LinkKey::dup, Share{Share::whole}), rate_of(10'000'000), rate_of(1'234),
          octets_of(LinkKey::queue, 4096)}) {
        const auto link = parse_link(setting.text);
        ASSERT_TRUE(link) << setting.text;
        EXPECT_EQ(link->settings[0].key, setting.key);
        EXPECT_EQ(link->settings[0].value, setting.value) << setting.text;
    }
}

}  // namespace
}  // namespace dt::link
