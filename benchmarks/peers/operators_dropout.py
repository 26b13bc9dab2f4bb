"""Dropout in PyTorch, whose draws are its own: no error is told, but where a mask is given."""
from operators_peer import BACKWARD, forward, gradients

P = 0.5  # as wordloom_benchmarks has it


def peers(torch, line, device):
    functional = torch.nn.functional
    shape, dtype = (line["T"], line["N"]), line.stored(torch)
    locked, mask = line.number("locked", 0) != 0, line.has("mask")

    def random():
        return torch.randn(shape, device=device).to(dtype)

    def leaves():
        out = {"x": random()}
        if mask:
            out["mask"] = torch.rand(shape, device=device) >= P
        if line.op == "dropout_backward":
            out["dy"] = random()
        elif line.has("residual"):
            out["residual"] = random()
        return out

    def dropout(x, mask=None, residual=None):
        if mask is not None:
            y = x * mask * (1 / (1 - P))
        elif locked:
            y = x * functional.dropout(torch.ones_like(x[:1]), P)
        else:
            y = functional.dropout(x, P)
        return y if residual is None else y + residual

    name = "x * mask" if mask else "F.dropout of one row" if locked else "F.dropout"
    exact = dropout if mask else None
    if line.op == "dropout_backward":
        yield gradients(torch, BACKWARD, name, leaves, dropout, ["x"], exact=exact)
    else:
        yield forward(torch, name, leaves, dropout, exact=exact)
