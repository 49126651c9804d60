// Help texts: the first screen, and the topics that are longer than a command's --help.
#include <fmt/format.h>

#include <array>
#include <cstdio>

#include "cli/command.hpp"

namespace dt::cli {

namespace {

constexpr std::string_view first_screen =
    R"(Ask your sockets why. A TCP/IP stack you can run programs on, see into and break. Start here:
  dialtone demo                     two programs, one call, every packet and state of it
  dialtone run -- PROGRAM ARGS…     your program on a private network: no root, nothing changed
  dialtone doctor                   what is wrong with the sockets of this Linux host, in 2 s
Run      run · up network.toml · replay FILE [--at TIME]
Explain  ladder · ss
Watch    doctor --watch
Learn    help run|up|demo|ss|ladder|replay|tap|doctor|faults|exit-codes
Common   --json  --color auto|always|never  --ascii  -q  -v  --seed N  --version
)";

constexpr std::string_view run_topic =
    R"(Runs a program, unmodified, on a private in-memory network.
Usage: dialtone run [OPTIONS] -- PROGRAM [ARGS…]
  dialtone run -- ./server.test                              run a test; keep a recording
  dialtone run --with server='hello 8080' -- curl http://server:8080/   two hosts, one link
  dialtone run --fault drop,seg=syn,nth=1 -- ./client.test   lose the first SYN
Network  --link [A<->B:]delay=20ms,loss=1%,…   default: one link, no delay, no loss
         --with NAME='PROGRAM ARGS'    one more host on the link; NAME resolves to its address
         --ipv6                        IPv6 beside IPv4; link N is fd00:10:0:N::/64
         --tap NAME[,ip=A/LEN[,gw=G]]  the kernel joins the link by TAP interface NAME (help tap)
Break    --fault ACTION,…     drop delay dup corrupt reorder silence mark; dialtone help faults
         --seed N             same seed, same faults; printed when something fails
Keep     --record FILE        default: the last 5 runs, under $XDG_STATE_HOME/dialtone
         --record-data        keep what streams carry too, not only how much
Common   -q  -v
The program's host is `client`, 10.0.0.1; the exit status is the program's (help exit-codes).
)";

constexpr std::string_view up_topic =
    R"(Starts the hosts of a file and the programs on them, unmodified.
Usage: dialtone up [--seed N] [--record FILE] network.toml
  seed   = 0x5eed
  links  = ["client<->proxy: delay=20ms,loss=0.1%", "proxy<->app: delay=1ms,rate=100Mbit"]
  faults = ["app->proxy: drop,seg=data,nth=1"]
  [hosts]
  client = { run = "wrk -c 40 -d 5s http://proxy:8080/" }
  proxy  = { run = "haproxy -f proxy.cfg", expect = "running" }
  app    = { run = "hello 9000", expect = "running", sysctl = { somaxconn = 128 } }
Programs that are expected to keep running start first, each when the one before listens; then the
others, in file order. The run ends when these have ended. expect = "exit N" (default 0), "running",
"signal N"; start = "1s" starts a program at that time instead. Link N is 10.0.N.0/24, N from 0, and
its hosts have 10.0.N.1, 10.0.N.2, … in file order; address = "10.0.0.9" gives a host another one.
ipv6 = true gives every host IPv6 too: link N is fd00:10:0:N::/64.
The exit status is 0 if every program ended as expected, else 1 (dialtone help exit-codes).
)";

constexpr std::string_view tap_topic =
    R"(Joins the network to the real one by a TAP interface; the Linux kernel is one more host, `outside`.
Usage: dialtone run --tap NAME[,ip=A/LEN[,gw=G]|,dhcp] -- PROGRAM [ARGS…]      in a file: tap = "NAME,…"
  unshare -Urn dialtone run --tap dt0 -- sh -c 'sleep 60'      a private kernel network, without root
  dialtone run --tap dt0,ip=10.9.0.2/24,gw=10.9.0.1 -- PROGRAM
  NAME   the interface. Where there is none, it is made, gets the address of `outside`, comes up, and
         goes at the end of the run. One that exists (ip tuntap add mode tap) is used as it is.
  ip=    the address of the program's host and its network; without it 10.0.0.1/24
  gw=    the address of `outside`, and where packets for other networks go
  dhcp   instead of ip= and gw=: a server of that network lends the hosts their addresses, with routes
         and MTU; programs start once their host has one, or after 10 s
  auto6  IPv6 addresses, routes and MTU as the routers of that network say
Hosts of --with are on the same network. --link and --fault can name `outside` like any host; links
that touch frames turn offloading to the kernel off. /dev/net/tun must be open to the caller.
)";

constexpr std::string_view demo_topic =
    R"(Two programs on two hosts of a private network make one call; you see every packet and state of it.
Usage: dialtone demo [--source] [--seed N] [--json] [--ascii] [--color WHEN]
  --source   prints the server, a plain program on plain sockets; the client is the system's curl
The demo is recorded like any run: dialtone ladder shows it again. How to read it: dialtone help ladder
)";

constexpr std::string_view ss_topic =
    R"(The sockets of a run: of the one that is going on, or of a recording at any time.
Usage: dialtone ss [-l] [-t] [-u] [-a] [-i] [-p] [--json] [--run PID] [FILTER…]
       dialtone ss --at TIME [--file FILE] …      TIME since the run began: 60ms, 1.36s
  -l listeners   -t TCP   -u UDP   -a unfold   -i cwnd, rtt and more   -p programs and descriptors
  FILTER   state NAME · sport = :PORT · dport = :PORT · src ADDRESS · dst ADDRESS
  SYNQ     SYN queue of a listener: half-open entries/limit
  ACCQ     accept queue: waiting/limit; 3/2! is full, ✗10: SYNs ignored; queued 1 = first in line
  RECVQ    octets the program has not read      SENDQ   octets the peer has not acknowledged
  REFS     descriptors of programs              RTX     retransmissions of what is in flight
)";

constexpr std::string_view replay_topic =
    R"(Runs a recording again without its programs, and compares every event with the recorded one.
Usage: dialtone replay [FILE] [--at TIME] [--until pN|eN] [--json] [--ascii] [--color WHEN]
  without --at   the ladder of the whole run       --at TIME   the sockets at that time since it began
  --until p31    stops when that event has happened
Without FILE the newest recording is read. Exit status 1 if the replay differs from the recording.
)";

constexpr std::string_view doctor_topic =
    R"(What is wrong with the sockets of this Linux host: causes, with proof and fix. Needs no root.
Usage: dialtone doctor [TARGET | -- COMMAND…] [--watch [--for SPAN]] [--html FILE] [--no-probe]
                       [--lang en|ko] [--json] [--ascii] [--color WHEN] [-q]
  dialtone doctor                everything that is found, worst first
  dialtone doctor :8080          one port: who has it, its queue; why a server could not start there
  dialtone doctor db:5432        what concerns one address, or each address of a name
  dialtone doctor pid 4242       the sockets of one process
  dialtone doctor trace.pcapng   a capture: refusals, resets, losses, shut windows, with packet numbers
  dialtone doctor run-7.dtr      a recording of dialtone run: each of its hosts, replayed
  dialtone doctor -- ./server    runs a program; why its socket calls failed or waited
It reads sockets and counters for 2 s and changes nothing. For :PORT without a listener it binds one
scratch socket, closes it at once and says so; --no-probe leaves that out.
  --html FILE    writes the report as one page too      -v   also the command line of each owner
  --watch        looks again and again: + appeared, ~ changed by a quarter, - gone; --for 60s ends it
  certain   all evidence that tells this cause from others was read      likely   not all
Exit status: 0 nothing found, 1 findings, 3 what was asked cannot be judged, 2 wrong usage.
Each rule, its evidence and its fix: docs/diagnosis.
)";

constexpr std::string_view faults_topic =
    R"(Links and faults, on the command line and in network.toml alike.
  spec   = [ where ":" ] item { "," item }          item = WORD | WORD "=" value
  where  = NAME | NAME "->" NAME | NAME "<->" NAME  absent = all
  value  = 250us 20ms 1.5s 2m · 1% · 4096B 64KiB 1MB · 10Mbit 1Gbit · 3 · 1..3
--link   delay jitter loss reorder dup corrupt rate queue=SIZE mtu=SIZE
--fault  ACTION , [seg=syn|synack|ack|data|fin|rst|any] [nth=COUNT|RANGE] [every=COUNT] [p=PERCENT]
         [port=N] [flow=N] [after=SIZE] [larger=SIZE] [at=DURATION] [for=DURATION]; delay: by=DURATION
         ACTION = drop delay dup corrupt reorder silence mark
Examples drop,seg=syn,nth=1          lose the first SYN
         server: silence,at=2s       a dead peer
         client->server: drop,seg=ack,nth=1     lose the last ACK of the handshake
)";

constexpr std::string_view ladder_topic =
    R"(A ladder shows one flow: both ends, every segment, call, state and queue change.
Usage: dialtone ladder [FILE] [--flow N[,N…]|all] [--list] [--fold N|fK] [--clock wall]
                       [-v] [--json] [--ascii] [--color WHEN]
  left and right time   when it happened at that host: departure on one side, arrival on the other
  ── S 0:0(0) ──▶       flags S F R P . (S. = SYN,ACK), first:last(length), ack N; relative numbers
  ╳                     lost on the link             ✗L1   ignored or refused by the host, see below
  ↻2                    sent again, the second time  ▸ ◂   octets from the program, to the program
  1  0/5                SYN queue, accept queue of the listener: waiting/limit; 3/2! is full
  ┄ 415 segments        folded; --fold f1 opens it, --fold 0 opens all
  ┼                     passes a host: where three hosts or more talk, all flows stand in one
                        picture, a lane for each link, and states and calls are notes
Times count from the flow's first event; --clock wall shows the time of day. -v shows windows, options
and absolute numbers, and cuts nothing. Without FILE the newest recording is read. Without --flow: the
flow with most trouble, else the last one; all flows where three hosts or more talk.
)";

constexpr std::string_view exit_topic =
    R"(Exit codes
  run        the program's status, 128+n if signal n ended it
  up         0 all programs ended as expected, 1 not, 128+n if signal n ended the run
  doctor     0 nothing found, 1 findings, 3 what was asked cannot be judged
  125        Dialtone itself failed     126  program not executable     127  program not found
  2          wrong usage or file        1    any other failure
)";

struct Topic {
    std::string_view name;
    std::string_view text;
};
constexpr auto topics = std::to_array<Topic>({{"run", run_topic},
                                              {"up", up_topic},
                                              {"demo", demo_topic},
                                              {"ss", ss_topic},
                                              {"ladder", ladder_topic},
                                              {"tap", tap_topic},
                                              {"replay", replay_topic},
                                              {"doctor", doctor_topic},
                                              {"faults", faults_topic},
                                              {"exit-codes", exit_topic}});

}  // namespace

int help_command(const Arguments& arguments) {
    const observe::Paint paint = paint_for(ColourChoice::never, observe::Signs::unicode);
    const bool asks_for_all = arguments.empty() || arguments[0] == "--help" || arguments[0] == "-h";
    if (asks_for_all) {
        fmt::print("{}", paint.plain(first_screen));
        return exit_ok;
    }
    std::vector<std::string_view> names;
    for (const Topic& topic : topics) {
        names.push_back(topic.name);
        if (topic.name != arguments[0]) continue;
        fmt::print("{}", paint.plain(topic.text));
        return exit_ok;
    }
    return complain({fmt::format("no help on `{}`", arguments[0]),
                     fmt::format("topics: {}", fmt::join(names, ", ")),
                     exit_usage,
                     {}});
}

}  // namespace dt::cli
