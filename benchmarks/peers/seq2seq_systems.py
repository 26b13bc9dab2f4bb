"""The settings that seq2seq.py times, the pairs that they learn from, and how wordloom is run;
PyTorch runs in processes of its own (seq2seq_torch.py)."""
import collections
import json
import pathlib
import subprocess

import numpy as np

from torch_peer import end, environment

BATCH, LR, CLIP = 128, 0.001, 5

# `kind`: plain, peeky or attention. Sources have S tokens, targets T with </s>; `sources` and
# `targets` are how many characters there are on either side.
Model = collections.namedtuple("Model", "name kind S T sources targets embed hidden steps")

MODELS = [
    Model("dates, attention", "attention", 29, 11, 57, 11, 16, 256, 100),
    Model("addition, plain", "plain", 7, 5, 11, 10, 16, 128, 400),
    Model("addition, peeky", "peeky", 7, 5, 11, 10, 16, 128, 400),
]


def source_vocabulary(model):
    return model.sources + 1  # <unk>


def target_vocabulary(model):
    return model.targets + 3  # <unk>, <s> and </s>


def title(model):
    return (f"B {BATCH}, S {model.S}, T {model.T}, {source_vocabulary(model)} and "
            f"{target_vocabulary(model)} tokens, E {model.embed}, H {model.hidden}")


# ---- pairs ---------------------------------------------------------------------------------------

def pairs(model):
    """Ids drawn for `steps` steps: sources [steps,B,S] and targets [steps,B,T-1]."""
    draw = np.random.default_rng(1)
    return (draw.integers(model.sources, size=(model.steps, BATCH, model.S)),
            draw.integers(model.targets, size=(model.steps, BATCH, model.T - 1)))


def letter(i):
    """Of the first 60 none is a space or a tab."""
    return chr(ord("A") + i)


def write_pairs(path, sources, targets):
    """As a file of lines "source TAB target", a letter for each id."""
    def text(side):
        return ["".join(map(letter, row)) for row in side.reshape(-1, side.shape[-1]).tolist()]

    lines = (f"{source}\t{target}\n" for source, target in zip(text(sources), text(targets)))
    pathlib.Path(path).write_text("".join(lines), "utf-8")


# ---- wordloom ------------------------------------------------------------------------------------

def train_wordloom(program, arguments, out, threads, optimizer="adam", lr=LR):
    """The reports of the log of a run of "seq2seq train"."""
    log = f"{out}.log"
    command = [str(word) for word in (
        program, "seq2seq", "train", *arguments, "--out", out, "--log", log, "--quiet",
        "--batch", BATCH, "--optimizer", optimizer, "--lr", lr, "--clip", CLIP,
        "--device", "cpu", "--threads", threads, "--checkpoint-every", 0)]
    run = subprocess.run(command, env=environment(threads), stdout=subprocess.DEVNULL,
                         stderr=subprocess.PIPE, text=True, check=False)
    if run.returncode:
        end(command, run.returncode, run.stderr)
    with open(log, encoding="utf-8") as file:
        return [json.loads(line) for line in file]
