// Texts of the accept rules, english.
#include <array>

#include "rules/words.hpp"

namespace dt::rules {

namespace {

// clang-format off
constexpr auto texts = std::to_array<Word>({
    {rule(24), "symptom", "connect() takes 1 s, 3 s or more, then works; under load some time out"},
    {rule(24), "cause", "The accept queue of a listener is full: the program accepts more slowly than connections come, so the kernel ignores SYNs, and clients try again after 1, 2, 3 s."},
    {rule(24), "head", "connects to {listener} wait 1 s or more: its accept queue is full, {waiting}/{limit}"},
    {rule(24), "proof.drops", "{ignored} SYNs ignored in {window} (this listener's drops +{ignored}; ListenOverflows +{ListenOverflows}, ListenDrops +{ListenDrops})"},
    {rule(24), "proof.owner", "{halfopen} in SYN-RECEIVED on its port; owner {owner}"},
    {rule(24), "proof.busy", "{owner} used {cpu} % of one CPU in these {window}"},
    {rule(24), "fix.accept", "{owner} accepts too slowly: accept() sooner, or run more workers (SO_REUSEPORT)"},
    {rule(24), "fix.backlog", "a larger backlog in listen() only buys time (now {limit}; somaxconn is {somaxconn})"},
    {rule(24), "fix.somaxconn", "the limit is somaxconn itself: sysctl net.core.somaxconn=4096, and the same in listen()"},
    {rule(25), "symptom", "connects time out, or the log says \"possible SYN flooding\""},
    {rule(25), "cause", "The SYN queue of a listener is full of half-open entries whose last ACK does not come: a flood, or a return path that loses SYN-ACKs."},
    {rule(25), "head", "new clients of {listener} time out: its SYN queue is full, {halfopen} half-open entries"},
    {rule(25), "head.cookies", "the SYN queue of {listener} overflows ({halfopen} half-open entries); SYN cookies still answer"},
    {rule(25), "proof", "in {window}: cookies for a full queue +{TCPReqQFullDoCookies}, ListenDrops +{ListenDrops}, ListenOverflows +{ListenOverflows}; accept queue {waiting}/{limit}"},
    {rule(25), "fix.cookies", "sysctl net.ipv4.tcp_syncookies=1; then a larger net.ipv4.tcp_max_syn_backlog"},
    {rule(25), "fix.flood", "filter the flood before this host; a larger net.ipv4.tcp_max_syn_backlog and backlog in listen()"},
    {rule(26), "symptom", "connect() works at once, but no answer ever comes"},
    {rule(26), "cause", "The kernel has completed the connection, but the program never calls accept(): it waits in the accept queue, which is not full yet."},
    {rule(26), "head", "clients of {listener} are connected but wait: {waiting} in the accept queue, none taken in {window}"},
    {rule(26), "proof", "accept queue {first}/{limit} at the begin of {window}, {waiting}/{limit} at its end; owner {owner}"},
    {rule(26), "fix", "{owner} does not call accept(): see what it waits for (its stack: gdb -p, py-spy, jstack)"},
    {rule(27), "symptom", "Too many open files"},
    {rule(27), "cause", "The program has as many descriptors open as it may, so accept() fails with EMFILE and the connections stay in the queue."},
    {rule(27), "head", "{owner} cannot accept on {listener}: {open} of {openmax} descriptors are open"},
    {rule(27), "proof", "{waiting} wait in the accept queue; accept() answers EMFILE (Too many open files)"},
    {rule(27), "fix", "raise the limit (ulimit -n, LimitNOFILE=), or find what is not closed: dialtone doctor, R33"},
    {rule(28), "symptom", "Connection reset by peer, while a server reloads"},
    {rule(28), "cause", "A worker closed its listener of a SO_REUSEPORT group while connections waited in that listener's queue; the kernel resets these."},
    {rule(28), "head", "a listener on {listener} was closed with {waiting} connections in its queue: they were reset"},
    {rule(28), "proof", "the listener was there at the begin with accept queue {waiting}/{limit} and is gone; others still listen; OutRsts +{OutRsts}"},
    {rule(28), "fix", "sysctl net.ipv4.tcp_migrate_req=1 moves them to another listener; or accept what waits before close()"},
    {rule(29), "symptom", "some requests hang while other workers are idle"},
    {rule(29), "cause", "Several listeners share a port with SO_REUSEPORT. The kernel chooses by a hash, not by load: what fell to a busy worker waits for it."},
    {rule(29), "head", "workers on {listener} are uneven: {waiting} wait for {owner}, {least} for {other}"},
    {rule(29), "proof", "accept queue {waiting}/{limit} of {owner}, {least} of {other}, through the whole window"},
    {rule(29), "fix", "see what {owner} does; one shared listener (accept from all workers, EPOLLEXCLUSIVE) balances by itself"},
    {rule(24), "watch", "{listener} {waiting}/{limit}, {ignored} ignored/{window}"},
});
// clang-format on

}  // namespace

std::span<const Word> english_accept() { return texts; }

}  // namespace dt::rules
