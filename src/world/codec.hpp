// Numbers and texts of a recording: integers of seven bits an octet, least first.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/octets.hpp"
#include "wire/address.hpp"

namespace dt::world {

class Encoder {
  public:
    void u8(std::uint8_t octet) { octets_.push_back(static_cast<std::byte>(octet)); }
    void u16(std::uint16_t number);
    void number(std::uint64_t value);
    /// Small negative numbers stay short.
    void signed_number(std::int64_t value);
    void text(std::string_view text);
    void octets(Octets octets);
    void endpoint(const Endpoint& endpoint);

    [[nodiscard]] Octets written() const { return octets_; }
    [[nodiscard]] std::size_t size() const { return octets_.size(); }
    void clear() { octets_.clear(); }

  private:
    std::vector<std::byte> octets_;
};

/// Reads what Encoder wrote, from untrusted octets: past the end everything is 0 and ended() is
/// set.
class Decoder {
  public:
    explicit Decoder(Octets octets) : octets_(octets) {}

    std::uint8_t u8();
    std::uint16_t u16();
    std::uint64_t number();
    std::int64_t signed_number();
    /// A number below `end`, else malformed.
    std::uint64_t below(std::uint64_t end);
    /// For people: what would steer a terminal is replaced (base/printable).
    std::string text();
    Octets octets();
    Endpoint endpoint();

    /// True where something was missing or made no sense; nothing read since can be used.
    [[nodiscard]] bool is_broken() const { return broken_; }
    void set_broken() { broken_ = true; }
    [[nodiscard]] std::size_t position() const { return at_; }
    [[nodiscard]] bool at_end() const { return at_ == octets_.size(); }
    /// The next octet, which stays; 0 at the end.
    [[nodiscard]] std::uint8_t peek() const {
        return at_end() ? std::uint8_t{0} : std::to_integer<std::uint8_t>(octets_[at_]);
    }

  private:
    Octets octets_;
    std::size_t at_ = 0;
    bool broken_ = false;
};

}  // namespace dt::world
