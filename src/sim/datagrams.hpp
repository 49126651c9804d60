// Two programs that talk in datagrams: one asks, the other sends back what it hears. Each datagram
// says in itself what it holds, so that nothing changed, cut or foreign passes for an answer.
#pragma once

#include <string>
#include <vector>

#include "sim/plan.hpp"
#include "world/world.hpp"

namespace dt::sim {

/// Adds such programs to some plans; by a generator of its own.
void draw_datagrams(Plan& plan);
[[nodiscard]] std::string datagrams_text(const Plan& plan, const DatagramPlan& talk);

class DatagramTalk {
  public:
    /// A question that nobody answered is asked again: nothing else makes good what is lost, and
    /// what a path takes is learned from what it did not.
    static constexpr Duration asks_again = std::chrono::milliseconds{250};

    DatagramTalk(const DatagramPlan& plan, std::int32_t pid);

    /// Both sockets. False: a call was refused.
    [[nodiscard]] bool open(world::World& world, Instant now);
    /// What has arrived is answered or judged, and the next question asked where it is due.
    void step(world::World& world, Instant now);
    [[nodiscard]] bool owns(HostIndex host, sock::SocketId socket) const;
    /// When it goes on by itself; `never` when it is over.
    [[nodiscard]] Instant wakes_at() const { return is_done() ? never : asks_at_; }
    /// A host started anew: the socket of its program is gone, and is opened again.
    void restart(world::World& world, Instant now, HostIndex host);
    void close(world::World& world, Instant now);

    [[nodiscard]] bool is_done() const { return answered_ == plan_->count || !failure_.empty(); }
    /// Empty where all is well.
    [[nodiscard]] const std::string& failure() const { return failure_; }
    [[nodiscard]] Instant last_progress() const { return last_progress_; }
    /// `datagrams: 3 of 10 answered`.
    [[nodiscard]] std::string text() const;

  private:
    /// One end's socket.
    struct End {
        HostIndex host = 0;
        event::Caller caller;
        sock::SocketId socket;
    };

    bool open_echo(world::World& world, Instant now);
    bool open_asker(world::World& world, Instant now);
    [[nodiscard]] bool set_discovery(world::Calls& calls, sock::SocketId socket) const;
    void echo(world::World& world, Instant now);
    void hear(world::World& world, Instant now);
    void judge(Octets answer, Endpoint from);
    void ask(world::World& world, Instant now);
    [[nodiscard]] std::size_t next_size() const;

    const DatagramPlan* plan_;
    End echo_;
    End asker_;
    Endpoint peer_;
    std::uint32_t answered_ = 0;
    std::size_t size_max_ = 0;  // what the path is thought to take
    Instant asks_at_{};
    Instant last_progress_{};
    std::string failure_;
};

}  // namespace dt::sim
