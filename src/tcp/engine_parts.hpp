// What an Engine is made of, for the files that implement it: input (engine_input.cpp), the two
// queues (engine_listen.cpp), output and timers (engine_output.cpp), calls (engine.cpp), views.
#pragma once

#include <optional>

#include "base/intrusive_list.hpp"
#include "base/ring.hpp"
#include "base/timer_wheel.hpp"
#include "tcp/connection.hpp"
#include "tcp/demux.hpp"
#include "tcp/engine.hpp"
#include "tcp/half_open.hpp"
#include "tcp/isn.hpp"
#include "tcp/listener.hpp"
#include "tcp/path_mtu.hpp"
#include "tcp/syn_cookie.hpp"
#include "tcp/time_wait.hpp"

namespace dt::tcp {

/// A connection and what the engine keeps beside it.
struct ConnectionSlot {
    static constexpr std::uint32_t none = 0xffffffffU;

    ConnectionSlot(const Turn& turn, const ActiveOpen& open) : connection(turn, open) {}
    ConnectionSlot(const Turn& turn, buf::Pool& pool, const PassiveOpen& open)
        : connection(turn, pool, open) {}

    Connection connection;
    base::Handle<Connection> handle;  // its own
    base::ListLink ready;             // linked while it wants to send
    base::TimerWheel::TimerId timer;
    std::uint32_t port_previous = none;  // connections on the same local port
    std::uint32_t port_next = none;
    std::uint32_t mtu_version = 0;  // of PathMtus, as last seen
    std::uint32_t serial = 0;       // order of creation, for viewers
    ListenerId listener;            // whose SYN opened it; null: it was opened from here
    bool is_queued = false;         // in the listener's accept queue
    bool is_counted_early = false;  // among the listener's pending Fast Opens
    bool is_indexed = false;        // segments find it
    bool is_counted_orphan = false;
    bool has_edge = false;  // in the queue of readiness edges
};

static_assert(sizeof(ConnectionSlot) <= 584, "what every idle connection costs");

/// A segment owed without a connection: a reply, or the SYN-ACK of a half-open entry.
struct Owed {
    Reply reply;
    HalfOpens::Handle syn_ack;  // null: the reply
};

struct Engine::Parts {
    using Slots = SlotMap<ConnectionSlot, Connection>;
    using SlotHandle = Slots::HandleType;

    Parts(const Config& given, buf::Pool& given_pool, std::array<std::uint64_t, 2> secret);

    // The index.
    [[nodiscard]] std::uint32_t tag_of(const FourTuple& tuple) const;
    [[nodiscard]] PeerRef find(const FourTuple& tuple) const;
    [[nodiscard]] bool matches(PeerRef peer, const FourTuple& tuple) const;
    void index(const FourTuple& tuple, PeerRef peer);
    void reindex(const FourTuple& tuple, PeerRef from, PeerRef to);
    void unindex(const FourTuple& tuple, PeerRef peer);
    [[nodiscard]] bool may_replace(const Turn& turn, PeerRef peer) const;

    // Segments in: by what the index says, then RFC 9293 §3.10.7.1 and §3.10.7.2.
    Way on_segment(const Turn& turn, SegmentIn&& segment);
    void drop_from_afar(const Turn& turn, const SegmentIn& segment, unsigned shift);
    void on_stray(const Turn& turn, SegmentIn&& segment);
    void on_closed(const Turn& turn, const SegmentIn& segment);
    [[nodiscard]] bool may_reset(const Turn& turn);
    void on_listen(const Turn& turn, Listeners::Handle listener, SegmentIn&& segment);
    void on_time_wait(const Turn& turn, std::uint32_t record, SegmentIn&& segment);
    void on_new_incarnation(const Turn& turn, std::uint32_t record, SegmentIn&& segment);
    Way on_connection(const Turn& turn, std::uint32_t index, SegmentIn&& segment);
    static void arrived(const Turn& turn, const SegmentIn& segment, unsigned shift);
    static void drop(const Turn& turn, const SegmentIn& segment, unsigned shift,
                     event::Reason reason);

    // The two queues.
    [[nodiscard]] std::optional<event::Reason> refusal(const Listener& listener) const;
    void on_syn(const Turn& turn, Listeners::Handle handle, SegmentIn&& segment, Seq iss);
    void open_half(const Turn& turn, Listeners::Handle handle, SegmentIn&& segment, Seq iss);
    void ignore_syn(const Turn& turn, Listener& listener, const SegmentIn& segment,
                    event::Reason reason);
    void on_half_open(const Turn& turn, std::uint32_t entry, SegmentIn&& segment);
    void on_last_ack(const Turn& turn, std::uint32_t entry, SegmentIn&& segment);
    void hold_last_ack(const Turn& turn, std::uint32_t entry, const SegmentIn& segment);
    void promote(const Turn& turn, std::uint32_t entry, SegmentIn&& segment);
    struct Origin {
        Listeners::Handle listener;
        std::optional<std::uint32_t> entry;  // nothing: a cookie stood for it
    };
    void admit(const Turn& turn, Origin origin, const PassiveOpen& given, SegmentIn&& segment);
    // SYN cookies (engine_cookies.cpp).
    [[nodiscard]] bool wants_cookie(std::optional<event::Reason> refused) const;
    void send_cookie(const Turn& turn, Listener& listener, HalfOpenValues values);
    [[nodiscard]] bool may_be_cookie(const Turn& turn, const Listener& listener) const;
    [[nodiscard]] std::optional<HalfOpenValues> read_cookie(const Turn& turn,
                                                            const SegmentIn& segment) const;
    void on_cookie(const Turn& turn, Listeners::Handle handle, SegmentIn&& segment);
    // Fast Open (engine_fast_open.cpp).
    [[nodiscard]] std::optional<FastOpening> opening(const Config& now, const IpAddr& server,
                                                     const ActiveOpen& open) const;
    struct Early {
        enum class Take : std::uint8_t { no, yes } take = Take::no;
        std::optional<wire::FastOpen> answer;  // in the SYN-ACK
    };
    [[nodiscard]] Early judge_fast_open(const Turn& turn, Listener& listener,
                                        const SegmentIn& segment) const;
    [[nodiscard]] SipKey fast_open_key(const Config& now, unsigned index) const;
    void open_early(const Turn& turn, Listeners::Handle handle, SegmentIn&& segment,
                    const PassiveOpen& open);
    void learn(ConnectionSlot& slot);
    void leave_fast_open(const Turn& turn, ConnectionSlot& slot);
    [[nodiscard]] HalfOpenValues values_of(Listeners::Handle listener, const SegmentIn& segment,
                                           Seq iss) const;
    [[nodiscard]] PassiveOpen open_of(const HalfOpenValues& values, const Listener& listener) const;
    void remove_half_open(const Turn& turn, std::uint32_t entry, event::Cause cause,
                          event::Reason reason);
    void challenge_half_open(const Turn& turn, std::uint32_t entry, const SegmentIn& segment,
                             event::Reason reason);
    [[nodiscard]] Offer offer_of(const HalfOpenValues& values, const Listener& listener) const;
    [[nodiscard]] static Path path_of(const HalfOpenValues& values, const Listener& listener);
    [[nodiscard]] std::uint16_t mss_offered(Instant now, const HalfOpenValues& values,
                                            const Listener& listener) const;

    // After every input of a connection: its reply, its fate, its timer, its place on the lists.
    void settle(const Turn& turn, SlotHandle handle, const Outcome& outcome);
    void refresh(const Turn& turn, ConnectionSlot& slot);
    void rearm(ConnectionSlot& slot);
    void enter_time_wait(const Turn& turn, ConnectionSlot& slot);
    void leave_index(ConnectionSlot& slot);
    void join_port(ConnectionSlot& slot);
    void leave_port(ConnectionSlot& slot);
    void destroy(ConnectionSlot& slot);
    void count_orphan(const Turn& turn, SlotHandle handle);
    void edge_of(ConnectionSlot& slot);
    void edge_of(Listeners::Handle handle, Listener& listener);
    void end_time_wait(const Turn& turn, std::uint32_t record, event::Cause cause,
                       event::Reason reason);

    // Segments out and timers.
    void owe(const Turn& turn, const Reply& reply);
    void owe_syn_ack(std::uint32_t entry);
    void learn_mtu(const Turn& turn, const IpAddr& destination, std::uint16_t mtu);
    void sync_mtu(const Turn& turn, ConnectionSlot& slot) const;
    [[nodiscard]] std::optional<SegmentOut> next_owed(const Turn& turn);
    [[nodiscard]] std::optional<SegmentOut> next_from_ready(const Turn& turn);
    [[nodiscard]] SegmentOut syn_ack_of(const Turn& turn, std::uint32_t entry);
    void count(const SegmentOut& segment);
    void expire_time_waits(const Turn& turn);
    void expire_half_opens(const Turn& turn);
    void expire_connections(const Turn& turn);

    // Replies beyond this are dropped: a call may owe one for each entry of an accept queue.
    [[nodiscard]] std::size_t replies_max() const {
        return config.reply_ring + config.somaxconn + 1;
    }
    [[nodiscard]] ConnectionSlot* slot(ConnId id) { return connections.get(id.handle); }
    [[nodiscard]] const ConnectionSlot* slot(ConnId id) const { return connections.get(id.handle); }

    Config config;
    buf::Pool& pool;
    const SipKey index_key;
    const IsnSource isn;
    const SynCookies cookies;
    Instant cookies_until{};  // of all listeners
    Slots connections;
    HalfOpens half_opens;
    TimeWaits time_waits;
    FastOpenCache fast_open_cache;
    PathMtus path_mtus;
    const SipKey fast_open_secret;
    Listeners listeners;
    Demux demux;
    base::TimerWheel wheel;
    base::IntrusiveList<ConnectionSlot, &ConnectionSlot::ready> ready;
    Ring<Owed> replies;
    Ring<Edge> edges;
    static constexpr std::size_t doubts_max = 64;  // others ask at their next expiry
    Ring<FourTuple> doubts;                        // whose connections doubt their way
    event::Counters counters;
    SparseArray<std::uint32_t> connections_on;  // a port's newest connection + 1, 0 = none
    std::uint32_t orphans = 0;
    std::uint32_t next_serial = 0;
    Instant resets_since{};         // the second that resets_sent counts in
    std::uint32_t resets_sent = 0;  // to closed ports

    // One-entry cache in front of the index.
    mutable FourTuple cached_tuple;
    mutable PeerRef cached_peer;
    mutable FourTuple hashed_tuple;  // the last tuple hashed, with its tag
    mutable std::uint32_t hashed_tag = 0;
    mutable bool has_hashed = false;
};

}  // namespace dt::tcp
