"""How good a model's vectors are: the loss on held-out text, analogies, and similarities that
people gave."""
import collections
import sys

import numpy as np
from gensim.models import KeyedVectors

CHUNK = 4000  # examples at a time
SEED = 20130904  # of the held-out examples and their negatives, the same for every system


class Vocabulary:
    """The words of a text that occur `min_count` times or more, by falling count, and counts."""

    def __init__(self, path, min_count):
        count = collections.Counter()
        with open(path, encoding="utf-8") as file:
            for line in file:
                count.update(line.split())
        kept = sorted((-n, word) for word, n in count.items() if n >= min_count)
        self.words = [word for _, word in kept]
        self.counts = np.array([-n for n, _ in kept])
        self.ids = {word: id for id, word in enumerate(self.words)}

    def kept(self, sample):
        """The probabilities with which subsampling keeps the words; of 0 it keeps all."""
        share = self.counts / self.counts.sum()
        return (np.sqrt(share / sample) + 1) * sample / share if sample else np.ones(len(share))

    def arrange(self, trained):
        """The model's two tables with their rows in the order of this vocabulary."""
        row = {word: number for number, word in enumerate(trained.words)}
        if row.keys() != self.ids.keys():
            other = sorted(row.keys() ^ self.ids.keys())
            sys.exit(f"{len(other)} words are not in both vocabularies: {other[:5]}")
        rows = [row[word] for word in self.words]
        return trained.input[rows], trained.output[rows]


class HeldOut:
    """Examples of a held-out text and their negatives: with the whole window of every word, or,
    given `sample`, as in training, of the words that subsampling keeps, with windows drawn shorter.

    As gensim, word2vec.c and wordloom train: a context word's row of the input table, for CBOW the
    mean of the window's rows, foretells the centre word's row of the output table.
    """

    def __init__(self, lines, vocabulary, window, negative, examples, sample=None):
        draw = np.random.default_rng(SEED)
        keep = np.ones(len(vocabulary.words)) if sample is None else vocabulary.kept(sample)
        ids = [[id for word in line.split() if (id := vocabulary.ids.get(word)) is not None
                and draw.random() < keep[id]] for line in lines]
        line = np.repeat(np.arange(len(ids)), [len(words) for words in ids])
        ids = np.concatenate([np.array(words, int) for words in ids])
        reach = np.concatenate([np.arange(-window, 0), np.arange(1, window + 1)])
        near = np.arange(len(ids))[:, None] + reach
        inside = (near >= 0) & (near < len(ids))
        near[~inside] = 0
        inside &= line[near] == line[:, None]
        if sample is not None:
            inside &= abs(reach) <= draw.integers(1, window, (len(ids), 1), endpoint=True)
        contexts = np.where(inside, ids[near], -1)

        noise = vocabulary.counts ** 0.75
        noise /= noise.sum()
        centre, place = some(draw, np.argwhere(inside), examples).T
        windows = some(draw, np.flatnonzero(inside.any(axis=1)), examples)
        self.inputs = {"skipgram": contexts[centre, place][:, None], "cbow": contexts[windows]}
        self.samples = {"skipgram": with_negatives(draw, ids[centre], negative, noise),
                        "cbow": with_negatives(draw, ids[windows], negative, noise)}

    def loss(self, method, input_table, output_table):
        """Mean over the examples of -log s(target) - sum of log s(-negative)."""
        inputs, samples = self.inputs[method], self.samples[method]
        total = 0.0
        for start in range(0, len(inputs), CHUNK):
            context, sample = inputs[start:start + CHUNK], samples[start:start + CHUNK]
            there = (context >= 0)[:, :, None]
            h = (input_table[context] * there).sum(axis=1, dtype=np.float64) / there.sum(axis=1)
            score = np.einsum("nd,nkd->nk", h, output_table[sample].astype(np.float64))
            score[:, 0] *= -1  # the target
            total += np.logaddexp(0.0, score).sum()
        return total / len(inputs)


def some(draw, rows, count):
    """`count` of the rows, or all, in their order."""
    if count >= len(rows):
        return rows
    return rows[np.sort(draw.choice(len(rows), count, replace=False))]


def with_negatives(draw, targets, negative, noise):
    """[N, 1 + negative]: targets, then words drawn by `noise` that are not the row's target."""
    drawn = draw.choice(len(noise), (len(targets), negative), p=noise)
    while (same := drawn == targets[:, None]).any():
        drawn[same] = draw.choice(len(noise), same.sum(), p=noise)
    return np.column_stack([targets, drawn])


def keyed_vectors(words, table):
    vectors = KeyedVectors(table.shape[1])
    vectors.add_vectors(words, table)
    return vectors


def analogies(vectors, path):
    """[right, asked] of each section of which the vocabulary knows a question."""
    sections = vectors.evaluate_word_analogies(path)[1]
    counts = {section["section"]: [len(section["correct"]),
                                   len(section["correct"]) + len(section["incorrect"])]
              for section in sections if section["section"] != "Total accuracy"}
    return {name: count for name, count in counts.items() if count[1]}


def correlation(vectors, path):
    """Spearman's, and the percentage of pairs with a word that is not in the vocabulary."""
    _, spearman, unknown = vectors.evaluate_word_pairs(path)
    return float(spearman.statistic), float(unknown)
