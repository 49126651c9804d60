// A run of one plan in virtual time, and the judgment on it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/conversation.hpp"
#include "sim/datagrams.hpp"
#include "sim/oracle.hpp"
#include "sim/plan.hpp"
#include "world/world.hpp"

namespace dt::sim {

/// What a run came to.
struct Outcome {
    std::vector<std::string> failures;  ///< empty: all oracles are content
    std::uint64_t events = 0;
    std::uint64_t conversations = 0;
    Duration took{};  ///< virtual

    [[nodiscard]] bool is_good() const { return failures.empty(); }
};

class Simulation {
  public:
    /// On a healed network everything must have ended after this long, or still move: a window of
    /// 1 KiB over a long path takes its time.
    static constexpr Duration patience = std::chrono::seconds{900};
    static constexpr Duration stall_max = std::chrono::seconds{300};
    /// Turns that may pass at one instant, and events of a run.
    static constexpr std::size_t standstill_max = 100'000;
    static constexpr std::uint64_t events_max = 20'000'000;

    /// Events go to `watcher` too, if there is one.
    Simulation(const Plan& plan, event::Sink* watcher);
    ~Simulation();

    /// To the end, once.
    [[nodiscard]] Outcome run();
    [[nodiscard]] world::World& world() { return world_; }
    /// For viewers: the program of a pid.
    [[nodiscard]] std::map<std::int32_t, std::string> programs() const;

  private:
    /// A program that connects again and again.
    struct Client {
        const ClientPlan* plan = nullptr;
        event::Caller caller;
        enum class Phase : std::uint8_t {
            resting,
            connecting,
            talking,
            done
        } phase = Phase::resting;
        Instant next{};  // resting: when it goes on
        Instant tried_at{};
        Endpoint server;
        std::uint32_t left = 0;
        sock::SocketId socket;
        std::optional<Conversation> conversation;
    };
    struct Server {
        const ServerPlan* plan = nullptr;
        event::Caller caller;
        sock::SocketId socket;
        bool is_open = false;
        std::vector<std::unique_ptr<Conversation>> conversations;
    };

    void open_servers();
    void open(Server& server);
    void set_options(HostIndex host, const event::Caller& caller, sock::SocketId socket,
                     const std::vector<OptionPlan>& options);
    void step_client(Client& client);
    void begin_connect(Client& client);
    void finish_connect(Client& client);
    [[nodiscard]] Conversation::Made made_of(const Client& client);
    [[nodiscard]] FourTuple server_tuple(const Client& client);
    [[nodiscard]] bool may_lack_a_client(const Server& server, const sock::Accepted& accepted);
    void on_connect_error(Client& client, Error error);
    void end_conversation(Client& client);
    void step_server(Server& server, sock::SocketId* only);
    void accept(Server& server);
    void give_up_on_lost_peers(Server& server);
    void give_up_on_lost_peers();
    [[nodiscard]] Instant gives_up_at(const Conversation& conversation) const;
    void settle(Server& server);

    bool turn();
    [[nodiscard]] Instant last_progress() const;
    [[nodiscard]] Instant with_leap(Instant next);
    void restart_hosts();
    [[nodiscard]] Instant last_restart() const;
    void restart(HostIndex host);
    void lose_peers(HostIndex host);
    void deliver_edges();
    void deliver(const world::World::Edge& edge);
    void step(DatagramTalk& talk);
    void deliver_timers();
    [[nodiscard]] Instant next_timer() const;
    [[nodiscard]] bool is_done() const;
    void run_programs();
    void run_out();
    void check_leaks();
    void check_ports();
    void report_stuck();
    void fail(std::string what);

    [[nodiscard]] world::Calls calls(HostIndex host, const event::Caller& caller) {
        return world_.calls(now_, host, caller);
    }

    const Plan& plan_;
    Oracle oracle_;
    world::World world_;
    Instant now_{};
    Instant progress_{};               // of conversations that have ended
    Instant ran_at_ = Instant::min();  // the turn before
    std::size_t leaps_done_ = 0;
    std::size_t restarts_done_ = 0;
    std::vector<Client> clients_;
    std::vector<Server> servers_;
    std::vector<DatagramTalk> talks_;
    Outcome outcome_;
};

/// A run of `plan` without a watcher.
[[nodiscard]] Outcome simulate(const Plan& plan);

/// The smallest plan found that still fails: clients, faults and settings left out one by one, as
/// long as what is left fails too. At most `runs` runs are made.
[[nodiscard]] Plan minimised(const Plan& failing, std::size_t runs);

}  // namespace dt::sim
