# Rows on resets where the program did not stop at a call of ours in between: full queues, children, ports used again.
import os
import select
import socket
import time

import sockets as at
from rows import row
from sockets import abort, bound, filled, listening, outcome, pair, tcp


def read_to_end(s):
    """Whether anything was read, and how the reading ended."""
    total = 0
    while True:
        try:
            got = len(s.recv(65536))
        except BlockingIOError:
            at.mask(s, select.POLLIN, 3000)
            continue
        except OSError as error:
            return [total > 0, at.errno_name(error.errno)]
        if got == 0:
            return [total > 0, "end"]
        total += got


def write_until_refused(s):
    return at.settled(lambda: outcome(s.send, b"x"), lambda answer: answer not in ("OK", "EAGAIN"), 3)


@row("API-SHUT-014/with a full send queue, reader", [True, "ECONNRESET"])
def abort_with_a_full_queue():
    ours, theirs = pair(nonblocking=True)
    filled(ours)
    abort(ours)
    return read_to_end(theirs)


@row("API-SHUT-014/unread text and both send queues full, writer", True)
def close_unread_with_full_queues():
    ours, theirs = pair(nonblocking=True)
    filled(ours)
    filled(theirs)
    ours.close()
    return write_until_refused(theirs) in ("ECONNRESET", "EPIPE")  # deviations.py has which


@row("API-ERR-012/in a child that only reads", "ECONNRESET")
def reset_is_told_to_a_child():
    ours, theirs = pair()
    answer, into = os.pipe()
    child = os.fork()
    if child == 0:
        ours.close()
        os.write(into, outcome(os.read, theirs.fileno(), 1).encode())
        os._exit(0)
    theirs.close()
    time.sleep(0.2)
    abort(ours)
    os.waitpid(child, 0)
    return os.read(answer, 99).decode()


@row("RESET/after a shutdown it is told all the same",
     [["IN,OUT,ERR,HUP,RDHUP", "ECONNRESET", "end", "EPIPE"], ["IN,OUT,ERR,HUP,RDHUP", "abc", "ECONNRESET", "end", "EPIPE"]] * 3)
def reset_after_a_shutdown():
    return [told_of_reset(how, text) for how in (socket.SHUT_RD, socket.SHUT_RDWR, socket.SHUT_WR) for text in (b"", b"abc")]


def told_of_reset(how, text):
    ours, theirs = pair(nonblocking=True)
    if text:
        theirs.send(text)
        at.wait_for(ours, select.POLLIN)
    ours.shutdown(how)
    time.sleep(0.05)
    abort(theirs)
    found = [at.settled(lambda: at.mask(ours), lambda mask: "ERR" in mask)]
    for _ in range(2 + bool(text)):
        found.append(outcome(ours.recv, 10, show=lambda octets: octets.decode() or "end"))
    return found + [outcome(ours.send, b"x")]


@row("API-BIND-016/port of a connection that was reset and closed", [["ECONNRESET", "OK"]] * 5)
def port_is_free_after_a_reset():
    return [reset_and_bind_again() for _ in range(5)]


def reset_and_bind_again():
    port = 4555
    listener, client = listening(), bound(port=port)
    client.connect(listener.getsockname())
    accepted, _ = listener.accept()
    abort(accepted)
    told = outcome(client.recv, 1)
    client.close()
    again = tcp()
    bound_again = outcome(again.bind, (at.LOCAL, port))
    again.close()
    return [told, bound_again]
