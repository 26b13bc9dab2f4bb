#!/usr/bin/env python3
"""Training steps of LSTM language models by "wordloom lm train" beside PyTorch's nn.LSTM.

    scripts/setup --peers
    build/peers/bin/python benchmarks/peers/lm.py speed PROGRAM TEXT [--json FILE] ...
    build/peers/bin/python benchmarks/peers/lm.py check PROGRAM TEXT
    build/peers/bin/python benchmarks/peers/lm.py gpu PROGRAM TEXT

PROGRAM is wordloom's, of a build that also has the benchmarks; TEXT is words, such as the Penn
Treebank's training text. Tables go to stdout, progress to stderr.

OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE are taken out of the environment of all systems alike: where
they name an older processor they halve the speed of products. GOMP_SPINCOUNT is 2000 for all alike
unless it is set.
"""
import argparse

import peer_environment  # noqa: F401, before numpy
import lm_check
import lm_gpu
import lm_speed


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("program", metavar="PROGRAM", help="wordloom's")
    common.add_argument("text", metavar="TEXT", help="a sentence a line, a space between words")
    for command in (lm_speed, lm_check, lm_gpu):
        command.add_parser(commands, common)
    args = parser.parse_args()
    args.main(args)


if __name__ == "__main__":
    main()
