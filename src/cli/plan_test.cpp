// Plans from flags and files: what they make, and every mistake with its place.
#include "cli/plan.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "cli/sysctl.hpp"

namespace dt::cli {
namespace {

RunFlags flags_for(std::vector<std::string> program) {
    RunFlags flags;
    flags.program = std::move(program);
    flags.seed = "7";
    return flags;
}

TEST(PlanOfFlags, TheMainProgramRunsOnClientAndStartsLast) {
    RunFlags flags = flags_for({"curl", "http://server:8080/"});
    flags.withs = {"server=hello 8080", "db='red is' --port 1"};
    const auto plan = plan_of_flags(flags);
    ASSERT_TRUE(plan) << plan.error().sentence;
    EXPECT_EQ(plan->world.seed, 7U);
    ASSERT_EQ(plan->world.hosts.size(), 3U);
    EXPECT_EQ(plan->world.hosts[0].name, "client");
    EXPECT_EQ(plan->world.hosts[2].name, "db");
    ASSERT_EQ(plan->programs.size(), 3U);
    EXPECT_EQ(plan->main, 2U);
    EXPECT_EQ(plan->programs[2].host, "client");
    EXPECT_EQ(plan->programs[1].argv, (std::vector<std::string>{"red is", "--port", "1"}));
    EXPECT_EQ(plan->programs[0].expect.kind, host::Expect::Kind::running);
    ASSERT_EQ(plan->world.links.size(), 1U);
    EXPECT_EQ(plan->world.links[0].hosts.size(), 3U);
}

TEST(PlanOfFlags, ATapMakesTheRealNetworkTheLastHostOfTheLink) {
    RunFlags flags = flags_for({"true"});
    flags.withs = {"server=hello 80"};
    flags.links = {"client->outside: delay=1ms"};
    flags.tap = "dt0,ip=10.9.0.5/24,gw=10.9.0.1";
    const auto plan = plan_of_flags(flags);
    ASSERT_TRUE(plan) << plan.error().sentence;
    EXPECT_EQ(plan->tap, "dt0");
    ASSERT_TRUE(plan->world.outside);
    EXPECT_EQ(plan->world.outside->host, 2);
    EXPECT_EQ(plan->world.hosts[2].name, "outside");
    EXPECT_EQ(plan->world.hosts[2].address, IpAddr(Ipv4(10, 9, 0, 1)));
    EXPECT_EQ(plan->world.hosts[0].address, IpAddr(Ipv4(10, 9, 0, 5)));
    EXPECT_EQ(world::problem(plan->world), std::nullopt);
}

TEST(PlanOfFlags, ATapWithoutAddressesKeepsTheNetworkOfTheLink) {
    RunFlags flags = flags_for({"true"});
    flags.tap = "dt0";
    const auto plan = plan_of_flags(flags);
    ASSERT_TRUE(plan) << plan.error().sentence;
    EXPECT_EQ(plan->world.outside->network, Prefix::of(Ipv4(10, 0, 0, 0), 24));
    EXPECT_EQ(world::problem(plan->world), std::nullopt);
}

TEST(PlanOfFlags, AllHostsLeaseTheirAddressesWhereTheTapSaysSo) {
    RunFlags flags = flags_for({"true"});
    flags.withs = {"server=hello 80"};
    flags.tap = "dt0";
    EXPECT_EQ(plan_of_flags(flags)->world.hosts[0].config.dhcp, event::Switch::off);
    flags.tap = "dt0,dhcp";
    const auto plan = plan_of_flags(flags);
    ASSERT_TRUE(plan) << plan.error().sentence;
    EXPECT_EQ(plan->world.hosts[0].config.dhcp, event::Switch::on);
    EXPECT_EQ(plan->world.hosts[1].config.dhcp, event::Switch::on);
    EXPECT_EQ(world::problem(plan->world), std::nullopt);
}

TEST(PlanOfFile, AnAddressThatIsGivenIsNotLeased) {
    const auto plan = plan_of_text(
        "tap = \"dt0,dhcp\"\n[hosts]\na = { run = \"true\" }\nb = { address = \"10.0.0.9\" }\n",
        "network.toml");
    ASSERT_TRUE(plan) << plan.error().sentence;
    EXPECT_EQ(plan->world.hosts[0].config.dhcp, event::Switch::on);
    EXPECT_EQ(plan->world.hosts[1].config.dhcp, event::Switch::off);
}

TEST(PlanOfFile, AnAddressOfAnotherLinkDoesNotKeepAHostFromALease) {
    const auto plan = plan_of_text(
        "tap = \"dt0,dhcp\"\nlinks = [\"a<->outside: delay=0ms\", \"a<->b: delay=1ms\"]\n"
        "[hosts]\na = { run = \"true\", address = \"10.0.1.9\" }\nb = {}\n",
        "network.toml");
    ASSERT_TRUE(plan) << plan.error().sentence;
    EXPECT_EQ(plan->world.hosts[0].config.dhcp, event::Switch::on);
    EXPECT_EQ(plan->world.hosts[0].address, IpAddr(Ipv4(10, 0, 1, 9)));
}

TEST(PlanOfFlags, Ipv6IsOffUnlessAskedFor) {
    RunFlags flags = flags_for({"true"});
    flags.withs = {"server=hello 80"};
    EXPECT_EQ(plan_of_flags(flags)->world.hosts[1].config.ipv6, event::Switch::off);
    flags.ipv6 = event::Switch::on;
    EXPECT_EQ(plan_of_flags(flags)->world.hosts[0].config.ipv6, event::Switch::on);
    EXPECT_EQ(plan_of_flags(flags)->world.hosts[1].config.ipv6, event::Switch::on);
}

TEST(PlanOfFile, Ipv6IsSaidOnceForAllHosts) {
    const auto plan =
        plan_of_text("ipv6 = true\n[hosts]\na = { run = \"true\" }\nb = { }\n", "network.toml");
    ASSERT_TRUE(plan) << plan.error().sentence;
    EXPECT_EQ(plan->world.hosts[0].config.ipv6, event::Switch::on);
    EXPECT_EQ(plan->world.hosts[1].config.ipv6, event::Switch::on);
    const auto wrong = plan_of_text("ipv6 = 6\n[hosts]\na = { run = \"true\" }\n", "network.toml");
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().sentence, "network.toml:1:8: ipv6 is true or false");
}

TEST(PlanOfFlags, MistakesInATapNameTheRemedy) {
    RunFlags flags = flags_for({"true"});
    flags.tap = "dt0,ip=10.9.0.5";
    EXPECT_EQ(
        plan_of_flags(flags).error().sentence,
        "--tap `dt0,ip=10.9.0.5`: ip=10.9.0.5 is no IPv4 address with the length of its prefix");
    EXPECT_EQ(plan_of_flags(flags).error().help, "write --tap dt0,ip=10.9.0.2/24,gw=10.9.0.1");
    flags.tap = "dt0";
    flags.withs = {"outside=true"};
    EXPECT_EQ(plan_of_flags(flags).error().help,
              "`outside` is what --tap joins; choose another name");
}

TEST(PlanOfFile, ATapIsTheSameTextAsOnTheCommandLine) {
    const auto plan = plan_of_text(
        "tap = \"dt0,ip=10.9.0.5/24,gw=10.9.0.1\"\n"
        "links = [\"a<->b: delay=1ms\", \"b<->outside: delay=2ms\"]\n"
        "[hosts]\na = { run = \"true\" }\nb = { }\n",
        "network.toml");
    ASSERT_TRUE(plan) << plan.error().sentence;
    EXPECT_EQ(plan->world.hosts[1].address, IpAddr(Ipv4(10, 9, 0, 5)));
    EXPECT_EQ(plan->world.outside->host, 2);
    EXPECT_EQ(plan->world.outside->network, Prefix::of(Ipv4(10, 9, 0, 0), 24));
    const auto wrong = plan_of_text("tap = \"dt0,gw=10.9.0.1\"\n[hosts]\na = { run = \"true\" }\n",
                                    "network.toml");
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().sentence, "network.toml:1:15: gw= needs ip= before it");
}

TEST(PlanOfFlags, ASeedIsDrawnWhereNoneIsGiven) {
    RunFlags flags = flags_for({"true"});
    flags.seed.reset();
    const auto first = plan_of_flags(flags);
    const auto second = plan_of_flags(flags);
    ASSERT_TRUE(first && second);
    EXPECT_NE(first->world.seed, second->world.seed);
}

TEST(PlanOfFlags, MistakesNameTheFlagAndTheRemedy) {
    RunFlags flags = flags_for({"true"});
    flags.links = {"loss=1"};
    EXPECT_EQ(plan_of_flags(flags).error().sentence,
              "--link `loss=1`: a loss needs a percent sign");
    EXPECT_EQ(plan_of_flags(flags).error().help, "write `loss=1%`");
    flags = flags_for({"true"});
    flags.withs = {"client=nc -l 1"};
    EXPECT_EQ(plan_of_flags(flags).error().sentence,
              "--with `client=nc -l 1`: host `client` exists already");
    flags = flags_for({"true"});
    flags.withs = {"server"};
    EXPECT_EQ(plan_of_flags(flags).error().exit_code, exit_usage);
    flags = flags_for({"true"});
    flags.faults = {"sever->client: drop"};
    flags.withs = {"server=hello 1"};
    EXPECT_NE(plan_of_flags(flags).error().sentence.find("`sever`"), std::string::npos);
    flags = flags_for({"true"});
    flags.seed = "0xZ";
    EXPECT_FALSE(plan_of_flags(flags));
}

constexpr std::string_view three_hosts = R"(# network.toml: three hosts, two links, two faults.
seed   = 0x5eed
links  = ["client<->proxy: delay=20ms,loss=0.1%", "proxy<->app: delay=1ms,rate=100Mbit"]
faults = ["app->proxy: drop,seg=data,after=4096B,nth=1"]
[hosts]
client = { run = "wrk -c 40 -d 5s http://proxy:8080/" }
proxy  = { run = "haproxy -f proxy.cfg", expect = "running" }
app    = { run = "hello 9000", expect = "running", sysctl = { somaxconn = 128 } }
)";

TEST(PlanOfFile, HostsKeepTheirOrderAndServersStartFirst) {
    const auto plan = plan_of_text(three_hosts, "network.toml");
    ASSERT_TRUE(plan) << plan.error().sentence;
    EXPECT_EQ(plan->world.seed, 0x5eedU);
    ASSERT_EQ(plan->world.hosts.size(), 3U);
    EXPECT_EQ(plan->world.hosts[0].name, "client");
    EXPECT_EQ(plan->world.hosts[1].name, "proxy");
    EXPECT_EQ(plan->world.hosts[2].config.somaxconn, 128U);
    EXPECT_EQ(plan->programs[0].host, "proxy");
    EXPECT_EQ(plan->programs[1].host, "app");
    EXPECT_EQ(plan->programs[plan->main].host, "client");
    EXPECT_EQ(plan->world.links.size(), 2U);
    EXPECT_EQ(plan->world.faults.size(), 1U);
}

struct Mistaken {
    const char* what;
    std::string text;
    const char* sentence;
    const char* help;
};

class PlanOfFileMistakes : public testing::TestWithParam<Mistaken> {};

TEST_P(PlanOfFileMistakes, NameLineColumnAndRemedy) {
    const auto plan = plan_of_text(GetParam().text, "network.toml");
    ASSERT_FALSE(plan);
    EXPECT_EQ(plan.error().sentence, GetParam().sentence);
    EXPECT_NE(plan.error().help.find(GetParam().help), std::string::npos) << plan.error().help;
    EXPECT_EQ(plan.error().exit_code, exit_usage);
    EXPECT_NE(plan.error().excerpt.find('^'), std::string::npos);
}

TEST(PlanOfText, TheCaretStandsBelowWhatItMarksWhateverTheLineHolds) {
    const auto excerpt = [](std::string_view links) {
        const auto plan = plan_of_text(
            fmt::format("{}\n[hosts]\na = {{ run = \"true\" }}\nb = {{}}\n", links), "f");
        return plan ? std::string{} : plan.error().excerpt;
    };
    EXPECT_EQ(excerpt("links = [\"a<->b: dealy=1ms\"]"),
              "  1 | links = [\"a<->b: dealy=1ms\"]\n    |                  ^^^^^\n");
    EXPECT_EQ(excerpt("\tlinks = [\"a<->b: dëlay=1ms\"]"),
              "  1 | \tlinks = [\"a<->b: dëlay=1ms\"]\n    | \t                 ^^^^^\n");
}

const std::string two_hosts =
    "[hosts]\na = { run = \"true\" }\nb = { run = \"true\", expect = \"running\" }\n";

INSTANTIATE_TEST_SUITE_P(
    Each, PlanOfFileMistakes,
    testing::Values(
        Mistaken{"key of a link", "links = [\"a<->b: dealy=20ms\"]\n" + two_hosts,
                 "network.toml:1:18: unknown key `dealy` in a link", "did you mean `delay`?"},
        Mistaken{"key of the file", "seeed = 1\n" + two_hosts,
                 "network.toml:1:1: unknown key `seeed` in network.toml", "did you mean `seed`?"},
        Mistaken{"later capability", "assert = [\"never reset\"]\n" + two_hosts,
                 "network.toml:1:1: unknown key `assert` in network.toml", "keys:"},
        Mistaken{"host of a fault", "faults = [\"c: drop\"]\n" + two_hosts,
                 "network.toml:1:12: host `c` does not exist", "hosts: a, b"},
        Mistaken{"program", "[hosts]\na = { run = \"sh -c 'x\" }\n",
                 "network.toml:2:13: a quote ' is not closed", "write run"},
        Mistaken{"expectation", "[hosts]\na = { run = \"true\", expect = \"soon\" }\n",
                 "network.toml:2:30: `soon` is no expectation", "\"running\""},
        Mistaken{"sysctl", "[hosts]\na = { run = \"true\", sysctl = { somaxcon = 5 } }\n",
                 "network.toml:2:32: unknown sysctl `somaxcon`", "did you mean `somaxconn`?"},
        Mistaken{"address", "[hosts]\na = { run = \"true\", address = \"10.0.0\" }\n",
                 "network.toml:2:31: `10.0.0` is no address", "10.0.0.9"},
        Mistaken{
            "address of another subnet",
            "[hosts]\na = { run = \"true\", address = \"10.0.7.1\" }\n",
            "network.toml:2:31: address 10.0.7.1 of host `a` is outside its links, 10.0.0.0/24",
            "10.0.N.0/24"},
        Mistaken{"negative seed", "seed = -1\n" + two_hosts,
                 "network.toml:1:8: a seed is not negative", "0x5eed"},
        Mistaken{"no hosts", "seed = 1\n", "network.toml:1:1: no hosts", "[hosts]"},
        Mistaken{"host name", "[hosts]\nA_b = { run = \"true\" }\n",
                 "network.toml:2:1: `A_b` is no host name", "lower case"}),
    [](const auto& test) {
        std::string name{test.param.what};
        std::ranges::replace(name, ' ', '_');
        return name;
    });

TEST(PlanOfFile, AnAddressOverridesTheOrderOfHosts) {
    const auto plan = plan_of_text(
        "[hosts]\na = { run = \"true\" }\nb = { run = \"true\", address = \"10.0.0.1\" }\n",
        "network.toml");
    ASSERT_TRUE(plan) << plan.error().sentence;
    EXPECT_EQ(plan->world.hosts[0].address, std::nullopt);
    EXPECT_EQ(plan->world.hosts[1].address, IpAddr(Ipv4{10, 0, 0, 1}));
}

TEST(PlanOfFile, TheRunEndsWhenAllThatShouldEndHaveEnded) {
    const auto plan = plan_of_text(three_hosts, "network.toml");
    ASSERT_TRUE(plan);
    EXPECT_EQ(plan->end, host::RunEnd::with_all_that_end);
    EXPECT_EQ(plan_of_flags(flags_for({"true"}))->end, host::RunEnd::with_main);
}

TEST(PlanOfFile, BrokenTomlIsAMistakeWithItsPlace) {
    const auto plan = plan_of_text("seed = \n", "network.toml");
    ASSERT_FALSE(plan);
    EXPECT_TRUE(plan.error().sentence.starts_with("network.toml:1:")) << plan.error().sentence;
}

TEST(PlanOfFile, AnUnreadableFileIsNamed) {
    const auto plan = plan_of_file("no/such/network.toml");
    ASSERT_FALSE(plan);
    EXPECT_EQ(plan.error().sentence, "cannot read no/such/network.toml: No such file or directory");
}

TEST(Sysctl, ValuesOutsideTheirBoundsAreRefused) {
    Config config;
    EXPECT_FALSE(set_sysctl(config, "tcp_fin_timeout", 5));
    EXPECT_EQ(config.fin_wait_2, std::chrono::seconds{5});
    EXPECT_TRUE(set_sysctl(config, "tcp_fin_timeout", 500));
    EXPECT_EQ(config.fin_wait_2, std::chrono::seconds{5});
    EXPECT_FALSE(set_sysctl(config, "tcp_abort_on_overflow", 1));
    EXPECT_EQ(config.accept_overflow, event::Overflow::reset);
}

}  // namespace
}  // namespace dt::cli
