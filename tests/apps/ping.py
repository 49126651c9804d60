# The real ping of iputils between two hosts of a run: answers, fragments, a host that is not there, a link that loses.
import re
import signal

import stage

SILENT = "sleep 30"
STATISTICS = re.compile(r"(\d+) packets transmitted, (\d+) received(?:, \+(\d+) errors)?, ")


def ping(s, *options, target="server", run=(), status=0, hosts=None):
    """Sent, answered, errors; and the outcome."""
    hosts = {"server": SILENT} if hosts is None else hosts
    outcome = s.run(s.tool("ping"), "-n", *options, target, hosts=hosts, options=run, status=status)
    found = STATISTICS.search(outcome.out)
    assert found, outcome
    return [int(number or 0) for number in found.groups()], outcome


def check_three_echoes_are_answered(s):
    counts, outcome = ping(s, "-c", "3", "-i", "0.2", run=("--link", "delay=5ms"))
    assert counts == [3, 3, 0], outcome
    times = [float(t) for t in re.findall(r"64 bytes from 10\.0\.0\.2: icmp_seq=\d ttl=64 time=([\d.]+) ms", outcome.out)]
    assert len(times) == 3 and min(times) >= 10, outcome


def check_a_large_echo_goes_in_fragments(s):
    counts, outcome = ping(s, "-c", "2", "-i", "0.2", "-s", "3000")
    assert counts == [2, 2, 0] and "3008 bytes from 10.0.0.2" in outcome.out, outcome


def check_a_host_that_is_not_there(s):
    counts, outcome = ping(s, "-c", "2", "-i", "0.2", target="10.0.0.99", status=1)
    assert counts == [2, 0, 2], outcome
    assert outcome.out.count("From 10.0.0.1 icmp_seq=") == 2 and "Destination Host Unreachable" in outcome.out, outcome


def check_a_network_without_a_route(s):
    outcome = s.run(s.tool("ping"), "-n", "-c", "1", "192.0.2.1", hosts={"server": SILENT}, status=2)
    assert "Network is unreachable" in outcome.err, outcome


def check_a_link_that_loses(s):
    counts, outcome = ping(s, "-c", "20", "-i", "0.02", "-W", "1", run=("--link", "loss=30%", "--seed", "7"))
    assert counts[0] == 20 and 3 <= counts[1] <= 17, outcome
    lost = 100 * (20 - counts[1]) // 20
    assert f"{lost}% packet loss" in outcome.out, outcome


def check_time_to_live_that_runs_out(s):
    (s.folder / "network.toml").write_text(
        'links = ["client<->router: delay=1ms", "router<->server: delay=1ms"]\n[hosts]\n'
        f'client = {{ run = "{s.tool("ping")} -n -c 1 -t 1 server", expect = "exit 1" }}\nrouter = {{ }}\n'
        f'server = {{ run = "{SILENT}", expect = "running" }}\n')
    outcome = s.command("up", "network.toml", status=None)
    assert "Time to live exceeded" in outcome.out, outcome


def check_ipv6(s):
    counts, outcome = ping(s, "-6", "-c", "2", "-i", "0.2", "-s", "3000", run=("--ipv6",))
    assert counts == [2, 2, 0] and "3008 bytes from fd00:10::2: icmp_seq=1 ttl=64" in outcome.out, outcome


def check_a_raw_socket_where_the_user_may(s):
    """A raw socket hears what others are answered; without CAP_NET_RAW there is none."""
    program = (
        "import os, socket, struct\n"
        "try:\n    s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)\n"
        "except PermissionError:\n    print('EPERM')\n    raise SystemExit\n"
        "def checksum(t):\n    n = sum(struct.unpack(f'!{len(t)//2}H', t))\n"
        "    n = (n >> 16) + (n & 0xffff)\n    return ~(n + (n >> 16)) & 0xffff\n"
        "t = struct.pack('!BBHHH', 8, 0, 0, 77, 1)\n"
        "t = struct.pack('!BBHHH', 8, 0, checksum(t), 77, 1)\n"
        "s.settimeout(5)\ns.sendto(t, ('10.0.0.2', 0))\n"
        "text, peer = s.recvfrom(100)\nprint(text[0], text[9], text[20:22].hex(), text[24:28].hex(), peer)\n")
    outcome = s.run(stage.PYTHON, "-c", program, hosts={"server": SILENT})
    rights = int(re.search(r"CapEff:\s*(\w+)", open("/proc/self/status").read()).group(1), 16)
    wanted = "69 1 0000 004d0001 ('10.0.0.2', 0)" if rights >> 13 & 1 else "EPERM"
    assert outcome.out.strip() == wanted, outcome


def check_the_table_shows_it(s):
    process = s.start_run(s.tool("ping"), "-n", "-c", "50", "-i", "0.1", "server", hosts={"server": SILENT})
    # A socket has no identifier before its first echo.
    row = re.compile(r"^client +ICMP +\*:\d+ ", re.M)
    table = stage.eventually(lambda: s.command("ss", status=None).out, row.search)
    process.send_signal(signal.SIGINT)
    s.finish(process, limit=10)
    assert row.search(table), table


stage.main(globals())
