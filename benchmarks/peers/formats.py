#!/usr/bin/env python3
"""Whether vectors keep their values between wordloom, gensim 4 and fastText.

    scripts/setup --peers
    build/peers/bin/python benchmarks/peers/formats.py PROGRAM

PROGRAM is wordloom's: files that its `vectors convert` writes are read by gensim (.npy by numpy),
files that gensim writes are converted to .safetensors and compared; with the command `fasttext`
also files by and for it. A line a check; the exit status is 1 where one failed.
"""
import argparse
import pathlib
import shutil
import subprocess
import sys
import tempfile
import traceback

import numpy as np
from gensim.models import KeyedVectors

import peer_environment
import safetensors_reader

# Letters of several bytes, a backslash, and what looks like a number or a first line.
WORDS = ["the", "</s>", "naïve", "日本語", "c++", "back\\slash", "-1.5", "3", "don't"]
# The ends of float32, the least normal and the least of all, and numbers that decimals only near.
VALUES = np.array([3.4028235e38, -3.4028235e38, 1.1754944e-38, 1e-45, -0.0, -1, 1 / 3, 0.1,
                   16777217], np.float32)
DIM = 12


def sample():
    """Words and their vectors."""
    draw = np.random.default_rng(1)
    words = WORDS + [f"word{number}" for number in range(500)]
    table = draw.standard_normal((len(words), DIM), np.float32)
    table.flat[:len(VALUES)] = VALUES
    return words, table


def same(found, expected):
    """Raises ValueError unless words and vectors are equal, bit for bit."""
    words, table = found
    if list(words) != list(expected[0]):
        raise ValueError("other words: " + ", ".join(
            f"{a!r} for {b!r}" for a, b in zip(words, expected[0]) if a != b)[:200] or "fewer")
    if table.shape != expected[1].shape or table.dtype != np.float32:
        raise ValueError(f"{table.dtype} {table.shape} for {expected[1].shape}")
    differing = np.argwhere(table.view("u4") != np.ascontiguousarray(expected[1]).view("u4"))
    if len(differing):
        row, column = differing[0]
        raise ValueError(f"{len(differing)} other numbers, the first of word {words[row]!r}: "
                         f"{table[row, column]!r} for {expected[1][row, column]!r}")


# ---- reading and writing -------------------------------------------------------------------------

def read_gensim(path, **form):
    vectors = KeyedVectors.load_word2vec_format(path, **form)
    return vectors.index_to_key, vectors.vectors


def read_safetensors(path):
    tensors = safetensors_reader.read(path)
    return safetensors_reader.words(tensors["vocabulary"]), tensors["embedding.weight"]


def read_npy(path):
    return words_file(path).read_text("utf-8").split("\n")[:-1], np.load(path)


def words_file(path):
    """The one other file in the folder of an .npy file."""
    other, = (file for file in pathlib.Path(path).parent.iterdir() if file != path)
    return other


def write_gensim(path, vectors, **form):
    model = KeyedVectors(DIM)
    model.add_vectors(*vectors)
    model.save_word2vec_format(path, **form)


def write_word2vec_c(path, vectors):
    """word2vec.c's binary form, with a newline after each vector, which gensim does not write."""
    with open(path, "wb") as file:
        file.write(b"%d %d\n" % vectors[1].shape)
        for word, vector in zip(*vectors):
            file.write(word.encode("utf-8") + b" " + vector.tobytes() + b"\n")


def folder_of(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


# ---- checks --------------------------------------------------------------------------------------

# name, file written by wordloom, how it is read
WRITTEN = [
    ("gensim reads wordloom's text", "out/t.txt", read_gensim),
    ("gensim reads wordloom's .vec", "out/t.vec", read_gensim),
    ("gensim reads wordloom's binary", "out/b.bin", lambda path: read_gensim(path, binary=True)),
    ("numpy reads wordloom's .npy", "npy/n.npy", read_npy),
    ("wordloom's safetensors are the same", "out/s.safetensors", read_safetensors),
]
# name, file to be read by wordloom, how it is written
READ = [
    ("wordloom reads gensim's text", "in/t.txt", write_gensim),
    ("wordloom reads gensim's .vec", "in/t.vec", write_gensim),
    ("wordloom reads gensim's binary", "in/b.bin",
     lambda path, vectors: write_gensim(path, vectors, binary=True)),
    ("wordloom reads word2vec.c's binary", "in/c.bin", write_word2vec_c),
]


class Checks:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        self.vectors = sample()
        self.source = folder_of(folder / "source/gensim.txt")
        write_gensim(self.source, self.vectors)
        self.failed = 0

    def check(self, name, function, *args):
        try:
            function(*args)
            print(f"ok    {name}", flush=True)
        except Exception as error:  # a reader may raise anything
            self.failed += 1
            where = traceback.extract_tb(error.__traceback__)[-1]
            print(f"FAIL  {name}: {error} ({pathlib.Path(where.filename).name}:{where.lineno})",
                  flush=True)

    def convert(self, source, target):
        command(self.program, "vectors", "convert", source, folder_of(target),
                environment=peer_environment.CALLER)
        return target

    def gensim_itself(self):
        same(read_gensim(self.source), self.vectors)

    def written(self, path, read):
        same(read(self.convert(self.source, self.folder / path)), self.vectors)

    def read(self, path, write):
        path = folder_of(self.folder / path)
        write(path, self.vectors)
        self.back(path)

    def back(self, path):
        """`path`, through wordloom, is the sample again."""
        target = self.folder / "back" / f"{path.suffix[1:]}.safetensors"
        same(read_safetensors(self.convert(path, target)), self.vectors)

    def numpys_npy(self):
        """An .npy file that numpy writes, beside the words of wordloom's file of that name."""
        path = self.folder / "npy/n.npy"
        np.save(path, self.vectors[1])
        self.back(path)

    def fasttext_vec(self):
        """The .vec file that fastText learns; to binary, as gensim reads either."""
        text, model = self.folder / "text.txt", self.folder / "fasttext"
        text.write_text((" ".join(f"word{n % 50}" for n in range(500)) + "\n") * 5, "utf-8")
        command("fasttext", "skipgram", "-input", text, "-output", model, "-dim", DIM,
                "-epoch", 1, "-thread", 1)
        found = self.convert(model.with_suffix(".vec"), self.folder / "fasttext_vectors.bin")
        same(read_gensim(found, binary=True), read_gensim(model.with_suffix(".vec")))

    def fasttext_pretrained(self):
        """fastText starts from wordloom's .vec file, learns at rate 0, and prints 5 digits."""
        words, table = self.vectors[0][len(WORDS):], self.vectors[1][len(WORDS):]
        source, text = self.folder / "pretrained.txt", self.folder / "labelled.txt"
        write_gensim(source, (words, table))
        text.write_text("__label__a word1 word2\n__label__b word3 word4\n", "utf-8")
        model = self.folder / "supervised"
        command("fasttext", "supervised", "-input", text, "-output", model, "-dim", DIM, "-lr", 0,
                "-epoch", 1, "-thread", 1, "-pretrainedVectors",
                self.convert(source, self.folder / "out/pretrained.vec"))
        printed = command("fasttext", "print-word-vectors", f"{model}.bin", text="\n".join(words))
        rows = [line.split() for line in printed.splitlines()]
        found = np.array([row[1:] for row in rows], np.float32)
        if not np.allclose(found, table, rtol=1e-4, atol=0):
            raise ValueError(f"differs by up to {np.abs(found - table).max()}")


def command(*words, text="", environment=None):
    """What it writes on stdout; ValueError with its last words where it fails."""
    run = subprocess.run([str(word) for word in words], input=text, env=environment,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if run.returncode:
        raise ValueError(f"{words[0]} ended with {run.returncode}: {run.stderr.strip()[-300:]}")
    return run.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", metavar="PROGRAM", help="wordloom's")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        checks = Checks(args.program, pathlib.Path(folder))
        checks.check("gensim reads its own text", checks.gensim_itself)
        for name, path, read in WRITTEN:
            checks.check(name, checks.written, path, read)
        for name, path, write in READ:
            checks.check(name, checks.read, path, write)
        checks.check("wordloom reads numpy's .npy", checks.numpys_npy)
        if shutil.which("fasttext"):
            checks.check("wordloom reads fastText's .vec", checks.fasttext_vec)
            checks.check("fastText reads wordloom's .vec", checks.fasttext_pretrained)
        else:
            print("skip  fastText: no command `fasttext`")
    if checks.failed:
        sys.exit(1)


if __name__ == "__main__":
    main()
