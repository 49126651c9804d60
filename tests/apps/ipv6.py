# IPv6 for unmodified programs: both families side by side, the names of both, and the kernel's own answers to the same calls.
import filecmp
import os
import shutil
import subprocess

import stage

SERVER = f"{stage.PYTHON} -m http.server -b :: 8080"
WANTED = "%{http_code} %{remote_ip} %{local_ip}"


def fetch(s, *options, server=SERVER):
    s.file("FILE", 300_000)
    outcome = s.run(s.tool("curl"), "-sS", "-m", "20", *options, "-o", "copy", "-w", WANTED, "http://server:8080/FILE",
                    hosts={"server": server}, options=("--ipv6",))
    assert filecmp.cmp(s.folder / "FILE", s.folder / "copy", shallow=False)
    s.command("replay", outcome.recording)
    return outcome.out.split()


def check_curl_prefers_ipv6(s):
    assert fetch(s)[-3:] == ["200", "fd00:10::2", "fd00:10::1"]


def check_a_server_on_both_families_answers_either(s):
    assert fetch(s, "-6")[-3:] == ["200", "fd00:10::2", "fd00:10::1"]
    assert fetch(s, "-4")[-3:] == ["200", "10.0.0.2", "10.0.0.1"]


def check_a_server_of_ipv4_alone_is_reached_by_its_other_address(s):
    assert fetch(s, server=f"{stage.PYTHON} -m http.server -b 0.0.0.0 8080")[-3:] == ["200", "10.0.0.2", "10.0.0.1"]


def check_without_the_flag_there_is_none(s):
    program = "import socket\ntry:\n    socket.socket(socket.AF_INET6)\nexcept OSError as error:\n    print(error.errno)\n"
    assert s.run(stage.PYTHON, "-c", program).out == "97\n"  # EAFNOSUPPORT


def check_calls_answer_as_the_kernel_does(s):
    program = stage.HERE / "programs" / "calls_v6.py"
    unshare = shutil.which("unshare")
    user = [] if os.getuid() == 0 else ["--map-root-user"]
    script = "ip link set lo up && exec \"$@\""
    kernel = subprocess.run([unshare, *user, "--net", "sh", "-c", script, "sh", stage.PYTHON, str(program)],
                            capture_output=True, text=True, timeout=60)
    if kernel.returncode != 0 or "dual over v6: ((" not in kernel.stdout:
        raise stage.Skip("this kernel has no IPv6")
    ours = s.run(stage.PYTHON, program, options=("--ipv6",)).out
    for expected, got in zip(kernel.stdout.splitlines(), ours.splitlines(), strict=True):
        assert expected == got, f"kernel: {expected}\nours:   {got}"


def check_static_go_server_and_client(s):
    web = os.environ.get("DIALTONE_GO_WEB")
    if not web or not os.path.exists(web):
        raise stage.Skip("go is not installed")
    s.file("FILE", 300_000)
    # Of a unique local address and an IPv4 one Go's own resolver takes the IPv4 one (RFC 6724 section 2.1: fc00::/7 stands lower).
    for host, address in (("server", "10.0.0.2"), ("[fd00:10::2]", "fd00:10::2")):
        outcome = s.run(web, "get", f"http://{host}:8080/FILE", "copy", hosts={"server": f"{web} serve :8080"},
                        options=("--ipv6",))
        assert filecmp.cmp(s.folder / "FILE", s.folder / "copy", shallow=False)
        assert any(address in to for _, _, to in s.flows(outcome.recording)), s.flows(outcome.recording)


def check_node_server_and_client(s):
    node = os.path.realpath(s.tool("node"))
    program = stage.HERE / "programs" / "web.js"
    s.file("FILE", 300_000)
    outcome = s.run(node, program, "get", "server", "8080", "/FILE", "copy", hosts={"server": f"{node} {program} serve 8080 ::"},
                    options=("--ipv6",))
    assert filecmp.cmp(s.folder / "FILE", s.folder / "copy", shallow=False)
    assert any("fd00:10::2" in to for _, _, to in s.flows(outcome.recording)), s.flows(outcome.recording)


def check_a_host_between_two_links_forwards(s):
    (s.folder / "network.toml").write_text(
        'ipv6 = true\nlinks = ["client<->router: delay=1ms", "router<->server: delay=1ms"]\n[hosts]\n'
        f'client = {{ run = "{s.tool("curl")} -6 -sS -o copy http://server:8080/FILE" }}\nrouter = {{ }}\n'
        f'server = {{ run = "{SERVER}", expect = "running" }}\n')
    s.file("FILE", 300_000)
    s.command("up", "network.toml")
    assert filecmp.cmp(s.folder / "FILE", s.folder / "copy", shallow=False)


def check_an_address_of_a_link_says_which(s):
    zones = stage.HERE / "programs" / "zones.py"
    (s.folder / "network.toml").write_text(
        'ipv6 = true\nlinks = ["client<->elsewhere: delay=1ms", "client<->server: delay=1ms"]\n[hosts]\n'
        f'client = {{ run = "{stage.PYTHON} {zones} client" }}\nelsewhere = {{ }}\n'
        f'server = {{ run = "{stage.PYTHON} {zones} server", expect = "running" }}\n')
    assert "zones as they are" in s.command("up", "network.toml").out


stage.main(globals())
