"""Attention in PyTorch: scaled_dot_product_attention by each of its backends, and plain products
around a softmax. Tensors are batch first, as PyTorch has them best."""
import functools

from operators_peer import BACKWARD, BOTH, forward, gradients

BACKENDS = {"flash": "FLASH_ATTENTION", "efficient": "EFFICIENT_ATTENTION",
            "cudnn": "CUDNN_ATTENTION", "math": "MATH"}


def peers(torch, line, device):
    leaves = functools.partial(leaves_of, torch, line, device)
    weights = line.op.endswith("forward") and line.has("weights")
    if line.op.startswith("attention_additive"):
        scores, name = functools.partial(additive_scores, torch), "tanh, product, softmax, matmul"
    else:
        scale = line.number("scale", 1)
        scores, name = functools.partial(dot_scores, scale), "matmul, softmax, matmul"
    yield from parts(torch, line, name, leaves, functools.partial(plain, torch, scores, weights))
    if line.op.startswith("attention_additive"):
        return
    exact = functools.partial(plain, torch, scores, False)
    for short, backend in BACKENDS.items():
        name = f"SDPA {short}{', which gives no weights' if weights else ''}"
        core = functools.partial(sdpa, torch, scale, backend)
        yield from parts(torch, line, name, leaves, core, exact=exact)


def parts(torch, line, name, leaves, core, **more):
    if line.op.endswith("forward"):
        yield forward(torch, name, leaves, core, **more)
        return
    wanted = ["q", "k"] + ["u"] * line.op.startswith("attention_additive")
    wanted += ["v"] * line.has("v")
    for part in (BACKWARD, BOTH):
        yield gradients(torch, part, name, leaves, core, wanted, **more)


def leaves_of(torch, line, device):
    T, B, S, H, D = (line[letter] for letter in "TBSHD")

    def random(*shape):
        return torch.randn(*shape, device=device).to(line.stored(torch))
    out = {"q": random(B, 1, T, H), "k": random(B, 1, S, H)}
    if line.op.startswith("attention_additive"):
        out["u"] = random(H)
    if line.has("v"):
        out["v"] = random(B, 1, S, D)
    if line.has("lengths"):
        lengths = torch.randint(1, S + 1, (B, 1, 1, 1), device=device)
        out["mask"] = torch.arange(S, device=device) < lengths
    if line.op.endswith("backward"):
        out["dy"] = random(B, 1, T, D)
    return out


def dot_scores(scale, q, k):
    return q @ k.transpose(-1, -2) * scale


def additive_scores(torch, q, k, u):
    return torch.tanh(q.unsqueeze(-2) + k.unsqueeze(-3)) @ u


def plain(torch, scores, weights, v=None, mask=None, **of_scores):
    """y, with the weights where they are asked for."""
    e = scores(**of_scores)
    if mask is not None:
        e = e.masked_fill(~mask, float("-inf"))
    a = torch.softmax(e, -1)
    y = a @ (of_scores["k"] if v is None else v)
    return (y, a) if weights else y


def sdpa(torch, scale, backend, q, k, v=None, mask=None):
    attention = torch.nn.attention
    with attention.sdpa_kernel(getattr(attention.SDPBackend, backend)):
        return torch.nn.functional.scaled_dot_product_attention(
            q, k, k if v is None else v, attn_mask=mask, scale=scale)
