// Evidence with its indexes: listeners with what fell to them, sockets by cookie, owners by name.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "rules/evidence.hpp"

namespace dt::rules {

/// A listener with what changed over the window.
struct ListenerSight {
    const Socket* now = nullptr;
    const Socket* before = nullptr;  ///< nothing where it is new
    std::uint32_t half_open = 0;     ///< SYN-RECEIVED entries on its port now
    std::uint32_t drops_delta = 0;   ///< SYNs it ignored over the window
    std::uint32_t siblings = 1;      ///< listeners on the same address and port, itself included
};

class Scene {
  public:
    explicit Scene(const Evidence& evidence);

    const Evidence& evidence;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members): a view

    [[nodiscard]] const std::vector<ListenerSight>& listeners() const { return listeners_; }
    /// The same socket at the begin of the window.
    [[nodiscard]] const Socket* earlier(const Socket& socket) const;
    [[nodiscard]] const Socket* later(const Socket& socket) const;
    /// The other end of a connection, where it is on this host too.
    [[nodiscard]] const Socket* peer_of(const Socket& socket) const;
    [[nodiscard]] bool is_local(const IpAddr& address) const;

    /// Whether a SYN to `to`, an address of this host, finds this listener.
    [[nodiscard]] bool reaches(const Socket& listener, const Endpoint& to) const;

    [[nodiscard]] const Process* owner_of(const Socket& socket) const;
    /// `node[2210]`; `uid 33 in system.slice/nginx.service` where the owner could not be seen; or
    /// `?`.
    [[nodiscard]] std::string owner_text(const Socket& socket) const;

    /// Whether the socket belongs to what was asked about. For a call: the listener it called.
    [[nodiscard]] bool is_asked(const Socket& socket) const;
    /// Whether what concerns the whole host is to be told.
    [[nodiscard]] bool is_about_host() const { return evidence.target.is_host() && !evidence.call; }

  private:
    [[nodiscard]] std::string hidden_owner(const Socket& socket) const;
    void index_listeners();

    std::vector<ListenerSight> listeners_;
    // Sorted lists of keys, not tables of pointers: with 100,000 sockets what is not looked at must
    // not be touched.
    using ByCookie = std::vector<std::pair<std::uint64_t, std::uint32_t>>;  // cookie, index
    [[nodiscard]] static ByCookie by_cookie(const std::vector<Socket>& sockets);
    void index_peers();

    ByCookie after_;
    std::vector<const Socket*> earlier_;  // by index of the socket in evidence.after
    std::vector<std::pair<std::uint32_t, std::uint32_t>> by_ports_;  // both ports, index
};

}  // namespace dt::rules
