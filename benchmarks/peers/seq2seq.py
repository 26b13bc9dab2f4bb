#!/usr/bin/env python3
"""Models from sequence to sequence by "wordloom seq2seq train": a step's time beside PyTorch's on
the CPU, and what is learnt of the addition and date tasks.

    scripts/setup --peers
    build/peers/bin/python benchmarks/peers/seq2seq.py speed PROGRAM [--json FILE] ...
    build/peers/bin/python benchmarks/peers/seq2seq.py check PROGRAM
    build/peers/bin/python benchmarks/peers/seq2seq.py split addition.txt date.txt
    build/peers/bin/python benchmarks/peers/seq2seq.py quality PROGRAM [--json FILE] ...

PROGRAM is wordloom's, for the speed of a build that also has the benchmarks. Tables go to stdout,
progress to stderr, every run to FILE as soon as it ends; with the same FILE a later call continues.

OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE are taken out of the environment of all systems alike: where
they name an older processor they halve the speed of products. GOMP_SPINCOUNT is 2000 for all alike
unless it is set.
"""
import argparse

import peer_environment  # noqa: F401, before numpy
import seq2seq_check
import seq2seq_quality
import seq2seq_speed
import seq2seq_split


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in (seq2seq_speed, seq2seq_check, seq2seq_split, seq2seq_quality):
        command.add_parser(commands)
    args = parser.parse_args()
    args.main(args)


if __name__ == "__main__":
    main()
