// From events to what each host did in its own order: the input of the ladder's row order.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "observe/ladder.hpp"

namespace dt::observe {

/// A segment of the flow, from departure to fate.
struct Crossing {
    Wire wire;
    Instant departs{};
    std::optional<Instant> arrives;
    event::FrameId frame = 0;
    Seq seq{};
};

/// One thing in a host's own order.
struct Item {
    enum class Kind : std::uint8_t { departure, arrival, local } kind = Kind::local;
    std::size_t crossing = 0;
    Cell cell;  // its `at` is always set
};

/// Both hosts' items in their own order.
struct Items {
    std::array<std::vector<Item>, 2> of;
    std::vector<Crossing> crossings;
    std::vector<Footnote> notes;
};

/// Walks the events once and sorts what belongs to one flow to its two ends.
class ItemBuilder {
  public:
    ItemBuilder(const Trace& trace, const Flow& flow, const LadderOptions& options);
    [[nodiscard]] Items build();

  private:
    void find_sockets();
    [[nodiscard]] std::optional<Side> side_of(event::HostIndex host, const FourTuple& tuple) const;
    [[nodiscard]] std::optional<Side> side_of_socket(event::HostIndex host,
                                                     event::SocketNumber socket) const;

    void on(const event::Event& event, const event::SegmentSent& sent);
    void on(const event::Event& event, const event::SegmentReceived& received);
    void on(const event::Event& event, const event::SegmentDropped& dropped);
    void on(const event::Event& event, const event::Transition& transition);
    void on(const event::Event& event, const event::QueueChange& change);
    void on(const event::Event& event, const event::CallMade& call);
    void on(const event::Event& event, const event::BytesMoved& moved);
    void on(const event::Event& event, const event::FrameTouched& touched);
    void on(const event::Event& event, const event::TimerFired& fired);
    template <class Other>
    void on(const event::Event&, const Other&) {}  // tells nothing of a TCP flow

    [[nodiscard]] std::string label_of(const event::Segment& segment, Side from);
    [[nodiscard]] std::string call_text(event::HostIndex host, const event::CallMade& call) const;
    [[nodiscard]] std::int32_t fd_of(event::HostIndex host, event::SocketNumber socket,
                                     std::int32_t otherwise) const;
    std::uint32_t note(std::string sentence, std::string packet, std::string_view next);
    void join_turned_away();
    void tell_next_try(const event::Event& event, const event::Segment& segment, Side side);
    Item& push(Side side, Item item);
    [[nodiscard]] Item* last(Side side);
    [[nodiscard]] Item* row_to_join(Side side, Instant at);
    [[nodiscard]] bool is_over() const;
    void flush(Side side, std::optional<Instant> upcoming);

    /// What waits at one end for the row it belongs to.
    struct Pending {
        std::optional<Cell> state;   // a transition of its own making: goes with the next departure
        std::optional<Cell> bytes;   // ▸ 77 B or ◂ EOF: likewise
        std::optional<Gauge> gauge;  // goes with the call that changed it
        Instant gauge_at{};
    };

    const Trace& trace_;
    const Flow& flow_;
    const LadderOptions& options_;
    Numbering numbering_;
    Items items_;
    std::array<Pending, 2> pending_;
    std::array<bool, 2> over_{};              // CLOSED or TIME-WAIT was reached at that end
    std::array<std::optional<Seq>, 2> base_;  // ISN of each direction
    std::array<std::unordered_set<event::SocketNumber>, 2> sockets_;  // of this flow
    std::unordered_set<event::SocketNumber> listeners_;               // at the right end
    std::unordered_map<std::uint64_t, std::int32_t> descriptors_;     // (host, socket) → fd
    std::unordered_map<event::FrameId, std::size_t> crossing_of_frame_;
    /// A queue that just turned a segment away, and the note of that segment: whichever comes first
    /// waits for the other, both are of one moment.
    struct TurnedAway {
        Instant at{};
        std::string sentence;  // accept queue of *:8080 is full, 3 waiting, limit 2
        std::size_t note = 0;  // index + 1 of the note to complete, 0 = none yet
        std::string opening;   // SYN ignored
    };
    TurnedAway turned_away_;
    /// A segment that came to nothing, and the note that waits for its next try.
    struct Awaited {
        Side side = Side::left;
        Seq seq{};
        Instant sent{};
        std::uint32_t note = 0;
    };
    std::vector<Awaited> awaited_;
};

}  // namespace dt::observe
