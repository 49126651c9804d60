# Calls that fail, with the errno they gave, one JSON object on stdout.   errnos.py refused|unreachable|silent|busy|in-use
import errno
import json
import socket
import struct
import sys
import time

SERVER = "10.0.0.2"
TCP_SYNCNT, TCP_USER_TIMEOUT = 7, 18


def name_of(call, *arguments):
    try:
        call(*arguments)
        return "OK"
    except OSError as error:
        return errno.errorcode[error.errno]


def connect_to(address, port, *options):
    caller = socket.socket()
    for level, option, value in options:
        caller.setsockopt(level, option, value)
    return name_of(caller.connect, (address, port))


def refused():
    caller = socket.socket()
    first = name_of(caller.connect, (SERVER, 9))
    return {"no listener": first, "again": name_of(caller.connect, (SERVER, 9)),
            "live listener": connect_to(SERVER, 8080), "on loopback": connect_to("127.0.0.1", 9)}


def unreachable():
    return {"no route": connect_to("203.0.113.9", 80), "no such neighbour": connect_to("10.0.0.77", 80),
            "broadcast": connect_to("255.255.255.255", 80), "multicast": connect_to("224.0.0.1", 80)}


def silent():
    began = time.monotonic()
    result = {"user timeout": connect_to(SERVER, 8080, (socket.IPPROTO_TCP, TCP_USER_TIMEOUT, 1500))}
    result["user timeout s"] = time.monotonic() - began
    began = time.monotonic()
    result["one retry"] = connect_to(SERVER, 8080, (socket.IPPROTO_TCP, TCP_SYNCNT, 1))
    result["one retry s"] = time.monotonic() - began
    return result


def bound(port, reuse, listening=False):
    one = socket.socket()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, reuse)
    one.bind(("0.0.0.0", port))
    if listening:
        one.listen(5)
    return one


def bind_again(port, reuse):
    one = socket.socket()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, reuse)
    return name_of(one.bind, ("0.0.0.0", port))


def time_wait_on(port, reuse):
    """Leaves the port in TIME-WAIT: this end closes first, after an answer was read."""
    one = bound(port, reuse)
    one.connect((SERVER, 8080))
    one.shutdown(socket.SHUT_WR)
    while one.recv(100):
        pass
    one.close()
    time.sleep(0.2)


def in_use():
    result = {}
    for reuse in (0, 1):
        listener = bound(7001 + reuse, reuse, listening=True)
        result[f"live listener, SO_REUSEADDR {reuse}"] = bind_again(7001 + reuse, reuse)
        listener.close()
    for old in (0, 1):
        for new in (0, 1):
            port = 7010 + 2 * old + new
            time_wait_on(port, old)
            result[f"TIME-WAIT {old}/{new}"] = bind_again(port, new)
    return result


def reset():
    """The peer sends RST: data first, then the error once, then the end."""
    one = socket.create_connection((SERVER, 8080))
    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    one.close()
    return {"aborted": "OK"}


print(json.dumps({"refused": refused, "unreachable": unreachable, "silent": silent, "in-use": in_use,
                  "reset": reset}[sys.argv[1]]()))
