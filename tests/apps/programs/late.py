# A server that accepts late: listen(N), sleeps, then accepts and greets for ever.   late.py BACKLOG SECONDS
import socket
import sys
import time

listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("0.0.0.0", 8080))
listener.listen(int(sys.argv[1]))
time.sleep(float(sys.argv[2]))
while True:
    connection, _ = listener.accept()
    connection.sendall(b"hello")
    connection.close()
