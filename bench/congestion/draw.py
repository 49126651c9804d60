#!/usr/bin/env python3
"""Runs the experiments of bench/congestion and draws docs/congestion: results.json, SVG plots, the page's tables.

    bench/congestion/draw.py [--program build/bench/congestion] [--large] [--only GROUP...]

Needs nothing beyond python3. Two groups run at a time. With --only the others stay as results.json has them; `--only` alone
runs nothing and draws again.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))
from plot import Plot, table  # noqa: E402  (the path is ours)

PAGE = ROOT / "docs" / "congestion"
GROUPS = ["loss", "fairness", "targets", "buffers", "transfers", "series", "beside"]
COLOURS = {"reno": "#c44e52", "cubic": "#4c72b0", "bbr": "#55a868"}
NAMES = {"reno": "Reno", "cubic": "CUBIC", "bbr": "BBR"}


def run(program, group):
    done = subprocess.run([str(program), group], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def draw_loss(rows):
    losses = [(p, f"{p * 100:g} %") for p in sorted({r["loss"] for r in rows})]
    rates = [(v, f"{v:g}") for v in (0.1, 0.3, 1, 3, 10, 30, 100)]
    for rtt in sorted({r["rtt_ms"] for r in rows}):
        plot = Plot(f"One flow, RTT {rtt:g} ms, random loss, 100 Mbit/s", ("share of segments lost", 1e-4, 5e-2, True, losses),
                    ("Mbit/s of text", 0.05, 120, True, rates))
        for control, colour in COLOURS.items():
            mine = [r for r in rows if r["control"] == control and r["rtt_ms"] == rtt]
            plot.curve(NAMES[control], [(r["loss"], r["mbit"]) for r in mine], colour)
            model = {"reno": "PFTK", "cubic": "RFC 9438", "bbr": "line − loss"}[control]
            plot.curve(model, [(r["loss"], r["model_mbit"]) for r in mine], colour, "model")
        plot.save(PAGE / f"loss-{rtt:g}ms.svg")


def draw_buffers(rows):
    sizes = [(b, f"{b:g}") for b in sorted({r["bdp"] for r in rows})]
    use = Plot("One flow, 40 ms, 20 Mbit/s: use of the line", ("buffer, in products of rate and RTT", 0.1, 10, True, sizes),
               ("utilisation", 0.5, 1, False, [(v / 10, f"{v * 10} %") for v in range(5, 11)]))
    wait = Plot("The same: RTT with the queue in it", ("buffer, in products of rate and RTT", 0.1, 10, True, sizes),
                ("mean SRTT, ms", 35, 500, True, [(v, str(v)) for v in (40, 60, 100, 200, 400)]))
    for control, colour in COLOURS.items():
        mine = [r for r in rows if r["control"] == control]
        use.curve(NAMES[control], [(r["bdp"], r["utilisation"]) for r in mine], colour)
        wait.curve(NAMES[control], [(r["bdp"], r["rtt_ms"]) for r in mine], colour)
    use.curve("sawtooth", [(r["bdp"], r["sawtooth"]) for r in rows if r["control"] == "reno"], COLOURS["reno"], "model")
    use.save(PAGE / "buffer-use.svg")
    wait.save(PAGE / "buffer-wait.svg")


def draw_transfers(rows):
    sizes = sorted({r["octets"] for r in rows})
    rtts = [(r, f"{r:g}") for r in sorted({r["rtt_ms"] for r in rows})]
    plot = Plot("Transfers over an empty path, 100 Mbit/s, buffer 1 BDP", ("RTT, ms", 1, 200, True, rtts),
                ("time, in times of the least", 0.9, 10, True, [(v, f"{v:g}") for v in (1, 1.5, 2, 3, 5, 10)]))
    for control, colour in COLOURS.items():
        for size, style in zip(sizes, ("second", "solid", "model", "second")):
            mine = [r for r in rows if r["control"] == control and r["octets"] == size]
            plot.curve(f"{NAMES[control]}, {size / 1e6:g} MB", [(r["rtt_ms"], r["seconds"] / r["least_seconds"]) for r in mine], colour, style)
    plot.save(PAGE / "transfers.svg")


def draw_series(rows):
    for control, colour in COLOURS.items():
        mine = [r for r in rows if r["control"] == control]
        seconds = [(v, str(v)) for v in range(0, 91, 10)]
        windows = max(max(r["cwnd"]) for r in mine)
        step = 50 if windows < 400 else 200
        window = Plot(f"{NAMES[control]}: two flows, 20 Mbit/s, 40 ms, 1 BDP", ("seconds", 0, 90, False, seconds),
                      ("CWND, segments", 0, windows, False, [(v, str(v)) for v in range(0, int(windows) + 1, step)]))
        rate = Plot(f"{NAMES[control]}: the same, rates", ("seconds", 0, 90, False, seconds),
                    ("Mbit/s", 0, 20, False, [(v, str(v)) for v in range(0, 21, 5)]))
        for row, name, style in zip(mine, ("first", "second"), ("solid", "second")):
            window.curve(name, [(i * row["step_s"], v) for i, v in enumerate(row["cwnd"])], colour, style)
            rate.curve(name, [(i + 1, v) for i, v in enumerate(row["mbit_each_second"])], colour, style)
        window.save(PAGE / f"window-{control}.svg")
        rate.save(PAGE / f"rates-{control}.svg")


def loss_table(rows):
    def cell(r):
        return f'{r["mbit"]:.3g} / {r["model_mbit"]:.3g} = {r["mbit"] / r["model_mbit"]:.2f}'
    places = sorted({(r["rtt_ms"], r["loss"]) for r in rows})
    find = {(r["rtt_ms"], r["loss"], r["control"]): r for r in rows}
    return table(["RTT", "loss", "Reno / PFTK", "CUBIC / RFC 9438", "BBR / line less loss"],
                 [[f"{t:g} ms", f"{p * 100:g} %"] + [cell(find[t, p, c]) for c in COLOURS] for t, p in places])


def buffer_table(rows):
    find = {(r["bdp"], r["control"]): r for r in rows}
    return table(["buffer", "Reno (sawtooth)", "CUBIC", "BBR", "mean RTT, ms: Reno, CUBIC, BBR"],
                 [[f"{b:g} BDP"] + [f'{find[b, c]["utilisation"]:.1%}' + (f' ({find[b, c]["sawtooth"]:.1%})' if c == "reno" else "")
                                    for c in COLOURS] + [", ".join(f'{find[b, c]["rtt_ms"]:.0f}' for c in COLOURS)]
                  for b in sorted({r["bdp"] for r in rows})])


def transfer_table(rows):
    find = {(r["octets"], r["rtt_ms"], r["control"]): r for r in rows}
    return table(["size", "RTT", "least", "Reno", "CUBIC", "BBR"],
                 [[f"{s / 1e6:g} MB", f"{t:g} ms", f'{find[s, t, "reno"]["least_seconds"]:.3g} s'] +
                  [f'{find[s, t, c]["seconds"]:.3g} s' for c in COLOURS] for s, t in sorted({k[:2] for k in find})])


def fairness_table(rows):
    return table(["flows", "Jain's index", "utilisation", "Mbit/s of each"],
                 [[r["flows"], f'{r["jain"]:.3f}', f'{r["utilisation"]:.1%}', ", ".join(f"{v:.3g}" for v in r["mbit"])] for r in rows])


def target_table(rows):
    def what(r):
        if "median_s" in r:
            return f'median {r["median_s"]:.2f} s (a tenth within {r["p10_s"]:.2f} s, nine tenths within {r["p90_s"]:.2f} s)'
        if "first_10_s" not in r:  # as results.json had it before the longer run
            return f'{r["utilisation"]:.1%} of the line after the first second'
        return (f'{r["first_10_s"]:.1%} of the line in the ten seconds from connect(), {r["second_2_to_10"]:.1%} without the first, '
                f'{r["second_11_to_30"]:.1%} in the twenty that follow')
    return table(["path", "", "measured"], [[r["target"], NAMES[r["control"]], what(r)] for r in rows])


def spread(seconds):
    """The median, and the range without the lowest and the highest tenth."""
    ordered = sorted(seconds)
    last = len(ordered) - 1
    return statistics.median(ordered), ordered[round(last * 0.1)], ordered[round(last * 0.9)]


def beside_table(results):
    """Ours in virtual time, Linux in real time, the same seeds; `ratio` is ours over Linux."""
    key = lambda r: (r["rtt_ms"], r["loss_per_million"], r["control"])
    linux = {key(r): r["seconds"] for r in results["linux"]}
    ours = {key(r): r["seconds"] for r in results["beside"]}
    lines = []
    for rtt, loss in sorted({k[:2] for k in ours}):
        line = [f"{rtt:g} ms", f"{loss / 1e4:g} %"]
        for control in COLOURS:
            theirs = linux[rtt, loss, control]
            mine, other = spread(ours[rtt, loss, control][:len(theirs)]), spread(theirs)
            text = ["{:.3g} ({:.3g} to {:.3g})".format(*each) for each in (mine, other)]
            line.append(f"{text[0]} / {text[1]} = {mine[0] / other[0]:.2f}")
        lines.append(line)
    return table(["RTT", "loss"] + [f"{NAMES[c]}: ours / Linux = ratio" for c in COLOURS], lines)


def write_page(results):
    """Between two marks of the page stands what was measured; the words around them are people's."""
    tables = {"loss": loss_table, "buffers": buffer_table, "transfers": transfer_table, "fairness": fairness_table, "targets": target_table}
    made = {name: make(results[name]) for name, make in tables.items() if name in results}
    if "linux" in results:
        made["beside"] = beside_table(results)
    page = PAGE / "README.md"
    text = page.read_text()
    for name, lines in made.items():
        first, last = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
        start = text.index(first) + len(first)
        text = text[:start] + lines + "\n" + text[text.index(last):]
    page.write_text(text)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "build" / "bench" / "congestion")
    parser.add_argument("--large", action="store_true", help="transfers of 1 GB too")
    parser.add_argument("--only", nargs="*", choices=GROUPS, help="the groups to run; the others stay as they are")
    options = parser.parse_args()
    wanted = GROUPS if options.only is None else options.only
    file = PAGE / "results.json"
    results = json.loads(file.read_text()) if file.exists() else {}
    with ThreadPoolExecutor(max_workers=2) as pool:
        programs = {name: f"large-{name}" if options.large and name == "transfers" else name for name in wanted}
        waiting = {name: pool.submit(run, options.program, group) for name, group in programs.items()}
        results.update({name: done.result() for name, done in waiting.items()})
    lines = [f'"{name}": [\n' + ",\n".join(json.dumps(row) for row in results[name]) + "\n]" for name in sorted(results)]
    file.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    for name, draw in {"loss": draw_loss, "buffers": draw_buffers, "transfers": draw_transfers, "series": draw_series}.items():
        if name in results:
            draw(results[name])
    write_page(results)


if __name__ == "__main__":
    main()
