#!/usr/bin/env python3
# Writes docs/deviations.md: the rows of the specification that a program under `dialtone run` gets answered otherwise.
"""Without argument the page is written; with --check it is compared, and a page that is not up to date fails."""

import pathlib
import re
import sys
import textwrap
import tomllib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from deviations import DEVIATIONS  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/deviations.md"
HEAD = """# Where programs get another answer than from Linux

The stack answers every row of [the specification](spec/README.md) that its coverage counts. A program under `dialtone run`
does not ask the stack alone: its descriptor is one end of a pair of the kernel's own, and `send()`, `recv()` and `poll()` on
it are answered by that pair without a stop. That keeps unmodified and static programs fast, and makes fork()
and the passing of descriptors exact. These rows are its cost; all others of the socket calls are compared with the kernel
by `./test 50`, which fails for a row that differs and is not here, and for one that is here and does not differ.

This page is written by `python3 tests/conformance/page.py`.

| row | call | Linux | here | why |
|---|---|---|---|---|
"""

OPTIONS = """
## Options that do nothing

These are kept, so that a program reads back what it set, and change nothing (those marked v6 are of IPv6 sockets, which
`--ipv6` gives):
{kept}.

A program would be misled by these if they were taken and did nothing. They are answered ENOPROTOOPT, on which programs fall back:
SO_TIMESTAMPING, SO_RXQ_OVFL, SO_WIFI_STATUS, IP_CHECKSUM, UDP_CORK; on streams also SO_TIMESTAMP[NS] and
TCP_INQ. TCP_FASTOPEN_CONNECT and MSG_FASTOPEN are answered EOPNOTSUPP, as by a kernel whose
Fast Open is off. With IP_RECVERR an ICMP error about a connection that goes on is told by SO_ERROR alone: a pair cannot tell an
error and live. Of the control messages of sendmsg() those of
ip(7), ipv6(7) and udp(7) that name a source, a link, a time to live, a type of service or UDP_SEGMENT act; a datagram with another one
of theirs is answered EINVAL, and those of other levels are passed by.

## Other differences that programs may meet

* Sockets for ping are open to every group, whatever ping_group_range says (ICMP4-015); one identifier has one socket.
* The error queue gives the text of a datagram where ICMP brought it, not where this host itself got no answer from the next hop.
* A socket that keeps to a link (sin6_scope_id, SO_BINDTODEVICE) reaches the addresses of its own host too, ::1 with them; two of
  different links may have one port where they kept to them when they were bound.
* What ICMP said of a handshake is gone from the error queue with the next connect(); Linux keeps it until it is read.
* A stream that is bound to a device (SO_BINDTODEVICE) connects only where the routes lead there (else ENETUNREACH), and keeps
  it then (EPERM for another). On a host with several links it can listen to a link-local address of its link alone (else EPERM), with
  one it hears lo too: segments are not told apart by their link. Datagrams are.
* What a connected datagram socket sends without naming a destination, by sendmmsg() too, is taken whatever its length; more than 65,507
  octets are lost, where Linux says EMSGSIZE, and so is what UDP_SEGMENT does not allow.
* SO_NO_CHECK is kept, and refuses UDP_SEGMENT; datagrams have a checksum all the same. With UDP_GRO what waits is joined as it is read,
  also where it was not sent by one call, 64 datagrams at most; Linux joins what arrives together, and what one call of this host sent
  whole, up to 128.
* ICMP's destination host unknown and host isolated are EHOSTUNREACH; Linux has EHOSTDOWN and ENONET.
* Source filters of groups (RFC 3678) are not offered.
* IPV6_UNICAST_HOPS or IPV6_MULTICAST_HOPS of 64, which is the default, gives way to the hop limit a router advertises.
* A reset behind the peer's end is told by what is written next; poll() lacks POLLERR there.
* The SYN of a peer whose tuple is in TIME-WAIT is ignored while the SYN queue is full, also where others get a cookie.
* A host that leases its address (`--tap NAME,dhcp`) asks and probes sooner than RFC 2131 and RFC 5227 say, for its program waits. At
  the end of a run it gives the lease back (DHCPRELEASE); the next run asks with another link address, so perhaps for another lease.
* Programs are told of an urgent octet (SIGURG, POLLPRI) when it and all before it have arrived and fit into the pair, not when its
  pointer is heard; recv(MSG_OOB) before that is EINVAL, where Linux has EAGAIN. Where it is all that waits poll() shows POLLIN too, and
  FIONREAD counts what is behind the mark. Kernels before 5.15 have pairs without urgent octets: send(MSG_OOB) is EOPNOTSUPP there,
  and one that arrives stays in the stream.
* The interfaces that rtnetlink shows a program have the addresses that its host had when the program started.
* An ICMP timestamp request is answered with the stack's own clock, marked as such (RFC 792), and not with the time of day.
"""
KEPT_ROW = re.compile(r'^    \{(sol|tcp|ip|ipv6|udp), \d+, "(\w+)", any_least|^    \{(sol|tcp|ip|ipv6|udp), \d+, "(\w+)", -?\d', re.M)
TOLD = ("SO_TIMESTAMP", "SO_TIMESTAMPNS", "SO_TIMESTAMP_NEW", "SO_TIMESTAMPNS_NEW", "SO_PEEK_OFF", "IP_PKTINFO", "IP_RECVTTL",
        "IP_RECVTOS", "IP_RECVORIGDSTADDR", "IPV6_RECVPKTINFO", "IPV6_RECVHOPLIMIT", "TCP_INQ")  # kept by the stack, obeyed by the host


def options():
    source = (ROOT / "src/sock/option_numbers.cpp").read_text(encoding="utf-8")
    table = source[source.index("to_array<RememberedRow>"):]
    found = [(one or other, name or last) for one, name, other, last in KEPT_ROW.findall(table)]
    names = [name + (" (v6)" if level == "ipv6" else "") for level, name in found if name not in TOLD]
    if len(names) < 10:
        sys.exit("src/sock/option_numbers.cpp: the table of options that are only kept is not found")
    return OPTIONS.format(kept=textwrap.fill(", ".join(names), 128))


def rows():
    found = {}
    for path in sorted((ROOT / "docs/spec").glob("*.toml")):
        for row in tomllib.loads(path.read_text(encoding="utf-8")).get("row", []):
            found[row["id"]] = row
            found["API-MTX-" + row["what"].replace(": ", "-", 1).removesuffix(" ×2")] = row  # as matrix.py names a cell
    return found


def shown(value):
    if isinstance(value, bytes):
        return f'"{value.decode()}"'
    if isinstance(value, (list, tuple)):
        return ", ".join(shown(part) for part in value)
    return str(value)


def cell(text):
    return text.replace("|", "\\|")


def page():
    known = rows()
    missing = [key for key in DEVIATIONS if key not in known]
    if missing:
        sys.exit(f"no row of docs/spec: {', '.join(missing)}")
    lines = [f"| {row['id']} | {cell(row['what'])} | {cell(row['test'].split('→', 1)[-1].strip())} | {cell(shown(answer))} | {cell(why)} |"
             for row, (answer, why) in ((known[key], value) for key, value in DEVIATIONS.items())]
    return HEAD + "\n".join(lines) + f"\n\n{len(lines)} rows.\n" + options()


def main():
    text = page()
    if sys.argv[1:] == ["--check"]:
        if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text:
            sys.exit("docs/deviations.md is not up to date: run python3 tests/conformance/page.py")
        return
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
