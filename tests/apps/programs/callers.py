# Several blocking connects, one thread each.   callers.py HOST COUNT SECONDS-BETWEEN
# Each prints `caller N port P after T s: TEXT`. The first two are connected before the next one calls.
import socket
import sys
import threading
import time


def call(number):
    began = time.monotonic()
    caller = socket.socket()
    caller.settimeout(None)
    caller.connect((sys.argv[1], 8080))
    took = time.monotonic() - began
    connected[number].set()
    text = b""
    while part := caller.recv(100):
        text += part
    print(f"caller {number} port {caller.getsockname()[1]} after {took:.3f} s: {text.decode()}\n", end="", flush=True)
    caller.close()


threads = []
connected = [threading.Event() for _ in range(int(sys.argv[2]))]
for number in range(int(sys.argv[2])):
    threads.append(threading.Thread(target=call, args=(number,)))
    threads[-1].start()
    if number < 2:
        connected[number].wait(1)
    time.sleep(float(sys.argv[3]))
for thread in threads:
    thread.join()
