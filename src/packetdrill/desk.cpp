// Sockets made, named, joined and closed; packets and time.
#include "packetdrill/desk.hpp"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "packetdrill/sysctl.hpp"

namespace dt::packetdrill {

Desk::~Desk() {
    for (const auto& [fd, entry] : entries_) ::syscall(SYS_close, fd);
}

SocketEntry* Desk::socket(int fd) {
    const auto found = entries_.find(fd);
    return found == entries_.end() ? nullptr : std::get_if<SocketEntry>(&found->second);
}

bool Desk::owns(int fd) {
    const Machine::Lock lock = machine_.lock();
    return entries_.contains(fd);
}

/// The number comes from the kernel, so that no other descriptor of the process can have it.
Result<int> Desk::take_number(Entry entry) {
    const int fd = ::eventfd(0, EFD_CLOEXEC);
    if (fd < 0) return fail(Error::too_many_files);
    entries_.insert_or_assign(fd, std::move(entry));
    return fd;
}

void Desk::refresh() { machine_.configure(read_settings(machine_.flags().settings, Config{})); }

/// How long a call may wait: not at all where the socket or the call says so.
Instant Desk::deadline_of(const SocketEntry& entry, Duration limit, int flags) const {
    if ((entry.flags & O_NONBLOCK) != 0 || (flags & MSG_DONTWAIT) != 0) return machine_.now();
    return limit == Duration{} ? never : machine_.now() + limit;
}

Result<int> Desk::open(int domain, int type, int protocol) {
    const Machine::Lock lock = machine_.lock();
    DT_TRY(kind, sock::parse_kind(domain, type & sock::number::sock_type_mask, protocol));
    refresh();
    DT_TRY(id, machine_.calls().socket(kind.family, kind.type, kind.protocol));
    const int flags = O_RDWR | (type & SOCK_NONBLOCK);
    SocketEntry entry;
    entry.id = id;
    entry.family = kind.family;
    entry.type = kind.type;
    entry.flags = flags;
    return take_number(std::move(entry));
}

Result<int> Desk::bind(int fd, Octets address) {
    const Machine::Lock lock = machine_.lock();
    const SocketEntry* entry = socket(fd);
    if (entry == nullptr) return fail(Error::bad_descriptor);
    DT_TRY(endpoint, sock::parse_bind_address(entry->family, address));
    DT_CHECK(machine_.calls().bind(entry->id, endpoint));
    return 0;
}

Result<int> Desk::listen(int fd, int backlog) {
    const Machine::Lock lock = machine_.lock();
    const SocketEntry* entry = socket(fd);
    if (entry == nullptr) return fail(Error::bad_descriptor);
    refresh();
    DT_CHECK(machine_.calls().listen(entry->id, backlog));
    return 0;
}

Result<int> Desk::accept(int fd, sockaddr* address, socklen_t* length) {
    Machine::Lock lock = machine_.lock();
    const SocketEntry* entry = socket(fd);
    if (entry == nullptr) return fail(Error::bad_descriptor);
    const Instant until = deadline_of(*entry, machine_.calls().receive_timeout(entry->id), 0);
    const sock::SocketId listener = entry->id;
    const sock::Family family = entry->family;
    const bool zero_copy = entry->zero_copy.enabled;
    DT_TRY(accepted,
           machine_.await(lock, until, [&] { return machine_.calls().accept(listener); }));
    if (address != nullptr && length != nullptr) {
        const MutableOctets room = std::as_writable_bytes(
            std::span{reinterpret_cast<char*>(address), static_cast<std::size_t>(*length)});
        *length = static_cast<socklen_t>(sock::store_address(accepted.peer, room));
    }
    SocketEntry child;
    child.id = accepted.socket;
    child.family = family;
    child.flags = O_RDWR;
    child.zero_copy.enabled = zero_copy;
    return take_number(std::move(child));
}

/// A blocking connect() begins, then waits until the connection is made or refused; repeated, the
/// call answers which.
Result<int> Desk::connect(int fd, Octets address) {
    Machine::Lock lock = machine_.lock();
    const SocketEntry* entry = socket(fd);
    if (entry == nullptr) return fail(Error::bad_descriptor);
    refresh();
    DT_TRY(target, sock::parse_connect_address(entry->family, address));
    const sock::SocketId id = entry->id;
    if (target.given == sock::Address::Given::unspecified) {
        DT_CHECK(machine_.calls().disconnect(id));
        machine_.settle();
        return 0;
    }
    const Instant until = deadline_of(*entry, machine_.calls().send_timeout(id), 0);
    bool begun = false;
    const auto attempt = [&]() -> Status {
        auto made = machine_.calls().connect(id, target.endpoint);
        const bool waits = !made && until > machine_.now() &&
                           (made.error() == Error::in_progress ||
                            (begun && made.error() == Error::already_in_progress));
        begun = true;
        return waits ? fail(Error::would_block) : made;
    };
    DT_CHECK(machine_.await(lock, until, attempt));
    return 0;
}

Result<int> Desk::shutdown(int fd, int how) {
    const Machine::Lock lock = machine_.lock();
    const SocketEntry* entry = socket(fd);
    if (entry == nullptr) return fail(Error::bad_descriptor);
    DT_TRY(ways, sock::parse_how(how));
    DT_CHECK(machine_.calls().shutdown(entry->id, ways));
    machine_.settle();
    return 0;
}

Result<int> Desk::close(int fd) {
    const Machine::Lock lock = machine_.lock();
    const auto found = entries_.find(fd);
    if (found == entries_.end()) return fail(Error::bad_descriptor);
    if (const auto* entry = std::get_if<SocketEntry>(&found->second)) {
        DT_CHECK(machine_.calls().close(entry->id));
        machine_.settle();
    }
    entries_.erase(found);
    ::syscall(SYS_close, fd);
    return 0;
}

Result<int> Desk::put_packet(Octets packet) {
    Machine::Lock lock = machine_.lock();
    DT_CHECK(machine_.put(lock, packet));
    return 0;
}

std::size_t Desk::next_packet(MutableOctets to, long long& time_us) {
    Machine::Lock lock = machine_.lock();
    const auto departed = machine_.next_departed(lock);
    if (!departed || departed->packet.size() > to.size()) return 0;
    std::ranges::copy(departed->packet, to.begin());
    const Duration at = departed->at.time_since_epoch();
    time_us = std::chrono::floor<std::chrono::microseconds>(at).count();
    return departed->packet.size();
}

/// packetdrill spins for the last 20 µs before an event: they pass here too.
void Desk::sleep(Duration time) {
    constexpr auto spun = std::chrono::microseconds{20};
    constexpr auto bookkeeping = std::chrono::milliseconds{3};  // of real time
    Machine::Lock lock = machine_.lock();
    machine_.run_to(lock, machine_.now() + time + spun);
    const bool ended = machine_.take_ended();
    lock.unlock();
    if (ended) std::this_thread::sleep_for(bookkeeping);
}

std::chrono::microseconds Desk::read_clock() {
    Machine::Lock lock = machine_.lock();
    const Instant now = machine_.read_clock(lock);
    return std::chrono::floor<std::chrono::microseconds>(now.time_since_epoch());
}

}  // namespace dt::packetdrill
