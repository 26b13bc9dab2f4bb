"""Milliseconds a training step: wordloom, PyTorch, and the step's floor (lm_floor.py)."""
import argparse
import collections
import contextlib
import re
import statistics
import sys
import tempfile

import numpy as np

import lm_floor
from lm_systems import (B, CLIP, LR, MODELS, SPIN, T, Text, Torch, batches, describe_torch,
                        train_wordloom, write)
from peer_results import Results, file_fact, print_facts, print_table, say

SYSTEMS = ["floor", "wordloom", "pytorch", "pytorch compiled"]
NAMES = [f"{model.name} {system}" for model in MODELS for system in SYSTEMS]
TORCH_WARM, TORCH_STEPS = 5, 40
# Of wordloom: times the floor with products through gemm at most, times PyTorch's speed at least.
FLOOR_TARGET, TORCH_TARGET = 1.35, 1

EPILOG = f"""\
Systems are run in turn, in the other order every second round; a figure is the median (least to
most) of the rounds. A round of wordloom is one run of the program, timed by its own reports, less
the steps before the first; one of PyTorch {TORCH_STEPS} steps after {TORCH_WARM} others, in a
process that waits meanwhile. Both see the same words in the same batches. Of wordloom's step a
verdict says whether it takes at most {FLOOR_TARGET} times the floor with products through gemm, and
whether PyTorch is not faster. Systems:
{", ".join(NAMES)}."""


def add_parser(commands, common):
    parser = commands.add_parser("speed", help="time a training step", parents=[common],
                                 description=lm_floor.__doc__, epilog=EPILOG,
                                 formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.set_defaults(main=main)
    add = parser.add_argument
    add("--threads", type=int, nargs="+", default=[1, 2], metavar="N",
        help="numbers of threads (default 1 2)")
    add("--rounds", type=int, default=5, help="(default %(default)s)")
    add("--systems", metavar="REGEX", default="",
        help="only those systems whose names have this in them, such as 650x2")
    add("--json", metavar="FILE", help="save every run here, and repeat none that is here already")


def chosen(pattern):
    """The systems of each model whose names have the regular expression in them."""
    found = {model: [system for system in SYSTEMS if re.search(pattern, f"{model.name} {system}")]
             for model in MODELS}
    if not any(found.values()):
        sys.exit(f"--systems: none is named so; there are: {', '.join(NAMES)}")
    return {model: systems for model, systems in found.items() if systems}


def main(args):
    systems, products = chosen(args.systems), lm_floor.beside(args.program)
    results = Results(args.json, {"text": file_fact(args.text), "T": T, "B": B, "lr": LR,
                                  "clip": CLIP}, ("torch", "numpy"),
                      {"of torch": describe_torch(), "wordloom's": lm_floor.describe_blas(products),
                       "environment": f"GOMP_SPINCOUNT {SPIN}; without OPENBLAS_CORETYPE and "
                                      f"OPENBLAS_L2_SIZE"})
    print_facts(results)
    text = Text(args.text)
    for model, names in systems.items():
        with tempfile.TemporaryDirectory() as folder:
            lesson = Lesson(model, text, folder, args.program, products)
            for threads in args.threads:
                report(lesson, threads, compare(lesson, names, threads, args.rounds, results))


class Lesson:
    """What a model learns from, as each system takes it."""

    def __init__(self, model, text, folder, program, products):
        tokens = text.cut(model.steps)
        self.model, self.program, self.products = model, program, products
        self.path, self.out = f"{folder}/text.txt", f"{folder}/model.safetensors"
        self.ids, self.vocabulary = text.ids(tokens), len(text.words)
        self.distinct = round(statistics.mean(
            len(np.unique(inputs)) for inputs, _ in batches(self.ids)))
        write(self.path, tokens)


def compare(lesson, names, threads, rounds, results):
    """The figures of all rounds of each system."""
    found = collections.defaultdict(list)
    with contextlib.ExitStack() as stack:
        measures = measures_of(lesson, threads, stack)
        for number in range(1, rounds + 1):
            for name in names if number % 2 else names[::-1]:
                key = {"model": lesson.model.name, "system": name, "threads": threads,
                       "round": number}
                figures = results.run(key, measures[name])
                found[name].append(figures)
                tell(key, figures)
    return found


def measures_of(lesson, threads, stack):
    return {
        "floor": lambda: lm_floor.measure(lesson.model, lesson.vocabulary, lesson.distinct, threads,
                                          lesson.products),
        "wordloom": lambda: time_wordloom(lesson, threads),
        "pytorch": TorchRounds(lesson, threads, False, stack),
        "pytorch compiled": TorchRounds(lesson, threads, True, stack),
    }


def time_wordloom(lesson, threads):
    first, *others = train_wordloom(lesson.program, lesson.model, lesson.path, lesson.out, threads)
    last = others[-1] if others else first
    if last["steps"] == first["steps"]:
        sys.exit(f"{lesson.model.name} wordloom: only one report in {first['steps']} steps")
    return {"steps": last["steps"] - first["steps"], "seconds": last["seconds"] - first["seconds"],
            "loss": last["epoch_loss"]}


class TorchRounds:
    """Rounds in one process, which starts with the first. What fails once is not tried again."""

    def __init__(self, lesson, threads, compiled, stack):
        self.lesson, self.threads, self.compiled, self.stack = lesson, threads, compiled, stack
        self.process, self.failed = None, None

    def __call__(self):
        if self.process is None:
            self.process = Torch(self.lesson.model, self.threads, self.compiled, self.lesson.ids,
                                 self.lesson.vocabulary)
            self.stack.callback(self.process.close)
        if not self.failed:
            figures = self.process.train(TORCH_WARM, TORCH_STEPS)
            if figures:
                return figures
            self.failed = self.process.trouble().rpartition("\n")[2] or "no word why"
        return {"failed": self.failed}


def tell(key, figures):
    what = ", ".join(f"{name} {value}" if name in ("threads", "round") else str(value)
                     for name, value in key.items())
    if "seconds" in figures:
        say(f"{what}: {milliseconds(figures):.1f} ms a step, loss {figures['loss']:.4f}")
    else:
        say(f"{what}: {figures.get('failed', 'measured')}")


# ---- the report ----------------------------------------------------------------------------------

def milliseconds(figures):
    return 1e3 * figures["seconds"] / figures["steps"]


def report(lesson, threads, found):
    model = lesson.model
    wanted = lm_floor.entries(model, lesson.vocabulary)
    rounds = found.pop("floor", [])
    if rounds:
        print_table(f"{model.name}: products of a step, each alone, threads: {threads}",
                    lm_floor.product_rows(wanted, rounds, threads))
        share = 1e3 * rounds[0]["bytes"] / statistics.median(f["bandwidth"] for f in rounds)
        print(f"the rest: at least {rounds[0]['bytes'] / 1e6:.1f} MB, {share:.2f} ms at a copy's "
              f"bandwidth")
    rows = {name: [1e3 * lm_floor.floor_seconds(wanted, figures, among) for figures in rounds]
            for name, among in (("floor, gemm", ["gemm"]),
                                ("floor, fastest", lm_floor.ways(threads))) if rounds}
    for name, figures in found.items():
        rows[name] = [milliseconds(f) for f in figures if "failed" not in f]
    print_table(f"{model.name}: {model.title}, {lesson.vocabulary} words, threads: {threads}",
                table(rows))
    for name, figures in found.items():
        for trouble in sorted({f["failed"] for f in figures if "failed" in f}):
            print(f"{name} does not run here: {trouble}")
    sys.stdout.flush()


def table(rows):
    median = {name: statistics.median(values) for name, values in rows.items() if values}
    yield ["", "ms a step", "least to most", "k words/s", "of floor, gemm", "of floor, fastest",
           "of pytorch's speed", "verdict"]
    for name, values in rows.items():
        if not values:
            continue
        now = median[name]
        ratios = [ratio(now, median.get("floor, gemm")), ratio(now, median.get("floor, fastest")),
                  ratio(median.get("pytorch"), now)]
        yield [name, f"{now:.2f}", f"{min(values):.2f} to {max(values):.2f}", f"{T * B / now:.1f}",
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
