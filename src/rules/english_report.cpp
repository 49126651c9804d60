// Texts of the report rules, english.
#include <array>

#include "rules/words.hpp"

namespace dt::rules {

namespace {

// clang-format off
constexpr auto texts = std::to_array<Word>({
    {rule(0), "certain", "certain"},
    {rule(0), "likely", "likely"},
    {rule(0), "proof", "proof"},
    {rule(0), "fix", "fix"},
    {rule(0), "decide", "decide"},
    {rule(0), "finding", "1 finding"},
    {rule(0), "findings", "{count} findings"},
    {rule(0), "sockets.one", "1 TCP socket"},
    {rule(0), "sockets.many", "{count} TCP sockets"},
    {rule(0), "listeners.one", "1 listener"},
    {rule(0), "listeners.many", "{count} listeners"},
    {rule(0), "hosts.one", "1 host"},
    {rule(0), "hosts.many", "{count} hosts"},
    {rule(0), "host", "{name}, Linux {kernel}: {sockets}, {listeners}, read for {window} as uid {uid}. {found}."},
    {rule(0), "nothing", "nothing found: {sockets}, {listeners}, {rules} rules in {window}"},
    {rule(0), "nothing.target", "nothing found"},
    {rule(0), "reading", "reading sockets and counters for {window}"},
    {rule(0), "hidden", "Not readable as uid {uid}: the owners of {listeners} (R27 skipped for them)."},
    {rule(0), "unseen", "Not readable: {what} ({why})."},
    {rule(0), "listener", "{listener} {owner}: queue {waiting}/{limit}, no drops in {window}, {established} ESTABLISHED, {timewait} TIME-WAIT"},
    {rule(0), "no.listener", "{listener}: no listener here, {established} ESTABLISHED, {timewait} TIME-WAIT"},
    {rule(0), "peer", "{listener}: {established} ESTABLISHED, {timewait} TIME-WAIT from this host"},
    {rule(0), "nobody.speaks", "not enough evidence: no socket of this host speaks to {listener}; why a connect fails: dialtone doctor -- PROGRAM"},
    {rule(0), "process", "{program}: {sockets}, {listeners} in LISTEN, {closewait} in CLOSE-WAIT, read for {window}"},
    {rule(0), "command", "no socket call of the command failed or waited for a reason that a rule knows"},
    {rule(0), "command.found", "socket calls of the command that failed or waited: {found}"},
    {rule(0), "capture.head", "read from {file}, {packets} packets, {flows} TCP flows; kernel counters are not in a capture: {skipped} rules skipped. {found}."},
    {rule(0), "capture.nothing", "nothing found in {file}: {packets} packets, {flows} TCP flows; kernel counters are not in a capture: {skipped} rules skipped"},
    {rule(0), "capture.cut", "the file ends in the middle: {why}"},
    {rule(0), "recording.head", "read from {file}, replayed: {events} events of {hosts} in {time}. {found}."},
    {rule(0), "recording.nothing", "nothing found in {file}, replayed: {events} events of {hosts} in {time}, {rules} rules"},
    {rule(0), "place.window", "on {name}, from {from} to {at} of the run"},
    {rule(0), "place.call", "on {name}, at {at} of the run: {event}"},
    {rule(0), "probe", "one scratch socket was bound to port {port} and closed at once (--no-probe: none)"},
    {rule(0), "hidden.pid", "not enough evidence: pid {pid} belongs to uid {owneruid}, so its sockets cannot be told from others"},
    {rule(0), "sudo.pid", "sudo dialtone doctor pid {pid}"},
    {rule(0), "gone.pid", "not enough evidence: there is no process {pid}"},
    {rule(0), "unexplained", "not enough evidence: {call} of {program}[{pid}] = {errno}, and no rule explains it"},
    {rule(0), "fine", "Fine: {areas}."},
    {rule(0), "fine.accept_queue", "accept queues"},
    {rule(0), "fine.syn_queue", "SYN queues"},
    {rule(0), "fine.resets", "resets"},
    {rule(0), "fine.retransmissions", "retransmissions {share}"},
    {rule(0), "fine.receivers", "receivers"},
    {rule(0), "fine.closing", "closing"},
    {rule(0), "fine.ports", "ephemeral ports"},
    {rule(0), "fine.udp_drops", "UDP drops"},
    {rule(0), "fine.checksums", "checksums"},
    {rule(0), "fine.memory", "memory"},
    {rule(0), "fine.conntrack", "connection tracking"},
    {rule(0), "fine.neighbours", "neighbours"},
    {rule(0), "watching", "{name}: {sockets}, {listeners}; {found} now; Ctrl-C ends"},
    {rule(0), "watch.gone", "{subject} for {time}"},
    {rule(0), "watch.gone.queue", "{subject} {waiting}/{limit} for {time}"},
    {rule(0), "address", "{name} is {address}"},
    {rule(0), "command.line", "pid {pid}: {line}"},
});
// clang-format on

}  // namespace

std::span<const Word> english_report() { return texts; }

}  // namespace dt::rules
