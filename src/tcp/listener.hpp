// A listener with its two queues: half-open entries in the SYN queue, complete connections in the
// accept queue; and the listeners of a stack by port (RFC 9293 §3.10.1, limits as Linux).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/ring.hpp"
#include "base/shared.hpp"
#include "base/slot_map.hpp"
#include "base/sparse_array.hpp"
#include "event/event.hpp"
#include "event/sink.hpp"
#include "tcp/engine.hpp"
#include "tcp/half_open.hpp"

namespace dt::tcp {

/// Connections that wait for accept(), first in, first out. At most limit+1 of them (Linux:
/// "full" is more than the limit).
class AcceptQueue {
  public:
    struct Entry {
        ConnId connection;
        Instant since{};
    };

    [[nodiscard]] bool is_full(std::uint32_t limit) const { return entries_.size() > limit; }
    [[nodiscard]] std::uint32_t length() const {
        return static_cast<std::uint32_t>(entries_.size());
    }
    [[nodiscard]] bool empty() const { return entries_.empty(); }
    void push(Entry entry) { entries_.push(entry); }
    /// The head; the queue must not be empty.
    [[nodiscard]] const Entry& front() const { return entries_.front(); }
    Entry pop() { return entries_.pop(); }

  private:
    Ring<Entry> entries_;
};

/// One listening socket.
class Listener {
  public:
    Listener(Endpoint local, std::uint32_t limit, const Options& options)
        : local_(local), limit_(limit), options_(options) {}

    [[nodiscard]] const Endpoint& local() const { return local_; }
    [[nodiscard]] std::uint32_t limit() const { return limit_; }
    void set_limit(std::uint32_t limit) { limit_ = limit; }
    [[nodiscard]] const Options& options() const { return *options_; }
    /// As its connections inherit them.
    [[nodiscard]] const Shared<Options>& shared_options() const { return options_; }
    void set_options(const Options& options) { options_ = options; }

    /// How often a SYN-ACK falls due until TCP_DEFER_ACCEPT's time is over; 0 = not set.
    [[nodiscard]] std::uint32_t defer_rounds() const;

    [[nodiscard]] bool is_accept_queue_full() const { return accept_queue.is_full(limit_); }
    [[nodiscard]] bool is_syn_queue_full() const { return syn_queue.is_full(limit_); }
    void count_ignored_syn() { ++syn_ignored_; }
    [[nodiscard]] std::uint64_t syn_ignored() const { return syn_ignored_; }

    /// The event of a step, with both lengths as they are now.
    [[nodiscard]] event::QueueChange change(event::QueueStep step, const FourTuple& tuple) const;
    /// For `ss`; `now` dates the head of the accept queue.
    [[nodiscard]] event::QueueView view(Instant now) const;

    /// Fast Opens whose handshake is not over: TCP_FASTOPEN's number, or the backlog where the
    /// configuration opens every listener. 0: none.
    [[nodiscard]] std::uint32_t fast_open_limit(const Config& config) const;
    /// Room for one more (RFC 7413 §5.1): one that ended by a RST keeps its place for a minute.
    [[nodiscard]] bool may_fast_open(const Turn& turn);

    std::uint32_t fast_opens = 0;
    std::vector<Instant> fast_open_resets;  // until when each keeps its place

    /// Until when an ACK may be that of a SYN cookie: only after one was sent (TCP-SYNQ-014).
    Instant cookies_until{};

    SynQueue syn_queue;
    AcceptQueue accept_queue;
    bool has_edge = false;  // in the queue of readiness edges

  private:
    Endpoint local_;
    std::uint32_t limit_;
    Shared<Options> options_;
    std::uint64_t syn_ignored_ = 0;
};

/// The limit that a backlog gives: unsigned as Linux takes it, so that a negative one means the
/// most; never above somaxconn (TCP-SYNQ-001).
[[nodiscard]] constexpr std::uint32_t limit_of(std::uint32_t backlog, std::uint32_t somaxconn) {
    return backlog < somaxconn ? backlog : somaxconn;
}

/// The listeners of a stack, found by port.
class Listeners {
  public:
    using Handle = base::Handle<Listener>;

    explicit Listeners(std::uint32_t capacity) : listeners_(capacity) {}

    [[nodiscard]] std::optional<Handle> add(Endpoint local, std::uint32_t limit,
                                            const Options& options);
    void erase(Handle handle);
    [[nodiscard]] Listener* get(Handle handle) { return listeners_.get(handle); }
    [[nodiscard]] const Listener* get(Handle handle) const { return listeners_.get(handle); }
    [[nodiscard]] Listener* get_index(std::uint32_t index) { return listeners_.get_index(index); }
    [[nodiscard]] Handle handle_of(std::uint32_t index) { return listeners_.handle_of(index); }

    /// Who a SYN to `tuple` goes to: an exact address before a wildcard (TCP-SYNQ-023); among
    /// equals, an SO_REUSEPORT group, `spread` chooses (TCP-SYNQ-022).
    [[nodiscard]] Handle best(const FourTuple& tuple, std::uint32_t spread) const;

    template <class Visit>
    void for_each(Visit visit) const {
        listeners_.for_each(visit);
    }
    template <class Visit>
    void for_each_on(Port port, Visit visit) const {
        for (const Handle handle : on_port_[port.value()]) visit(handle, *listeners_.get(handle));
    }

  private:
    SlotMap<Listener> listeners_;
    SparseArray<std::vector<Handle>> on_port_;  // in order of listen()
};

}  // namespace dt::tcp
