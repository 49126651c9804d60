"""Accepts and closes until it is told to stop: accept_all.py PORT [BACKLOG]."""
import socket
import sys

listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("", int(sys.argv[1])))
listener.listen(int(sys.argv[2]) if len(sys.argv) > 2 else 128)
while True:
    listener.accept()[0].close()
