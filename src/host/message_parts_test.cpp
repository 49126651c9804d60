// Lengths that a hostile program chooses: vulnerability class 21 (sizes of the API).
#include "host/message_parts.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <string_view>
#include <vector>

namespace dt::host {
namespace {

iovec part(std::string& text) { return {text.data(), text.size()}; }

TEST(MessageParts, GathersAndScattersInTheirOrder) {
    std::string first = "abc";
    std::string none;
    std::string second = "defg";
    const std::array list{part(first), part(none), part(second)};
    const auto parts = MessageParts::from(list);
    ASSERT_TRUE(parts);
    EXPECT_EQ(parts->size(), 7U);
    const RemoteMemory self(::getpid());
    std::string all(8, '.');
    EXPECT_TRUE(parts->gather(self, std::as_writable_bytes(std::span(all))));
    EXPECT_EQ(all, "abcdefg.");
    EXPECT_TRUE(parts->scatter(self, std::as_bytes(std::span(std::string_view("12345")))));
    EXPECT_EQ(first + second, "12345fg");
}

TEST(MessageParts, vuln_21_API_ERR_017_a_negative_length_is_EINVAL_whatever_the_sum_is) {
    std::string text(100, 'x');
    const std::size_t big = std::size_t{8} << 20;
    const std::array sum_is_ten{iovec{text.data(), big},
                                iovec{text.data(), std::size_t{0} - big + 10}};
    const auto parts = MessageParts::from(sum_is_ten);
    ASSERT_FALSE(parts);
    EXPECT_EQ(parts.error(), EINVAL);
}

TEST(MessageParts, vuln_21_lengths_that_only_sum_up_to_much_are_cut_at_what_one_call_carries) {
    std::string text(100, 'x');
    const std::vector<iovec> list(1024, iovec{text.data(), std::size_t{1} << 62});
    const auto parts = MessageParts::from(list);
    ASSERT_TRUE(parts);
    EXPECT_EQ(parts->size(), MessageParts::octets_max);
    EXPECT_EQ(MessageParts::one(0, ~std::uint64_t{0}).size(), MessageParts::octets_max);
}

}  // namespace
}  // namespace dt::host
