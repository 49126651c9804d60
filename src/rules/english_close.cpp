// Texts of the close rules, english.
#include <array>

#include "rules/words.hpp"

namespace dt::rules {

namespace {

// clang-format off
constexpr auto texts = std::to_array<Word>({
    {rule(31), "symptom", "peers of this host see Connection reset by peer, often after the whole answer"},
    {rule(31), "cause", "A program closed a connection that still held data it had not read. The kernel says so with a reset instead of a FIN."},
    {rule(31), "head", "programs here closed {TCPAbortOnClose} connections with unread data in {window}: their peers were reset"},
    {rule(31), "proof", "TCPAbortOnClose +{TCPAbortOnClose}, OutRsts +{OutRsts} in {window}"},
    {rule(31), "fix", "read to the end before close(); or shutdown(fd, SHUT_WR), read until 0, then close(fd)"},
    {rule(32), "symptom", "peers of this host see Connection reset by peer without any end of file"},
    {rule(32), "cause", "A program aborts connections: SO_LINGER with time 0 makes close() send a reset instead of a FIN."},
    {rule(32), "head", "programs here aborted {TCPAbortOnData} connections in {window} (SO_LINGER 0): their peers were reset"},
    {rule(32), "proof", "TCPAbortOnData +{TCPAbortOnData}, TCPAbortOnClose +{TCPAbortOnClose}, OutRsts +{OutRsts} in {window}"},
    {rule(32), "fix", "remove SO_LINGER with time 0; it loses data that is on its way"},
    {rule(31), "head.call", "{program} got ECONNRESET on fd {fd} ({peer}): the program there closed with unread data"},
    {rule(31), "proof.call", "both ends are on this host: TCPAbortOnClose +{TCPAbortOnClose}, TCPAbortOnData +{TCPAbortOnData} since the connection began"},
    {rule(32), "head.call", "{program} got ECONNRESET on fd {fd} ({peer}): the program there aborts (SO_LINGER 0)"},
    {rule(32), "proof.call", "both ends are on this host: TCPAbortOnData +{TCPAbortOnData}, TCPAbortOnClose +{TCPAbortOnClose} since the connection began"},
    {rule(30), "symptom", "accept() works and the first read fails with Connection reset by peer"},
    {rule(30), "cause", "The client gave up and reset the connection while it waited in the accept queue: a health check, or a time limit shorter than the wait."},
    {rule(30), "head", "{program} accepted fd {fd} from {peer}, and its first read failed with ECONNRESET: the client had gone"},
    {rule(30), "proof", "the descriptor came from accept(), nothing was received on it; EstabResets +{EstabResets}"},
    {rule(30), "fix", "close and go on; if it happens often, accept sooner (R24) or lengthen the client's time limit"},
    {rule(35), "symptom", "write: Broken pipe"},
    {rule(35), "cause", "The peer has closed. The first write after that still succeeds, the peer answers it with a reset, and the next write fails."},
    {rule(35), "head", "a write of {program} on fd {fd} failed with EPIPE: {peer} had closed the connection"},
    {rule(35), "proof", "{program} has not shut its sending side down itself; {sent} writes had worked before"},
    {rule(35), "fix", "watch for end of file (read of 0, EPOLLRDHUP) before writing; MSG_NOSIGNAL spares the signal"},
    {rule(63), "symptom", "write: Broken pipe, by the program's own doing"},
    {rule(63), "cause", "The program called shutdown(fd, SHUT_WR) and then wrote."},
    {rule(63), "head", "a write of {program} on fd {fd} failed with EPIPE: the program had shut its sending side down itself"},
    {rule(63), "proof", "shutdown({fd}, SHUT_WR or SHUT_RDWR) was called before; the peer is {peer}"},
    {rule(63), "fix", "write before shutdown()"},
    {rule(64), "symptom", "connections are reset in the middle"},
    {rule(64), "cause", "One end, or a device between, ended an open connection with a reset instead of a FIN."},
    {rule(64), "head.packets", "{from} ↔ {to} was reset by {who} in the middle ({packet})"},
    {rule(64), "proof.packets", "{packet} is the reset, without a FIN before it; {who} had sent {sent} segments with data and got {got}"},
    {rule(64), "fix.packets", "the program there closed with unread data (R31) or aborted (R32), or its host had forgotten the connection; a reset whose TTL differs from the other packets comes from a device between"},
    {rule(33), "symptom", "sockets in CLOSE-WAIT grow in number, later Too many open files"},
    {rule(33), "cause", "The peer has closed, the program here has been told (read returned 0) and never calls close(). No timer ends this state: it is always the local program."},
    {rule(33), "head", "{owner} does not close: {count} sockets in CLOSE-WAIT, +{new} in {window}"},
    {rule(33), "proof", "peer {peers}; the last segment came up to {age} ago; no data since, descriptors open"},
    {rule(33), "fix", "close() after read returned 0; descriptor {fd} is one of them"},
    {rule(34), "symptom", "sockets stay in FIN-WAIT-2"},
    {rule(34), "cause", "The program here has shut down its sending side and keeps the descriptor; the peer has confirmed that and does not close. Only an orphan is ended by a timer."},
    {rule(34), "head", "{owner} waits for peers that do not close: {count} sockets in FIN-WAIT-2, +{new} in {window}"},
    {rule(34), "proof", "peer {peers}; the last segment came up to {age} ago; descriptors open, so no timer ends them"},
    {rule(34), "fix", "after shutdown(fd, SHUT_WR) read with a time limit and then close({fd}); see why the peer does not close (R33 there)"},
    {rule(38), "symptom", "Connection timed out on a connection that worked"},
    {rule(38), "cause", "Keepalive probes stay without any answer: the peer is gone without a word, or the path to it."},
    {rule(38), "head", "{peer} does not answer: {probes} keepalive probes of {local} are without answer"},
    {rule(38), "proof", "nothing came from the peer for {quiet}; owner {owner}"},
    {rule(38), "fix", "the connection ends by itself when the probes are used up; see whether the host or a device between has forgotten it"},
    {rule(38), "head.data", "{peer} does not answer: {unacked} B of {local} are without acknowledgement after {retries} retransmissions"},
    {rule(38), "proof.data", "timer: retransmit, {retries} retransmissions, nothing from the peer for {quiet}; InDestUnreachs +{InDestUnreachs}; owner {owner}"},
    {rule(38), "fix.data", "see whether the host lives and the path drops; setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, …) ends such a wait earlier than tcp_retries2"},
    {rule(39), "symptom", "connect() takes longer, and an old connection of the server ends with Connection reset by peer"},
    {rule(39), "cause", "A SYN came for a 4-tuple that is ESTABLISHED here: the peer has forgotten that connection (restart, lost FIN or reset) and uses its port again. The kernel answers with a challenge ACK, the peer resets the old connection."},
    {rule(39), "head", "{TCPSYNChallenge} SYNs in {window} met connections that are still open here: their peers have forgotten them"},
    {rule(39), "proof", "TCPSYNChallenge +{TCPSYNChallenge}, TCPChallengeACK +{TCPChallengeACK} in {window}"},
    {rule(39), "fix", "see what loses the closing segments (firewall, restart of the peer); keepalive clears such connections earlier"},
    {rule(40), "symptom", "TIME-WAIT records are many; new ones are dropped"},
    {rule(40), "cause", "The table of TIME-WAIT records is at its limit; what does not fit is destroyed at once, and old duplicates may reach new connections."},
    {rule(40), "head", "the TIME-WAIT table is full: {count} of {limit}, {TCPTimeWaitOverflow} destroyed in {window}"},
    {rule(40), "proof", "TCPTimeWaitOverflow +{TCPTimeWaitOverflow}; net.ipv4.tcp_max_tw_buckets is {limit}"},
    {rule(40), "fix", "keep connections open (keep-alive, a pool), let the clients close first; or raise net.ipv4.tcp_max_tw_buckets"},
    {rule(36), "symptom", "a request on a kept connection gets an empty answer, then Broken pipe; a proxy answers 502"},
    {rule(36), "cause", "A connection out of a pool was used after the peer had closed it: the write still works, the peer answers with a reset."},
    {rule(36), "head", "{program} wrote a request on fd {fd} to {peer} after {idle} of silence: the peer had closed that connection before"},
    {rule(36), "proof", "CLOSE-WAIT when the request was written, closed by a reset after it; an exchange had worked before"},
    {rule(36), "fix", "keep idle connections for less time than the server does; drop one that is readable before it is used (poll, EPOLLRDHUP)"},
    {rule(36), "fix.retry", "send an idempotent request again on a new connection"},
    {rule(38), "head.call", "{program} got ETIMEDOUT on fd {fd}: {peer} answers neither data nor probes"},
    {rule(38), "proof.call", "the connection had worked; TCPAbortOnTimeout +{TCPAbortOnTimeout}, InDestUnreachs +{InDestUnreachs} since it began"},
    {rule(41), "symptom", R"(connections end at once; the log says "TCP: out of memory" or "too many orphaned sockets")"},
    {rule(41), "cause", "TCP has used up the memory it may have, or too many closed connections still wait for their peers: the kernel kills connections."},
    {rule(41), "head", "the kernel killed {TCPAbortOnMemory} connections in {window} for want of memory"},
    {rule(41), "head.near", "TCP is about to run out of memory: {pages} of {pagesmax} pages, {orphans} of {orphansmax} orphans"},
    {rule(41), "proof", "TCPAbortOnMemory +{TCPAbortOnMemory}; {orphans} of {orphansmax} orphans (tcp_max_orphans), {pages} of {pagesmax} pages (tcp_mem)"},
    {rule(41), "fix", "see whose closed connections wait: ss -tan state fin-wait-1 state last-ack; lower tcp_orphan_retries, or raise tcp_max_orphans"},
    {rule(41), "fix.memory", "see whose queues are long: ss -tm; let programs read, lower tcp_rmem and tcp_wmem, or raise tcp_mem"},
});
// clang-format on

}  // namespace

std::span<const Word> english_close() { return texts; }

}  // namespace dt::rules
