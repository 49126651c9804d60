// Text that arrived ahead of a hole (RFC 9293 §3.10.7.4 step 7, SHLD-31): runs by sequence number,
// first octets win, memory bounded and charged by block.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

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
    /// Runs between holes. A bound of the work; the window bounds the memory.
    static constexpr std::size_t runs_max = 32'768;

    Reassembly() = default;
    Reassembly(const Reassembly&) = delete;
    Reassembly& operator=(const Reassembly&) = delete;
    ~Reassembly() = default;

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
    /// Comparisons of sequence numbers so far: the work that arriving segments have made.
    [[nodiscard]] std::uint64_t comparisons() const { return comparisons_; }
    /// What is held, the piece that grew last first (RFC 2018 §4); as many as find room.
    void report(wire::SackBlocks& blocks) const;

  private:
    /// All that is held lies within a window, so sequence numbers are ordered there.
    struct Earlier {
        std::uint64_t* count;
        bool operator()(Seq a, Seq b) const {
            ++*count;
            return before(a, b);
        }
    };
    struct Held {
        std::uint32_t charge = 0;
        StreamQueue text;
        [[nodiscard]] Seq end(Seq first) const {
            return first + static_cast<std::uint32_t>(text.size());
        }
    };
    using Runs = std::map<Seq, Held, Earlier>;
    using Pieces = std::map<Seq, Seq, Earlier>;

    [[nodiscard]] std::optional<wire::SackBlock> piece_at(Seq seq) const;
    void remember(Seq seq);
    [[nodiscard]] Stored add(buf::Pool& pool, Seq first, TextRef text);
    void join(Seq first, Seq end);

    mutable std::uint64_t comparisons_ = 0;
    Runs runs_{Earlier{&comparisons_}};      // by first, never overlapping
    Pieces pieces_{Earlier{&comparisons_}};  // runs without a hole between them: first and end
    std::size_t charge_ = 0;
    std::optional<Seq> fin_;
    std::array<Seq, wire::SackBlocks::capacity> recent_{};  // a number of each piece that grew last
    std::uint8_t recent_count_ = 0;
    std::optional<wire::SackBlock> again_;
};

}  // namespace dt::tcp
