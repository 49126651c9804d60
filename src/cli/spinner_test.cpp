// The line that moves while a program is waited for.
#include "cli/spinner.hpp"

#include <gtest/gtest.h>

namespace dt::cli {
namespace {

using observe::Signs;
using std::chrono::milliseconds;

TEST(Spinner, SaysWhoIsWaitedForInWhichStateAndForHowLong) {
    EXPECT_EQ(spinner_line(0, "client  curl[4711]", event::State::syn_sent, milliseconds{800},
                           Signs::unicode),
              "⠋ client  curl[4711]  SYN-SENT 0.8 s");
    EXPECT_EQ(spinner_line(5, "client  curl[4711]", event::State::closed, milliseconds{1200},
                           Signs::ascii),
              "/ client  curl[4711]  CLOSED 1.2 s");
}

TEST(Spinner, IsSilentWhereStdoutIsNoTerminal) {
    testing::internal::CaptureStdout();
    {
        const observe::Paint paint;
        Spinner spinner(paint);
        spinner.start("client  curl[4711]");
        spinner.set(event::State::syn_sent);
        std::this_thread::sleep_for(milliseconds{350});
    }
    EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
}

}  // namespace
}  // namespace dt::cli
