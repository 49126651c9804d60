# Groups for unmodified programs: two hosts talk over 224.0.0.251 as mDNS does, and over ff02::fb.
import stage

MEMBER = """
import socket, struct, sys
family = socket.AF_INET6 if sys.argv[1] == "6" else socket.AF_INET
u = socket.socket(family, socket.SOCK_DGRAM)
u.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
u.bind(("", 5353))
if family == socket.AF_INET:
    u.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, struct.pack("4s4s", socket.inet_aton("224.0.0.251"), bytes(4)))
else:
    u.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, socket.inet_pton(family, "ff02::fb") + struct.pack("i", 2))
text, peer = u.recvfrom(100)
u.sendto(b"I am " + text, peer)
"""

ASKER = """
import socket, sys, time
family = socket.AF_INET6 if sys.argv[1] == "6" else socket.AF_INET
group = ("ff02::fb", 5353, 0, 2) if family == socket.AF_INET6 else ("224.0.0.251", 5353)
u = socket.socket(family, socket.SOCK_DGRAM)
u.settimeout(0.3)
for _ in range(30):
    u.sendto(sys.argv[2].encode(), group)
    try:
        text, peer = u.recvfrom(100)
    except TimeoutError:
        continue
    print(text.decode(), peer[0])
    break
"""


def talk(s, family, *options):
    (s.folder / "member.py").write_text(MEMBER)
    (s.folder / "asker.py").write_text(ASKER)
    outcome = s.run(stage.PYTHON, "asker.py", family, "printer.local", options=options,
                    hosts={"other": "sleep 30", "printer": f"{stage.PYTHON} member.py {family}"})
    return outcome.out.strip()


def check_a_name_is_asked_for_by_a_group(s):
    assert talk(s, "4") == "I am printer.local 10.0.0.3"


def check_a_name_is_asked_for_by_a_group_of_ipv6(s):
    answer, address = talk(s, "6", "--ipv6").rsplit(" ", 1)
    assert answer == "I am printer.local" and address.startswith(("fd00:10::3", "fe80::")), address


def check_a_name_that_nobody_has_is_asked_for_in_vain(s):
    """The members of the group are one host; the third one has not joined and hears nothing."""
    (s.folder / "asker.py").write_text(ASKER.replace("range(30)", "range(2)"))
    silent = "import socket; u = socket.socket(2, 2); u.bind(('', 5353)); print(u.recvfrom(9))"
    outcome = s.run(stage.PYTHON, "asker.py", "4", "x", hosts={"silent": f"{stage.PYTHON} -c \"{silent}\""})
    assert outcome.out == "", outcome


stage.main(globals())
