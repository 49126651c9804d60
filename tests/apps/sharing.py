# One connection, several owners: after fork() only the last close sends FIN, while shutdown() acts at once.
import stage


def check_no_fin_until_the_child_closes(s):
    client = s.program("reader.py").split()
    run = s.run(*client, "10.0.0.2", hosts={"server": s.program("forker.py") + " child-holds"},
                options=["--link", "delay=10ms"])
    assert "read still open then the end" in run.out, run
    ladder = s.ladder(run.recording)
    fins = ladder.segments("right", "F.") + ladder.segments("right", "FP.")
    assert len(fins) == 1, ladder
    accepted, accepted_ms = ladder.at("right", r"^accept")
    data = [row for row, _, wire in ladder.segments("right") if wire["length"] == len("still open")]
    last_close, last_close_ms = ladder.at("right", "last close of")
    # Where the machine is busy, what was written and the close are found at one instant: then one segment carries both.
    assert accepted < data[0] <= fins[0][0] and last_close <= fins[0][0], ladder
    # The parent closed its copy at once; the child slept 0.3 s.
    assert last_close_ms - accepted_ms >= 290, ladder


def check_shutdown_sends_fin_at_once_though_a_copy_is_open(s):
    client = s.program("reader.py").split()
    run = s.run(*client, "10.0.0.2", "after the end", hosts={"server": s.program("forker.py") + " shut-write"},
                options=["--link", "delay=10ms"])
    assert "read  then the end" in run.out, run
    assert "child reads after the end" in run.out + run.err, run
    ladder = s.ladder(run.recording)
    shut, _ = ladder.at("right", "shut WR of")
    fin = ladder.segments("right", "F.")
    assert len(fin) == 1, ladder
    data = [row for row, _, wire in ladder.segments("left") if wire["length"] == len("after the end")]
    last_close, _ = ladder.at("right", "last close of")
    assert shut <= fin[0][0] < data[0] < last_close, ladder


stage.main(globals())
