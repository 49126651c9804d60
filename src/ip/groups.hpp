// Groups that this host hears on its links, and what routers are told of them (RFC 3376 §5,
// RFC 3810 §6): a change is reported twice, a query is answered after a random time.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.hpp"
#include "base/ring.hpp"
#include "base/rng.hpp"
#include "base/time.hpp"
#include "ip/interface.hpp"
#include "wire/igmp.hpp"

namespace dt::ip {

class Groups {
  public:
    static constexpr std::size_t groups_max = 1024;  // of one host, all links together
    static constexpr std::uint8_t robustness = 2;    // times that a change is told
    static constexpr Duration change_interval = std::chrono::seconds{1};
    /// How long a router of IGMPv2 is remembered (RFC 3376 §8.12).
    static constexpr Duration v2_time = std::chrono::seconds{260};

    explicit Groups(Rng rng) : rng_(rng) {}

    /// One more hears `group` on a link. Errors: no_buffer_space.
    Status join(Instant now, InterfaceIndex interface, const IpAddr& group);
    /// One fewer does.
    void leave(Instant now, InterfaceIndex interface, const IpAddr& group);
    /// What routers of a link were told in vain is told as if it were new: groups of IPv6.
    void tell_again(Instant now, InterfaceIndex interface);
    /// Whether anyone hears `group` on a link. What comes by lo was heard where it left.
    [[nodiscard]] bool is_heard(InterfaceIndex by, const IpAddr& group) const;

    void on_query(Instant now, InterfaceIndex interface, const wire::GroupQuery& query);

    void advance(Instant now);
    [[nodiscard]] Instant deadline() const { return due_; }

    /// What routers of a link are to be told.
    struct Report {
        InterfaceIndex interface = 0;
        IpAddr group;
        wire::GroupRecord record = wire::GroupRecord::joins;
        wire::GroupQuery::Version version = wire::GroupQuery::Version::three;
    };
    [[nodiscard]] std::optional<Report> next_report();

  private:
    struct Group {
        InterfaceIndex interface = 0;
        IpAddr address;
        std::uint32_t users = 0;
        std::uint8_t changes_left = 0;  // reports of the last change still to be made
        Instant change_due = never;
        Instant answer_due = never;
    };
    struct OldRouter {
        InterfaceIndex interface = 0;
        Instant until{};
    };

    [[nodiscard]] Group* find(InterfaceIndex interface, const IpAddr& group);
    void change(Group& group, Instant now);
    void report(const Group& group, wire::GroupRecord record, Instant now);
    [[nodiscard]] Duration random_below(Duration most);
    void update_due();

    Rng rng_;
    std::vector<Group> groups_;
    std::vector<OldRouter> old_routers_;
    Ring<Report> reports_;
    Instant due_ = never;
};

/// Groups of which routers are told nothing: those that every host is in (RFC 3376 §5, RFC 3810
/// §6), and those that do not leave the host.
[[nodiscard]] bool is_silent(const IpAddr& group);

}  // namespace dt::ip
