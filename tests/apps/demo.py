# dialtone demo: the ladder from SYN to TIME-WAIT, the same from its recording, in every build that is there.
import re

import stage


def newest(stage_):
    files = sorted((stage_.home / "state" / "dialtone").glob("*.dtr"))
    assert files, "demo keeps no recording"
    return files[-1]


def check_ladder_from_syn_to_time_wait(s):
    demo = s.command("demo")
    for wanted in ("listens on *:8080 with backlog 5", "hello from dialtone", "SYN-SENT", "SYN-RECEIVED", "ESTABLISHED",
                   "CLOSE-WAIT", "FIN-WAIT-1", "FIN-WAIT-2", "LAST-ACK", "TIME-WAIT", "What to notice", "Next"):
        assert wanted in demo.out, f"{demo} does not say {wanted}"
    assert re.search(r"GET http://10\.0\.0\.2:8080/ → 200", demo.out), demo
    ladder = s.ladder(newest(s))
    assert [wire["segment"].split()[0] for _, _, wire in ladder.segments("left")][0] == "S"
    syn, _, _ = ladder.segments("left", "S")[0]
    assert ladder.segments("right", "S.")[0][0] > syn
    assert len(ladder.segments("left", "F.")) == 1 and len(ladder.segments("right", "F.")) == 1, ladder
    assert not ladder.has("left", r"^shut\b") and not ladder.has("right", r"^shut\b"), f"a shutdown() that nobody called\n{ladder}"
    assert ladder.has("left", "TIME-WAIT") and ladder.has("right", "CLOSED"), ladder


def check_both_queues_are_shown(s):
    s.command("demo")
    queues = [row["right"]["queues"] for row in s.ladder(newest(s)).rows if row["right"] and "queues" in row["right"]]
    seen = [(q["syn"], q["accept"], q["limit"]) for q in queues]
    for wanted in ((0, 0, 5), (1, 0, 5), (0, 1, 5)):
        assert wanted in seen, f"{wanted} (SYN queue, accept queue, limit) is not among {seen}"
    assert seen.index((1, 0, 5)) < seen.index((0, 1, 5)) < len(seen) - 1 and seen[-1] == (0, 0, 5), seen


def check_piped_output_has_no_escape_byte(s):
    demo = s.command("demo")
    assert "\033" not in demo.out + demo.err and "\r" not in demo.out + demo.err, demo
    coloured = s.command("demo", "--color", "always")
    assert "\033[" in coloured.out, coloured


def check_recording_gives_the_identical_ladder(s):
    demo = s.command("demo")
    recording = newest(s)
    first = s.command("ladder", recording).out
    assert first in demo.out, f"ladder of the recording differs from that of the live run\n{demo}\n{first}"
    assert s.command("ladder", recording).out == first
    assert s.command("replay", recording).out == first
    lines = s.command("ladder", recording, "--json").out
    assert s.command("ladder", recording, "--json").out == lines
    other_builds = [path for path in stage.ROOT.glob("build/*/dialtone")
                    if path.is_file() and path.resolve() != s.dialtone]
    for other in other_builds:
        s.dialtone = other
        assert s.command("ladder", recording).out == first, f"{other} shows another ladder"
        assert s.command("ladder", recording, "--json").out == lines, f"{other} shows another ladder as JSON"


def check_ladder_fits_its_width_and_has_ascii_form(s):
    s.command("demo")
    for line in s.command("ladder", newest(s)).out.splitlines():
        assert len(line) <= 100, f"{len(line)} characters: {line}"
    assert s.command("ladder", newest(s), "--ascii").out.isascii()


stage.main(globals())
