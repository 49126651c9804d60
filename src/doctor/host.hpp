// The evidence of the Linux host this runs on, without any privilege: what cannot be seen is noted.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "doctor/netlink.hpp"
#include "rules/evidence.hpp"

namespace dt::doctor {

/// Something that could not be read, and why.
struct Unseen {
    std::string what;
    std::string why;
};

class Host {
  public:
    [[nodiscard]] static os::SysResult<Host> open();

    /// Sockets and counters now.
    [[nodiscard]] rules::Snapshot snapshot();
    /// Counters only: cheap enough to be read around one call.
    [[nodiscard]] static rules::Counters counters();
    /// Settings, addresses, neighbours, into `evidence`.
    void read_settings(rules::Evidence& evidence);
    /// Who owns the sockets in `evidence`, and what these processes may open.
    void read_owners(rules::Evidence& evidence);
    /// What one process may open and has open, into `evidence`.
    static void read_process(std::int32_t pid, rules::Evidence& evidence);
    /// Processor time of all processes, to be compared at the window's end.
    void note_cpu();
    [[nodiscard]] rules::Route route(const IpAddr& address) { return route_to(route_, address); }

    [[nodiscard]] const std::vector<Unseen>& unseen() const { return unseen_; }
    /// Listeners whose owner could not be seen.
    [[nodiscard]] std::size_t hidden_owners() const { return hidden_owners_; }

  private:
    Host(Netlink diag, Netlink route) : diag_(std::move(diag)), route_(std::move(route)) {}
    void note(std::string what, std::string why);

    Netlink diag_;
    Netlink route_;
    std::vector<Unseen> unseen_;
    std::size_t hidden_owners_ = 0;
    std::size_t last_count_ = 0;  ///< sockets of the last snapshot
    std::unordered_map<std::int32_t, std::uint64_t> cpu_before_;
};

/// The text of a file of /proc; empty where it cannot be read.
[[nodiscard]] std::string read_text(const std::string& path);
/// Sleeps, however many signals come.
void sleep_for(Duration time);
/// Whether binding a scratch socket to `address` works now. It never listens and is closed at once.
[[nodiscard]] rules::Probe probe_bind(const Endpoint& address, std::uint32_t scope);

}  // namespace dt::doctor
