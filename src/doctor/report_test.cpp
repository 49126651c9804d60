// The three forms of a report.
#include "doctor/report.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace dt::doctor {
namespace {

using testing::HasSubstr;
using testing::Not;

struct Report {
    rules::Evidence evidence;
    rules::Verdict verdict;
    Setting setting;
};

Report full_queue() {
    Report report;
    report.evidence.window = 2s;
    report.setting.host_name = "web-3";
    rules::Finding finding{rules::rule(24), "*:3000"};
    finding.proof("proof.drops").fix("fix.accept");
    finding.say("listener", "*:3000")
        .say("waiting", 512)
        .say("limit", 511)
        .say("owner", "<node>[2210]")
        .say("ignored", 37)
        .say("window", "2.0 s")
        .say("ListenOverflows", 37)
        .say("ListenDrops", 37)
        .fact(rules::Source::sd, "rqueue", 512);
    report.verdict.findings.push_back(finding);
    return report;
}

TEST(Report, AFindingIsRankRuleCertaintyHeadProofAndFix) {
    const Report report = full_queue();
    EXPECT_EQ(finding_text(report.verdict.findings[0], 1, rules::Language::english, {}),
              "1 R24 certain  connects to *:3000 wait 1 s or more: its accept queue is full, "
              "512/511\n"
              "  proof  37 SYNs ignored in 2.0 s (this listener's drops +37; ListenOverflows +37, "
              "ListenDrops +37)\n"
              "  fix    <node>[2210] accepts too slowly: accept() sooner, or run more workers "
              "(SO_REUSEPORT)\n");
}

TEST(Report, JsonHasTheFieldsThatAreDocumented) {
    const Report report = full_queue();
    const auto json =
        nlohmann::json::parse(json_report(report.evidence, report.verdict, report.setting));
    EXPECT_EQ(json["schema"], "dialtone.doctor/1");
    EXPECT_EQ(json["host"]["name"], "web-3");
    EXPECT_EQ(json["window_s"], 2.0);
    EXPECT_EQ(json["exit"], 1);
    const auto& finding = json["findings"][0];
    EXPECT_EQ(finding["rule"], "R24");
    EXPECT_EQ(finding["certainty"], "certain");
    EXPECT_EQ(finding["harm"], "now");
    EXPECT_EQ(finding["lab"], "backlog");
    EXPECT_EQ(finding["fix"][0]["kind"], "code");
    EXPECT_EQ(finding["subject"]["name"], "*:3000");
    EXPECT_EQ(finding["evidence"][0]["source"], "SD");
    EXPECT_EQ(finding["evidence"][0]["value"], 512);
    EXPECT_THAT(finding["ruled_out"], testing::Contains("R25"));
}

TEST(Report, JsonNamesWhatIsInOrderAndWasSeen) {
    Report report = full_queue();
    for (auto* snapshot : {&report.evidence.before, &report.evidence.after}) {
        snapshot->counters.set(rules::Counter::listen_drops, 5);
        snapshot->counters.set(rules::Counter::retrans_segs, 2);
        snapshot->counters.set(rules::Counter::out_segs, 9);
    }
    report.evidence.after.sockets.emplace_back();
    const auto json =
        nlohmann::json::parse(json_report(report.evidence, report.verdict, report.setting));
    EXPECT_THAT(json["fine"], testing::Contains("syn_queue"));
    EXPECT_THAT(json["fine"], testing::Contains("retransmissions"));
    EXPECT_THAT(json["fine"], Not(testing::Contains("accept_queue")));  // R24 touches it
    EXPECT_THAT(json["fine"], Not(testing::Contains("memory")));        // was not read
}

TEST(Report, WhatIsFineStandsBehindTheFindingsOfAHost) {
    Report report = full_queue();
    report.evidence.before.counters.set(rules::Counter::retrans_segs, 0);
    report.evidence.before.counters.set(rules::Counter::out_segs, 0);
    report.evidence.after.counters.set(rules::Counter::retrans_segs, 2);
    report.evidence.after.counters.set(rules::Counter::out_segs, 10'000);
    const std::string text = text_report(report.evidence, report.verdict, report.setting, {});
    EXPECT_THAT(text, HasSubstr("\nFine: retransmissions 0.02 %.\n"));
}

TEST(Report, ManyRetransmissionsAreNotFineThoughNoRuleFires) {
    Report report = full_queue();
    for (const auto counter : {rules::Counter::retrans_segs, rules::Counter::out_segs}) {
        report.evidence.before.counters.set(counter, 0);
        report.evidence.after.counters.set(counter, 10);
    }
    const std::string text = text_report(report.evidence, report.verdict, report.setting, {});
    EXPECT_THAT(text, Not(HasSubstr("retransmissions")));
}

TEST(Report, TheFindingOfAPortHasNoRankAndACommandThatDecides) {
    Report report = full_queue();
    report.evidence.target.endpoint = *Endpoint::parse("10.0.4.7:5432");
    rules::Finding finding{rules::rule(21), "10.0.4.7:5432"};
    finding.head = "head.now";
    finding.say("port", "5432").decide = "decide";
    report.verdict.findings = {finding};
    report.setting.target_part = "no.listener";
    const std::string text = text_report(report.evidence, report.verdict, report.setting, {});
    EXPECT_TRUE(text.starts_with("R21 certain  no answer from")) << text;
    EXPECT_THAT(text, HasSubstr("  decide: dialtone doctor :5432 on that host\n"));
}

TEST(Report, ThePageEscapesWhatProgramsCallThemselvesAndAsksNobody) {
    const Report report = full_queue();
    const std::string page = html_report(report.evidence, report.verdict, report.setting);
    EXPECT_THAT(page, HasSubstr("&lt;node&gt;[2210]"));
    EXPECT_THAT(page, Not(HasSubstr("<node>")));
    EXPECT_THAT(page, Not(HasSubstr("http")));
    EXPECT_THAT(page, Not(HasSubstr("<script")));
}

TEST(Report, TheExitStatusTellsFindingsFromNothingAndFromNoEvidence) {
    Report report = full_queue();
    EXPECT_EQ(exit_code_of(report.verdict, report.setting), 1);
    report.verdict.findings.clear();
    EXPECT_EQ(exit_code_of(report.verdict, report.setting), 0);
    report.setting.undecided.emplace_back("not enough evidence");
    EXPECT_EQ(exit_code_of(report.verdict, report.setting), 3);
}

TEST(Report, NothingFoundCountsTheRulesThatWereJudged) {
    Report report = full_queue();
    report.verdict.findings.clear();
    report.verdict.rules_run = 55;
    const std::string text = text_report(report.evidence, report.verdict, report.setting, {});
    EXPECT_EQ(text, "✓ nothing found: 0 TCP sockets, 0 listeners, 55 rules in 2.0 s\n");
}

}  // namespace
}  // namespace dt::doctor
