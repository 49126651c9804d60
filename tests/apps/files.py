# Files between two unmodified programs, byte for byte, on a good link and on a bad one.
import filecmp

import stage

BAD_LINK = "loss=2%,reorder=1%,dup=1%,delay=20ms"


def fetch(s, size, options, url="http://server:8080/FILE"):
    s.file("FILE", size)
    run = s.run(s.tool("curl"), "-sS", "-o", "copy", url, options=options, limit=240,
                hosts={"server": f"{stage.PYTHON} -m http.server 8080"})
    assert filecmp.cmp(s.folder / "FILE", s.folder / "copy", shallow=False), f"{run}the copy differs"
    return run


def check_http_server_of_python_to_curl_by_name(s):
    run = fetch(s, 600_000, [])
    ladder = s.ladder(run.recording)
    assert ladder.has("left", "TIME-WAIT") or ladder.has("right", "TIME-WAIT"), ladder


def check_by_address(s):
    fetch(s, 600_000, [], "http://10.0.0.2:8080/FILE")


def check_20_mb(s):
    fetch(s, 20_000_000, ["--link", "delay=1ms"])


def check_20_mb_over_a_bad_link(s):
    run = fetch(s, 20_000_000, ["--link", BAD_LINK, "--seed", "7"])
    ladder = s.ladder(run.recording)
    lost = [wire for side in ("left", "right") for _, _, wire in ladder.segments(side, fate="lost")]
    again = [wire for _, _, wire in ladder.segments("right") if wire["retransmission"]]
    assert lost and again, "a link with 2 % loss lost nothing"


def check_a_file_replays_without_its_programs(s):
    run = fetch(s, 300_000, ["--link", "loss=1%,delay=5ms", "--seed", "11"])
    first = s.command("ladder", run.recording, "--json").out
    assert s.command("replay", run.recording, "--json").out == first


stage.main(globals())
