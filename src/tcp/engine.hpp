// All TCP of one stack: listeners with their two queues, connections, TIME-WAIT records, the index
// that finds them, timers, the ready list of what wants to send, readiness edges.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/slot_map.hpp"
#include "buf/stream_queue.hpp"
#include "event/sink.hpp"
#include "event/snapshot.hpp"
#include "tcp/busy_time.hpp"
#include "tcp/fast_open.hpp"
#include "tcp/path_mtu.hpp"
#include "tcp/segment.hpp"

namespace dt::tcp {

class Connection;
class Listener;

/// A connection the socket layer holds. A stale id is an answer (closed), not a crash.
struct ConnId {
    base::Handle<Connection> handle;
    friend bool operator==(const ConnId&, const ConnId&) = default;
};
struct ListenerId {
    base::Handle<Listener> handle;
    friend bool operator==(const ListenerId&, const ListenerId&) = default;
};

/// What changed for a socket: ask ready() for the state. One edge per object and turn.
struct Edge {
    std::optional<ConnId> connection;
    std::optional<ListenerId> listener;
};

/// Everything a socket must know of its connection to answer poll, SO_ERROR, recv and send.
struct Readiness {
    event::State state = event::State::closed;
    std::uint64_t unread = 0;    // octets in order
    std::uint64_t room = 0;      // octets the send buffer takes now
    std::uint64_t queued = 0;    // octets in the send buffer, SND.UNA to its end
    bool peer_finished = false;  // FIN consumed in order
    bool has_urgent = false;     // an urgent octet is here and was not read (POLLPRI)
    bool is_at_mark = false;     // the next octet is, or was, the urgent one (SIOCATMARK)
    bool write_shut = false;
    bool read_shut = false;
    bool connected_once = false;  // ESTABLISHED was reached
    bool is_early = false;        // SYN-RECEIVED by Fast Open: text flows already
    std::optional<Error> error;   // pending, what SO_ERROR will answer; taken by take_error()
    event::Reason reason = event::Reason::none;  // why it ended
};

/// Options of a connection or listener (accepted connections inherit the listener's).
struct Options {
    bool no_delay = false;
    bool cork = false;
    bool keep_alive = false;
    std::uint32_t keep_idle_s = 7200;
    std::uint32_t keep_interval_s = 75;
    std::uint8_t keep_count = 9;
    std::uint32_t user_timeout_ms = 0;  // 0 = retries_2 decides
    std::uint8_t syn_count = 0;         // 0 = Config::syn_retries
    std::int32_t linger_2_s = 0;        // 0 = Config::fin_wait_2, negative = none
    std::uint32_t receive_buffer = 0;   // octets, 0 = Config and autotuning
    std::uint32_t send_buffer = 0;
    std::uint32_t notsent_lowat = 0;  // TCP_NOTSENT_LOWAT, octets; 0 = Config
    std::uint16_t mss_max = 0;        // TCP_MAXSEG, 0 = path
    bool quick_ack = true;
    std::optional<event::CongestionControl> congestion;  // TCP_CONGESTION, else Config
    std::uint32_t defer_accept_s = 0;
    std::uint8_t tos = 0;
    std::uint8_t ttl = 64;
    std::uint8_t min_ttl = 0;    // IP_MINTTL: segments with less are dropped (RFC 5082)
    bool reuse_address = false;  // of the socket; TIME-WAIT records remember it
    bool reuse_port = false;
    bool receive_errors = false;                        // IP_RECVERR: ICMP errors are pending ones
    bool urgent_in_line = false;                        // SO_OOBINLINE
    std::uint64_t pacing_rate_max = ~std::uint64_t{0};  // SO_MAX_PACING_RATE, octets per second
    bool v6_only = false;  // a listener on [::] takes no IPv4 (IPV6_V6ONLY, RFC 3493 §5.3)
    FastOpenUse fast_open = FastOpenUse::no;  // of the next connect()
    bool fast_open_no_cookie = false;         // TCP_FASTOPEN_NO_COOKIE
    std::uint32_t fast_open_queue = 0;        // TCP_FASTOPEN: most openings a listener lets wait
    friend bool operator==(const Options&, const Options&) = default;
};

/// What a program said of the text that it just wrote (send()'s flags).
struct WriteMark {
    enum class More : std::uint8_t { no, yes } more = More::no;             // MSG_MORE: as TCP_CORK
    enum class Record : std::uint8_t { open, ends } record = Record::open;  // MSG_EOR
    enum class Urgent : std::uint8_t { no, last } urgent = Urgent::no;  // MSG_OOB: its last octet
};

/// How a connection is let go by its last reference.
enum class CloseKind : std::uint8_t {
    orderly,  // FIN after queued data
    unread,   // data was never read: RST (RFC 9293 SHLD-3, RFC 2525 §2.17)
    abort,    // SO_LINGER {1,0}, or disconnect: RST
};

class Engine {
  public:
    /// `secret`: 128 bits for ISNs, timestamps offsets and the index (RFC 6528).
    Engine(const Config& config, buf::Pool& pool, std::array<std::uint64_t, 2> secret);
    ~Engine();

    // Frames in.
    /// What the segment tells of the way to its sender.
    Way on_segment(const Turn& turn, SegmentIn&& segment);
    /// `no` where it quotes nothing that is outstanding (RFC 5927 §4.1): it changed nothing.
    /// `ended`: it ended a handshake that was begun from here.
    enum class Belief : std::uint8_t { no, yes, ended };
    Belief on_icmp(const Turn& turn, FourTuple tuple, Seq quoted, IcmpError error,
                   std::uint16_t mtu);
    /// Whether an ACK may make a connection by a cookie: it then needs to know its way back, as a
    /// SYN does (SegmentIn::path).
    [[nodiscard]] bool may_see_cookies(Instant now) const;
    /// What every path to a destination is known to take; a message about a datagram teaches it
    /// too, once its sender is found (TCP-PMTU-009).
    void learn_path_mtu(const Turn& turn, const IpAddr& destination, std::uint32_t mtu);
    [[nodiscard]] std::optional<PathMtu> path_mtu(const IpAddr& destination, Instant now) const;
    /// The neighbour of `peer`'s next hop did not answer: SYN-SENT fails with host_unreachable.
    void on_neighbour_failed(const Turn& turn, IpAddr next_hop, FourTuple tuple);

    // Calls.
    /// An active OPEN; address_not_available unless may_connect().
    [[nodiscard]] Result<ConnId> connect(const Turn& turn, FourTuple tuple, Path path,
                                         const Options& options);
    [[nodiscard]] Result<ListenerId> listen(const Turn& turn, Endpoint local, std::uint32_t backlog,
                                            const Options& options);
    void set_backlog(const Turn& turn, ListenerId id, std::uint32_t backlog);
    /// Head of the accept queue, or would_block.
    [[nodiscard]] Result<ConnId> accept(const Turn& turn, ListenerId id);
    /// Stops listening: accept-queue children are reset, half-open entries dropped silently.
    void close_listener(const Turn& turn, ListenerId id);

    void close(const Turn& turn, ConnId id, CloseKind kind);
    /// Sends FIN after queued data; the socket stays.
    void shutdown_write(const Turn& turn, ConnId id);
    void shutdown_read(const Turn& turn, ConnId id);

    /// Room in the send queue to write into; empty if the send buffer is full.
    [[nodiscard]] MutableOctets writable(ConnId id, std::size_t wanted);
    void commit(const Turn& turn, ConnId id, std::size_t count);
    /// All of one send(): as much of `text` as there is room for, copied, and what was said of it.
    /// How much that is.
    std::size_t write(const Turn& turn, ConnId id, Octets text, WriteMark mark);
    /// Whether send() needs to look at nothing else: the connection stands, its writing side is
    /// open and no error waits.
    [[nodiscard]] bool may_write(ConnId id) const;
    /// Follows the commits of one send(): a segment carries text of one record only.
    void mark_written(const Turn& turn, ConnId id, WriteMark mark);
    void push(const Turn& turn, ConnId id);
    /// Text for the SYN that has not left yet (RFC 7413 §4.2.1); how much it takes.
    std::size_t write_early(const Turn& turn, ConnId id, Octets text);
    /// Whether a Fast Open to `server` would carry text in its SYN.
    [[nodiscard]] bool may_open_with_text(const Turn& turn, const IpAddr& server) const;
    /// In-order octets, the first contiguous run; an urgent octet is one of them.
    [[nodiscard]] Octets readable(ConnId id) const;
    /// As recv() gives them: up to the urgent octet, or from behind it.
    [[nodiscard]] std::size_t peek(ConnId id, std::size_t offset, MutableOctets to) const;
    /// All of one recv(): as much as peek() gives, taken, past an urgent octet that it stands at.
    /// How much that is; nothing where nothing is unread.
    std::optional<std::size_t> read(const Turn& turn, ConnId id, MutableOctets to);
    /// The program took `count` octets; the window may open.
    void consume(const Turn& turn, ConnId id, std::size_t count);

    /// The urgent octet (recv(MSG_OOB)). Errors: invalid_argument where there is none, or it was
    /// read, or stays in the stream; would_block where only its pointer came, and nothing where the
    /// stream ended before it.
    enum class Take : std::uint8_t { copy, away };
    [[nodiscard]] Result<std::optional<std::byte>> take_urgent(ConnId id, Take take);

    /// Octets that are here and not consumed, an urgent one among them.
    [[nodiscard]] std::size_t held(ConnId id) const;
    [[nodiscard]] Readiness readiness(ConnId id) const;
    /// Octets written and never sent; FIN counts 1.
    [[nodiscard]] std::uint64_t unsent(ConnId id) const;
    [[nodiscard]] std::size_t accept_queue_length(ListenerId id) const;
    /// Clears and returns the pending error.
    std::optional<Error> take_error(ConnId id);
    [[nodiscard]] std::optional<FourTuple> tuple(ConnId id) const;
    [[nodiscard]] const Options* options(ConnId id) const;
    /// Held data goes where the options let it now (TCP_NODELAY, uncork).
    void set_options(const Turn& turn, ConnId id, const Options& options);
    void set_options(ListenerId id, const Options& options);
    [[nodiscard]] event::PathView path_view(ConnId id) const;
    [[nodiscard]] Times times(ConnId id, Instant now) const;
    /// Octets of text that a connection takes now; it grows with the window (Linux tcp_wmem[2]).
    [[nodiscard]] std::uint32_t send_buffer(ConnId id) const;
    [[nodiscard]] std::uint64_t pacing_rate(ConnId id) const;  // octets per second, 0: not paced

    // For the port table: is a 4-tuple taken, and by what.
    enum class Holder : std::uint8_t { none, connection, half_open, time_wait };
    [[nodiscard]] Holder holder(const FourTuple& tuple) const;
    /// Whether connect() may take the tuple: nobody holds it, or a TIME-WAIT record that timestamps
    /// keep apart from what comes (RFC 6191, Linux tcp_tw_reuse; TCP-TW-013).
    [[nodiscard]] bool may_connect(const Turn& turn, const FourTuple& tuple) const;
    struct LocalUse {  // one connection or TIME-WAIT record on a local port
        FourTuple tuple;
        Holder holder = Holder::none;
        bool reuse_address = false;
        bool reuse_port = false;
    };
    /// Calls `visit` for each connection, half-open entry and TIME-WAIT record on `port`.
    void uses_of_port(Port port, void* context,
                      void (*visit)(void* context, const LocalUse& use)) const;

    // Timers, frames out, readiness out.
    void advance(const Turn& turn);
    /// A connection that has sent the same text R1 times asks for another way (RFC 9293 §3.8.3).
    [[nodiscard]] std::optional<FourTuple> next_doubt();
    /// Next segment that wants to leave, in a fixed order; nullopt when there is none.
    [[nodiscard]] std::optional<SegmentOut> next_segment(const Turn& turn);
    [[nodiscard]] std::optional<Edge> next_edge();
    [[nodiscard]] Instant deadline() const;
    /// False while the reply ring is full: the stack stops receiving.
    [[nodiscard]] bool may_receive() const;

    /// Other tunables from here on; sizes of tables stay.
    void reconfigure(const Config& config);

    void snapshot(Instant now, std::vector<event::SocketView>& sockets,
                  event::Counters& counters) const;
    /// Octets of memory: connections, half-open entries, TIME-WAIT records, index (for bench).
    struct Memory {
        std::size_t connections, half_open, time_wait, index;
    };
    [[nodiscard]] Memory memory() const;

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace dt::tcp
