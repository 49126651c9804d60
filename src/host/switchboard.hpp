// All sockets of the run's programs: plugs each into its stack, carries octets both ways, and turns
// what the kernel says of a pair into calls and what the stack says into the pair's state.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/slot_map.hpp"
#include "host/pair.hpp"
#include "host/plug.hpp"
#include "host/tasks.hpp"
#include "os/epoll.hpp"
#include "os/process.hpp"
#include "world/world.hpp"

namespace dt::host {

class Switchboard {
  public:
    static constexpr std::uint64_t least_token = 1ULL
                                                 << 32;  ///< of a plug in epoll; others are below

    Switchboard(world::World& world, os::Epoll& epoll, Tasks& tasks);

    // Time. Successive instants never decrease.
    void set_now(Instant now);
    [[nodiscard]] Instant now() const { return now_; }
    /// The calls of `plug`'s program at this instant.
    [[nodiscard]] world::Calls calls(const Plug& plug);
    [[nodiscard]] world::Calls calls(event::HostIndex host, event::Caller caller);
    /// lo, then the links of a host.
    [[nodiscard]] const std::vector<ip::Interface>& interfaces(event::HostIndex host) const {
        return world_.interfaces(host);
    }

    /// Runs the world up to now and takes note of what became ready.
    void turn();
    /// Carries octets for the sockets that may have any.
    void carry();
    /// The next socket whose parked calls may have an answer.
    [[nodiscard]] std::optional<PlugHandle> next_woken();
    /// Whether carry(), next_woken() or next_stray() has something to do.
    [[nodiscard]] bool has_news() const {
        return !ready_.empty() || !woken_.empty() || !strays_.empty();
    }
    /// An edge of a socket that no program holds (our own services).
    [[nodiscard]] std::optional<world::World::Edge> next_stray();

    // Plugs.
    struct Opened {
        PlugHandle handle;
        os::UniqueFd theirs;  ///< to be given to the program
    };
    /// A pair for the stack's socket. Errors (errno) as of socketpair().
    [[nodiscard]] os::SysResult<Opened> plug_in(event::HostIndex host, sock::SocketId socket,
                                                sock::Type type, Blocking blocking);
    /// A new pair for a socket whose pair is spent: the handle stays.
    [[nodiscard]] os::SysResult<os::UniqueFd> plug_again(PlugHandle handle, Blocking blocking);
    /// Forgets the plug, not the stack's socket.
    void unplug(PlugHandle handle);

    [[nodiscard]] Plug* find(PlugHandle handle) { return plugs_.get(handle); }
    [[nodiscard]] std::optional<PlugHandle> by_cookie(std::uint64_t cookie) const;
    /// Every plug, in an order that follows from the history of calls.
    template <class Visit>
    void for_each(Visit&& visit) {
        plugs_.for_each(visit);
    }
    [[nodiscard]] std::size_t size() const { return plugs_.size(); }

    /// The program got a descriptor for `plug`.
    void on_given(Plug& plug, int fd);

    // What the kernel says.
    void on_pair_event(PlugHandle handle, std::uint32_t events);
    /// Takes note of what programs did to their pairs until now: a close() comes before the bind()
    /// that follows it, though only the latter stops.
    void catch_up();
    /// Looks at sockets whose close the kernel does not report to us.
    void sweep();
    [[nodiscard]] bool has_failed_plugs() const { return failed_ > 0; }

    /// Octets of a stream that the program was given and has not read.
    [[nodiscard]] std::uint64_t unread_in_pair(const Plug& plug);

    // Steps of calls.
    /// The handshake goes on after connect() has answered: nothing to read, no room to write.
    static void begin_waiting(Plug& plug, int theirs);
    /// Makes the pair show what became of a handshake that nobody waits for in connect().
    void look_at_handshake(PlugHandle handle, Plug& plug);
    void become_connected(PlugHandle handle, Plug& plug);
    static void begin_listening(Plug& plug, int theirs);
    /// shutdown() by the program whose end of the pair is `theirs`: the end follows what was
    /// written before. Errors: not_connected.
    [[nodiscard]] Status shut_down(PlugHandle handle, Plug& plug, sock::How how, int theirs);
    /// Passes on what a program wrote before the call that is answered now, as far as the stack has
    /// room: on Linux it has left by then.
    void pass_on_written(PlugHandle handle);
    /// The program whose end of the pair is `theirs` is about to write `count` octets with
    /// MSG_MORE.
    void expect_more(PlugHandle handle, std::size_t count, int theirs);
    /// The same with MSG_OOB, `count` > 0: the last of them is urgent.
    void expect_urgent(PlugHandle handle, std::size_t count, int theirs);
    /// Octets that the program wrote and that are still in the pair.
    [[nodiscard]] static std::size_t waiting_in_pair(const Plug& plug);
    /// What a program wrote before there was a connection is lost.
    void discard_written(Plug& plug);
    /// Rings for connections that wait and nobody was told of; takes back what was too much.
    void ring(Plug& plug);
    void take_back_doorbell(Plug& plug, int theirs);
    [[nodiscard]] std::uint64_t waiting_connections(const Plug& plug);
    /// The program shall find the connection broken: ECONNRESET once, then the end.
    void break_pair(PlugHandle handle, Plug& plug);
    /// The program shall find the end of the stream, and that it can write no more.
    void end_pair(PlugHandle handle, Plug& plug);
    /// Reads what lies before us in a datagram's pair, also what nobody told us of yet, so that
    /// sends keep their order among other calls.
    void drain_datagrams(Plug& plug);
    /// Brings datagrams from the stack into the pair.
    void deliver_datagrams(Plug& plug);
    /// Forgets the datagrams that the program has read from the pair.
    static void settle_in_pair(Plug& plug);
    void wake(PlugHandle handle);
    void make_ready(PlugHandle handle, Plug& plug);

  private:
    enum class Progress : std::uint8_t { none, some };

    void on_edge(const world::World::Edge& edge);
    void carry_one(PlugHandle handle);
    void carry_stream(PlugHandle handle, Plug& plug);
    [[nodiscard]] bool is_broken(const Plug& plug);
    [[nodiscard]] bool outlives(Plug& plug, Error error);
    void carry_datagrams(PlugHandle handle, Plug& plug);
    void take_datagrams(Plug& plug);
    [[nodiscard]] bool is_closed_by_program(Plug& plug);
    void want_room(PlugHandle handle, Plug& plug);
    void end_to_program(PlugHandle handle, Plug& plug);
    void stop_writer_of_broken(Plug& plug);
    static void put_spare(Plug& plug, int theirs);
    Progress carry_from_program(PlugHandle handle, Plug& plug);
    Progress carry_written_piece(PlugHandle handle, Plug& plug);
    /// What one read() of the pair may take: octets of one kind, none while there are none.
    struct Written {
        std::size_t most = SIZE_MAX;
        bool is_urgent = false;  // then it is one
    };
    [[nodiscard]] static Written next_written(const Plug& plug);
    void pass_on_urgent(Plug& plug, std::byte octet);
    /// What one send() into the pair may bring: octets of one kind.
    struct Arrived {
        Octets text;
        bool is_urgent = false;  // then it is one
    };
    [[nodiscard]] Arrived next_arrived(const Plug& plug, Octets held);
    static ssize_t give(const Plug& plug, const Arrived& piece);
    [[nodiscard]] MutableOctets room_for_marked(const Plug& plug, std::size_t room);
    void pass_on(Plug& plug, Octets written, const MutableOctets& room);
    Progress carry_to_program(PlugHandle handle, Plug& plug);
    Progress carry_piece(PlugHandle handle, Plug& plug);
    std::optional<MutableOctets> place_for_octets(Plug& plug);
    void drop_filler(Plug& plug);
    void pass_end(PlugHandle handle, Plug& plug);
    void drop_returned(Plug& plug);
    void reset_stream(PlugHandle handle, Plug& plug);
    void close_stream(PlugHandle handle, Plug& plug);
    void close_pair(PlugHandle handle, Plug& plug);
    [[nodiscard]] Status shut_stream(PlugHandle handle, Plug& plug, sock::How how, int theirs);
    [[nodiscard]] Status shut_listener(PlugHandle handle, Plug& plug, sock::How how, int theirs);
    [[nodiscard]] Status shut_handshake(PlugHandle handle, Plug& plug, sock::How how);
    [[nodiscard]] bool is_left_alone(PlugHandle handle, Plug& plug);
    void close_datagram(PlugHandle handle, Plug& plug);
    void refresh(Plug& plug);
    [[nodiscard]] bool is_held(const Plug& plug);
    [[nodiscard]] std::optional<Borrowed> borrow_end(const Plug& plug);
    [[nodiscard]] std::optional<Borrowed> borrow_from_holder(const Plug& plug);
    void read_holders();
    [[nodiscard]] bool is_reset_by_close(Plug& plug);
    [[nodiscard]] static bool push_datagram(Plug& plug, Octets text, const Origin& origin);
    void index(PlugHandle handle, const Plug& plug);
    void forget(const Plug& plug);

    struct SocketKey {
        event::HostIndex host = 0;
        event::SocketNumber number = 0;
        friend bool operator==(const SocketKey&, const SocketKey&) = default;
    };
    struct SocketKeyHash {
        std::size_t operator()(const SocketKey& key) const {
            return std::hash<std::uint64_t>{}(key.number * 31 + key.host);
        }
    };

    world::World& world_;
    os::Epoll& epoll_;
    Tasks& tasks_;
    os::UnixDiag diag_;
    struct Holder {
        pid_t process = -1;
        int fd = -1;
    };
    std::unordered_map<std::uint64_t, Holder> holders_;  // by inode, as they were then
    Instant holders_read_ = never;
    Instant now_{};

    SlotMap<Plug> plugs_;
    std::unordered_map<std::uint64_t, PlugHandle> cookies_;
    std::unordered_map<SocketKey, PlugHandle, SocketKeyHash> sockets_;
    std::deque<PlugHandle> ready_;
    std::deque<PlugHandle> woken_;
    std::deque<world::World::Edge> strays_;
    std::vector<std::byte> scratch_;
    std::size_t failed_ = 0;
};

}  // namespace dt::host
