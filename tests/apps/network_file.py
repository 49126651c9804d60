# dialtone up: three hosts, two links, a proxy in the middle.
import filecmp
import signal

import stage

FILE = """
seed   = 0x5eed
links  = ["client<->proxy: delay=5ms", "proxy<->app: delay=1ms"]
faults = ["client->proxy: drop,seg=syn,nth=1"]
[hosts]
client = {{ run = "{curl} -sS -o copy http://proxy:8080/FILE" }}
proxy  = {{ run = "{relay} 8080 app 9000", expect = "running" }}
app    = {{ run = "{python} -m http.server 9000", expect = "running" }}
"""


def write(s, extra=""):
    s.file("FILE", 200_000)
    text = FILE.format(curl=s.tool("curl"), relay=s.program("relay.py"), python=stage.PYTHON)
    (s.folder / "network.toml").write_text(extra + text)


def check_three_hosts(s):
    write(s)
    recording = s.recording()
    s.command("up", "--record", recording, "network.toml")
    assert filecmp.cmp(s.folder / "FILE", s.folder / "copy", shallow=False)
    flows = s.flows(recording)
    assert len(flows) == 2, flows
    by_hosts = {}
    for number, _, _ in flows:
        ladder = s.ladder(recording, number)
        by_hosts[ladder.document["left"]["host"], ladder.document["right"]["host"]] = ladder
    assert set(by_hosts) == {("client", "proxy"), ("proxy", "app")}, by_hosts.keys()
    first = by_hosts["client", "proxy"]
    syns = first.segments("left", "S")
    assert [wire["fate"] for _, _, wire in syns] == ["lost", "delivered"], first
    assert 995 <= syns[1][1] - syns[0][1] <= 1500, first
    assert len(by_hosts["proxy", "app"].segments("left", "S")) == 1


def check_status_says_whether_all_ended_as_expected(s):
    good = '[hosts]\na = { run = "true" }\nb = { run = "sh -c \'exit 3\'", expect = "exit 3" }\n'
    (s.folder / "good.toml").write_text(good)
    s.command("up", "good.toml")
    (s.folder / "bad.toml").write_text(good.replace('"exit 3"', '"exit 4"'))
    outcome = s.command("up", "bad.toml", status=None)
    assert outcome.status not in (0, 125) and "status 3" in outcome.err, outcome


def check_ctrl_c(s):
    (s.folder / "network.toml").write_text(
        f'[hosts]\na = {{ run = "{s.program("drain.py")}", expect = "running" }}\nb = {{ run = "sleep 60" }}\n')
    process = s.start("up", "network.toml")
    stage.eventually(lambda: len(list(s.processes())), lambda count: count >= 3)
    process.send_signal(signal.SIGINT)
    s.finish(process, limit=6)


stage.main(globals())
