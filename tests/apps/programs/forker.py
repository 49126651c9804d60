# A forking server: accepts one connection, forks, and the parent closes its copy.
#   forker.py child-holds   the child says so over the connection 0.3 s later, and closes
#   forker.py shut-write    the parent calls shutdown(SHUT_WR) while the child holds a copy; the child reads on
import os
import socket
import sys
import time

listener = socket.create_server(("0.0.0.0", 8080), backlog=5)
connection, _ = listener.accept()
read_end, write_end = os.pipe()
child = os.fork()
if child == 0:
    os.close(write_end)
    os.read(read_end, 1)  # EOF: the parent is done with its copy
    if sys.argv[1] == "child-holds":
        time.sleep(0.3)
        connection.sendall(b"still open")
    else:
        print("child reads", connection.recv(100).decode(), flush=True)
        time.sleep(0.3)
    os._exit(0)
if sys.argv[1] == "shut-write":
    connection.shutdown(socket.SHUT_WR)
connection.close()
os.close(read_end)
os.close(write_end)
os.waitpid(child, 0)
time.sleep(0.2)
