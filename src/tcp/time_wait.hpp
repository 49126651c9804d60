// TIME-WAIT (RFC 9293 §3.6, §3.10.7.4; RFC 1337; RFC 6191): what is left of a connection that
// closed first, in tens of octets. It answers the peer's FIN again and keeps old segments out of a
// new incarnation; 2·MSL later it is gone.
#pragma once

#include <cstdint>
#include <optional>

#include "base/slot_map.hpp"
#include "base/sparse_array.hpp"
#include "event/config.hpp"
#include "event/reason.hpp"
#include "tcp/connection.hpp"

namespace dt::tcp {

/// What a segment means to a TIME-WAIT record.
struct TimeWaitVerdict {
    enum class Do : std::uint8_t {
        drop,         // say nothing
        acknowledge,  // <SEQ=SND.NXT><ACK=RCV.NXT>
        restart,      // the same, and 2·MSL begins again
        make_way,     // a new incarnation: the record goes, the listener sees the SYN
        end,          // RST, where configured to obey it
    };
    Do what = Do::drop;
    event::Reason reason = event::Reason::none;
};

/// All records of a stack. They last equally long, so a queue in order of age expires them: there
/// is no timer. A record is named by a 29-bit index plus a bit for the family.
class TimeWaits {
  public:
    explicit TimeWaits(const Config& config);

    /// Makes a record; nothing where time_wait_max are there already.
    [[nodiscard]] std::optional<std::uint32_t> add(const TimeWaitValues& values, Instant now);
    void erase(std::uint32_t record);

    /// What `segment` means to the record. Changes nothing.
    [[nodiscard]] TimeWaitVerdict judge(std::uint32_t record, const SegmentIn& segment) const;
    /// Begins 2·MSL again: the record goes to the end of the queue.
    void restart(std::uint32_t record, Instant now);
    /// One answer without text per 500 ms and record, so that two confused ends cannot keep each
    /// other busy (Linux tcp_invalid_ratelimit); FINs and text are always answered.
    [[nodiscard]] bool may_answer(std::uint32_t record, const SegmentIn& segment, Instant now);

    /// Whether a connection of ours may take the tuple (Linux tcp_tw_reuse): only where timestamps
    /// tell its segments from old ones (RFC 6191 §2), and their clock has moved on.
    [[nodiscard]] bool may_be_replaced(std::uint32_t record, Instant now) const;

    /// The oldest record if its time is over.
    [[nodiscard]] std::optional<std::uint32_t> expired(Instant now) const;
    [[nodiscard]] Instant deadline() const;

    [[nodiscard]] FourTuple tuple(std::uint32_t record) const;
    /// What the record keeps; ttl and ts_offset are not kept: the default, and the tuple's own.
    [[nodiscard]] TimeWaitValues values(std::uint32_t record) const;
    [[nodiscard]] Instant expires(std::uint32_t record) const;
    [[nodiscard]] bool matches(std::uint32_t record, const FourTuple& tuple) const;

    /// Records on a local port, newest first: first_on(), then next_on() until nothing is left.
    [[nodiscard]] std::optional<std::uint32_t> first_on(Port local) const;
    [[nodiscard]] std::optional<std::uint32_t> next_on(std::uint32_t record) const;
    /// All records, oldest first.
    [[nodiscard]] std::optional<std::uint32_t> oldest() const;
    [[nodiscard]] std::optional<std::uint32_t> younger(std::uint32_t record) const;

    [[nodiscard]] std::size_t size() const { return std::size_t{v4_.size()} + v6_.size(); }
    /// Octets held.
    [[nodiscard]] std::size_t memory() const;

  private:
    static constexpr std::uint32_t none = 0xffffffffU;
    static constexpr std::uint32_t v6_bit = 1U << 29;

    struct Links {
        std::uint32_t previous = none;
        std::uint32_t next = none;
    };
    struct Common {
        Instant expires{};
        Links age;
        Links port;
        Seq snd_nxt;
        Seq rcv_nxt;
        std::uint32_t ts_recent = 0;
        std::uint32_t answered_ms = 0;  // when the last answer without text was owed, modulo 2^32
        Port local_port;
        Port remote_port;
        std::uint16_t window = 0;
        std::uint8_t tos = 0;
        std::uint8_t shift : 4 = 0;
        bool has_timestamps : 1 = false;
        bool reuse_address : 1 = false;
        bool reuse_port : 1 = false;
        bool answered : 1 = false;
    };
    template <class Address>
    struct Record {
        Common common;
        Address local;
        Address remote;
    };
    static_assert(sizeof(Record<Ipv4>) <= 64 && sizeof(Record<Ipv6>) <= 88);

    [[nodiscard]] Common& common(std::uint32_t record);
    [[nodiscard]] const Common& common(std::uint32_t record) const;
    template <class Address>
    [[nodiscard]] static std::optional<std::uint32_t> insert(SlotMap<Record<Address>>& map,
                                                             const Common& common, Address local,
                                                             Address remote);
    void link_youngest(std::uint32_t record);
    void unlink_age(std::uint32_t record);
    void link_port(std::uint32_t record);
    void unlink_port(std::uint32_t record);
    [[nodiscard]] TimeWaitVerdict judge_syn(const Common& common, const SegmentIn& segment) const;
    [[nodiscard]] TimeWaitVerdict judge_rst(const Common& common, const SegmentIn& segment) const;

    const Config& config_;
    SlotMap<Record<Ipv4>> v4_;
    SlotMap<Record<Ipv6>> v6_;
    std::uint32_t oldest_ = none;
    std::uint32_t youngest_ = none;
    SparseArray<std::uint32_t> on_port_;  // newest record + 1, 0 = none
};

/// First number of a connection that takes the place of a TIME-WAIT record: beyond all that the old
/// one sent (RFC 9293 §3.6.1, RFC 6191; the distance is Linux's).
[[nodiscard]] constexpr Seq initial_after(Seq old_snd_nxt) { return old_snd_nxt + 65'537; }

}  // namespace dt::tcp
