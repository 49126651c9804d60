// Reassembly of fragments of both families (RFC 791 §3.2, RFC 815, RFC 8200 §4.5, RFC 3168 §5.3):
// bounded in octets, in time and in work per fragment; a datagram with overlapping fragments is
// discarded whole (RFC 5722).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "buf/frame.hpp"
#include "event/sink.hpp"
#include "ip/interface.hpp"
#include "wire/ipv4.hpp"
#include "wire/ipv6.hpp"

namespace dt::ip {

class Reassembler {
  public:
    /// From the first fragment (Linux ipfrag_time, DEC-10).
    static constexpr Duration lifetime = std::chrono::seconds{30};
    /// The same for IPv6 (RFC 8200 §4.5, IP6-017).
    static constexpr Duration lifetime_v6 = std::chrono::seconds{60};
    /// Octets of all incomplete datagrams (Linux ipfrag_high_thresh).
    static constexpr std::size_t octets_max = 4U << 20;
    /// A queue goes when more fragments than this came from its source since its last one (Linux
    /// ipfrag_max_dist).
    static constexpr std::uint32_t distance_max = 64;

    explicit Reassembler(buf::Pool& pool) : pool_(pool) {}

    /// Takes a fragment, its IPv4 header at the front of the frame and checked. The whole datagram,
    /// with the first fragment's header (no longer a fragment), when it was the last one missing.
    [[nodiscard]] FramePtr add(const Turn& turn, InterfaceIndex in, FramePtr fragment);

    /// Where the fragment header of an IPv6 packet stands.
    struct FragmentPlace {
        std::size_t offset = 0;    // octets before it: what is not fragmented (RFC 8200 §4.5)
        std::size_t named_at = 0;  // offset of the next-header octet that names it
    };
    /// As add, for IPv6: the caller has proved the fragment header, its length a multiple of 8
    /// where more follow, and its end within 65,535 octets. The whole packet has none any more.
    [[nodiscard]] FramePtr add_v6(const Turn& turn, InterfaceIndex in, FramePtr fragment,
                                  const FragmentPlace& place);

    /// A datagram whose time is over; its first fragment, to be quoted, if that came.
    struct Expired {
        InterfaceIndex in = 0;
        std::vector<std::byte> header;  // empty without first fragment
        FramePtr payload;
    };
    [[nodiscard]] std::optional<Expired> next_expired(const Turn& turn);
    [[nodiscard]] Instant deadline() const;
    [[nodiscard]] std::size_t octets_held() const { return octets_held_; }

  private:
    struct Key {
        IpAddr source;
        IpAddr destination;
        std::uint32_t id = 0;
        std::uint8_t protocol = 0;  // of IPv4 alone
        friend auto operator<=>(const Key&, const Key&) = default;
        friend bool operator==(const Key&, const Key&) = default;
    };
    struct Piece {
        std::uint32_t end = 0;
        FramePtr frame;  // headers taken off
    };
    struct Queue {
        std::map<std::uint32_t, Piece> pieces;  // by offset
        std::optional<std::uint32_t> total;     // known when the last fragment came
        std::uint32_t received = 0;
        std::size_t octets = 0;
        std::vector<std::byte> header;  // of the first fragment
        Instant expires{};
        InterfaceIndex in = 0;
        std::uint64_t last_serial = 0;  // of its source's fragments
        std::uint8_t ecn_seen = 0;      // a bit for each codepoint
        bool is_dead = false;           // overlapped: what else comes is dropped until it expires
    };
    using Queues = std::map<Key, Queue>;

    /// Where a fragment lies in its datagram.
    struct Span {
        std::uint32_t begin = 0;
        std::uint32_t end = 0;
        bool is_last = false;
    };
    enum class Fit : std::uint8_t { fits, duplicate, contradicts, overlaps };

    /// A fragment that was understood.
    struct Part {
        Key key;
        Span span;
        std::uint8_t tos = 0;
        std::size_t headers = 0;        // octets before its data
        std::vector<std::byte> header;  // of the whole datagram, from a first fragment
    };

    /// Of one source, while it has queues.
    struct Source {
        std::uint64_t fragments = 0;
        std::uint32_t queues = 0;
    };

    [[nodiscard]] static std::optional<Span> span_of(const wire::Ipv4View& header);
    [[nodiscard]] FramePtr add_part(const Turn& turn, InterfaceIndex in, FramePtr fragment,
                                    Part part);
    [[nodiscard]] static Fit fit(const Queue& queue, const Part& part);
    [[nodiscard]] Queues::iterator queue_for(const Turn& turn, const Key& key, InterfaceIndex in);
    void make_room(const Turn& turn, const Key& spared);
    void empty(Queue& queue);
    void remove(Queues::iterator found);
    void insert(Queue& queue, Part part, FramePtr fragment);
    [[nodiscard]] static std::size_t size_said(const Key& key, const Queue& queue);
    [[nodiscard]] FramePtr finish(const Turn& turn, Queues::iterator found);
    [[nodiscard]] FramePtr join(const Key& key, const Queue& queue) const;
    static void tell(const Turn& turn, const Key& key, event::Reason reason);

    buf::Pool& pool_;
    Queues queues_;
    std::set<std::pair<Instant, Key>> by_age_;
    std::map<IpAddr, Source> sources_;
    std::size_t octets_held_ = 0;
};

}  // namespace dt::ip
