# Twenty times: a child that sends datagrams without end is killed in the middle of it.
import os
import signal
import socket
import time

for _ in range(20):
    child = os.fork()
    if child == 0:
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sender.connect(("10.0.0.2", 9))
        while True:
            try:
                sender.send(b"text")
            except OSError:
                pass
    time.sleep(0.03)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
print("done")
