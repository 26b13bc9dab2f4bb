#!/usr/bin/env python3
"""Word vectors by wordloom beside gensim 4 at the same settings, on the same text.

    scripts/setup --peers && scripts/corpus
    build/peers/bin/python benchmarks/peers/word2vec.py quality PROGRAM CORPUS [--json FILE] ...
    build/peers/bin/python benchmarks/peers/word2vec.py speed PROGRAM CORPUS [--json FILE] ...

PROGRAM is wordloom's. A table goes to stdout, progress to stderr, every run to FILE as soon as it
ends; with the same FILE a later call continues.
"""
import argparse

import peer_environment  # noqa: F401, before numpy
import word2vec_quality
import word2vec_speed


def settings():
    """What both commands take."""
    parser = argparse.ArgumentParser(add_help=False)
    add = parser.add_argument
    add("program", metavar="PROGRAM", help="wordloom's")
    add("corpus", metavar="CORPUS", help="a sentence a line, a space between words")
    add("--json", metavar="FILE", help="save every run here, and repeat none that is here already")
    add("--dim", type=int, default=100, help="numbers a vector (default %(default)s)")
    add("--window", type=int, default=5, help="words to either side (default %(default)s)")
    add("--negative", type=int, default=5, help="negatives (default %(default)s)")
    add("--min-count", type=int, default=5, help="of a word (default %(default)s)")
    add("--sample", type=float, default=1e-4, help="subsampling (default %(default)s)")
    add("--epochs", type=int, default=5, help="passes over the text (default %(default)s)")
    add("--lr", type=float, default=0.025, help="first learning rate (default %(default)s)")
    add("--min-lr-fraction", type=float, default=0.004, metavar="X",
        help="of it: what it falls to (default %(default)s: gensim's 0.0001 of 0.025)")
    add("--init-range", type=float, default=1, metavar="X",
        help="wordloom's first vectors lie within X/dim, gensim's within 1/dim, word2vec.c's "
             "within 0.5/dim (default %(default)s)")
    return parser


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in (word2vec_quality, word2vec_speed):
        command.add_parser(commands, settings())
    args = parser.parse_args()
    args.main(args)


if __name__ == "__main__":
    main()
