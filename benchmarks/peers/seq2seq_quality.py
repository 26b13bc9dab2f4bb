"""How well wordloom's models learn the two tasks of Saito, "Deep Learning from Scratch 2", chapters
7 and 8, with the book's settings (one vocabulary for both sides among them) and split (seq2seq.py split):
the accuracy, which is the part of
the test file's pairs whose translation is right to the last character, after each epoch."""
import argparse
import collections
import pathlib
import statistics
import sys
import tempfile

import seq2seq_plot
from peer_results import Results, file_fact, print_facts, print_table, say
from seq2seq_systems import BATCH, CLIP, LR, train_wordloom

Task = collections.namedtuple("Task", "name file title epochs hidden systems")
System = collections.namedtuple("System", "name model reverse")

EMBED = 16
TASKS = [
    Task("addition", "addition", "Sums of two numbers of up to three digits", 25, 128, [
        System("plain", "plain", False),
        System("plain, reversed", "plain", True),
        System("peeky, reversed", "peeky", True),
    ]),
    Task("dates", "date", "Dates in many forms, to be written as 1994-09-27", 4, 256, [
        System("plain, reversed", "plain", True),
        System("peeky, reversed", "peeky", True),
        System("attention, reversed", "attention", True),
    ]),
]


def add_parser(commands):
    parser = commands.add_parser("quality", help="accuracy after each epoch", description=__doc__,
                                 formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.set_defaults(main=main)
    add = parser.add_argument
    add("program", metavar="PROGRAM", help="wordloom's")
    add("--folder", default="build/seq2seq", help="of the split (default %(default)s)")
    add("--tasks", nargs="+", choices=[task.name for task in TASKS], metavar="NAME",
        default=[task.name for task in TASKS], help="(default: addition dates)")
    add("--models", nargs="+", choices=["plain", "peeky", "attention"], metavar="NAME",
        default=["plain", "peeky", "attention"], help="(default: all)")
    add("--threads", type=int, default=2, help="(default %(default)s)")
    add("--seeds", type=int, default=3, metavar="N", help="seeds 1 to N (default %(default)s)")
    add("--json", metavar="FILE", help="save every run here, and repeat none that is here already")
    add("--pictures", metavar="FOLDER",
        help="draw the curves as FOLDER/addition.svg and FOLDER/dates.svg")


def files(args, task):
    """What is learnt from, and what is tested on."""
    paths = [pathlib.Path(args.folder) / f"{task.file}.{kind}.tsv" for kind in ("train", "test")]
    for path in paths:
        if not path.exists():
            sys.exit(f"{path}: is not there; expected that of \"seq2seq.py split {task.file}.txt\"")
    return paths


def main(args):
    tasks = [task for task in TASKS if task.name in args.tasks]
    pairs = "; ".join(file_fact(path) for task in TASKS for path in files(args, task))
    results = Results(args.json, {"pairs": pairs, "batch": BATCH, "embed": EMBED, "lr": LR,
                                  "clip": CLIP},
                      ("numpy", "matplotlib"), {"threads": args.threads})
    print_facts(results)
    for task in tasks:
        curves = {system.name: [run(task, system, seed, args, results)
                                for seed in range(1, args.seeds + 1)]
                  for system in task.systems if system.model in args.models}
        print_table(f"{task.title}: percent right", rows(curves))
        if args.pictures:
            path = pathlib.Path(args.pictures) / f"{task.name}.svg"
            seq2seq_plot.draw(path, task.title, {name: [accuracies(figures) for figures in runs]
                                                 for name, runs in curves.items()})
            say(f"{path} drawn")


def run(task, system, seed, args, results):
    figures = results.run({"task": task.name, "system": system.name, "seed": seed},
                          lambda: measure(task, system, seed, args))
    say(f"{task.name}, {system.name}, seed {seed}: {accuracies(figures)[-1]:.2f} % right, "
        f"{figures['seconds']:.0f} s")
    return figures


def measure(task, system, seed, args):
    train, test = files(args, task)
    with tempfile.TemporaryDirectory() as folder:
        reports = train_wordloom(args.program, [
            "--pairs", train, "--valid", test, "--shared", "--model", system.model,
            *(["--reverse"] if system.reverse else []), "--epochs", task.epochs,
            "--hidden", task.hidden, "--embed", EMBED, "--seed", seed],
            f"{folder}/model.safetensors", args.threads)
    return figures_of(reports, task.epochs)


def figures_of(reports, epochs):
    """Of the log of a run: the seconds of all of it, and what each epoch ended with."""
    ends = [report for report in reports if report["event"] == "epoch"]
    if [report["epoch"] for report in ends] != list(range(1, epochs + 1)):
        sys.exit(f"the log has the ends of {len(ends)} epochs; expected {epochs}, in order")
    names = ("epoch_loss", "validation", "accuracy")
    for report in ends:
        if any(report.get(name) is None for name in names):
            sys.exit(f"the log's end of epoch {report['epoch']} lacks one of {', '.join(names)}")
    return {"seconds": ends[-1]["seconds"],
            **{name: [report[name] for report in ends] for name in names}}


def accuracies(figures):
    return [100 * accuracy for accuracy in figures["accuracy"]]


def rows(curves):
    yield ["", "after the last epoch", "least to most", "best of any", "epochs to 99 %",
           "validation loss", "seconds"]
    for name, runs in curves.items():
        last = [accuracies(figures)[-1] for figures in runs]
        yield [name, f"{statistics.mean(last):.2f}", f"{min(last):.2f} to {max(last):.2f}",
               f"{max(max(accuracies(figures)) for figures in runs):.2f}",
               ", ".join(epochs_to(99, accuracies(figures)) for figures in runs),
               f"{statistics.mean(figures['validation'][-1] for figures in runs):.4f}",
               f"{statistics.mean(figures['seconds'] for figures in runs):.0f}"]


def epochs_to(percent, curve):
    return next((str(epoch) for epoch, value in enumerate(curve, 1) if value >= percent), "never")
