# A server with a backlog of 1 that is busy for a second before it takes its first call.
import socket
import time

listener = socket.create_server(("", 8080), backlog=1)
time.sleep(1)
while True:
    line, _ = listener.accept()
    line.recv(4096)
    line.sendall(b"HTTP/1.0 200 OK\r\n\r\nhello from busy\n")
    line.close()
