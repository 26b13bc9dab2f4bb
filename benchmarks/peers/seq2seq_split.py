"""The split of Saito, "Deep Learning from Scratch 2", chapter 7, of a file of 50,000 pairs: all
lines in the order that NumPy's old generator draws from the seed 1984; the first nine tenths are to
learn from, the others to be tested on. A line becomes a source, a tab and its target, with the blanks
that fill both up to one length: the book's program learns and writes these too."""
import argparse
import pathlib

import numpy as np

SEED = 1984
KINDS = ("train", "test")


def add_parser(commands):
    parser = commands.add_parser("split", help="cut files of pairs in two", description=__doc__,
                                 formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.set_defaults(main=main)
    parser.add_argument("files", nargs="+", metavar="FILE", help="a pair a line, such as date.txt")
    parser.add_argument("--folder", default="build/seq2seq",
                        help="where NAME.train.tsv and NAME.test.tsv go (default %(default)s)")


def main(args):
    for file in args.files:
        for path, lines in split(file, args.folder):
            print(f"{path}: {lines} lines")


def split(file, folder):
    """Writes the two files and gives the path and number of lines of each."""
    file, folder = pathlib.Path(file), pathlib.Path(folder)
    lines = file.read_text("utf-8").splitlines(keepends=True)
    order = np.arange(len(lines))
    np.random.RandomState(SEED).shuffle(order)
    at = len(lines) - len(lines) // 10
    folder.mkdir(parents=True, exist_ok=True)
    for kind, part in zip(KINDS, (order[:at], order[at:])):
        path = folder / f"{file.stem}.{kind}.tsv"
        pairs = "".join(lines[i].replace("_", "\t") for i in part)
        path.write_text(pairs, "utf-8", newline="\n")
        yield path, len(part)
