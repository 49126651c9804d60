# Accepts, reads to the end, then closes: so the client closes first.
import socket

listener = socket.create_server(("0.0.0.0", 8080), backlog=128)
while True:
    connection, _ = listener.accept()
    try:
        while connection.recv(4096):
            pass
    except OSError as error:
        print("server:", error.strerror, flush=True)
    connection.close()
