"""Milliseconds a training step on a GPU: wordloom, and PyTorch eager, as a CUDA graph and compiled;
in f32 (without tf32) and with bf16. Wordloom's bf16 is that of its tables, PyTorch's is autocast."""
import argparse
import contextlib
import tempfile

import step_speed
from lm_speed import Lesson
from lm_systems import B, CLIP, LR, MODELS, T, Text, train_wordloom
from peer_results import Results, file_fact, print_facts
from sized_peer import facts, torch_on
from step_speed import TorchRounds

STEPS = 1000
SYSTEMS = {"wordloom": None, "pytorch": {}, "pytorch graph": {"graphed": True},
           "pytorch compiled": {"compiled": True}}
DTYPES = ("f32", "bf16")


def add_parser(commands, common):
    parser = commands.add_parser("gpu", help="time a training step on a GPU", parents=[common],
                                 description=__doc__,
                                 formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.set_defaults(main=main)
    parser.add_argument("--rounds", type=int, default=3, help="(default %(default)s)")
    parser.add_argument("--json", metavar="FILE",
                        help="save every run here, and repeat none that is here already")


def main(args):
    results = Results(args.json, {"text": file_fact(args.text), "T": T, "B": B, "lr": LR,
                                  "clip": CLIP}, ("torch", "numpy"),
                      facts(torch_on("cuda"), "cuda"))
    print_facts(results)
    text = Text(args.text)
    for model in MODELS:
        with tempfile.TemporaryDirectory() as folder:
            lesson = Lesson(model._replace(steps=STEPS), text, folder, args.program, None)
            for dtype in DTYPES:
                compare(lesson, dtype, args.rounds, results)


def compare(lesson, dtype, rounds, results):
    name = f"{lesson.model.name} {dtype}"
    with contextlib.ExitStack() as stack:
        measures = {system: measure_of(lesson, dtype, training, stack)
                    for system, training in SYSTEMS.items()}
        found = step_speed.compare(name, measures, 1, rounds, results)
    step_speed.report(name, f"{lesson.model.title}, {lesson.vocabulary} words", T * B, [], 1, found)


def measure_of(lesson, dtype, training, stack):
    if training is None:
        return lambda: time_wordloom(lesson, dtype)
    job = {**lesson.job, "training": {**training, "device": "cuda", "dtype": dtype}}
    return TorchRounds(stack, "lm_torch.py", 1, job)


def time_wordloom(lesson, dtype):
    reports = train_wordloom(lesson.program, lesson.model, lesson.path, lesson.out, device="cuda",
                             dtype=dtype)
    return step_speed.after_the_first(reports, lesson.model.name)
