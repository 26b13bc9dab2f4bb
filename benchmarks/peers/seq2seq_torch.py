"""The models of <wordloom/nn/seq2seq.h> with one LSTM layer a side, in PyTorch, and the process
that trains one, or translates with it (torch_server.py)."""
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional

import seq2seq_systems
import torch_server
from seq2seq_systems import BATCH


def by_products(y, x):
    """The encoder's outputs x [S,B,H] weighted by their scores with y [T,B,H], as [T,B,H]."""
    keys = x.transpose(0, 1)
    weights = (y.transpose(0, 1) @ keys.transpose(1, 2)).softmax(2)
    return (weights @ keys).transpose(0, 1)


def by_sdpa(y, x):
    """The same by PyTorch's fused operator."""
    keys = x.transpose(0, 1).unsqueeze(1)
    y = y.transpose(0, 1).unsqueeze(1)
    context = functional.scaled_dot_product_attention(y, keys, keys, scale=1)
    return context.squeeze(1).transpose(0, 1)


class Translator(nn.Module):
    """An encoder, a decoder and the loss; sources [S,B], targets [T,B]."""

    def __init__(self, model, attend):
        super().__init__()
        V, D, H = seq2seq_systems.target_vocabulary(model), model.embed, model.hidden
        self.kind, self.attend = model.kind, attend
        self.source_embedding = nn.Embedding(seq2seq_systems.source_vocabulary(model), D)
        self.target_embedding = nn.Embedding(V, D)
        self.encoder = nn.LSTM(D, H)
        self.decoder = nn.LSTM(D + H if self.kind == "peeky" else D, H)
        self.output = nn.Linear(H if self.kind == "plain" else 2 * H, V)
        torch_server.draw_as_wordloom(self, H)

    def encode(self, sources):
        """The outputs [S,B,H] and the decoder's first state: the last output, and cells of 0."""
        x, (last, _) = self.encoder(self.source_embedding(sources))
        return x, (last, torch.zeros_like(last))

    def decode(self, inputs, x, state):
        """The logits of labels behind the inputs [T,B], and the state behind them."""
        y, context = self.target_embedding(inputs), None
        if self.kind == "peeky":
            context = x[-1:].expand(len(inputs), -1, -1)
            y = torch.cat([context, y], 2)
        y, state = self.decoder(y, state)
        if self.kind == "attention":
            context = self.attend(y, x)
        return self.output(y if context is None else torch.cat([context, y], 2)), state

    def forward(self, sources, inputs, labels):
        logits, _ = self.decode(inputs, *self.encode(sources))
        return functional.cross_entropy(logits.flatten(0, 1), labels.flatten())


class Training:
    """A model with its place among the batches, which Adam trains, or plain descent by `lr`;
    `edges` are the ids of <s> and </s>, of the vocabulary the last."""

    def __init__(self, model, variant, pairs, lr=None, edges=None):
        torch.manual_seed(1)
        self.model = Translator(model, by_sdpa if "sdpa" in variant else by_products)
        self.loss_of = torch.compile(self.model) if "compiled" in variant else self.model
        self.trained = [p for p in self.model.parameters() if p.requires_grad]
        self.optimizer = (torch.optim.SGD(self.trained, lr=lr) if lr else
                          torch.optim.Adam(self.trained, lr=seq2seq_systems.LR, fused=True))
        V = seq2seq_systems.target_vocabulary(model)
        self.begin, self.end = edges or (V - 2, V - 1)
        self.batches = [self.batch(*pair) for pair in zip(pairs["sources"], pairs["targets"])]
        self.steps = 0

    def batch(self, source, target):
        """Sources, inputs and labels, a row a token of all pairs."""
        begin, end = np.full((1, BATCH), self.begin), np.full((1, BATCH), self.end)
        rows = source.T, np.vstack([begin, target.T]), np.vstack([target.T, end])
        return tuple(torch.from_numpy(np.ascontiguousarray(x)) for x in rows)

    def step(self):
        batch = self.batches[self.steps % len(self.batches)]
        self.steps += 1
        loss = self.loss_of(*batch)
        self.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.trained, seq2seq_systems.CLIP)
        self.optimizer.step()
        return loss.detach()

    def run(self, steps):
        """Their mean loss."""
        return float(sum(self.step() for _ in range(steps)) / max(steps, 1))


class Translation:
    """A model that translates, greedily, `batch` sources of the batches at a time; it has not
    learnt when to end, so that each translation has all of its T tokens."""

    def __init__(self, model, variant, pairs):
        self.model = Translator(model, by_sdpa if "sdpa" in variant else by_products).eval()
        self.begin = seq2seq_systems.target_vocabulary(model) - 2
        self.T = model.T
        self.sources = torch.from_numpy(np.ascontiguousarray(
            pairs["sources"].reshape(-1, model.S).T))

    @torch.inference_mode()
    def translate(self, sources):
        x, state = self.model.encode(sources)
        token, written = torch.full((1, sources.shape[1]), self.begin), []
        for _ in range(self.T):
            logits, state = self.model.decode(token, x, state)
            token = logits.argmax(2)
            written.append(token)
        return torch.cat(written)

    def run(self, count, batch):
        """The seconds of `count` translations, after a batch that does not count."""
        self.translate(self.sources[:, :batch])
        start = time.perf_counter()
        for at in range(0, count, batch):
            self.translate(self.sources[:, at:min(at + batch, count)])
        return {"pairs": count, "batch": batch, "seconds": time.perf_counter() - start}


def make(job):
    model = seq2seq_systems.Model(**job["model"])
    what = Translation if "decoding" in job["variant"] else Training
    task = what(model, job["variant"], np.load(job["pairs"]))
    if what is Translation:
        return task.run
    return lambda warm, steps: torch_server.timed(task.run, warm, steps)


if __name__ == "__main__":
    torch_server.serve(make)
