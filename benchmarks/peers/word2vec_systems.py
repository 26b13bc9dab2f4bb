"""The systems that word2vec.py compares, and how each is trained: gensim in this process, wordloom
as a program."""
import collections
import re
import subprocess
import sys
import tempfile
import time

from gensim.models import Word2Vec, word2vec

import peer_environment
import safetensors_reader
from peer_results import Results, loaded_blas

# `peer` is gensim or wordloom, `arguments` go to the program, `cpu` is the build it shall use; `loss`
# is negative sampling or hierarchical softmax (hs).
System = collections.namedtuple("System", "name peer method arguments cpu loss",
                                defaults=((), None, "negative"))
# `count` words of the vocabulary, over all epochs, in `seconds` of training alone.
Trained = collections.namedtuple("Trained", "count seconds words input output")

METHODS = ("skipgram", "cbow")
GENSIM = {method: System(f"gensim {method}", "gensim", method) for method in METHODS}
GENSIM_HS = {method: System(f"gensim {method} hs", "gensim", method, loss="hs")
             for method in METHODS}


def gensim_of(system):
    """What a system is compared with."""
    return (GENSIM_HS if system.loss == "hs" else GENSIM)[system.method]


def results_of(path, options):
    """FAST_VERSION: 0 or 1, gensim calls BLAS through scipy's pointers; 2: loops without BLAS; -1:
    no C."""
    return Results(path, options, ("gensim", "numpy", "scipy"),
                   {"gensim FAST_VERSION": word2vec.FAST_VERSION, "blas": loaded_blas()})


def wordloom(method, kind, *more, cpu=None, loss="negative"):
    """kind: "hogwild" or "sync", perhaps after "bf16"; more: negatives per "window" or "pair"."""
    arguments = ["--hogwild"] if "hogwild" in kind else []
    arguments += ["--dtype", "bf16"] if "bf16" in kind else []
    for per in more:
        arguments += ["--negatives-per", per]
    hs = loss == "hs"
    arguments += ["--loss", loss] if hs else []
    name = " ".join([method, kind, *(f"per {per}" for per in more), *["hs"] * hs])
    return System(name, "wordloom", method, tuple(arguments), cpu, loss)


def chosen(systems, pattern):
    """Those whose names have the regular expression in them, behind gensim's of their methods."""
    found = [system for system in systems if re.search(pattern, system.name)]
    if not found:
        sys.exit(f"--systems: none is named so; there are: "
                 f"{', '.join(system.name for system in systems)}")
    return list(dict.fromkeys(gensim_of(system) for system in found)) + found


def train(system, corpus, args, seed, threads):
    """args: the program and the settings of word2vec.py."""
    run = train_gensim if system.peer == "gensim" else train_wordloom
    return run(system, corpus, args, seed, threads)


def train_gensim(system, corpus, args, seed, threads):
    hs = system.loss == "hs"
    model = Word2Vec(sg=int(system.method == "skipgram"), cbow_mean=1, vector_size=args.dim,
                     window=args.window, hs=int(hs), negative=0 if hs else args.negative,
                     min_count=args.min_count, sample=args.sample,
                     epochs=args.epochs, alpha=args.lr,
                     min_alpha=args.lr * args.min_lr_fraction, seed=seed, workers=threads)
    model.build_vocab(corpus_file=corpus)
    start = time.perf_counter()
    # without total_examples the learning rate falls by words, as in word2vec.c and wordloom; with it
    # by sentences, which is another schedule where sentences are not alike
    model.train(corpus_file=corpus, total_words=model.corpus_total_words, epochs=args.epochs)
    seconds = time.perf_counter() - start
    words = model.wv.index_to_key
    count = args.epochs * sum(model.wv.get_vecattr(word, "count") for word in words)
    return Trained(int(count), seconds, words, model.wv.vectors,
                   None if hs else model.syn1neg)


def train_wordloom(system, corpus, args, seed, threads):
    with tempfile.NamedTemporaryFile(suffix=".safetensors") as out:
        command = [
            args.program, "vectors", "train", "--corpus", corpus, "--out", out.name,
            "--method", system.method, *system.arguments, "--dim", args.dim,
            "--window", args.window, "--negative", args.negative, "--min-count", args.min_count,
            "--sample", args.sample, "--epochs", args.epochs, "--lr", args.lr,
            "--min-lr-fraction", args.min_lr_fraction, "--init-range", args.init_range,
            "--seed", seed, "--threads", threads]
        environment = dict(peer_environment.CALLER)
        if system.cpu:
            environment["WORDLOOM_CPU"] = system.cpu
        messages = run_program([str(word) for word in command], environment)
        tensors = safetensors_reader.read(out.name)
    timing = re.search(r"(\d+) words in ([\d.]+) s", messages)
    if not timing:
        sys.exit(f"{system.name}: no \"words in s\" among what the program said:\n{messages}")
    return Trained(int(timing[1]), float(timing[2]),
                   safetensors_reader.words(tensors["vocabulary"]),
                   tensors["embedding.weight"], tensors.get("output.weight"))


def run_program(command, environment):
    """What it wrote on stderr; the comparison ends where the program fails."""
    run = subprocess.run(command, env=environment, stdout=subprocess.DEVNULL,
                         stderr=subprocess.PIPE, text=True, check=False)
    if run.returncode:
        sys.exit(f"{' '.join(command)}\nended with {run.returncode}:\n{run.stderr[-2000:]}")
    return run.stderr
