# A client: connects to HOST 8080, reads to the end, prints what came; with an argument, answers the end with that text.
import socket
import sys

with socket.create_connection((sys.argv[1], 8080), timeout=20) as connection:
    came = b""
    while part := connection.recv(4096):
        came += part
    print("read", came.decode(), "then the end", flush=True)
    if len(sys.argv) > 2:
        connection.sendall(sys.argv[2].encode())
