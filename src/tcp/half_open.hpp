// Half-open connections (RFC 9293 SYN-RECEIVED of a passive open): entries of a listener's SYN
// queue of tens of octets, without buffers (RFC 4987 §3). Not a Connection: that is made by the
// last ACK.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/slot_map.hpp"
#include "event/config.hpp"
#include "event/reason.hpp"
#include "tcp/segment.hpp"

namespace dt::tcp {

/// What a SYN told about a peer.
struct HalfOpenValues {
    FourTuple tuple;
    std::uint32_t listener = 0;  // slot index
    Seq iss{};
    Seq irs{};
    std::uint16_t peer_mss = 0;              // 0: none given
    std::uint16_t window = 0;                // field of the SYN, not scaled
    std::uint16_t mtu = 1500;                // of the path back
    std::optional<std::uint8_t> peer_shift;  // where both sides scale windows
    bool sack_permitted = false;
    bool ecn = false;                        // both sides want it
    std::optional<std::uint32_t> ts_recent;  // where both sides send timestamps
    std::uint8_t retransmits = 0;            // of the SYN-ACK
    /// The SYN-ACK offers a Fast Open cookie, in this form.
    std::optional<wire::FastOpen::Form> cookie = std::nullopt;
    bool acknowledged = false;  // the last ACK came and found the accept queue full
    Instant due{};              // next SYN-ACK
};

/// The SYN queue of one listener: entries in order of arrival. At most limit+1 (Linux).
struct SynQueue {
    static constexpr std::uint32_t none = 0xffffffffU;

    std::uint32_t oldest = none;
    std::uint32_t youngest = none;
    std::uint32_t length = 0;

    [[nodiscard]] bool is_full(std::uint32_t limit) const { return length > limit; }
};

/// What a segment means to a half-open entry.
struct HalfOpenVerdict {
    enum class Do : std::uint8_t {
        drop,
        resend_syn_ack,  // the same SYN again
        acknowledge,     // challenge or unacceptable: <SEQ=ISS+1><ACK=RCV.NXT>
        reset,           // RST, the entry stays
        reset_drop,      // RST, the entry goes
        remove,          // the entry goes silently
        complete,        // the last ACK
    };
    Do what = Do::drop;
    event::Reason reason = event::Reason::none;
};

/// All half-open entries of a stack. SYN-ACKs of entries that have been sent equally often fall due
/// in the order in which they were sent, so a queue for each count replaces timers.
class HalfOpens {
  public:
    using Handle = base::Handle<HalfOpens>;

    explicit HalfOpens(const Config& config);

    /// Makes an entry at the end of `queue`, its first SYN-ACK sent now; nothing where the stack
    /// holds sockets_max already.
    [[nodiscard]] std::optional<Handle> add(const HalfOpenValues& values, SynQueue& queue,
                                            Instant now);
    void erase(std::uint32_t entry, SynQueue& queue);

    /// What `segment` means to the entry (RFC 9293 §3.10.7.4, RFC 5961, Linux). `window` is what
    /// our SYN-ACK offered, in octets. Keeps a newer timestamp of an acceptable segment.
    [[nodiscard]] HalfOpenVerdict judge(std::uint32_t entry, const SegmentIn& segment,
                                        std::uint32_t window);
    /// One challenge ACK per 500 ms and entry (RFC 5961 §7, Linux tcp_invalid_ratelimit).
    [[nodiscard]] bool may_challenge(std::uint32_t entry, Instant now);
    /// The last ACK found the accept queue full.
    void hold(std::uint32_t entry);

    /// An entry whose SYN-ACK is due.
    [[nodiscard]] std::optional<std::uint32_t> due(Instant now) const;
    /// The SYN-ACK is sent again by the clock: the next one is due after twice the time.
    void back_off(std::uint32_t entry, Instant now);
    /// The SYN-ACK is sent again because the SYN came again: its time begins anew.
    void rewind(std::uint32_t entry, Instant now);
    [[nodiscard]] Instant deadline() const;

    /// Who may go for a new SYN: the oldest entry, if its SYN-ACK was sent again at least
    /// eviction_retransmits times and the peer never answered.
    static constexpr std::uint8_t eviction_retransmits = 3;
    [[nodiscard]] std::optional<std::uint32_t> evictable(const SynQueue& queue) const;

    [[nodiscard]] bool matches(std::uint32_t entry, const FourTuple& tuple) const;
    [[nodiscard]] HalfOpenValues values(std::uint32_t entry) const;
    [[nodiscard]] Handle handle_of(std::uint32_t entry) const;
    /// The entry's index; nothing where it is gone.
    [[nodiscard]] std::optional<std::uint32_t> index_of(Handle handle) const;
    /// When the first SYN-ACK of an entry that was not sent again left.
    [[nodiscard]] std::optional<Instant> syn_ack_at(std::uint32_t entry) const;
    [[nodiscard]] std::uint32_t listener_of(std::uint32_t entry) const;
    /// The next younger entry of the same SYN queue, or SynQueue::none.
    [[nodiscard]] std::uint32_t younger(std::uint32_t entry) const;

    [[nodiscard]] std::size_t size() const { return std::size_t{v4_.size()} + v6_.size(); }
    /// Octets held.
    [[nodiscard]] std::size_t memory() const { return v4_.memory() + v6_.memory(); }

  private:
    static constexpr std::uint32_t none = SynQueue::none;
    static constexpr std::uint32_t v6_bit = 1U << 29;
    static constexpr std::uint8_t no_shift = 0xf;
    // 1 s doubles to the 120 s of rto_max in seven steps.
    static constexpr std::size_t levels = 8;

    struct Links {
        std::uint32_t previous = none;
        std::uint32_t next = none;
    };
    struct Chain {
        std::uint32_t first = none;
        std::uint32_t last = none;
    };
    struct Common {
        Instant due{};
        Links time;
        Links queue;
        std::uint32_t listener = 0;
        Seq iss;
        Seq irs;
        std::uint32_t ts_recent = 0;
        std::uint32_t challenged_ms = 0;  // modulo 2^32
        Port local_port;
        Port remote_port;
        std::uint16_t peer_mss = 0;
        std::uint16_t window = 0;
        std::uint16_t mtu = 0;
        std::uint8_t retransmits = 0;
        std::uint8_t peer_shift : 4 = no_shift;
        bool sack_permitted : 1 = false;
        bool ecn : 1 = false;
        bool has_timestamps : 1 = false;
        bool acknowledged : 1 = false;
        bool challenged : 1 = false;
        bool has_cookie : 1 = false;
        bool is_cookie_experimental : 1 = false;
        bool repeated : 1 = false;  // the SYN-ACK answered the SYN a second time
    };
    template <class Address>
    struct Record {
        Common common;
        Address local;
        Address remote;
    };
    static_assert(sizeof(Record<Ipv4>) <= 72 && sizeof(Record<Ipv6>) <= 96);

    [[nodiscard]] Common& common(std::uint32_t entry);
    [[nodiscard]] const Common& common(std::uint32_t entry) const;
    [[nodiscard]] FourTuple tuple(std::uint32_t entry) const;
    [[nodiscard]] Duration interval(std::uint8_t retransmits) const;
    [[nodiscard]] Chain& level_of(const Common& common);
    void link_time(std::uint32_t entry);
    void unlink_time(std::uint32_t entry);
    void link_queue(std::uint32_t entry, SynQueue& queue);
    void unlink_queue(std::uint32_t entry, SynQueue& queue);

    const Config& config_;
    SlotMap<Record<Ipv4>, HalfOpens> v4_;
    SlotMap<Record<Ipv6>, HalfOpens> v6_;
    std::array<Chain, levels> by_retransmits_;
};

}  // namespace dt::tcp
