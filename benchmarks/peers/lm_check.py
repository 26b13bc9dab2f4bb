"""Whether wordloom and PyTorch learn the same from the same initial weights: the losses, and the
weights afterwards. Dropout is 0, and the learning rate low by default: at that of the speed a model
may go astray at first, and then the least difference grows."""
import tempfile

import numpy as np
import torch

import safetensors_reader
from lm_systems import B, MODELS, T, Text, train_wordloom, write
from lm_torch import Training
from peer_results import print_table

TINY_LR = 1e-30  # the least that the program takes: it moves no weight that is not 0


def add_parser(commands, common):
    parser = commands.add_parser("check", help="compare losses and weights", parents=[common],
                                 description=__doc__)
    parser.set_defaults(main=main)
    parser.add_argument("--steps", type=int, nargs="+", default=[1, 5, 20], metavar="N",
                        help="lengths of the runs (default 1 5 20)")
    parser.add_argument("--lr", type=float, default=1, help="learning rate (default %(default)s)")


def main(args):
    text = Text(args.text)
    for model in MODELS:
        plain = model._replace(dropout=0)
        with tempfile.TemporaryDirectory() as folder:
            print_table(f"{model.name}, without dropout",
                        table(plain, text, args, folder))


def table(model, text, args, folder):
    yield ["steps", "loss, wordloom", "loss, pytorch", "difference", "weights moved by at most",
           "of that apart"]
    for steps in args.steps:
        ours, theirs, moved, apart = compare(model, text, args, steps, folder)
        yield [str(steps), f"{ours:.7f}", f"{theirs:.7f}", f"{abs(ours - theirs):.1e}",
               f"{moved:.4f}", f"{apart / moved:.1e}"]


def compare(model, text, args, steps, folder):
    """The mean losses; how far a weight moved at most, and how far apart two are at most."""
    path, out = f"{folder}/text.txt", f"{folder}/model.safetensors"
    tokens = [*text.tokens[:steps * T * B], "<eos>"]
    write(path, tokens)
    train_wordloom(args.program, model, path, out, lr=TINY_LR)
    initial = safetensors_reader.read(out)
    ours = train_wordloom(args.program, model, path, out, lr=args.lr)[-1]["epoch_loss"]
    trained = safetensors_reader.read(out)
    words = safetensors_reader.words(initial.pop("vocabulary"))
    number = {word: i for i, word in enumerate(words)}
    ids = np.array([number[token] for token in tokens])
    training = Training(model, ids, len(words), lr=args.lr)
    parameters = {name: parameter_of(training.model, name) for name in initial}
    for name, parameter in parameters.items():
        parameter.data.copy_(torch.tensor(initial[name]))
    theirs = training.run(steps)
    moved = max(np.abs(trained[name] - initial[name]).max() for name in initial)
    apart = max(np.abs(trained[name] - parameter.detach().numpy()).max()
                for name, parameter in parameters.items())
    return ours, theirs, moved, apart


def parameter_of(model, name):
    """PyTorch's of wordloom's name; both have the gates in the order i, f, g, o."""
    if not name.startswith("rnn."):
        return model.get_parameter(name)
    _, layer, kind = name.split(".")
    kinds = {"w": "weight_ih", "r": "weight_hh", "b": "bias_ih"}
    return model.lstm.get_parameter(f"{kinds[kind]}_l{layer}")
