// The urgent octet as Linux has it (RFC 9293 §3.8.5, RFC 6093, DEC-18): one octet at a time, the
// one before the urgent pointer, out of the stream of the others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/octets.hpp"
#include "wire/seq.hpp"

namespace dt::tcp {

class Urgent {
  public:
    // Of what we send.
    /// The octet before `end` is urgent.
    void mark(Seq end) { snd_up_ = end; }
    /// Numbers come round again: 2 GiB later an old mark would seem to lie ahead.
    void on_ack(Seq una) {
        if (snd_up_ && !after(*snd_up_, una)) snd_up_.reset();
    }
    /// Whether an urgent octet is not acknowledged yet.
    [[nodiscard]] bool is_sending(Seq una) const { return snd_up_ && after(*snd_up_, una); }
    /// The urgent pointer of a segment that begins at `seq`: the number behind the octet, as an
    /// offset; where that lies too far ahead, as far as a pointer can say.
    [[nodiscard]] std::optional<std::uint16_t> pointer(Seq seq) const;

    // Of what arrives.
    enum class Octet : std::uint8_t { none, announced, here, taken };
    /// A segment with URG says that the octet at `at` is urgent. False where that is no news: read,
    /// taken into the stream already, or older than the one known.
    [[nodiscard]] bool announce(Seq at, Seq rcv_nxt, Seq copied);
    /// Text that begins at `seq` arrived, in order or not: true where the octet was in it.
    [[nodiscard]] bool offer(Seq seq, std::uint32_t length) const {
        return octet_ == Octet::announced && in_window(at_, seq, length);
    }
    void keep(std::byte value) {
        octet_ = Octet::here;
        value_ = value;
    }
    /// The program reads the octet.
    void take() { octet_ = Octet::taken; }
    /// The stream was read up to `copied`: behind the mark it is forgotten.
    void pass(Seq copied) {
        if (octet_ != Octet::none && after(copied, at_)) octet_ = Octet::none;
    }
    [[nodiscard]] Octet octet() const { return octet_; }
    [[nodiscard]] std::byte value() const { return value_; }
    /// The number of the octet, where there is one.
    [[nodiscard]] Seq at() const { return at_; }
    [[nodiscard]] bool is_mark(Seq copied) const { return octet_ != Octet::none && at_ == copied; }

  private:
    std::optional<Seq> snd_up_;  // RFC 9293 SND.UP
    Seq at_{};
    Octet octet_ = Octet::none;
    std::byte value_{};
};

}  // namespace dt::tcp
