"""The language models of lm.py in PyTorch, and the process that trains one.

The process reads a job from stdin, a line of JSON, and then how many steps to run, a line each
time, and answers each with a line; see lm_systems.Torch. With the argument `describe` it only says
what PyTorch is built of.
"""
import json
import re
import sys
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional

import lm_systems


class LanguageModel(nn.Module):
    """Embedding, dropout, LSTM layers with dropout after each, output layer; and the loss."""

    def __init__(self, model, vocabulary):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, model.size)
        self.lstm = nn.LSTM(model.size, model.size, model.layers,
                            dropout=model.dropout if model.layers > 1 else 0)
        self.dropout = nn.Dropout(model.dropout) if model.dropout else nn.Identity()
        self.output = nn.Linear(model.size, vocabulary)
        if model.tie:
            self.output.weight = self.embedding.weight
        self.start(model)

    def start(self, model):
        """As wordloom draws. Of the two biases of nn.LSTM one stays 0, or both together would move
        twice as far as one."""
        for name, parameter in self.named_parameters():
            if name.startswith("embedding"):
                nn.init.normal_(parameter, std=0.01)
            elif "weight" in name:
                nn.init.normal_(parameter, std=model.size ** -0.5)
            else:
                nn.init.zeros_(parameter)
            if "bias_hh" in name:
                parameter.requires_grad_(False)

    def forward(self, inputs, labels, state):
        h, state = self.lstm(self.dropout(self.embedding(inputs)), state)
        logits = self.output(self.dropout(h))
        return functional.cross_entropy(logits.flatten(0, 1), labels.flatten()), state


class Training:
    """A model with its place in a text."""

    def __init__(self, model, ids, vocabulary, compiled=False, lr=lm_systems.LR):
        torch.manual_seed(1)
        self.model = LanguageModel(model, vocabulary)
        self.loss_of = torch.compile(self.model) if compiled else self.model
        self.trained = [p for p in self.model.parameters() if p.requires_grad]
        self.optimizer = torch.optim.SGD(self.trained, lr=lr, fused=True)
        self.batches = [tuple(torch.from_numpy(x.astype(np.int64)) for x in batch)
                        for batch in lm_systems.batches(ids)]
        zeros = torch.zeros(model.layers, lm_systems.B, model.size)
        self.state = (zeros, zeros.clone())
        self.steps = 0

    def step(self):
        inputs, labels = self.batches[self.steps % len(self.batches)]
        self.steps += 1
        loss, state = self.loss_of(inputs, labels, self.state)
        self.state = tuple(part.detach() for part in state)
        self.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.trained, lm_systems.CLIP)
        self.optimizer.step()
        return loss.detach()

    def run(self, steps):
        """Their mean loss."""
        return float(sum(self.step() for _ in range(steps)) / max(steps, 1))


def describe():
    config = " ".join(torch.__config__.show().split())
    found = [re.search(pattern, config) for pattern in
             (r"Math Kernel Library Version \S+", r"MKL-DNN v[\d.]+", r"BLAS_INFO=\w+")]
    parts = [match[0] for match in found if match]
    return "; ".join([*parts, f"instructions {torch.backends.cpu.get_cpu_capability()}"])


def serve():
    job = json.loads(sys.stdin.readline())
    torch.set_num_threads(job["threads"])
    training = Training(lm_systems.Model(**job["model"]), np.load(job["ids"]), job["vocabulary"],
                        job["compiled"])
    for line in sys.stdin:
        wanted = json.loads(line)
        training.run(wanted["warm"])
        start = time.perf_counter()
        loss = training.run(wanted["steps"])
        seconds = time.perf_counter() - start
        print(json.dumps({"steps": wanted["steps"], "seconds": seconds, "loss": loss}), flush=True)


if __name__ == "__main__":
    if sys.argv[1:] == ["describe"]:
        print(describe())
    else:
        serve()
