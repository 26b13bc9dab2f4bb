"""How fast wordloom trains beside gensim at the same settings on the same text."""
import argparse
import statistics

from peer_results import file_fact, print_facts, print_table, say
from word2vec_systems import chosen, gensim_of, results_of, train, wordloom

V2 = "x86-64-v2"
SYSTEMS = [
    wordloom("skipgram", "hogwild", "window"),
    wordloom("skipgram", "hogwild", "pair"),
    wordloom("skipgram", "sync"),
    wordloom("skipgram", "sync", "pair"),
    wordloom("cbow", "hogwild"),
    wordloom("cbow", "sync"),
    *(wordloom(method, kind, loss="hs")
      for method in ("skipgram", "cbow") for kind in ("hogwild", "sync")),
    *(system._replace(name=f"{system.name} v2", cpu=V2) for system in (
        wordloom("skipgram", "hogwild", "window"),
        wordloom("skipgram", "hogwild", "pair"),
        wordloom("cbow", "hogwild"))),
]

# Times gensim's speed at the same number of threads: by system, and by threads where not all (0).
TARGETS = {
    "skipgram hogwild per window": {1: 4, 2: 4},
    "skipgram hogwild per pair": {1: 2.5},
    "skipgram sync": {0: 1},
    "skipgram sync per pair": {0: 1},
    "cbow hogwild": {1: 2.5, 2: 2},
    "cbow sync": {0: 1},
    "skipgram hogwild per window v2": {0: 2.5},
    "cbow hogwild v2": {0: 1.5},
}
# Times the speed of wordloom's hogwild, on one thread.
SYNC_TARGET = 0.6
HOGWILD = {"skipgram sync": "skipgram hogwild per window", "cbow sync": "cbow hogwild",
           "skipgram sync per pair": "skipgram hogwild per pair",
           "skipgram sync hs": "skipgram hogwild hs", "cbow sync hs": "cbow hogwild hs"}

EPILOG = f"""\
Speed: the words of the vocabulary, times epochs, a second of training's wall time; median (least
to most) of the repeats, which are interleaved. Both peers run on the fastest build for this
processor, but for the rows "v2": wordloom's build for {V2}.
Wordloom prints hundredths of a second: a run should take a second or more."""


def add_parser(commands, common):
    parser = commands.add_parser("speed", help="trained words a second", parents=[common],
                                 description=__doc__, epilog=EPILOG,
                                 formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.set_defaults(main=main)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2], metavar="N",
                        help="numbers of threads (default 1 2)")
    parser.add_argument("--repeats", type=int, default=3, help="(default %(default)s)")
    parser.add_argument("--systems", metavar="REGEX", default="",
                        help="only wordloom's systems whose names have this in them, such as v2$")


def options(args):
    names = ("dim", "window", "negative", "min_count", "sample", "epochs", "lr", "min_lr_fraction",
             "init_range")
    return {"corpus": file_fact(args.corpus), **{name: getattr(args, name) for name in names}}


def main(args):
    systems = chosen(SYSTEMS, args.systems)
    results = results_of(args.json, options(args))
    print_facts(results)
    speeds = {(system, threads): [] for threads in args.threads for system in systems}
    for repeat in range(1, args.repeats + 1):
        for system, threads in speeds:
            figures = results.run(
                {"system": system.name, "threads": threads, "repeat": repeat},
                lambda system=system, threads=threads: measure(system, threads, args))
            speed = figures["words"] / figures["seconds"]
            say(f"{system.name}, threads {threads}, repeat {repeat}: {speed / 1e3:.0f} k words/s")
            speeds[system, threads].append(speed)
    for threads in args.threads:
        print_table(f"Threads: {threads}", table(threads, {
            system: speeds[system, threads] for system in systems}))


def measure(system, threads, args):
    trained = train(system, args.corpus, args, 1, threads)
    return {"words": trained.count, "seconds": trained.seconds}


# ---- the report ----------------------------------------------------------------------------------

def table(threads, speeds):
    median = {system.name: statistics.median(values) for system, values in speeds.items()}
    yield ["", "k words/s", "least to most", "of gensim", "target", "of hogwild", "target",
           "verdict"]
    for system, values in speeds.items():
        spread = f"{min(values) / 1e3:.0f} to {max(values) / 1e3:.0f}"
        row = [system.name, f"{median[system.name] / 1e3:.0f}", spread]
        if system.peer == "gensim":
            yield [*row, "", "", "", "", ""]
            continue
        targets = TARGETS.get(system.name, {})
        ratio = median[system.name] / median[gensim_of(system).name]
        pairs = [(ratio, targets.get(threads, targets.get(0)))]
        pairs.append(against_hogwild(system.name, threads, median))
        yield row + [cell for pair in pairs for cell in ratio_cells(*pair)] + [verdict(pairs)]


def against_hogwild(name, threads, median):
    """(ratio, target), either None where there is none."""
    if HOGWILD.get(name) not in median:
        return None, None
    return median[name] / median[HOGWILD[name]], SYNC_TARGET if threads == 1 else None


def ratio_cells(ratio, target):
    return ["" if ratio is None else f"{ratio:.2f}", "" if target is None else f">= {target:g}"]


def verdict(pairs):
    held = [ratio >= target for ratio, target in pairs if target is not None]
    return "" if not held else "holds" if all(held) else "fails"
