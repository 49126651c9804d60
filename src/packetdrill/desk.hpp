// The socket calls as packetdrill makes them: real descriptors of the kernel for their numbers,
// sockets of the stack behind them, blocking where the script lets a call block.
#pragma once

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <deque>
#include <map>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "packetdrill/machine.hpp"
#include "sock/numbers.hpp"

namespace dt::packetdrill {

/// What MSG_ZEROCOPY promised: a notification when the text of a send is acknowledged. We copy, and
/// say so (SO_EE_CODE_ZEROCOPY_COPIED), as the kernel does over a device without scatter-gather.
class ZeroCopy {
  public:
    /// Sends `first` to `last`, counted from 0, are complete.
    struct Notice {
        std::uint32_t first = 0;
        std::uint32_t last = 0;
    };

    bool enabled = false;
    /// The text of one send ends at `end` octets of the stream.
    void on_sent(std::uint64_t end) { pending_.push_back(end); }
    /// `acked` octets of the stream are acknowledged; true if that completed a send.
    bool on_acked(std::uint64_t acked);
    [[nodiscard]] bool has_notice() const { return notice_.has_value(); }
    [[nodiscard]] std::optional<Notice> take_notice() { return std::exchange(notice_, {}); }

  private:
    std::deque<std::uint64_t> pending_;
    std::uint32_t completed_ = 0;
    std::optional<Notice> notice_;  // completions in a row are one
};

/// What SO_TIMESTAMPING asked for (Linux Documentation/networking/timestamping): when the last
/// octet of each write was handed to the device, left it and was acknowledged.
class TextStamps {
  public:
    struct Stamp {
        std::uint32_t kind = 0;  // SCM_TSTAMP_*
        std::uint32_t key = 0;   // number of the last octet of the write (SOF_TIMESTAMPING_OPT_ID)
        Instant at;
    };

    /// SOF_TIMESTAMPING_*; the octets of later writes are counted from `sent`.
    void enable(std::uint32_t wanted, std::uint64_t sent);
    [[nodiscard]] std::uint32_t wanted() const { return wanted_; }
    /// A write ends at `end` octets of the stream.
    void on_written(std::uint64_t end);
    /// So much of the stream has left, and is acknowledged; true if that stamped something.
    bool on_progress(std::uint64_t left, std::uint64_t acked, Instant now);
    [[nodiscard]] bool is_waiting() const { return !unsent_.empty() || !unacked_.empty(); }
    [[nodiscard]] bool has_stamp() const { return !stamps_.empty(); }
    [[nodiscard]] std::optional<Stamp> take_stamp();

  private:
    void stamp(std::uint32_t kind, std::uint32_t flag, std::uint64_t end, Instant now);

    std::uint32_t wanted_ = 0;
    std::uint64_t first_ = 0;
    std::deque<std::uint64_t> unsent_;
    std::deque<std::uint64_t> unacked_;
    std::deque<Stamp> stamps_;
};

/// A descriptor that is a socket of the stack.
struct SocketEntry {
    sock::SocketId id;
    sock::Family family = sock::Family::inet;
    sock::Type type = sock::Type::stream;
    int flags = 0;           // F_GETFL: O_RDWR and what F_SETFL set
    std::uint64_t sent = 0;  // octets of the stream
    ZeroCopy zero_copy;
    TextStamps stamps;
    int mark = 0;  // SO_MARK: kept and told; there is no policy here that would ask for it
    std::uint64_t error_moves = 0;  // times the error queue grew
};

/// What epoll_ctl() asked for one descriptor.
struct Interest {
    epoll_event wanted{};
    std::uint64_t seen_moves = 0;  // EPOLLET: moves of the socket when it was told, + 1
};
struct EpollEntry {
    std::map<int, Interest> interests;  // by descriptor
};

/// All descriptors that are ours; others belong to the kernel.
using Entry = std::variant<SocketEntry, EpollEntry>;

class Desk {
  public:
    explicit Desk(const Flags& flags) : machine_(flags) {
        machine_.on_rest([this] { follow_stamps(); });
    }
    ~Desk();
    Desk(const Desk&) = delete;
    Desk& operator=(const Desk&) = delete;

    Result<int> open(int domain, int type, int protocol);
    Result<int> bind(int fd, Octets address);
    Result<int> listen(int fd, int backlog);
    /// `address` may be null.
    Result<int> accept(int fd, sockaddr* address, socklen_t* length);
    Result<int> connect(int fd, Octets address);
    Result<int> shutdown(int fd, int how);
    Result<int> close(int fd);

    Result<std::size_t> receive(int fd, std::span<const iovec> parts, int flags);
    Result<std::size_t> receive_message(int fd, msghdr& message, int flags);
    Result<std::size_t> send(int fd, std::span<const iovec> parts, int flags, Octets to);

    Result<int> fcntl(int fd, int command, int argument);
    Result<int> ioctl(int fd, unsigned long request, void* argument);
    Result<int> get_option(int fd, int level, int name, void* value, socklen_t* length);
    Result<int> set_option(int fd, int level, int name, Octets value);

    Result<int> poll(std::span<pollfd> fds, int timeout_ms);

    Result<int> epoll_create(int size);
    Result<int> epoll_ctl(int epoll_fd, int operation, int fd, const epoll_event* event);
    Result<int> epoll_wait(int epoll_fd, std::span<epoll_event> events, int timeout_ms);
    Result<std::size_t> splice_out(int socket_fd, int pipe_fd, std::size_t count, int flags);
    Result<std::size_t> splice_in(int from_fd, off64_t* offset, int socket_fd, std::size_t count);

    Result<int> put_packet(Octets packet);
    /// 0 where nothing will leave.
    std::size_t next_packet(MutableOctets to, long long& time_us);
    void sleep(Duration time);
    [[nodiscard]] std::chrono::microseconds read_clock();

    /// Whether `fd` is ours.
    [[nodiscard]] bool owns(int fd);

  private:
    [[nodiscard]] SocketEntry* socket(int fd);
    [[nodiscard]] EpollEntry* epoll(int fd);
    [[nodiscard]] std::uint32_t take_ready(int fd, Interest& interest);
    [[nodiscard]] Instant deadline_of(const SocketEntry& entry, Duration limit, int flags) const;
    Result<int> take_number(Entry entry);
    /// The tunables as they are now: a script may have changed them since the last call.
    void refresh();
    /// A send() on its way: a script may let it block.
    struct Sending {
        enum class Waits : std::uint8_t { no, yes };
        sock::SocketId id;
        std::vector<std::byte> octets;
        std::optional<Endpoint> opens;  // MSG_FASTOPEN: to whom
        tcp::WriteMark mark;
        Waits waits = Waits::no;
        std::size_t sent = 0;
    };
    /// Gives the stack what it takes now; would_block while a call that waits is not over.
    Result<std::size_t> go_on(Sending& sending);
    /// To whom a send() with MSG_FASTOPEN connects.
    Result<Endpoint> opening_target(const SocketEntry& entry, Octets to);
    /// A send() that opens is over when the connection is: would_block until then.
    [[nodiscard]] Status opened(sock::SocketId id);
    /// What the stack says of a socket's readiness, with the error queue.
    [[nodiscard]] std::uint16_t readiness(SocketEntry& entry);
    Result<std::size_t> receive_error(int fd, msghdr& message);
    /// Stamps what has left or was acknowledged since the last look.
    void follow_stamps();
    void follow_stamps(SocketEntry& entry);
    /// Options that are the machine's and not the stack's; nothing where `name` is none of them.
    [[nodiscard]] std::optional<Status> set_own_option(SocketEntry& entry, int name, Octets value);
    /// The reader stands at an urgent octet, and nothing else is there (splice() ends there).
    [[nodiscard]] bool is_at_urgent(int fd);
    void tell_unread(int fd, msghdr& message);
    [[nodiscard]] std::uint16_t revents(const pollfd& fd);

    Machine machine_;
    std::map<int, Entry> entries_;
};

}  // namespace dt::packetdrill
