// Text that arrived ahead of a hole (RFC 9293 §3.10.7.4 step 7, SHLD-31): runs by sequence number,
// first octets win, memory bounded and charged by block.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "buf/stream_queue.hpp"
#include "wire/seq.hpp"
#include "wire/tcp_options.hpp"

namespace dt::tcp {

/// Text of a frame: `length` octets from `offset`.
struct TextRef {
    Frame& frame;
    std::uint32_t offset = 0;
    std::uint32_t length = 0;
};

/// Appends text to a queue by reference.
void push_text(StreamQueue& queue, buf::Pool& pool, TextRef text);

/// Made when the first segment out of order arrives, given back when the last hole is filled.
class Reassembly {
  public:
    static constexpr std::size_t runs_max = 1024;

    enum class Stored : std::uint8_t { yes, no_room };
    /// Keeps what is new of the text at `first`; `charge_max` bounds what is held, in octets.
    [[nodiscard]] Stored insert(buf::Pool& pool, Seq first, TextRef text, std::size_t charge_max);
    /// What of the text given last was held before, its first piece (RFC 2883 §4).
    [[nodiscard]] const std::optional<wire::SackBlock>& again() const { return again_; }
    /// The FIN of the peer, behind its last octet; a second one elsewhere is ignored.
    void set_fin(Seq fin) {
        if (!fin_) fin_ = fin;
    }

    /// Moves what begins at or before `rcv_nxt` into `queue`; returns the new RCV.NXT.
    [[nodiscard]] Seq take(Seq rcv_nxt, StreamQueue& queue);
    [[nodiscard]] bool is_fin_at(Seq rcv_nxt) const { return fin_ == rcv_nxt; }
    [[nodiscard]] bool is_empty() const { return runs_.empty() && !fin_; }
    /// Behind the last octet held; nothing where no text is.
    [[nodiscard]] std::optional<Seq> end() const;
    [[nodiscard]] std::size_t memory() const;
    /// What is held, the piece that grew last first (RFC 2018 §4); as many as find room.
    void report(wire::SackBlocks& blocks) const;

  private:
    struct Held {
        Seq first{};
        std::uint32_t charge = 0;
        StreamQueue text;
        [[nodiscard]] Seq end() const { return first + static_cast<std::uint32_t>(text.size()); }
    };
    [[nodiscard]] std::size_t first_behind(Seq seq) const;
    [[nodiscard]] std::optional<wire::SackBlock> piece_at(Seq seq) const;
    void remember(Seq seq);
    [[nodiscard]] Stored add(buf::Pool& pool, std::size_t index, Seq first, TextRef text);

    std::vector<Held> runs_;  // by first, never overlapping
    std::size_t charge_ = 0;
    std::optional<Seq> fin_;
    std::array<Seq, wire::SackBlocks::capacity> recent_{};  // a number of each piece that grew last
    std::uint8_t recent_count_ = 0;
    std::optional<wire::SackBlock> again_;
};

}  // namespace dt::tcp
