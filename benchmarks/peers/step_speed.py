"""What the comparisons of training steps share: rounds of systems in turn, and their tables."""
import collections
import re
import statistics
import sys

import floor
from peer_results import print_table, say
from torch_peer import Torch

TORCH_WARM, TORCH_STEPS = 5, 40
# Of wordloom: times the floor with products through gemm at most, times PyTorch's speed at least.
FLOOR_TARGET, TORCH_TARGET = 1.35, 1

HOW = f"""\
Systems are run in turn, in the other order every second round; a figure is the median (least to
most) of the rounds. A round of wordloom is one run of the program, timed by its own reports, less
the steps before the first; one of PyTorch {TORCH_STEPS} steps after {TORCH_WARM} others, in a
process that waits meanwhile. Of wordloom's step a verdict says whether it takes at most
{FLOOR_TARGET} times the floor with products through gemm, and whether PyTorch is not faster."""


def chosen(pattern, by_model):
    """The systems of each model, by its name, whose names have the regular expression in them."""
    found = {model: [system for system in systems if re.search(pattern, f"{model} {system}")]
             for model, systems in by_model.items()}
    if not any(found.values()):
        sys.exit(f"--systems: none is named so; there are: {', '.join(names(by_model))}")
    return {model: systems for model, systems in found.items() if systems}


def names(by_model):
    return [f"{model} {system}" for model, systems in by_model.items() for system in systems]


def compare(model, measures, threads, rounds, results):
    """The figures of all rounds of each system; `measures` has what gives a round's, by name."""
    found = collections.defaultdict(list)
    for number in range(1, rounds + 1):
        for name in measures if number % 2 else reversed(measures):
            key = {"model": model, "system": name, "threads": threads, "round": number}
            figures = results.run(key, measures[name])
            found[name].append(figures)
            tell(key, figures)
    return found


class TorchRounds:
    """Rounds in one process, which starts with the first. What fails once is not tried again."""

    def __init__(self, stack, script, threads, job, request=None):
        self.stack, self.script, self.threads, self.job = stack, script, threads, job
        self.request = request or {"warm": TORCH_WARM, "steps": TORCH_STEPS}
        self.process, self.failed = None, None

    def __call__(self):
        if self.process is None:
            self.process = Torch(self.script, self.threads, self.job)
            self.stack.callback(self.process.close)
        if not self.failed:
            figures = self.process.ask(self.request)
            if figures:
                return figures
            self.failed = self.process.trouble().rpartition("\n")[2] or "no word why"
        return {"failed": self.failed}


def after_the_first(reports, name):
    """The figures of a run of wordloom from its reports of one epoch."""
    first, last = reports[0], reports[-1]
    if last["steps"] == first["steps"]:
        sys.exit(f"{name} wordloom: only one report in {first['steps']} steps")
    return {"steps": last["steps"] - first["steps"], "seconds": last["seconds"] - first["seconds"],
            "loss": last["epoch_loss"]}


def tell(key, figures):
    what = ", ".join(f"{name} {value}" if name in ("threads", "round") else str(value)
                     for name, value in key.items())
    if "loss" in figures:
        say(f"{what}: {milliseconds(figures):.1f} ms a step, loss {figures['loss']:.4f}")
    else:
        say(f"{what}: {figures.get('failed', 'measured')}")


# ---- the report ----------------------------------------------------------------------------------

def milliseconds(figures):
    return 1e3 * figures["seconds"] / figures["steps"]


def report(name, title, words, wanted, threads, found):
    """The tables of a model, of whose steps each learns from so many words; `wanted`: its floor's
    entries."""
    rounds = found.pop("floor", [])
    if rounds:
        print_table(f"{name}: products of a step, each alone, threads: {threads}",
                    floor.product_rows(wanted, rounds, threads))
        share = 1e3 * rounds[0]["bytes"] / statistics.median(f["bandwidth"] for f in rounds)
        print(f"the rest: at least {rounds[0]['bytes'] / 1e6:.1f} MB, {share:.2f} ms at a copy's "
              f"bandwidth")
    rows = {row: [1e3 * floor.floor_seconds(wanted, figures, among) for figures in rounds]
            for row, among in (("floor, gemm", ["gemm"]),
                               ("floor, fastest", floor.ways(threads))) if rounds}
    for system, figures in found.items():
        rows[system] = [milliseconds(f) for f in figures if "failed" not in f]
    print_table(f"{name}: {title}, threads: {threads}", table(rows, words))
    for system, figures in found.items():
        for trouble in sorted({f["failed"] for f in figures if "failed" in f}):
            print(f"{system} does not run here: {trouble}")
    sys.stdout.flush()


def table(rows, words):
    median = {name: statistics.median(values) for name, values in rows.items() if values}
    torch = min((value for name, value in median.items() if "pytorch" in name), default=None)
    yield ["", "ms a step", "least to most", "k words/s", "of floor, gemm", "of floor, fastest",
           "of pytorch's speed", "verdict"]
    for name, values in rows.items():
        if not values:
            continue
        now = median[name]
        ratios = [ratio(now, median.get("floor, gemm")), ratio(now, median.get("floor, fastest")),
                  ratio(torch, now)]
        yield [name, f"{now:.2f}", f"{min(values):.2f} to {max(values):.2f}", f"{words / now:.1f}",
               *("" if x is None else f"{x:.2f}" for x in ratios),
               verdict(ratios) if name == "wordloom" else ""]


def ratio(a, b):
    return None if a is None or b is None else a / b


def verdict(ratios):
    of_floor, _, speed = ratios
    parts = []
    if of_floor is not None:
        parts.append(f"floor {'holds' if of_floor <= FLOOR_TARGET else 'fails'}")
    if speed is not None:
        parts.append(f"pytorch {'holds' if speed >= TORCH_TARGET else 'fails'}")
    return ", ".join(parts)
