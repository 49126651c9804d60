# Labs of the rules R24 to R30: listeners and both their queues.
import time

from bench import connect_many, lab, nft, sysctl

SLEEPER = """
    s = socket.socket(); s.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
    s.bind(('0.0.0.0', 8080)); s.listen({backlog})
    print('up'); time.sleep(60)
"""
CLOSING_SERVER = """
    s = socket.socket(); s.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
    s.bind(('0.0.0.0', 8080)); s.listen(64)
    print('up')
    def serve(c):
        while c.recv(100): pass
        c.close()
    while True:
        threading.Thread(target=serve, args=(s.accept()[0],), daemon=True).start()
"""
SERVER = """
    s = socket.socket(); s.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
    s.bind(('0.0.0.0', 8080)); s.listen(64)
    print('up')
    kept = []
    while True:
        kept.append(s.accept()[0])
"""


@lab("R24", certainty="certain")
def backlog(bench):
    """A program that does not accept: its queue of 2 is full, and SYNs are ignored."""
    bench.python(SLEEPER.format(backlog=2))
    kept = connect_many(3, ("127.0.0.1", 8080))
    time.sleep(0.1)
    return bench.ask(also=lambda: kept.extend(connect_many(8, ("127.0.0.1", 8080))))


@lab("R24", certainty="certain")
def backlog_by_port(bench):
    """The same, asked by its port."""
    bench.python(SLEEPER.format(backlog=2))
    kept = connect_many(3, ("127.0.0.1", 8080))
    time.sleep(0.1)
    return bench.ask(":8080", also=lambda: kept.extend(connect_many(8, ("127.0.0.1", 8080))))


@lab("R26", certainty="certain")
def nobody_accepts(bench):
    """A program that does not accept, with room in its queue: clients are connected and wait."""
    bench.python(SLEEPER.format(backlog=20))
    kept = connect_many(3, ("127.0.0.1", 8080))
    time.sleep(0.1)
    report = bench.ask()
    assert kept
    return report


@lab("R26", certainty="certain")
def full_queue_without_newcomers(bench):
    """A queue of 2 that is full, and nobody else calls: what waits there waits for the program."""
    bench.python(SLEEPER.format(backlog=2))
    kept = connect_many(3, ("127.0.0.1", 8080))
    time.sleep(0.1)
    report = bench.ask()
    assert kept
    return report


@lab()
def near_miss_large_backlog(bench):
    """Many connections at once and a server that accepts them: nothing is wrong."""
    bench.python(SERVER)
    kept = []
    report = bench.ask(also=lambda: kept.extend(connect_many(40, ("127.0.0.1", 8080))))
    return report


@lab()
def near_miss_old_drops(bench):
    """The queue overflowed once, before; now the server accepts."""
    server = bench.python("""
        s = socket.socket(); s.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        s.bind(('0.0.0.0', 8080)); s.listen(1)
        print('up'); sys.stdin.readline()
        kept = []
        while True:
            kept.append(s.accept()[0])
    """)
    kept = connect_many(6, ("127.0.0.1", 8080))
    time.sleep(0.3)
    server.stdin.write("go\n")
    server.stdin.flush()
    time.sleep(2.5)
    report = bench.ask()
    assert kept
    return report


def half_open(bench, cookies):
    """SYNs whose SYN-ACK is dropped on its way back, so that the last ACK never comes."""
    sysctl("ipv4/tcp_syncookies", cookies)
    sysctl("ipv4/tcp_max_syn_backlog", 16)
    bench.python(SERVER.replace("64", "16"))
    # SYN-ACKs to these clients are lost: the entries stay half-open.
    nft("tcp sport 8080 tcp flags syn,ack / syn,ack drop", hook="output")
    kept = connect_many(40, ("127.0.0.1", 8080))
    time.sleep(0.2)
    return kept


@lab("R25", certainty="certain")
def syn_queue_full(bench):
    """The SYN queue is full and there are no cookies: new clients time out."""
    kept = half_open(bench, 0)
    return bench.ask(also=lambda: kept.extend(connect_many(10, ("127.0.0.1", 8080))))


@lab("R25", certainty="certain")
def syn_queue_full_with_cookies(bench):
    """The SYN queue is full and cookies answer."""
    kept = half_open(bench, 1)
    return bench.ask(also=lambda: kept.extend(connect_many(10, ("127.0.0.1", 8080))))


@lab("R27", certainty="certain")
def no_descriptors(bench):
    """A server with 20 descriptors allowed: accept fails with EMFILE and connections wait."""
    bench.python("""
        import resource
        s = socket.socket(); s.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        s.bind(('0.0.0.0', 8080)); s.listen(64)
        resource.setrlimit(resource.RLIMIT_NOFILE, (20, 20))
        print('up')
        kept = []
        while True:
            try:
                kept.append(s.accept()[0])
            except OSError:
                time.sleep(0.01)
    """)
    kept = connect_many(30, ("127.0.0.1", 8080))
    time.sleep(0.2)
    report = bench.ask()
    assert kept
    return report


WORKERS = """
    def listener():
        s = socket.socket()
        s.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1); s.setsockopt(SOL_SOCKET, SO_REUSEPORT, 1)
        s.bind(('0.0.0.0', 8080)); s.listen(64)
        return s
    one, two = listener(), listener()
    print('up')
"""


@lab("R28", certainty="certain")
def reload_resets(bench):
    """A worker of a REUSEPORT group closes its listener with connections in its queue."""
    sysctl("ipv4/tcp_migrate_req", 0)
    server = bench.python(WORKERS + """
    sys.stdin.readline()
    one.close()
    threading.Thread(target=lambda: [two.accept() for _ in range(64)], daemon=True).start()
    time.sleep(60)
    """)
    kept = connect_many(20, ("127.0.0.1", 8080))
    time.sleep(0.2)

    def reload():
        server.stdin.write("go\n")
        server.stdin.flush()

    report = bench.ask(also=reload)
    assert kept
    return report


@lab()
def near_miss_reload_of_empty_queue(bench):
    """A worker closes its listener when nothing waits in it."""
    server = bench.python(WORKERS + """
    sys.stdin.readline()
    one.close()
    time.sleep(60)
    """)

    def reload():
        server.stdin.write("go\n")
        server.stdin.flush()

    return bench.ask(also=reload)


@lab("R29", certainty="certain")
def uneven_workers(bench):
    """Two workers share a port; one does not accept."""
    bench.python(WORKERS + """
    kept = []
    while True:
        kept.append(two.accept()[0])
    """)
    kept = connect_many(40, ("127.0.0.1", 8080))
    time.sleep(0.3)
    report = bench.ask()
    assert kept
    return report


@lab()
def quiet_host_fifty_times(bench):
    """The healthy host looked at fifty times at once: nothing is found in any of them."""
    bench.python(CLOSING_SERVER)
    kept = connect_many(10, ("127.0.0.1", 8080))
    time.sleep(0.1)
    for client in kept[:5]:
        client.close()
    time.sleep(0.2)
    reports = bench.ask_at_once(50)
    return next((report for report in reports if report["findings"]), reports[0])


@lab()
def quiet_host(bench):
    """A healthy host: a server, connections that are open, some that have ended."""
    bench.python(CLOSING_SERVER)
    kept = connect_many(10, ("127.0.0.1", 8080))
    time.sleep(0.1)
    for client in kept[:5]:
        client.close()
    time.sleep(0.2)
    return bench.ask()
