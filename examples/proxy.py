# A proxy that asks `app` on port 9000 for each call, and hangs up where that does not answer.
import socket

listener = socket.create_server(("", 8080))
while True:
    line, _ = listener.accept()
    line.recv(4096)
    try:
        socket.create_connection(("app", 9000)).close()
    except OSError as error:
        print(f"proxy: {error.strerror}", flush=True)
    line.close()
