# Rows of spec 3.2 and 6 on descriptors: copies, what is no socket, what is no memory of the program.
import ctypes
import os
import select
import socket
import time

import rows
import sockets as at
from rows import row
from sockets import listening, outcome, pair, tcp


@row("API-ERR-032", "ESPIPE")
def no_place_in_a_stream():
    ours, _ = pair()
    return outcome(os.lseek, ours.fileno(), 0, os.SEEK_SET)


@row("API-LIST-026", True)
def accept_without_asking_who():
    libc = ctypes.CDLL(None, use_errno=True)
    listener = listening()
    tcp().connect(listener.getsockname())
    fd = libc.accept(listener.fileno(), None, None)
    if fd >= 0:
        os.close(fd)
    return fd >= 0


@row("TCP-CONN-025", ["none", "IN,RDHUP"])
def only_the_last_close_sends_fin():
    ours, theirs = pair()
    copy = ours.dup()
    ours.close()
    time.sleep(0.05)
    before = at.mask(theirs, select.POLLIN | select.POLLRDHUP)
    copy.close()
    return [before, at.mask(theirs, select.POLLIN | select.POLLRDHUP, 2000)]


@row("TCP-CONN-026", "IN,RDHUP")
def shutdown_by_a_copy_counts_at_once():
    ours, theirs = pair()
    ours.dup().shutdown(socket.SHUT_WR)
    return at.mask(theirs, select.POLLIN | select.POLLRDHUP, 2000)


@row("API-ERR-026", ["ENOTSOCK"] * 2)
def no_socket():
    return rows.no_socket()


@row("API-ERR-013", ["EFAULT", "EFAULT"])
def bad_pointer():
    return rows.bad_pointer()
