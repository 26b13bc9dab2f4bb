"""Milliseconds a training step from sequence to sequence: wordloom, PyTorch, and the step's floor
(seq2seq_floor.py). With --eval also PyTorch's greedy translations a second."""
import argparse
import contextlib
import statistics
import tempfile

import numpy as np

import floor
import seq2seq_floor
import step_speed
from peer_results import Results, print_facts, print_table, say
from seq2seq_systems import (BATCH, CLIP, LR, MODELS, pairs, title, train_wordloom, write_pairs)
from step_speed import TorchRounds
from torch_peer import SPIN, describe_torch

VARIANTS = ["pytorch", "pytorch compiled"]
SDPA = ["pytorch sdpa", "pytorch sdpa compiled"]
BY_MODEL = {model.name: ["floor", "wordloom", *VARIANTS,
                         *(SDPA if model.kind == "attention" else [])] for model in MODELS}
TRANSLATED, BATCHES = 5000, (128, 1000)

EPILOG = f"""\
{step_speed.HOW}
Both see pairs of letters drawn at random, all of the same lengths. "sdpa" is PyTorch's
scaled_dot_product_attention at scale 1. Adam. Systems:
{", ".join(step_speed.names(BY_MODEL))}."""


def add_parser(commands):
    parser = commands.add_parser("speed", help="time a training step",
                                 description=seq2seq_floor.__doc__, epilog=EPILOG,
                                 formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.set_defaults(main=main)
    add = parser.add_argument
    add("program", metavar="PROGRAM", help="wordloom's")
    add("--threads", type=int, nargs="+", default=[1, 2], metavar="N",
        help="numbers of threads (default 1 2)")
    add("--rounds", type=int, default=5, help="(default %(default)s)")
    add("--systems", metavar="REGEX", default="",
        help="only those systems whose names have this in them, such as 'dates.*pytorch'")
    add("--eval", action="store_true",
        help=f"also time PyTorch's greedy translation of {TRANSLATED} pairs")
    add("--json", metavar="FILE", help="save every run here, and repeat none that is here already")


def main(args):
    systems, products = step_speed.chosen(args.systems, BY_MODEL), floor.beside(args.program)
    results = Results(args.json, {"batch": BATCH, "lr": LR, "clip": CLIP}, ("torch", "numpy"),
                      {"of torch": describe_torch(), "wordloom's": floor.describe_blas(products),
                       "environment": f"GOMP_SPINCOUNT {SPIN}; without OPENBLAS_CORETYPE and "
                                      f"OPENBLAS_L2_SIZE"})
    print_facts(results)
    for model in MODELS:
        if model.name in systems:
            with tempfile.TemporaryDirectory() as folder:
                lesson = Lesson(model, folder, args.program, products)
                for threads in args.threads:
                    compare(lesson, systems[model.name], threads, args, results)


class Lesson:
    """What a model learns from, as each system takes it."""

    def __init__(self, model, folder, program, products):
        sources, targets = pairs(model)
        self.model, self.program, self.products = model, program, products
        self.path, self.out = f"{folder}/pairs.tsv", f"{folder}/model.safetensors"
        write_pairs(self.path, sources, targets)
        distinct = sum(statistics.mean(len(np.unique(step)) for step in side)
                       for side in (sources, targets))
        self.entries = seq2seq_floor.entries(model)
        self.least_bytes = seq2seq_floor.least_bytes(model, round(distinct) + 1)  # and <s>
        np.savez(f"{folder}/pairs.npz", sources=sources, targets=targets)
        self.job = {"model": model._asdict(), "pairs": f"{folder}/pairs.npz"}


def compare(lesson, names, threads, args, results):
    model = lesson.model
    with contextlib.ExitStack() as stack:
        measures = measures_of(lesson, threads, stack)
        found = step_speed.compare(model.name, {name: measures[name] for name in names}, threads,
                                   args.rounds, results)
    step_speed.report(model.name, title(model), model.T * BATCH, lesson.entries, threads, found)
    if args.eval:
        translate(lesson, [name for name in names if name in ("pytorch", "pytorch sdpa")], threads,
                  args.rounds, results)


def measures_of(lesson, threads, stack):
    torch = {name: TorchRounds(stack, "seq2seq_torch.py", threads, {**lesson.job, "variant": name})
             for name in VARIANTS + SDPA}
    return {
        "floor": lambda: floor.measure(lesson.entries, lesson.least_bytes, threads,
                                       lesson.products),
        "wordloom": lambda: time_wordloom(lesson, threads),
        **torch,
    }


def time_wordloom(lesson, threads):
    model = lesson.model
    reports = train_wordloom(lesson.program, [
        "--pairs", lesson.path, "--held-out", 0, "--model", model.kind, "--epochs", 1,
        "--hidden", model.hidden, "--embed", model.embed, "--seed", 1], lesson.out, threads)
    reports = [report for report in reports if report["event"] in ("progress", "epoch")]
    return step_speed.after_the_first(reports, model.name)


# ---- translations --------------------------------------------------------------------------------

def translate(lesson, names, threads, rounds, results):
    """Rounds of each variant and size of batch in turn, in processes that wait meanwhile."""
    found = {(name, batch): [] for name in names for batch in BATCHES}
    with contextlib.ExitStack() as stack:
        measures = {(name, batch): TorchRounds(
            stack, "seq2seq_torch.py", threads, {**lesson.job, "variant": f"{name} decoding"},
            {"count": TRANSLATED, "batch": batch}) for name, batch in found}
        for number in range(1, rounds + 1):
            for (name, batch), measure in measures.items():
                figures = results.run({"model": lesson.model.name, "system": f"{name} decoding",
                                       "batch": batch, "threads": threads, "round": number},
                                      measure)
                if "failed" in figures:
                    say(f"{name} decoding does not run here: {figures['failed']}")
                    continue
                found[name, batch].append(figures["seconds"])
    print_table(f"{lesson.model.name}: {TRANSLATED} greedy translations of {lesson.model.T} "
                f"tokens, threads: {threads}", translation_rows(found))


def translation_rows(found):
    yield ["", "at a time", "seconds", "least to most", "pairs/s"]
    for (name, batch), seconds in found.items():
        if seconds:
            now = statistics.median(seconds)
            yield [name, str(batch), f"{now:.3f}", f"{min(seconds):.3f} to {max(seconds):.3f}",
                   f"{TRANSLATED / now:.0f}"]
