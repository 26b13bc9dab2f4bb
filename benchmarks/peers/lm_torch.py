"""The language models of lm.py in PyTorch, and the process that trains one (torch_server.py)."""
import numpy as np
import torch
from torch import nn
from torch.nn import functional

import lm_systems
import sized_peer
import torch_server


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
        torch_server.draw_as_wordloom(self, model.size)

    def forward(self, inputs, labels, state):
        h, state = self.lstm(self.dropout(self.embedding(inputs)), state)
        logits = self.output(self.dropout(h))
        return functional.cross_entropy(logits.flatten(0, 1), labels.flatten()), state


class Training:
    """A model with its place in a text. On a GPU a step may be recorded as a graph, and in bf16
    goes by autocast."""

    def __init__(self, model, ids, vocabulary, compiled=False, lr=lm_systems.LR, device="cpu",
                 dtype="f32", graphed=False):
        torch.manual_seed(1)
        self.model = LanguageModel(model, vocabulary).to(device)
        self.loss_of = torch.compile(self.model) if compiled else self.model
        self.autocast = torch.autocast(device, torch.bfloat16, enabled=dtype == "bf16",
                                       cache_enabled=not graphed)
        self.trained = [p for p in self.model.parameters() if p.requires_grad]
        self.optimizer = torch.optim.SGD(self.trained, lr=lr, fused=True)
        self.batches = [tuple(torch.from_numpy(x.astype(np.int64)).to(device) for x in batch)
                        for batch in lm_systems.batches(ids)]
        self.batch = tuple(part.clone() for part in self.batches[0])
        self.state = tuple(torch.zeros(model.layers, lm_systems.B, model.size, device=device)
                           for _ in range(2))
        self.loss = torch.zeros((), device=device)
        self.steps = 0
        self.queue = sized_peer.graph_of(torch, self.learn) if graphed else self.learn

    def learn(self):
        """A step with the batch and from the state, which becomes the next one's."""
        with self.autocast:
            loss, state = self.loss_of(*self.batch, self.state)
        self.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.trained, lm_systems.CLIP)
        self.optimizer.step()
        for part, new in zip((*self.state, self.loss), (*state, loss)):
            part.copy_(new.detach())

    def step(self):
        for part, new in zip(self.batch, self.batches[self.steps % len(self.batches)]):
            part.copy_(new)
        self.steps += 1
        self.queue()
        return self.loss.clone()

    def run(self, steps):
        """Their mean loss."""
        return float(sum(self.step() for _ in range(steps)) / max(steps, 1))


def make(job):
    training = Training(lm_systems.Model(**job["model"]), np.load(job["ids"]), job["vocabulary"],
                        **job["training"])
    return lambda warm, steps: torch_server.timed(training.run, warm, steps)


if __name__ == "__main__":
    torch_server.serve(make)
