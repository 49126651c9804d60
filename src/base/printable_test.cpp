// What reaches a terminal of text that somebody else chose.
#include "base/printable.hpp"

#include <gtest/gtest.h>

#include <string>

namespace dt::base {
namespace {

TEST(Printable, KeepsOrdinaryTextOfAnyLanguage) {
    EXPECT_EQ(printable("python3 -m http.server"), "python3 -m http.server");
    EXPECT_EQ(printable("전화 ↔ é 😀"), "전화 ↔ é 😀");
    EXPECT_EQ(printable(""), "");
}

TEST(Printable, NoEscapeSequenceIsLeft) {
    EXPECT_EQ(printable("co\x1b[31mnn"), "co?[31mnn");
    EXPECT_EQ(printable("a\nb\tc\r\x7f"), "a?b?c??");
    EXPECT_EQ(printable("\xc2\x9b"
                        "31m"),
              "?31m");  // CSI as C1
    EXPECT_EQ(printable("\xe2\x80\xae"
                        "cba"),
              "?cba");  // right to left
}

TEST(Printable, BrokenUtf8BecomesOneMarkAnOctet) {
    EXPECT_EQ(printable("\x9b"
                        "31m"),
              "?31m");
    EXPECT_EQ(printable("\xc0\x9b"), "??");            // overlong
    EXPECT_EQ(printable("\xed\xa0\x80"), "???");       // a surrogate
    EXPECT_EQ(printable("\xf4\x90\x80\x80"), "????");  // beyond Unicode
    EXPECT_EQ(printable("\xe2\x80"), "??");            // cut off
}

}  // namespace
}  // namespace dt::base
