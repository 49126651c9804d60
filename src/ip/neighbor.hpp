// Neighbours: from next hop to link address, with the states of RFC 4861 §7.3.2, which Linux keeps
// for ARP too (spec 5.4); ARP and ND differ only in the packets that carry the questions.
#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <optional>
#include <set>

#include "base/ring.hpp"
#include "base/rng.hpp"
#include "buf/frame.hpp"
#include "event/sink.hpp"
#include "ip/interface.hpp"
#include "wire/address.hpp"

namespace dt::ip {

struct NeighborKey {
    InterfaceIndex interface = 0;
    IpAddr address;
    friend auto operator<=>(const NeighborKey&, const NeighborKey&) = default;
    friend bool operator==(const NeighborKey&, const NeighborKey&) = default;
};

enum class NeighborState : std::uint8_t {
    incomplete,  // asked by broadcast, packets wait
    reachable,   // answered lately
    stale,       // has a link address of some age
    delay,       // stale and used: questions begin soon
    probe,       // asked by unicast
    failed,      // did not answer; the next packet starts anew
    permanent,   // set by hand, never changes
};

/// Whether a link address came as the answer to our own question.
enum class Proof : std::uint8_t { unsolicited, solicited };

/// Whether a neighbour not yet known may be added by what it says of itself.
enum class Admit : std::uint8_t { only_known, unknown_too };

class NeighborTable {
  public:
    /// DELAY lasts this long before unicast questions begin (RFC 4861 §10, ARP-005).
    static constexpr Duration delay_first_probe = std::chrono::seconds{5};
    /// Most memory of packets that wait for one neighbour, in octets as charge() counts
    /// (Linux unres_qlen_bytes, ARP-007).
    static constexpr std::size_t held_max = 212'992;

    explicit NeighborTable(Rng rng) : rng_(rng) {}

    /// The link address to send to. Nothing: packets for it go to hold(), a question is under way.
    [[nodiscard]] std::optional<Mac> use(const Turn& turn, const NeighborKey& key);
    /// Keeps `packet` (IP header at its front) until `key` answers; the oldest go where too many
    /// wait. Only after use() had no answer.
    void hold(const Turn& turn, const NeighborKey& key, FramePtr packet);

    /// `key` was heard to have the link address `mac` (ARP-003). False where that is nothing to
    /// us: it is not known, and not admitted.
    bool learn(const Turn& turn, const NeighborKey& key, Mac mac, Proof proof, Admit admit);
    /// What a Neighbour Advertisement says (RFC 4861 §7.2.5).
    struct Advertised {
        std::optional<Mac> mac;
        Proof proof = Proof::unsolicited;
        bool overrides = false;
    };
    /// The table of ND-025: only of a neighbour that is known. False where that is nothing to us.
    bool hear(const Turn& turn, const NeighborKey& key, const Advertised& said);
    /// True while a question is out or will be: proof from the transport may spare it.
    [[nodiscard]] bool seeks_proof() const { return !timers_.empty(); }
    /// The transport saw its data acknowledged by way of `key` (ARP-010).
    void confirm(const Turn& turn, const NeighborKey& key);
    /// The transport has sent the same text by way of `key` again and again: it is asked whether it
    /// is still there, at most once in the time between questions (RFC 1122 §3.3.1.4).
    void doubt(const Turn& turn, const NeighborKey& key);
    void add_permanent(const Turn& turn, const NeighborKey& key, Mac mac);
    /// What a router says of a link (RFC 4861 §6.3.4): 0 = as configured. Of IPv6 neighbours alone.
    void set_times(InterfaceIndex interface, Duration reachable, Duration retransmit);

    [[nodiscard]] std::optional<NeighborState> state(const NeighborKey& key, Instant now) const;
    [[nodiscard]] std::optional<Mac> mac(const NeighborKey& key) const;
    [[nodiscard]] bool is_failed(const NeighborKey& key) const;
    /// Changes whenever is_failed() of some neighbour may have changed.
    [[nodiscard]] std::uint64_t version() const { return version_; }
    [[nodiscard]] std::size_t size() const { return entries_.size(); }

    void advance(const Turn& turn);
    [[nodiscard]] Instant deadline() const;

    /// A question to ask: by broadcast, or of `mac` alone.
    struct Question {
        NeighborKey key;
        std::optional<Mac> mac;
    };
    [[nodiscard]] std::optional<Question> next_question();
    /// A packet that waited and may leave.
    struct Released {
        NeighborKey key;
        Mac mac;
        FramePtr packet;
    };
    [[nodiscard]] std::optional<Released> next_released();
    /// A packet given up because `key` did not answer.
    struct GivenUp {
        NeighborKey key;
        FramePtr packet;
    };
    [[nodiscard]] std::optional<GivenUp> next_given_up();
    /// A neighbour that did not answer, whether packets waited for it or not.
    [[nodiscard]] std::optional<NeighborKey> next_failed();

    /// Octets of memory that a waiting packet of `size` octets is charged with: what Linux takes
    /// for it, so that as many wait here as there (ARP-007).
    [[nodiscard]] static std::size_t charge(std::size_t size);

  private:
    struct Entry {
        NeighborState state = NeighborState::failed;
        Mac mac;
        Instant due = never;  // of the timer; of a reachable entry: when it grows stale
        Instant asked{};      // when the last question left
        std::uint8_t questions = 0;
        std::deque<FramePtr> held;
        std::size_t held_octets = 0;
        std::list<NeighborKey>::iterator place;  // in used_
    };
    using Entries = std::map<NeighborKey, Entry>;

    [[nodiscard]] Entries::iterator find(const NeighborKey& key);
    Entries::iterator add(const Turn& turn, const NeighborKey& key);
    void make_room(const Turn& turn);
    void set_timer(const NeighborKey& key, Entry& entry, Instant due);
    void enter(const Turn& turn, const NeighborKey& key, Entry& entry, NeighborState state);
    void ask(const Turn& turn, const NeighborKey& key, Entry& entry);
    void on_timer(const Turn& turn, const NeighborKey& key, Entry& entry);
    void fail(const Turn& turn, const NeighborKey& key, Entry& entry);
    void release(const Turn& turn, const NeighborKey& key, Entry& entry);
    [[nodiscard]] Duration reachable_time(const Turn& turn, const NeighborKey& key);
    [[nodiscard]] Duration retry_time(const Turn& turn, const NeighborKey& key) const;

    Rng rng_;
    Entries entries_;
    Entries::iterator last_used_ = entries_.end();  // one packet goes where the last one went
    std::uint64_t version_ = 0;
    std::list<NeighborKey> used_;  // most lately used first
    std::set<std::pair<Instant, NeighborKey>> timers_;
    struct Times {
        Duration reachable{};
        Duration retransmit{};
    };
    std::map<InterfaceIndex, Times> times_;  // where a router said any
    Ring<Question> questions_;
    Ring<Released> released_;
    Ring<GivenUp> given_up_;
    Ring<NeighborKey> failed_;
};

}  // namespace dt::ip
