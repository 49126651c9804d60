# A small proxy: each connection to PORT is carried to HOST PORT.   relay.py PORT HOST PORT
import socket
import sys
import threading


def carry(source, target):
    try:
        while part := source.recv(65536):
            target.sendall(part)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def serve(inner):
    outer = socket.create_connection((sys.argv[2], int(sys.argv[3])))
    back = threading.Thread(target=carry, args=(outer, inner))
    back.start()
    carry(inner, outer)
    back.join()
    inner.close()
    outer.close()


listener = socket.create_server(("0.0.0.0", int(sys.argv[1])), backlog=64)
while True:
    connection, _ = listener.accept()
    threading.Thread(target=serve, args=(connection,), daemon=True).start()
