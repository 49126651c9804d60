// doctor of recorded runs: what happened to real programs on our stack is found again in replay.
#include "cli/doctor_recording.hpp"

#include <gmock/gmock.h>

#include <fstream>
#include <nlohmann/json.hpp>

namespace dt::cli {
namespace {

using rules::Language;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

doctor::Answer asked_of(const std::string& name, Language language = Language::english) {
    Loaded loaded("tests/golden/" + name + ".dtr");
    const auto problem = loaded.load({});
    EXPECT_FALSE(problem) << problem->sentence;
    EXPECT_FALSE(loaded.replay().difference()) << loaded.replay().difference()->sentence();
    return ask_recording(loaded, language);
}

/// Each finding as `R24 server *:8080`.
std::vector<std::string> found_in(const doctor::Answer& answer) {
    std::vector<std::string> found;
    for (const rules::Finding& finding : answer.verdict.findings) {
        const std::string host = finding.place ? finding.place->host : "nowhere";
        found.push_back(rules::name(finding.rule) + " " + host + " " + finding.subject);
    }
    return found;
}

int exit_code(const doctor::Answer& answer) {
    return doctor::exit_code_of(answer.verdict, answer.setting);
}

TEST(DoctorRecording, ACallThatWentWellHasNoFinding) {
    const auto answer = asked_of("demo");
    EXPECT_THAT(found_in(answer), IsEmpty());
    EXPECT_THAT(answer.setting.undecided, IsEmpty());
    EXPECT_EQ(exit_code(answer), 0);
    const std::string text =
        doctor::text_report(answer.evidence, answer.verdict, answer.setting, observe::Paint{});
    EXPECT_THAT(text, StartsWith("✓ nothing found in tests/golden/demo.dtr, replayed: "));
    EXPECT_THAT(text, HasSubstr(" of 2 hosts in "));
    EXPECT_THAT(text, HasSubstr("70 rules"));
}

TEST(DoctorRecording, AFullAcceptQueueIsFoundAtTheServerAndNotOnceMoreAtItsClients) {
    const auto answer = asked_of("full-queue");
    EXPECT_THAT(found_in(answer), ElementsAre("R24 server *:8080"));
    const rules::Finding& finding = answer.verdict.findings[0];
    EXPECT_EQ(finding.certainty, rules::Certainty::certain);
    EXPECT_THAT(finding.place->event, IsEmpty());
    EXPECT_THAT(rules::say(Language::english, finding, "head"), HasSubstr("is full, 3/2"));
    EXPECT_EQ(finding.place->at - finding.place->from, Duration{std::chrono::seconds{2}});
    EXPECT_EQ(exit_code(answer), 1);
}

TEST(DoctorRecording, ARefusedConnectIsR13WithTheNumberOfItsCall) {
    const auto answer = asked_of("refused");
    EXPECT_THAT(found_in(answer), ElementsAre("R13 client 127.0.0.1:9"));
    EXPECT_THAT(answer.verdict.findings[0].place->event, StartsWith("e"));
    EXPECT_EQ(answer.verdict.findings[0].certainty, rules::Certainty::certain);
    const std::string text =
        doctor::text_report(answer.evidence, answer.verdict, answer.setting, observe::Paint{});
    EXPECT_THAT(text, HasSubstr("on client, at "));
    EXPECT_THAT(text, HasSubstr("of the run: e"));
    EXPECT_THAT(text, HasSubstr("of curl["));
}

TEST(DoctorRecording, TheEventOfAFindingIsTheCallThatReplayStopsAt) {
    const auto answer = asked_of("refused");
    ASSERT_EQ(answer.verdict.findings.size(), 1U);
    const auto label = world::EventLabel::from(answer.verdict.findings[0].place->event);
    ASSERT_TRUE(label);
    Loaded loaded("tests/golden/refused.dtr");
    ASSERT_FALSE(loaded.load({std::nullopt, *label}));
    const auto& last = loaded.trace().events.back().body;
    const auto* made = std::get_if<event::CallMade>(&last);
    ASSERT_NE(made, nullptr);
    EXPECT_EQ(made->error, Error::connection_refused);
}

TEST(DoctorRecording, AConnectThatWaitedForASecondSynIsR20) {
    const auto answer = asked_of("lost-syn");
    EXPECT_THAT(found_in(answer), ElementsAre("R20 client 10.0.0.2:8080"));
    EXPECT_THAT(answer.verdict.findings[0].place->event, StartsWith("e"));
}

TEST(DoctorRecording, AResetByAPeerThatDidNotReadIsR31OfTheProgramThatGotIt) {
    const auto answer = asked_of("reset");
    EXPECT_THAT(found_in(answer), Contains("R31 client 127.0.0.1:8080"));
    EXPECT_THAT(found_in(answer), Each(StartsWith("R31 client ")));
    EXPECT_THAT(answer.setting.undecided, IsEmpty());
    const std::string text =
        doctor::text_report(answer.evidence, answer.verdict, answer.setting, observe::Paint{});
    EXPECT_THAT(text, HasSubstr("python3["));
    EXPECT_THAT(text, Not(HasSubstr("[0]")));
}

TEST(DoctorRecording, APortThatAListenerHasIsR1) {
    const auto answer = asked_of("taken");
    EXPECT_THAT(found_in(answer), ElementsAre("R1 client *:8080"));
    EXPECT_EQ(answer.verdict.findings[0].certainty, rules::Certainty::certain);
}

TEST(DoctorRecording, TheDocumentSaysWhereAndWhen) {
    const auto answer = asked_of("full-queue");
    const auto document =
        nlohmann::json::parse(doctor::json_report(answer.evidence, answer.verdict, answer.setting));
    EXPECT_EQ(document["schema"], "dialtone.doctor/1");
    const auto& place = document["findings"][0]["place"];
    EXPECT_EQ(place["host"], "server");
    EXPECT_LT(place["from_s"], place["at_s"]);
    EXPECT_FALSE(place.contains("event"));
    EXPECT_THAT(document["fine"], IsEmpty());
    EXPECT_EQ(document["exit"], 1);
}

TEST(DoctorRecording, ThePageAndTheOtherLanguageSayItToo) {
    const auto answer = asked_of("refused", Language::korean);
    const std::string page = doctor::html_report(answer.evidence, answer.verdict, answer.setting);
    EXPECT_THAT(page, HasSubstr("호스트 client"));
    EXPECT_THAT(page, HasSubstr("lang=\"ko\""));
}

TEST(DoctorRecording, AFileIsARecordingByItsNameOrItsFront) {
    EXPECT_TRUE(is_recording_name("no-such.dtr"));
    EXPECT_FALSE(is_recording_name("db:5432"));
    EXPECT_FALSE(is_recording_name("no-such-file"));
    EXPECT_FALSE(is_recording_name("README.md"));
    const std::string copy = testing::TempDir() + "recorded";
    std::ofstream(copy, std::ios::binary) << std::ifstream("tests/golden/demo.dtr").rdbuf();
    EXPECT_TRUE(is_recording_name(copy));
    EXPECT_EQ(std::remove(copy.c_str()), 0);
}

}  // namespace
}  // namespace dt::cli
