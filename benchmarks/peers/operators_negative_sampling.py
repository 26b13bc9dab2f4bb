"""Negative sampling in PyTorch: rows looked up, products and a logistic loss."""
import functools

from operators_peer import BACKWARD, BOTH, draw, forward, gradients


def peers(torch, line, device):
    shared = line.op.startswith("negative_sampling_shared")
    leaves = functools.partial(leaves_of, torch, line, device)
    name = f"{'matmul' if shared else 'bmm'} and logistic loss"
    core = functools.partial(shared_loss if shared else loss_of, torch)
    wanted = ["h", "rows"] if shared else ["h"]
    if not line.op.endswith("forward"):
        for part in (BACKWARD, BOTH):
            yield gradients(torch, part, name, leaves, core, wanted, touched=touched)
    elif shared or not line.has("dh"):
        yield forward(torch, name, leaves, core, touched=touched)
    else:
        yield gradients(torch, BOTH, name, leaves, core, wanted, touched=touched)


def touched(leaves):
    """h and the distinct rows of the table."""
    looked_up = leaves["targets" if "targets" in leaves else "samples"].unique().numel()
    return (len(leaves["h"]) + looked_up) * leaves["h"][0].nbytes


def leaves_of(torch, line, device):
    def random(*shape):
        return torch.randn(*shape, device=device).to(line.stored(torch)) * line["D"] ** -0.5

    V, D, N, K = (line[letter] for letter in "VDNK")
    out = {"h": random(N, D), "table": random(V, D)}
    if not line.op.startswith("negative_sampling_shared"):
        return {**out, "samples": draw(torch, line, V, (N, K), device)}
    if line.op.endswith("backward"):  # the shared rows' gradients are found as those of `rows`
        out["rows"] = random(K, D)
    return {**out, "targets": draw(torch, line, V, (N,), device),
            "negatives": draw(torch, line, V, (K,), device)}


def loss_of(torch, h, table, samples):
    functional = torch.nn.functional
    scores = torch.bmm(functional.embedding(samples, table), h.unsqueeze(-1)).squeeze(-1)
    return (-functional.logsigmoid(scores[:, 0]).sum()
            - functional.logsigmoid(-scores[:, 1:]).sum())


def shared_loss(torch, h, table, targets, negatives, rows=None):
    functional = torch.nn.functional
    if rows is None:
        rows = functional.embedding(negatives, table)
    own = (h * functional.embedding(targets, table)).sum(-1)
    return -functional.logsigmoid(own).sum() - functional.logsigmoid(-(h @ rows.T)).sum()
