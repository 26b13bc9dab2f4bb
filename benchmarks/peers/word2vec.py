#!/usr/bin/env python3
"""Skip-gram training speed: wordloom beside gensim at the same settings, on the same text.

    scripts/setup --peers && scripts/corpus
    build/peers/bin/python benchmarks/peers/word2vec.py PROGRAM CORPUS [--threads N] [--epochs N]

PROGRAM is wordloom's. Prints raw words a second of wall time, of training alone.
"""
import argparse
import re
import subprocess
import tempfile
import time


def wordloom(args):
    with tempfile.NamedTemporaryFile(suffix=".safetensors") as out:
        run = subprocess.run(
            [args.program, "vectors", "train", "--corpus", args.corpus, "--out", out.name,
             "--threads", str(args.threads), "--epochs", str(args.epochs),
             "--sample", str(args.sample)],
            check=True, stderr=subprocess.PIPE, text=True)
    words, seconds = re.search(r"(\d+) words in ([\d.]+) s", run.stderr).groups()
    return int(words) / float(seconds)


def gensim(args):
    from gensim.models import Word2Vec

    model = Word2Vec(vector_size=100, window=5, negative=5, min_count=5, sample=args.sample, sg=1,
                     workers=args.threads, epochs=args.epochs, seed=1)
    model.build_vocab(corpus_file=args.corpus)
    start = time.perf_counter()
    model.train(corpus_file=args.corpus, total_words=model.corpus_total_words,
                total_examples=model.corpus_count, epochs=args.epochs)
    # as wordloom counts: the words of the vocabulary
    words = sum(model.wv.get_vecattr(w, "count") for w in model.wv.index_to_key)
    return words * args.epochs / (time.perf_counter() - start)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("program")
    parser.add_argument("corpus")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--sample", type=float, default=1e-3)
    parser.add_argument("--repeat", type=int, default=3)
    args = parser.parse_args()
    for name, run in (("wordloom", wordloom), ("gensim", gensim)):
        rates = sorted(run(args) for _ in range(args.repeat))
        print(f"{name:9} {args.threads} threads: {rates[len(rates) // 2] / 1e3:6.0f} k words/s"
              f" ({rates[0] / 1e3:.0f} to {rates[-1] / 1e3:.0f}, {args.repeat} runs)")


if __name__ == "__main__":
    main()
