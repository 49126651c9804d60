# Well-known servers and clients, unmodified: nginx with workers and wrk, redis, Go (static), node.
import filecmp
import os
import re
import subprocess

import stage

NGINX = """
daemon off;
master_process on;
worker_processes 2;
pid {folder}/nginx.pid;
error_log stderr warn;
{user}
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
    uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
    sendfile on; tcp_nopush on; tcp_nodelay on;
    server {{ listen 8080 {listen}; root {folder}; location = /pid {{ return 200 "$pid\n"; }} }}
}}
"""


def same(s, copy="copy", file="FILE"):
    assert filecmp.cmp(s.folder / file, s.folder / copy, shallow=False), "the copy differs"


def nginx(s, listen=""):
    """The command line of an nginx with a master and two workers, whose files live in the stage's folder."""
    program = s.tool("nginx")
    config = s.folder / "nginx.conf"
    user = "user root;" if os.getuid() == 0 else ""
    config.write_text(NGINX.format(folder=s.folder, user=user, listen=listen))
    return f"{program} -p {s.folder} -e stderr -c {config}"


def check_nginx_serves_a_file_to_curl(s):
    s.file("FILE", 2_000_000)
    s.run(s.tool("curl"), "-sS", "-o", "copy", "http://server:8080/FILE", hosts={"server": nginx(s)})
    same(s)


def check_nginx_workers_and_wrk(s):
    s.file("FILE", 1000)
    run = s.run(s.tool("wrk"), "-t", "2", "-c", "20", "-d", "2s", "http://server:8080/FILE", hosts={"server": nginx(s)})
    requests = re.search(r"(\d+) requests in", run.out)
    assert requests and int(requests.group(1)) > 100, run
    assert "Socket errors" not in run.out and "Non-2xx" not in run.out, run


def workers_that_answer(s, listen):
    """The workers of an nginx that answered eight askers at a time."""
    s.tool("curl")
    line = "seq 1 160 | xargs -P 8 -I N curl -sS http://server:8080/pid"
    run = s.run("sh", "-c", line, hosts={"server": nginx(s, listen)})
    answers = re.findall(r"^\d+$", run.out, re.M)
    assert len(answers) == 160, f"{run}{len(answers)} answers"
    return set(answers)


def check_nginx_workers_share_the_listener_of_their_master(s):
    """One listener, opened before the fork: the workers take connections from the same queue."""
    workers = workers_that_answer(s, "")
    assert len(workers) == 2, f"answered by {workers}"


def check_nginx_workers_with_a_listener_each(s):
    workers = workers_that_answer(s, "reuseport")
    assert len(workers) == 2, f"answered by {workers}"


def check_redis(s):
    server = f"{s.tool('redis-server')} --port 6379 --bind 0.0.0.0 --protected-mode no --save '' --dir {s.folder}"
    client = s.tool("redis-cli")
    line = (f"{client} -h server SET call first && {client} -h server GET call && "
            f"{client} -h server --raw EVAL \"return string.rep('x', 300000)\" 0 | wc -c && "
            f"printf 'INCR n\\n%.0s' $(seq 1 500) | {client} -h server | tail -n 1")
    run = s.run("sh", "-c", line, hosts={"server": server})
    answers = [text for text in run.out.splitlines() if text in ("OK", "first", "300001", "500")]
    assert answers == ["OK", "first", "300001", "500"], run


def go_program(s):
    """Our Go web program, statically linked: the one that DIALTONE_GO_WEB names, else a new one."""
    ready = os.environ.get("DIALTONE_GO_WEB", "")
    if os.path.exists(ready):
        return ready
    target = s.folder / "web"
    environment = dict(s.environment, CGO_ENABLED="0", GOCACHE=str(s.folder / "go-cache"), GOFLAGS="-mod=mod",
                       GOTOOLCHAIN="local", GOPATH=str(s.folder / "go-path"))
    built = subprocess.run([s.tool("go"), "build", "-o", target, "."], cwd=stage.HERE / "go", env=environment, timeout=240,
                           capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    return str(target)


def check_static_go_server_and_client(s):
    web = go_program(s)
    s.file("FILE", 2_000_000)
    s.run(web, "get", "http://server:8080/FILE", "copy", hosts={"server": f"{web} serve :8080"})
    same(s)
    run = s.run(web, "many", "http://server:8080/FILE", "40", hosts={"server": f"{web} serve :8080"})
    assert "40 answers" in run.out, run


def check_static_go_client_of_python_server(s):
    web = go_program(s)
    s.file("FILE", 300_000)
    s.run(web, "get", "http://server:8080/FILE", "copy", hosts={"server": f"{stage.PYTHON} -m http.server 8080"})
    same(s)


def check_node_server_and_client(s):
    node = os.path.realpath(s.tool("node"))
    program = stage.HERE / "programs" / "web.js"
    s.file("FILE", 2_000_000)
    s.run(node, program, "get", "server", "8080", "/FILE", "copy", hosts={"server": f"{node} {program} serve 8080"})
    same(s)


def check_getaddrinfo_knows_the_hosts(s):
    """An unknown name does not exist; a known one has its IPv4 address and no IPv6 one."""
    code = ("import socket\n"
            "print(sorted({a[4][0] for a in socket.getaddrinfo('server', 80, type=socket.SOCK_STREAM)}))\n"
            "try: socket.getaddrinfo('nobody-here', 80)\n"
            "except socket.gaierror as e: print(e.errno == socket.EAI_NONAME)\n"
            "try: socket.socket(socket.AF_INET6)\n"
            "except OSError as e: print(e.errno)\n")
    run = s.run(stage.PYTHON, "-c", code, hosts={"server": s.program("drain.py")})
    assert run.out.splitlines()[-3:] == ["['10.0.0.2']", "True", "97"], run


stage.main(globals())
