// Texts of the delay rules, english.
#include <array>

#include "rules/words.hpp"

namespace dt::rules {

namespace {

// clang-format off
constexpr auto texts = std::to_array<Word>({
    {rule(42), "symptom", "each request and answer takes about 40 ms although both hosts are fast"},
    {rule(42), "cause", "A request is written in two small parts. Nagle holds the second until the first is acknowledged, and the peer delays that ACK because it has nothing to send yet."},
    {rule(42), "head", "{program} waits about 40 ms in {held} of {all} exchanges on fd {fd} with {peer}: Nagle holds its second write"},
    {rule(42), "proof", "{held} times data was still unsent when the wait for the answer began; the longest wait was {wait}"},
    {rule(42), "fix", "one write() or writev() for both parts"},
    {rule(42), "fix.nodelay", "or setsockopt({fd}, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one)"},
    {rule(44), "symptom", "sending stalls; the send queue stays full"},
    {rule(44), "cause", "The receiving program does not read, so its window is shut and the sender may only probe. The network is not the cause."},
    {rule(44), "head.packets", "{who} kept its window shut for {time} ({from} ↔ {to})"},
    {rule(44), "proof.packets", "window 0 from {packet} on: the program at {who} does not read"},
    {rule(44), "fix.packets", "see why the program at {who} does not read"},
    {rule(44), "head", "{owner} cannot send to {peer}: the window there is shut, the program there does not read"},
    {rule(44), "head.here", "{owner} does not read from {peer}: its receive buffer is full, the peer cannot send"},
    {rule(44), "proof", "timer: zero window probe; limited by the window for {share} of {window}; {unsent} B wait in the send queue"},
    {rule(44), "proof.here", "{unread} B unread through all of {window}, buffer full; the last data came {age} ago"},
    {rule(44), "proof.reader", "the receiver is {reader}, on this host: {unread} B unread"},
    {rule(44), "fix", "see why the program at {peer} does not read (garbage collection, a blocked thread, back-pressure)"},
    {rule(44), "fix.here", "see why {owner} does not read (its stack: gdb -p, py-spy, jstack)"},
    {rule(44), "fix.reader", "see why {reader} does not read (its stack: gdb -p, py-spy, jstack)"},
    {rule(46), "symptom", "slow, with retransmissions"},
    {rule(46), "cause", "Segments are lost on the way, and each loss costs at least a round trip, at worst 200 ms and more."},
    {rule(46), "head.packets", "{share} of what {who} sent was sent again: {again} of {sent} segments ({from} ↔ {to})"},
    {rule(46), "proof.packets", "the first is {packet}"},
    {rule(46), "fix.packets", "losses between the place of the capture and the other end; compare with a capture there"},
    {rule(46), "head", "{share} of the data segments were sent again: {again} of {sent} in {window}, most to {peer}"},
    {rule(46), "proof", "RetransSegs +{RetransSegs}, TCPTimeouts +{TCPTimeouts}, TCPLostRetransmit +{TCPLostRetransmit}"},
    {rule(46), "fix", "find where: ip -s link (drops, errors), nstat -az, tc -s qdisc; then a capture at both ends"},
    {rule(47), "symptom", "small messages pass, large ones hang (TLS hangs after ClientHello)"},
    {rule(47), "cause", "A link on the way takes only smaller packets, and the ICMP that would say so is filtered: full-sized segments vanish."},
    {rule(47), "head.packets", "{size} B of {who} were sent {times} times more without answer, segments up to {small} B were acknowledged: an MTU black hole ({from} ↔ {to})"},
    {rule(47), "proof.packets", "the first again is {packet}; no ICMP frag-needed stopped it"},
    {rule(47), "fix.packets", "allow ICMP frag-needed, clamp the MSS, or sysctl net.ipv4.tcp_mtu_probing=1"},
    {rule(47), "head", "large segments to {peer} get no answer, small ones to the same host do: an MTU black hole"},
    {rule(47), "proof", "{unacked} B unacknowledged, {retries} retransmissions with path MTU {pmtu}, InDestUnreachs +{InDestUnreachs}; another connection to the same host goes on"},
    {rule(47), "fix", "allow ICMP frag-needed, clamp the MSS on the tunnel, or sysctl net.ipv4.tcp_mtu_probing=1"},
    {rule(47), "decide", "ping -M do -s {size} {ip}"},
    {rule(48), "symptom", "connects through one interface time out"},
    {rule(48), "cause", "Packets come in by an interface by which this host would not send to their source: rp_filter drops them."},
    {rule(48), "head", "{count} packets in {window} were dropped by the reverse path filter"},
    {rule(48), "proof", "IPReversePathFilter +{IPReversePathFilter}"},
    {rule(48), "fix", "add the route back to the source, or sysctl net.ipv4.conf.all.rp_filter=2 (and of the interface)"},
    {rule(49), "symptom", "new connections time out; the log says \"nf_conntrack: table full, dropping packet\""},
    {rule(49), "cause", "The table of connection tracking is full: packets of new flows are dropped."},
    {rule(49), "head", "connection tracking is full: {count} of {limit} entries"},
    {rule(49), "proof", "nf_conntrack_count {count}, nf_conntrack_max {limit}; {drops} drops in {window}"},
    {rule(49), "fix", "raise net.netfilter.nf_conntrack_max, shorten its timeouts, or exempt flows (notrack)"},
    {rule(50), "symptom", "datagrams are lost on this host"},
    {rule(50), "cause", "The program reads datagrams more slowly than they come; the socket's buffer is full and the kernel drops."},
    {rule(50), "head", "{owner} loses datagrams on {local}: {drops} dropped in {window}, its receive buffer is full"},
    {rule(50), "proof", "this socket's drops +{drops}, RcvbufErrors +{RcvbufErrors}; {rmem} of {rcvbuf} B in use"},
    {rule(50), "fix", "read faster, or setsockopt(fd, SOL_SOCKET, SO_RCVBUF, …) (net.core.rmem_max is {rmemmax})"},
    {rule(52), "symptom", "a request has arrived and is not answered"},
    {rule(52), "cause", "The kernel has received the data; the program does not read it. It is busy, blocked or has forgotten the descriptor."},
    {rule(52), "head", "{owner} does not read: {unread} B from {peer} lie unread for {age}"},
    {rule(52), "proof", "{local}: {unread} B unread through all of {window}, nothing read in it"},
    {rule(52), "fix", "see what {owner} waits for (its stack: gdb -p, py-spy, jstack); the network has done its part"},
    {rule(55), "symptom", "connects of one peer time out although the port is open"},
    {rule(55), "cause", "The listener asks for signed segments (TCP MD5, TCP-AO), and they come unsigned or signed otherwise: they are dropped in silence."},
    {rule(55), "head", "{count} segments in {window} were dropped because of their signature ({counter})"},
    {rule(55), "proof", "{counter} +{count}"},
    {rule(55), "fix", "give both ends the same key for each other's address (TCP_MD5SIG, TCP_AO_ADD_KEY), or neither"},
    {rule(61), "symptom", "send or recv on a datagram socket: Connection refused"},
    {rule(61), "cause", "An earlier datagram on this connected socket met no receiver: ICMP port-unreachable came back, and the next call is told."},
    {rule(61), "head", "a call of {program} on fd {fd} failed with ECONNREFUSED: nobody receives datagrams on {peer}"},
    {rule(61), "proof", "the socket is connected to {peer} and an ICMP port-unreachable came for it"},
    {rule(61), "fix", "start the receiver, or correct the port: ss -lun shows what receives; the next send works again by itself"},
    {rule(62), "symptom", "connects of far peers time out although the port is open"},
    {rule(62), "cause", "The socket asks for a smallest TTL (IP_MINTTL), and what comes has passed too many routers or starts with a smaller one."},
    {rule(62), "head", "{count} segments in {window} were dropped because their TTL was too small"},
    {rule(62), "proof", "TCPMinTTLDrop +{TCPMinTTLDrop}"},
    {rule(62), "fix", "let the peer send with TTL 255 (ttl-security at both ends), or lower IP_MINTTL"},
});
// clang-format on

}  // namespace

std::span<const Word> english_delay() { return texts; }

}  // namespace dt::rules
