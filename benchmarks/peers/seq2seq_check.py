"""Whether wordloom and PyTorch learn the same from the same initial weights: the losses, and the
weights afterwards, of steps on one batch. By plain descent: Adam divides gradients by their own
size, so that of the smallest one would see nothing but how they were rounded."""
import argparse
import tempfile

import numpy as np
import torch

import safetensors_reader
from peer_results import print_table
from seq2seq_systems import MODELS, letter, pairs, train_wordloom, write_pairs
from seq2seq_torch import Training

TINY_LR = 1e-30  # the least that the program takes: it moves no weight that is not 0
MODULES = {"encoder.embedding": "source_embedding", "decoder.embedding": "target_embedding",
           "encoder.rnn.0": "encoder", "decoder.rnn.0": "decoder", "decoder.output": "output"}
LSTM = {"w": "weight_ih_l0", "r": "weight_hh_l0", "b": "bias_ih_l0"}


def add_parser(commands):
    parser = commands.add_parser("check", help="compare losses and weights", description=__doc__,
                                 formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.set_defaults(main=main)
    parser.add_argument("program", metavar="PROGRAM", help="wordloom's")
    parser.add_argument("--steps", type=int, nargs="+", default=[1, 5, 20], metavar="N",
                        help="lengths of the runs (default 1 5 20)")
    parser.add_argument("--lr", type=float, default=1, help="learning rate (default %(default)s)")


def main(args):
    for model in MODELS:
        for reverse in (False, True):
            with tempfile.TemporaryDirectory() as folder:
                print_table(model.name + (", reversed" if reverse else ""),
                            table(model._replace(steps=1), reverse, args, folder))


def table(model, reverse, args, folder):
    yield ["steps", "loss, wordloom", "loss, pytorch", "difference", "weights moved by at most",
           "of that apart"]
    for steps in args.steps:
        ours, theirs, moved, apart = compare(model, reverse, args, steps, folder)
        yield [str(steps), f"{ours:.7f}", f"{theirs:.7f}", f"{abs(ours - theirs):.1e}",
               f"{moved:.4f}", f"{apart / moved:.1e}"]


def compare(model, reverse, args, steps, folder):
    """The losses of the last step; how far a weight moved at most, and how far apart two are at
    most."""
    path, out = f"{folder}/pairs.tsv", f"{folder}/model.safetensors"
    sources, targets = pairs(model)
    write_pairs(path, sources, targets)

    def train(epochs, lr):
        reports = train_wordloom(args.program, [
            "--pairs", path, "--held-out", 0, "--model", model.kind, "--epochs", epochs,
            *(["--reverse"] if reverse else []), "--hidden", model.hidden,
            "--embed", model.embed], out, 1, "sgd", lr)
        ends = [report for report in reports if report["event"] == "epoch"]
        return ends[-1]["epoch_loss"], safetensors_reader.read(out)

    initial = train(1, TINY_LR)[1]
    ours, trained = train(steps, args.lr)
    source, target = (numbers(initial.pop(f"{side}.vocabulary")) for side in ("source", "target"))
    training = Training(model, "pytorch", {
        "sources": ids(source, sources)[..., ::-1 if reverse else 1],
        "targets": ids(target, targets)}, args.lr, (target["<s>"], target["</s>"]))
    parameters = {name: parameter_of(training.model, name) for name in initial}
    for name, parameter in parameters.items():
        parameter.data.copy_(torch.tensor(initial[name]))
    training.run(steps - 1)
    theirs = training.run(1)
    moved = max(np.abs(trained[name] - initial[name]).max() for name in initial)
    apart = max(np.abs(trained[name] - parameter.detach().numpy()).max()
                for name, parameter in parameters.items())
    return ours, theirs, moved, apart


def numbers(vocabulary):
    return {word: i for i, word in enumerate(safetensors_reader.words(vocabulary))}


def ids(number, drawn):
    """Those that were drawn (seq2seq_systems.write_pairs) as wordloom's ids of the letters."""
    return np.vectorize(lambda i: number[letter(i)])(drawn)


def parameter_of(model, name):
    """PyTorch's of wordloom's name; both have the gates in the order i, f, g, o."""
    module, _, kind = name.rpartition(".")
    return model.get_submodule(MODULES[module]).get_parameter(LSTM.get(kind, kind))
