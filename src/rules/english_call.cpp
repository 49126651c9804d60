// Texts of the rules about calls that fail by themselves, english.
#include <array>

#include "rules/words.hpp"

namespace dt::rules {

namespace {

// clang-format off
constexpr auto texts = std::to_array<Word>({
    {rule(65), "symptom", "read or write: Resource temporarily unavailable, on a socket that waits"},
    {rule(65), "cause", "The program set a time limit on the socket itself (SO_RCVTIMEO, SO_SNDTIMEO), and it was reached. The errno is that of a socket that does not wait."},
    {rule(65), "head", "{call} of {program} on fd {fd} failed with EAGAIN after {took}: its own time limit {option} of {limit} was reached"},
    {rule(65), "head.connect", "connect({fd}, {peer}) of {program} failed with EINPROGRESS after {took}: its own time limit {option} of {limit} was reached"},
    {rule(65), "proof", "{option} is {limit}, the socket waits (no O_NONBLOCK); the peer is {peer}"},
    {rule(65), "fix", "treat EAGAIN here as a time-out; see why {peer} is slow, or raise {option}"},
    {rule(65), "fix.connect", "treat EINPROGRESS here as a time-out and close the socket; dialtone doctor {peer} says why nobody answers"},
    {rule(66), "symptom", "socket: Too many open files"},
    {rule(66), "cause", "The process has as many descriptors open as it may, or the host has; connections that are never closed are the usual reason."},
    {rule(66), "head", "socket() of {program} failed with EMFILE: all of its descriptors are in use"},
    {rule(66), "head.host", "socket() of {program} failed with ENFILE: the host has as many files open as it may"},
    {rule(66), "proof.limit", "{open} open, the limit is {openmax} (RLIMIT_NOFILE)"},
    {rule(66), "proof", "of its sockets {established} are ESTABLISHED, {closewait} CLOSE-WAIT"},
    {rule(66), "fix", "close what is not used any more (ls -l /proc/PID/fd), or raise the limit: ulimit -n, LimitNOFILE="},
    {rule(66), "fix.leak", "close() after read returned 0: {closewait} peers have closed already (R33)"},
    {rule(66), "fix.host", "sysctl fs.file-max and fs.file-nr; see who holds them: lsof"},
    {rule(67), "symptom", "connect: Cannot assign requested address, to an IPv6 address (localhost in a container)"},
    {rule(67), "cause", "The name has an IPv6 address too, but IPv6 is switched off here: no own address fits."},
    {rule(67), "head", "connect({fd}, {to}) of {program} failed with EADDRNOTAVAIL: this host has no IPv6 address"},
    {rule(67), "head.loopback", "connect({fd}, {to}) of {program} failed with EADDRNOTAVAIL: {ip} is no address of this host, IPv6 is off on lo"},
    {rule(67), "proof", "{count} IPv6 addresses on this host, none that fits {ip}"},
    {rule(67), "fix", "connect to 127.0.0.1 or over IPv4; or sysctl net.ipv6.conf.all.disable_ipv6=0 (docker run --sysctl)"},
    {rule(68), "symptom", "sendto or connect: Operation not permitted"},
    {rule(68), "cause", "A filter of this host drops what the program sends (nftables or iptables on output, or a BPF program of its control group), and the call is told."},
    {rule(68), "head", "{call} of {program} on fd {fd} failed with EPERM: a filter of this host forbids it (to {peer})"},
    {rule(68), "proof", "EPERM of a {call}; connection tracking is not full (R49)"},
    {rule(68), "fix", "nft list ruleset; iptables-save: look at the output chains; systemctl show UNIT -p IPAddressDeny"},
    {rule(69), "symptom", "send on a datagram socket: Message too long"},
    {rule(69), "cause", "The datagram is larger than any may be, or larger than the path's MTU while the socket forbids fragmentation."},
    {rule(69), "head", "a send of {program} on fd {fd} failed with EMSGSIZE: {size} B, a datagram holds {largest}"},
    {rule(69), "head.path", "a send of {program} on fd {fd} failed with EMSGSIZE: {size} B do not fit the path's MTU {mtu}, and the socket forbids fragments"},
    {rule(69), "proof", "one datagram of {size} B to {peer}"},
    {rule(69), "proof.path", "IP_MTU_DISCOVER sets the DF bit; IP_MTU is {mtu}"},
    {rule(69), "fix", "send several datagrams, or use a stream"},
    {rule(69), "fix.path", "send at most MTU less 28 B (IPv6: 48 B) at once, or let the socket fragment: IP_PMTUDISC_DONT"},
    {rule(70), "symptom", "send or recv: Transport endpoint is not connected, Destination address required"},
    {rule(70), "cause", "The socket has no peer: it was never connected, its connect failed, or it is the listener and not what accept() returned."},
    {rule(70), "head", "{call} of {program} on fd {fd} failed with {errno}: the socket was never connected"},
    {rule(70), "head.failed", "{call} of {program} on fd {fd} failed with {errno}: the connect on it had failed"},
    {rule(70), "head.listener", "{call} of {program} on fd {fd} failed with {errno}: that is the listener"},
    {rule(70), "proof", "getpeername() has no answer for fd {fd}"},
    {rule(70), "fix", "connect() first, or give the address: sendto()"},
    {rule(70), "fix.failed", "look at the result of connect(), or at SO_ERROR, before the first write"},
    {rule(70), "fix.listener", "use the descriptor that accept() returns"},
});
// clang-format on

}  // namespace

std::span<const Word> english_call() { return texts; }

}  // namespace dt::rules
