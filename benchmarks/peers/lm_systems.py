"""The language models that lm.py compares, the text that they learn from, and how each system is
run: wordloom as a program, PyTorch in a process of its own (lm_torch.py)."""
import collections
import json
import pathlib
import subprocess
import sys

import numpy as np

from torch_peer import end, environment

T, B = 35, 20
LR, CLIP = 20, 0.25

# `size` features and units a layer; wordloom runs `steps` steps at a time, of which it drops those
# before the first report.
Model = collections.namedtuple("Model", "name title layers size tie dropout steps")

MODELS = [
    Model("chapter 6", "1 layer of 100", 1, 100, False, 0, 200),
    Model("650x2", "2 layers of 650, tied, dropout 0.5", 2, 650, True, 0.5, 60),
]


# ---- the text ------------------------------------------------------------------------------------

class Text:
    """The tokens of a text, as wordloom reads it, and its vocabulary."""

    def __init__(self, path):
        with open(path, encoding="utf-8", newline="\n") as file:
            self.tokens = [token for line in file for token in [*line.split(), "<eos>"]]
        self.words = [word for word, _ in collections.Counter(self.tokens).most_common()]

    def cut(self, steps):
        """The tokens of exactly `steps` steps from the beginning; but the last are the words that
        would otherwise be missing, so that the vocabulary is the whole text's."""
        count, seen = steps * T * B + 1, set()
        for kept, token in enumerate(self.tokens):
            if kept + len(self.words) - len(seen) == count - 1:
                tail = [word for word in self.words if word not in seen]
                return [*self.tokens[:kept], *tail, "<eos>"]
            seen.add(token)
        sys.exit(f"a text of {len(self.tokens)} tokens, {len(self.words)} of them different, "
                 f"cannot be cut to the {count} of {steps} steps")

    def ids(self, tokens):
        number = {word: i for i, word in enumerate(self.words)}
        return np.array([number[token] for token in tokens])


def write(path, tokens):
    """Tokens, of which the last is <eos>, as a file that reads as just these."""
    text = "".join("\n" if token == "<eos>" else f"{token} " for token in tokens)
    pathlib.Path(path).write_text(text, "utf-8")


def batches(ids):
    """The inputs and labels [T,B] of each step of one pass, as <wordloom/stream.h> has them."""
    around = len(ids) - 1
    start = np.arange(B) * (around // B)
    for step in range(around // (T * B)):
        at = (start + (step * T + np.arange(T))[:, None]) % around
        yield ids[at], ids[at + 1]


# ---- wordloom ------------------------------------------------------------------------------------

def train_wordloom(program, model, text, out, threads=1, lr=LR, device="cpu", dtype="f32"):
    """The reports of one epoch, but for that of its outcome."""
    log = f"{out}.log"
    size = str(model.size)
    command = [
        program, "lm", "train", "--corpus", text, "--out", out, "--log", log, "--quiet",
        "--cell", "lstm", "--layers", str(model.layers), "--embed", size, "--hidden", size,
        "--dropout", str(model.dropout), *(["--tie"] if model.tie else []),
        "--time", str(T), "--batch", str(B), "--optimizer", "sgd", "--lr", str(lr),
        "--clip", str(CLIP), "--epochs", "1", "--device", device, "--dtype", dtype,
        "--threads", str(threads), "--checkpoint-every", "0"]
    run = subprocess.run(command, env=environment(threads), stdout=subprocess.DEVNULL,
                         stderr=subprocess.PIPE, text=True, check=False)
    if run.returncode:
        end(command, run.returncode, run.stderr)
    with open(log, encoding="utf-8") as file:
        reports = [json.loads(line) for line in file]
    return [report for report in reports if report["event"] in ("progress", "epoch")]
