// Answers the system calls that the filter stops: decodes them from the program's memory, asks the
// stack, and replies, or parks the caller until the socket can answer.
#pragma once

#include <linux/seccomp.h>

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "host/message_parts.hpp"
#include "host/notifier.hpp"
#include "host/remote_memory.hpp"
#include "host/socket_name.hpp"
#include "host/switchboard.hpp"

namespace dt::host {

/// What becomes of a call.
struct Answer {
    enum class Kind : std::uint8_t {
        value,   ///< it returns `number`
        error,   ///< it fails with errno `number`
        go_on,   ///< the kernel does it: not one of our sockets
        sent,    ///< answered already, or nobody waits any more
        parked,  ///< the caller waits
    };
    Kind kind = Kind::value;
    std::int64_t number = 0;
    int socket_error = 0;  ///< the errno that SO_ERROR handed over, and that is pending no more

    static Answer value(std::int64_t v) { return {Kind::value, v, 0}; }
    static Answer error(int e) { return {Kind::error, e, 0}; }
    static Answer go_on() { return {Kind::go_on, 0, 0}; }
    static Answer sent() { return {Kind::sent, 0, 0}; }
    static Answer parked() { return {Kind::parked, 0, 0}; }
    /// 0, or the errno of `status`.
    static Answer of(const Status& status);
};

class CallDesk {
  public:
    CallDesk(Switchboard& board, Tasks& tasks) : board_(board), tasks_(tasks) {}

    using LineNumber = std::size_t;
    /// A program's listener; calls that come through it are calls of `host`.
    LineNumber add_line(event::HostIndex host, os::UniqueFd listener);
    [[nodiscard]] int fd(LineNumber line) const { return lines_[line].notifier.fd(); }
    /// No more calls can come: the last process behind the filter ended.
    void hang_up(LineNumber line);

    /// Takes and answers calls until none waits; `now` is asked for before each.
    void serve(LineNumber line, Instant (*now)());
    /// Looks again at the parked calls of a socket.
    void retry(PlugHandle handle);
    /// Ends parked calls whose time is over and forgets those whose caller went away.
    void sweep();
    [[nodiscard]] bool has_parked() const { return !with_parked_.empty(); }
    /// When the next parked call's time is over.
    [[nodiscard]] Instant deadline() const;

    /// The addresses by which programs know their name servers: asked for at name_service instead.
    void set_name_servers(std::vector<IpAddr> servers) { name_servers_ = std::move(servers); }

    /// What `line`'s host did so far, for the order in which programs start.
    struct Seen {
        std::optional<Instant> listened;  ///< the last listen(), or bind() of datagrams to a port
        std::optional<Endpoint> listener;
        int backlog = 0;
        std::optional<Instant> connected;  ///< the first connect() of a stream
    };
    [[nodiscard]] const Seen& seen(LineNumber line) const { return lines_[line].seen; }

    /// Programs that asked for io_uring and were told that there is none; each name once.
    [[nodiscard]] const std::vector<std::string>& io_uring_users() const { return io_uring_users_; }

  private:
    struct Line {
        event::HostIndex host = 0;
        Notifier notifier;
        Seen seen;
    };
    /// One call while it is answered.
    struct Request {
        LineNumber line = 0;
        const seccomp_notif& call;
        RemoteMemory memory{static_cast<pid_t>(call.pid)};
        std::optional<PlugHandle> parked_at;  // it waited for this socket
        std::optional<PlugHandle> about = parked_at;

        [[nodiscard]] std::uint64_t arg(std::size_t n) const { return call.data.args[n]; }
        [[nodiscard]] int int_arg(std::size_t n) const {
            return static_cast<int>(call.data.args[n]);
        }
    };
    /// The socket that a call is about.
    struct Subject {
        PlugHandle handle;
        Plug* plug = nullptr;
        Borrowed theirs;
    };
    /// A call that was done, and what it answers where it comes again because its reply was lost.
    struct Done {
        seccomp_data data{};
        std::uint64_t cookie = 0;
        Answer answer;
    };
    /// A thread that signals interrupt while it waits for us.
    struct Thread {
        std::optional<Done> last;
        Instant storm_until{};
    };

    void handle(LineNumber line, const seccomp_notif& call);
    [[nodiscard]] Answer dispatch(Request& request);
    [[nodiscard]] Answer dispatch_to(const Request& request, Subject& subject);
    void reply(const Request& request, const Answer& answer);
    [[nodiscard]] std::expected<Subject, Answer> identify(const Request& request);
    [[nodiscard]] std::expected<Subject, Answer> identify_parked(const Request& request);
    /// The caller waits, so long at most (0 = for ever; negative: its time is over now).
    [[nodiscard]] Answer park(const Request& request, Plug& plug, Duration longest);
    void unpark(PlugHandle handle, std::uint64_t id);
    [[nodiscard]] Notifier& notifier(const Request& r) { return lines_[r.line].notifier; }
    [[nodiscard]] event::Caller caller(const Request& request, int fd);

    // Lost replies.
    void forget_unless_same(const Request& request);
    [[nodiscard]] std::optional<Answer> repeat(const Request& request, const Plug& plug);
    void on_lost_reply(const Request& request, const std::optional<Answer>& answer);
    void on_taken_reply(const Request& request, const Answer& answer);
    void keep(const Request& request, Thread& thread, const Answer& answer);

    // One per call.
    [[nodiscard]] Answer on_io_uring(const Request& request);
    // Zones.
    [[nodiscard]] std::uint32_t zone_at(event::HostIndex host, const IpAddr& own) const;
    [[nodiscard]] std::uint32_t zone_beside(const Plug& plug);
    [[nodiscard]] std::uint32_t zone_of_arrival(const Plug& plug, const Origin& origin) const;

    [[nodiscard]] Answer on_socket(const Request& request);
    [[nodiscard]] Answer on_bind(const Request& request, Subject& subject);
    [[nodiscard]] Answer on_listen(const Request& request, Subject& subject);
    [[nodiscard]] Answer on_connect(const Request& request, Subject& subject);
    [[nodiscard]] static Answer on_foreign_connect(const Request& request, const Answer& otherwise);
    [[nodiscard]] Answer connect_stream(const Request& request, Subject& subject,
                                        const sock::ZonedEndpoint& to);
    [[nodiscard]] Answer continue_connect(const Request& request, Subject& subject,
                                          const sock::ZonedEndpoint& to);
    [[nodiscard]] Answer finish_connect(Subject& subject, const sock::ZonedEndpoint& to);
    [[nodiscard]] Answer connect_datagram(Subject& subject, const sock::ZonedEndpoint& to);
    [[nodiscard]] Answer disconnect(Subject& subject);
    [[nodiscard]] Answer renew_pair(const Request& request, Subject& subject);
    [[nodiscard]] Answer on_accept(const Request& request, Subject& subject, int flags);
    [[nodiscard]] Answer deliver(const Request& request, Subject& subject, int flags,
                                 sock::Accepted accepted);
    [[nodiscard]] Answer on_shutdown(const Request& request, Subject& subject);
    [[nodiscard]] Answer on_name(const Request& request, Subject& subject);
    [[nodiscard]] Answer on_get_option(const Request& request, Subject& subject);
    [[nodiscard]] static Answer give_option(const Request& request, Octets value,
                                            std::size_t length);
    [[nodiscard]] static Answer give_error(const Request& request, int error);
    [[nodiscard]] Answer on_set_option(const Request& request, Subject& subject);
    void pass_on_before_cork(Subject& subject, int corked);
    [[nodiscard]] static int pending_error(Subject& subject, int from_stack);
    [[nodiscard]] Answer on_ioctl(const Request& request, Subject& subject);
    [[nodiscard]] Answer on_interface_ioctl(const Request& request, Subject& subject);
    [[nodiscard]] Answer on_send_to(const Request& request, Subject& subject);
    [[nodiscard]] Answer on_receive_from(const Request& request, Subject& subject);
    [[nodiscard]] Answer on_send_message(const Request& request, Subject& subject);
    struct QueuedError {
        udp::Notice notice;
        std::vector<std::byte> text;  // that the program is given
    };
    [[nodiscard]] std::optional<QueuedError> take_error(const Subject& subject);
    [[nodiscard]] Answer on_error_queue(const Request& request, Subject& subject,
                                        std::uint64_t header);
    [[nodiscard]] Answer on_plain_error_queue(const Request& request, Subject& subject);
    [[nodiscard]] Answer on_error_queues(const Request& request, Subject& subject);
    [[nodiscard]] Answer on_receive_message(const Request& request, Subject& subject);
    [[nodiscard]] Answer on_send_messages(const Request& request, Subject& subject);
    [[nodiscard]] Answer on_receive_messages(const Request& request, Subject& subject);

    // Datagrams.
    struct Message {
        std::uint64_t name = 0;
        std::uint32_t name_length = 0;
        std::uint64_t control = 0;
        std::uint64_t control_length = 0;
        MessageParts parts;

        /// Of one that is sent: a name of no octets is none.
        [[nodiscard]] bool is_named() const { return name != 0 && name_length != 0; }
        /// Of one that is sent: the pair carries it as it is.
        [[nodiscard]] bool is_plain() const { return !is_named() && control_length == 0; }
    };
    /// A datagram that was copied to the program.
    struct Copied {
        std::size_t count = 0;  // octets that had room
        std::size_t full = 0;   // octets it has
        std::optional<Origin> origin;

        /// What recvmsg() and its kin return.
        [[nodiscard]] std::int64_t answer(int flags) const;
    };
    [[nodiscard]] static std::expected<Message, int> read_message(const Request& request,
                                                                  std::uint64_t address);
    [[nodiscard]] std::expected<sock::SendAs, int> read_wishes(const Request& request,
                                                               Subject& subject,
                                                               const Message& message);
    [[nodiscard]] Answer send_one(const Request& request, Subject& subject, const Message& message);
    [[nodiscard]] std::expected<Copied, int> receive_one(const Request& request, Subject& subject,
                                                         int flags, const Message& message);
    [[nodiscard]] int receive_into(const Request& request, Subject& subject, const Message& message,
                                   std::uint64_t header);
    [[nodiscard]] bool write_header(const RemoteMemory& memory, const Plug& plug,
                                    const Message& message, const Copied& copied,
                                    std::uint64_t header) const;
    [[nodiscard]] std::optional<Answer> refuse_flags(Subject& subject, int flags);
    [[nodiscard]] Answer note_flags(Subject& subject, int flags, std::size_t count);
    [[nodiscard]] Answer wait_or_again(const Request& request, Subject& subject, int flags);
    /// The name service in place of a name server.
    [[nodiscard]] Endpoint redirect(Plug& plug, Endpoint to) const;

    Switchboard& board_;
    Tasks& tasks_;
    std::vector<Line> lines_;
    std::unordered_map<pid_t, Thread> threads_;  // few: those that signals hit
    std::vector<IpAddr> name_servers_;
    std::vector<std::byte> scratch_ = std::vector<std::byte>(65536);  // a datagram
    std::vector<PlugHandle> with_parked_;
    std::vector<std::string> io_uring_users_;
};

}  // namespace dt::host
