"""Milliseconds a training step: wordloom, PyTorch, and the step's floor (lm_floor.py)."""
import argparse
import contextlib
import statistics
import tempfile

import numpy as np

import floor
import lm_floor
import step_speed
from lm_systems import B, CLIP, LR, MODELS, T, Text, batches, train_wordloom, write
from peer_results import Results, file_fact, print_facts
from step_speed import TorchRounds
from torch_peer import SPIN, describe_torch

SYSTEMS = ["floor", "wordloom", "pytorch", "pytorch compiled"]
BY_MODEL = {model.name: SYSTEMS for model in MODELS}

EPILOG = f"""\
{step_speed.HOW}
Both see the same words in the same batches. Systems:
{", ".join(step_speed.names(BY_MODEL))}."""


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


def main(args):
    systems, products = step_speed.chosen(args.systems, BY_MODEL), floor.beside(args.program)
    results = Results(args.json, {"text": file_fact(args.text), "T": T, "B": B, "lr": LR,
                                  "clip": CLIP}, ("torch", "numpy"),
                      {"of torch": describe_torch(), "wordloom's": floor.describe_blas(products),
                       "environment": f"GOMP_SPINCOUNT {SPIN}; without OPENBLAS_CORETYPE and "
                                      f"OPENBLAS_L2_SIZE"})
    print_facts(results)
    text = Text(args.text)
    for model in MODELS:
        if model.name in systems:
            compare(model, systems[model.name], text, args, products, results)


def compare(model, names, text, args, products, results):
    with tempfile.TemporaryDirectory() as folder:
        lesson = Lesson(model, text, folder, args.program, products)
        for threads in args.threads:
            with contextlib.ExitStack() as stack:
                measures = measures_of(lesson, threads, stack)
                found = step_speed.compare(model.name, {name: measures[name] for name in names},
                                           threads, args.rounds, results)
            step_speed.report(model.name, f"{model.title}, {lesson.vocabulary} words", T * B,
                              lesson.entries, threads, found)


class Lesson:
    """What a model learns from, as each system takes it."""

    def __init__(self, model, text, folder, program, products):
        tokens = text.cut(model.steps)
        self.model, self.program, self.products = model, program, products
        self.path, self.out = f"{folder}/text.txt", f"{folder}/model.safetensors"
        self.vocabulary = len(text.words)
        ids = text.ids(tokens)
        distinct = round(statistics.mean(len(np.unique(inputs)) for inputs, _ in batches(ids)))
        self.entries = lm_floor.entries(model, self.vocabulary)
        self.least_bytes = lm_floor.least_bytes(model, self.vocabulary, distinct)
        np.save(f"{folder}/ids.npy", ids)
        write(self.path, tokens)
        self.job = {"model": model._asdict(), "ids": f"{folder}/ids.npy",
                    "vocabulary": self.vocabulary}


def measures_of(lesson, threads, stack):
    def torch(compiled):
        return TorchRounds(stack, "lm_torch.py", threads,
                           {**lesson.job, "training": {"compiled": compiled}})

    return {
        "floor": lambda: floor.measure(lesson.entries, lesson.least_bytes, threads,
                                       lesson.products),
        "wordloom": lambda: time_wordloom(lesson, threads),
        "pytorch": torch(False),
        "pytorch compiled": torch(True),
    }


def time_wordloom(lesson, threads):
    reports = train_wordloom(lesson.program, lesson.model, lesson.path, lesson.out, threads)
    return step_speed.after_the_first(reports, lesson.model.name)
