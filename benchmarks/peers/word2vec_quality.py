"""How good wordloom's vectors are beside gensim's of the same settings on the same text."""
import argparse
import math
import statistics
import tempfile

from gensim.test.utils import datapath

import word2vec_scores as scores
from peer_results import file_fact, print_facts, print_table, say
from word2vec_systems import GENSIM, chosen, results_of, train, wordloom

KINDS = ("hogwild", "sync", "bf16 hogwild", "bf16 sync")
SYSTEMS = [wordloom("skipgram", kind, per) for per in ("window", "pair") for kind in KINDS]
SYSTEMS += [wordloom("cbow", kind) for kind in KINDS]

# What a row must hold against gensim, and what is worse: more, of losses (1), or less (-1).
LOSS_PERCENT = 0.5
POINTS, ERRORS = 1, 2
METRICS = {"loss": 1, "as trained": 1, "analogies": -1, "answerable": -1,
           "WordSim-353": -1, "SimLex-999": -1}

EPILOG = f"""\
Every N-th line of CORPUS is held out, all systems learn from the others. Loss: the mean of
negative sampling a held-out example, the same for all, of whole windows without subsampling; and
"as trained", with subsampling and windows drawn shorter.
Analogies (gensim's evaluate_word_analogies): percent right of all questions whose words are known,
and of the "answerable" sections, those of which gensim, over all its runs, answers a share.
WordSim-353, SimLex-999: 100 times Spearman's correlation.
A row "holds" where its losses are at most {LOSS_PERCENT} % above gensim's, and all else at most
{POINTS} point, or {ERRORS} standard errors of the difference if that is more, below gensim's.
On N threads gensim lowers its learning rate by a thread's own share of the epoch's text, so that
it is higher than one thread's: on average by a tenth with 2 threads and 5 epochs."""


def add_parser(commands, common):
    parser = commands.add_parser("quality", help="losses, analogies, similarities",
                                 parents=[common], description=__doc__, epilog=EPILOG,
                                 formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.set_defaults(main=main)
    add = parser.add_argument
    add("--threads", type=int, default=2, help="of every system (default %(default)s)")
    add("--seeds", type=int, default=3, metavar="N", help="seeds 1 to N (default %(default)s)")
    add("--systems", metavar="REGEX", default="",
        help="only wordloom's systems whose names have this in them, such as 'skipgram sync'")
    add("--held-out", type=int, default=100, metavar="N", help="every N-th line (default 100)")
    add("--examples", type=int, default=150000, help="of held-out text (default %(default)s)")
    add("--analogies", default=datapath("questions-words.txt"), metavar="FILE",
        help="questions-words.txt (default: gensim's copy)")
    add("--wordsim", default=datapath("wordsim353.tsv"), metavar="FILE",
        help="WordSim-353, pairs and scores between tabs (default: gensim's copy)")
    add("--simlex", default=datapath("simlex999.txt"), metavar="FILE",
        help="SimLex-999, likewise (default: gensim's copy)")
    add("--answerable", type=float, default=5, metavar="PERCENT",
        help="share from which a section counts as answerable (default %(default)s)")
    add("--sections", metavar="NAME,...",
        help="the answerable sections by name instead: family,gram3,...")


def options(args):
    names = ("dim", "window", "negative", "min_count", "sample", "epochs", "lr", "min_lr_fraction",
             "init_range", "threads", "held_out", "examples")
    files = {name: file_fact(getattr(args, name))
             for name in ("corpus", "analogies", "wordsim", "simlex")}
    return {**files, **{name: getattr(args, name) for name in names}}


def main(args):
    systems = chosen(SYSTEMS, args.systems)
    results = results_of(args.json, options(args))
    print_facts(results)
    with tempfile.TemporaryDirectory() as folder:
        text = Text(args, folder)
        runs = {system: [] for system in systems}
        for seed in range(1, args.seeds + 1):
            for system in systems:
                figures = results.run(
                    {"system": system.name, "seed": seed},
                    lambda system=system, seed=seed: measure(system, seed, text, args))
                say(f"{system.name}, seed {seed}: {figures['seconds']:.1f} s, "
                    f"loss {figures['loss']:.4f}, as trained {figures['as trained']:.4f}")
                runs[system].append(figures)
    report(runs, args)


class Text:
    """The corpus in two: a file to learn from, and held-out examples."""

    def __init__(self, args, folder):
        self.path = f"{folder}/train.txt"
        held_out = []
        with (open(args.corpus, encoding="utf-8", newline="\n") as corpus,
              open(self.path, "w", encoding="utf-8", newline="\n") as file):
            for number, line in enumerate(corpus, 1):
                if number % args.held_out:
                    file.write(line)
                else:
                    held_out.append(line)
        self.vocabulary = scores.Vocabulary(self.path, args.min_count)
        self.held_out = scores.HeldOut(held_out, self.vocabulary, args.window, args.negative,
                                       args.examples)
        self.as_trained = scores.HeldOut(held_out, self.vocabulary, args.window, args.negative,
                                         args.examples, args.sample)
        sizes = ", ".join(f"{len(rows)} for {name}" for name, rows in
                          self.held_out.inputs.items())
        say(f"{len(self.vocabulary.words)} words; held-out examples: {sizes}")


def measure(system, seed, text, args):
    trained = train(system, text.path, args, seed, args.threads)
    table, output = text.vocabulary.arrange(trained)
    vectors = scores.keyed_vectors(text.vocabulary.words, table)
    wordsim, wordsim_unknown = scores.correlation(vectors, args.wordsim)
    simlex, simlex_unknown = scores.correlation(vectors, args.simlex)
    return {"seconds": trained.seconds, "words": trained.count,
            "loss": text.held_out.loss(system.method, table, output),
            "as trained": text.as_trained.loss(system.method, table, output),
            "sections": scores.analogies(vectors, args.analogies),
            "wordsim": wordsim, "wordsim_unknown_percent": wordsim_unknown,
            "simlex": simlex, "simlex_unknown_percent": simlex_unknown}


# ---- the report ----------------------------------------------------------------------------------

def report(runs, args):
    gensim = [figures for system in GENSIM.values() for figures in runs.get(system, [])]
    asked = {name: count for name, (_, count) in gensim[0]["sections"].items()}
    if args.sections:
        wanted = args.sections.split(",")
        answerable = [name for name in asked if name in wanted or name.partition("-")[0] in wanted]
    else:
        answerable = [name for name in asked if mean_accuracy(gensim, [name]) > args.answerable]
    means = {system: summary(rows, answerable) for system, rows in runs.items()}
    print_table("Means of the seeds, with standard errors", mean_rows(means))
    print_table("Wordloom against gensim of the same method: loss in percent, all else in points",
                difference_rows(means))
    legend = [f"{number}: {system.name}" for number, system in enumerate(runs, 1)]
    print_table("Percent right of each section's questions; *: answerable\n" + "\n".join(legend),
                section_rows(runs, asked, answerable))


def accuracy(figures, names):
    right, asked = map(sum, zip((0, 0), *(figures["sections"][name] for name in names)))
    return 100 * right / asked if asked else math.nan


def mean_accuracy(rows, names):
    return statistics.mean(accuracy(figures, names) for figures in rows)


def summary(rows, answerable):
    """(mean, standard error) of each metric."""
    values = {
        "loss": [figures["loss"] for figures in rows],
        "as trained": [figures["as trained"] for figures in rows],
        "analogies": [accuracy(figures, figures["sections"]) for figures in rows],
        "answerable": [accuracy(figures, answerable) for figures in rows],
        "WordSim-353": [100 * figures["wordsim"] for figures in rows],
        "SimLex-999": [100 * figures["simlex"] for figures in rows],
    }
    return {name: (statistics.mean(numbers), standard_error(numbers))
            for name, numbers in values.items()}


def standard_error(numbers):
    """NaN where there is but one number."""
    if len(numbers) < 2:
        return math.nan
    return statistics.stdev(numbers) / math.sqrt(len(numbers))


def mean_rows(means):
    def cell(name, mean, error):
        digits = 4 if METRICS[name] > 0 else 2
        return f"{mean:.{digits}f}" + ("" if math.isnan(error) else f" ±{error:.{digits}f}")

    yield ["", *METRICS]
    for system, metrics in means.items():
        yield [system.name, *(cell(name, *figure) for name, figure in metrics.items())]


def difference_rows(means):
    yield ["", *METRICS, "verdict"]
    for system, metrics in means.items():
        if system.peer == "gensim":
            continue
        gensim = means[GENSIM[system.method]]
        found = {name: difference(name, metrics[name], gensim[name]) for name in METRICS}
        failed = [name for name, (_, holds) in found.items() if not holds]
        yield [system.name, *(cell for cell, _ in found.values()),
               f"fails: {', '.join(failed)}" if failed else "holds"]


def difference(name, ours, gensims):
    """The cell of the table, and whether it holds; NaN of gensim's: no section is answerable."""
    if math.isnan(gensims[0]):
        return "", True
    if METRICS[name] > 0:
        percent = 100 * (ours[0] / gensims[0] - 1)
        return f"{percent:+.2f} %", percent <= LOSS_PERCENT
    change = ours[0] - gensims[0]
    error = math.hypot(ours[1], gensims[1])
    if math.isnan(error):
        return f"{change:+.2f}", change >= -POINTS
    return f"{change:+.2f} ±{error:.2f}", change >= -max(POINTS, ERRORS * error)


def section_rows(runs, asked, answerable):
    yield ["", "questions", *map(str, range(1, len(runs) + 1)), ""]
    for name, count in asked.items():
        cells = [f"{mean_accuracy(rows, [name]):.1f}" for rows in runs.values()]
        yield [name, str(count), *cells, "*" if name in answerable else ""]
