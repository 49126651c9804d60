# Accepts, reads to the end, then closes: so the client closes first. Stdout is the client's alone.
import socket
import sys

listener = socket.create_server(("0.0.0.0", 8080), backlog=128)
while True:
    connection, _ = listener.accept()
    try:
        while connection.recv(4096):
            pass
    except OSError as error:
        print("server:", error.strerror, file=sys.stderr)
    connection.close()
