// All sockets of the run's programs: the table, edges of the stack, events of the kernel.
#include "host/switchboard.hpp"

#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

namespace dt::host {
namespace {

constexpr std::uint32_t plugs_max = 1 << 20;
constexpr std::size_t scratch_octets = 65536;
// Room to write is asked for only while there is none: else each read of the program would wake us.
constexpr std::uint32_t pair_events = EPOLLIN | EPOLLRDHUP | EPOLLET;

}  // namespace

Switchboard::Switchboard(world::World& world, os::Epoll& epoll, Tasks& tasks)
    : world_(world), epoll_(epoll), tasks_(tasks), plugs_(plugs_max), scratch_(scratch_octets) {}

void Switchboard::set_now(Instant now) { now_ = std::max(now_, now); }

world::Calls Switchboard::calls(const Plug& plug) { return calls(plug.host, plug.caller); }

world::Calls Switchboard::calls(event::HostIndex host, event::Caller caller) {
    return world_.calls(now_, host, caller);
}

void Switchboard::turn() {
    world_.turn(now_);
    while (const auto edge = world_.next_readiness(now_)) on_edge(*edge);
}

void Switchboard::on_edge(const world::World::Edge& edge) {
    const auto known = sockets_.find({edge.host, edge.edge.socket.number()});
    if (known == sockets_.end()) {
        strays_.push_back(edge);
        return;
    }
    Plug* plug = plugs_.get(known->second);
    if (plug == nullptr) return;
    if (!plug->parked.empty()) wake(known->second);
    make_ready(known->second, *plug);
}

std::optional<world::World::Edge> Switchboard::next_stray() {
    if (strays_.empty()) return std::nullopt;
    const world::World::Edge edge = strays_.front();
    strays_.pop_front();
    return edge;
}

std::optional<PlugHandle> Switchboard::next_woken() {
    while (!woken_.empty()) {
        const PlugHandle handle = woken_.front();
        woken_.pop_front();
        if (plugs_.contains(handle)) return handle;
    }
    return std::nullopt;
}

void Switchboard::wake(PlugHandle handle) { woken_.push_back(handle); }

void Switchboard::make_ready(PlugHandle handle, Plug& plug) {
    if (plug.in_ready_list == Plug::Waiting::yes) return;
    plug.in_ready_list = Plug::Waiting::yes;
    ready_.push_back(handle);
}

void Switchboard::carry() {
    // Sockets that become ready meanwhile wait for the next round: calls come in between.
    for (std::size_t left = ready_.size(); left > 0; --left) {
        const PlugHandle handle = ready_.front();
        ready_.pop_front();
        carry_one(handle);
    }
}

void Switchboard::index(PlugHandle handle, const Plug& plug) {
    cookies_[plug.cookie] = handle;
    sockets_[{plug.host, plug.socket.number()}] = handle;
}

void Switchboard::forget(const Plug& plug) {
    cookies_.erase(plug.cookie);
    sockets_.erase({plug.host, plug.socket.number()});
}

std::optional<PlugHandle> Switchboard::by_cookie(std::uint64_t cookie) const {
    const auto known = cookies_.find(cookie);
    if (known == cookies_.end()) return std::nullopt;
    return known->second;
}

os::SysResult<Switchboard::Opened> Switchboard::plug_in(event::HostIndex host,
                                                        sock::SocketId socket, sock::Type type,
                                                        Blocking blocking) {
    const auto handle = plugs_.insert();
    if (!handle) return os::failed("plug_in", ENFILE);
    Plug& plug = *plugs_.get(*handle);
    plug.host = host;
    plug.socket = socket;
    plug.type = type;
    plug.phase = type == sock::Type::stream ? Phase::fresh : Phase::datagram;
    auto theirs = plug_again(*handle, blocking);
    if (!theirs) {
        plugs_.erase(*handle);
        return std::unexpected(theirs.error());
    }
    return Opened{*handle, std::move(*theirs)};
}

os::SysResult<os::UniqueFd> Switchboard::plug_again(PlugHandle handle, Blocking blocking) {
    Plug& plug = *plugs_.get(handle);
    auto pair = make_pair(plug.type, blocking);
    if (!pair) return std::unexpected(pair.error());
    const auto added = epoll_.add(pair->ours.get(), pair_events, handle.word());
    if (!added) return std::unexpected(added.error());
    forget(plug);
    if (plug.phase == Phase::failed) {
        --failed_;
        plug.phase = Phase::fresh;
    }
    plug.ours = std::move(pair->ours);
    plug.cookie = pair->cookie;
    plug.inode = pair->inode;
    plug.flags = {};
    plug.flags.set(PairFlag::may_write);
    plug.filler = 0;
    plug.taken = 0;
    plug.more_until = 0;
    plug.doorbells = 0;
    index(handle, plug);
    return std::move(pair->theirs);
}

void Switchboard::unplug(PlugHandle handle) {
    const Plug* plug = plugs_.get(handle);
    if (plug == nullptr) return;
    if (plug->phase == Phase::failed) --failed_;
    forget(*plug);
    plugs_.erase(handle);
}

void Switchboard::on_given(Plug& plug, int fd) {
    plug.caller.fd = fd;
    world_.descriptor_given(now_, plug.host, plug.socket.number(), plug.caller);
}

void Switchboard::on_pair_event(PlugHandle handle, std::uint32_t events) {
    Plug* plug = plugs_.get(handle);
    if (plug == nullptr) return;
    if ((events & EPOLLIN) != 0) plug->flags.set(PairFlag::may_read);
    if ((events & (EPOLLRDHUP | EPOLLHUP)) != 0) {
        plug->flags.set(PairFlag::program_ended);
        plug->flags.set(PairFlag::may_read);
    }
    if ((events & EPOLLOUT) != 0) {
        plug->flags.set(PairFlag::may_write);
        (void)epoll_.change(plug->ours.get(), pair_events, handle.word());
    }
    make_ready(handle, *plug);
}

void Switchboard::catch_up() {
    std::array<epoll_event, 64> room{};
    const auto events = epoll_.wait(room, Duration::zero());
    for (const epoll_event& event : events) {
        // Others are told again: they are not edge-triggered.
        if (event.data.u64 >= least_token) {
            on_pair_event(PlugHandle::from_word(event.data.u64), event.events);
        }
    }
    carry();
}

void Switchboard::want_room(PlugHandle handle, Plug& plug) {
    plug.flags.clear(PairFlag::may_write);
    (void)epoll_.change(plug.ours.get(), pair_events | EPOLLOUT, handle.word());
}

/// Whether the program's end is gone. Its end of stream without a shutdown() is a close, and so is
/// a HUP that needs one more way shut than was; else the kernel is asked for the end by its inode.
void Switchboard::refresh(Plug& plug) {
    const std::uint32_t events = poll_now(plug.ours.get());
    if ((events & (EPOLLRDHUP | EPOLLHUP)) == 0) return;
    plug.flags.set(PairFlag::program_ended);
    const bool has_hung_up = (events & EPOLLHUP) != 0;
    const bool we_shut = plug.flags.has(PairFlag::read_shut) || plug.flags.has(PairFlag::we_ended);
    if (!plug.flags.has(PairFlag::write_shut) || (has_hung_up && (!we_shut || !is_held(plug)))) {
        plug.flags.set(PairFlag::program_gone);
    }
}

bool Switchboard::is_held(const Plug& plug) {
    if (const auto open = diag_.is_open(plug.inode)) return *open;
    // Without sock_diag: the descriptors of the processes we know.
    for (const pid_t process : os::descendants(::getpid())) {
        const auto sockets = os::sockets_of(process);
        const auto same = [&](const os::OpenSocket& s) { return s.inode == plug.inode; };
        if (std::ranges::any_of(sockets, same)) return true;
    }
    return false;
}

/// The program's end: from the thread that made the last call on it, else from whoever holds it
/// now, as a child does after fork() that only reads and writes.
std::optional<Borrowed> Switchboard::borrow_end(const Plug& plug) {
    auto last = tasks_.borrow(plug.task, plug.caller.fd);
    if (last && last->cookie == plug.cookie) return std::move(*last);
    if (auto known = borrow_from_holder(plug)) return known;
    if (holders_read_ == now_) return std::nullopt;
    read_holders();
    return borrow_from_holder(plug);
}

std::optional<Borrowed> Switchboard::borrow_from_holder(const Plug& plug) {
    const auto holder = holders_.find(plug.inode);
    if (holder == holders_.end()) return std::nullopt;
    auto held = tasks_.borrow(holder->second.process, holder->second.fd);
    if (!held || held->cookie != plug.cookie) return std::nullopt;
    return std::move(*held);
}

/// One look at all descriptors tells of all sockets: a server whose children are all reset costs no
/// more than one of them.
void Switchboard::read_holders() {
    holders_.clear();
    holders_read_ = now_;
    for (const pid_t process : os::descendants(::getpid())) {
        for (const os::OpenSocket& open : os::sockets_of(process)) {
            holders_.try_emplace(open.inode, Holder{process, open.fd});
        }
    }
}

std::uint64_t Switchboard::unread_in_pair(const Plug& plug) {
    if (plug.phase != Phase::connected) return 0;
    const auto theirs = borrow_end(plug);
    int octets = 0;
    const bool known = theirs && ::ioctl(theirs->fd.get(), FIONREAD, &octets) == 0;
    return known ? static_cast<std::uint64_t>(std::max(octets, 0)) : 0;
}

void Switchboard::sweep() {
    if (failed_ == 0) return;
    const auto open = diag_.open_inodes();
    std::vector<PlugHandle> gone;
    plugs_.for_each([&](PlugHandle handle, Plug& plug) {
        if (plug.phase != Phase::failed) return;
        const std::uint64_t inode = static_cast<std::uint32_t>(plug.inode);  // as unix_diag has it
        const bool is_open = open ? std::ranges::binary_search(*open, inode) : is_held(plug);
        if (!is_open) gone.push_back(handle);
    });
    for (const PlugHandle handle : gone) {
        const Plug& plug = *plugs_.get(handle);
        (void)calls(plug).close(plug.socket);
        unplug(handle);
    }
}

}  // namespace dt::host
