// DNS messages (RFC 1035), as much as a small server of names and its tests need.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "wire/address.hpp"

namespace dt::wire {

/// Open sets: any other value may stand in a message.
enum class DnsType : std::uint16_t { a = 1, ptr = 12, aaaa = 28, any = 255 };
enum class DnsClass : std::uint16_t { internet = 1, any = 255 };
enum class DnsRcode : std::uint8_t {
    no_error = 0,
    format_error = 1,
    server_failure = 2,
    name_error = 3,  ///< the name does not exist
    not_implemented = 4,
    refused = 5,
};

/// A name as text in lower case, without the last dot: `server`, `www.example.org`; the root is
/// empty. Letters compare without case (RFC 4343), which lower case makes plain equality.
class DnsName {
  public:
    /// Most characters of a name as text (RFC 1035 §2.3.4: 255 octets on the wire).
    static constexpr std::size_t size_max = 253;
    static constexpr std::size_t label_max = 63;

    /// A dot at the end is allowed. Errors: malformed for empty or long labels and long names.
    static Result<DnsName> parse(std::string_view text);

    [[nodiscard]] std::string_view view() const { return {chars_.data(), length_}; }
    [[nodiscard]] bool is_root() const { return length_ == 0; }
    /// Octets of the name on the wire, not compressed.
    [[nodiscard]] std::size_t wire_size() const { return is_root() ? 1U : length_ + 2U; }
    /// Writes wire_size() octets.
    void emit(MutableOctets to) const;

    friend bool operator==(const DnsName& a, const DnsName& b) { return a.view() == b.view(); }

  private:
    friend class DnsView;
    /// Appends a label; false where it does not fit or holds a dot.
    bool append_label(std::string_view label);

    std::array<char, size_max> chars_{};
    std::uint8_t length_ = 0;
};

struct DnsQuestion {
    DnsName name;
    DnsType type = DnsType::a;
    DnsClass klass = DnsClass::internet;

    friend bool operator==(const DnsQuestion&, const DnsQuestion&) = default;
};

/// A message proved to have its header of twelve octets; names and records are proved when they
/// are read.
class DnsView {
  public:
    static constexpr std::size_t header_length = 12;

    /// Errors: truncated.
    static Result<DnsView> parse(Octets message);

    [[nodiscard]] std::uint16_t id() const { return field(0); }
    [[nodiscard]] bool is_response() const { return (field(2) & 0x8000) != 0; }
    /// 0 is a standard query.
    [[nodiscard]] std::uint8_t opcode() const {
        return static_cast<std::uint8_t>(field(2) >> 11 & 0xf);
    }
    [[nodiscard]] bool is_recursion_desired() const { return (field(2) & 0x0100) != 0; }
    [[nodiscard]] DnsRcode rcode() const { return static_cast<DnsRcode>(field(2) & 0xf); }
    [[nodiscard]] std::uint16_t question_count() const { return field(4); }
    [[nodiscard]] std::uint16_t answer_count() const { return field(6); }

    /// The one question. Errors: malformed unless there is exactly one, and for a name with a
    /// pointer that does not lead backwards, a reserved label type, or too many octets; truncated
    /// where the message ends before the question does.
    [[nodiscard]] Result<DnsQuestion> question() const;
    /// Reads the addresses of A and AAAA answers into `into` and returns how many there were, at
    /// most into.size(). Errors: as question().
    [[nodiscard]] Result<std::size_t> addresses(std::span<IpAddr> into) const;

  private:
    struct NameAt {
        DnsName name;
        std::size_t end = 0;  // where the message goes on behind the name
    };

    explicit DnsView(Octets message) : message_(message) {}

    [[nodiscard]] std::uint16_t field(std::size_t at) const {
        return load_be<std::uint16_t>(message_, at);
    }
    [[nodiscard]] Result<NameAt> read_name(std::size_t at) const;

    Octets message_;
};

/// A query or the answer to one: the question, and addresses of its name.
struct DnsRepr {
    static constexpr std::size_t answers_max = 8;

    enum class Kind : std::uint8_t { query, response };

    std::uint16_t id = 0;
    Kind kind = Kind::query;
    bool recursion_desired = true;
    DnsRcode rcode = DnsRcode::no_error;
    DnsQuestion question;
    std::array<IpAddr, answers_max> answers{};
    std::uint8_t answer_count = 0;
    std::uint32_t ttl_s = 0;  ///< of all answers

    /// The answer to `query` without any address yet.
    static DnsRepr answer_to(std::uint16_t id, const DnsQuestion& question, DnsRcode rcode);
    /// Appends; a ninth address is left out.
    void add(const IpAddr& address);

    [[nodiscard]] std::size_t size() const;
    /// Writes size() octets. Answers name the question by a pointer.
    void emit(MutableOctets to) const;
};

}  // namespace dt::wire
