"""Softmax with cross entropy in PyTorch, Liger and QuACK, of logits and of the linear layer that
makes them. Gradients have the type of what they are of: that of w has 16 bits where w has."""
from operators_peer import BACKWARD, BOTH, EAGER, GRAPH, forward, gradients, module_or_reason

CHUNKS = 8  # of the rows, where the layer is worked through in parts
AS_IT_IS = (EAGER, GRAPH)  # what has kernels of its own, which torch.compile would not change


def peers(torch, line, device):
    if line.op.startswith("softmax_xent_linear"):
        yield from linear_peers(torch, line, device)
    else:
        yield from logit_peers(torch, line, device)


def missing(torch):
    """A line for each peer that is not there."""
    for name, module in (("Liger", "liger_kernel.transformers"), ("QuACK", "quack")):
        found, why = module_or_reason(module)
        if found is None:
            yield f"{name}'s rows are left out: {why}"


def quantity(torch, line, device):
    """Random values of the stored type, by their shape."""
    return lambda *shape: torch.randn(*shape, device=device).to(line.stored(torch))


# ---- of logits -----------------------------------------------------------------------------------

def logit_peers(torch, line, device):
    functional = torch.nn.functional
    random = quantity(torch, line, device)

    def leaves():
        return {"logits": random(line["N"], line["V"]),
                "labels": torch.randint(line["V"], (line["N"],), device=device)}

    def cross_entropy(logits, labels):
        return functional.cross_entropy(logits, labels)

    def in_f32(logits, labels):
        return functional.cross_entropy(logits.float(), labels)

    def parts(name, core, which=(BACKWARD, BOTH), **more):
        if line.op.endswith("forward"):
            yield forward(torch, name, leaves, core, **more)
            return
        for part in which:
            yield gradients(torch, part, name, leaves, core, ["logits"], **more)

    yield from parts("F.cross_entropy", cross_entropy)
    if line.stored(torch) != torch.float32:
        yield from parts("F.cross_entropy in f32", in_f32, exact=cross_entropy)
    liger, _ = module_or_reason("liger_kernel.transformers")
    if liger and line.op.endswith("backward"):
        loss = liger.LigerCrossEntropyLoss()  # it writes gradients over the logits: none to compare
        yield from parts("Liger cross entropy", lambda logits, labels: loss(logits, labels),
                         (BOTH,), exact=None, hows=AS_IT_IS)
    quack, _ = module_or_reason("quack")
    if quack:
        yield from parts("QuACK cross_entropy",
                         lambda logits, labels: quack.cross_entropy(logits, labels).mean(),
                         exact=cross_entropy, hows=AS_IT_IS)
    if line.op.endswith("forward"):
        yield from softmax_peers(torch, leaves, quack)


def softmax_peers(torch, leaves, quack):
    """The softmax by itself: it writes as much as it reads, which the call here does not."""
    def softmax(logits, labels):
        return torch.softmax(logits, -1)
    yield forward(torch, "torch.softmax by itself", leaves, softmax)
    if quack:
        yield forward(torch, "QuACK softmax by itself", leaves,
                      lambda logits, labels: quack.softmax(logits), exact=softmax, hows=AS_IT_IS)


# ---- of the linear layer -------------------------------------------------------------------------

def linear_peers(torch, line, device):
    functional = torch.nn.functional
    random = quantity(torch, line, device)

    def leaves():
        scale = line["D"] ** -0.5
        out = {"x": random(line["N"], line["D"]), "w": random(line["V"], line["D"]) * scale,
               "labels": torch.randint(line["V"], (line["N"],), device=device)}
        if line.has("b"):
            out["b"] = random(line["V"])
        return out

    def whole(x, w, labels, b=None):
        return functional.cross_entropy(functional.linear(x, w, b), labels)

    def part_of_loss(x, w, labels, b, rows):
        logits = functional.linear(x, w, b)
        return functional.cross_entropy(logits, labels, reduction="sum") / rows

    def chunked(x, w, labels, b=None):
        """Logits of a chunk at a time, made again for its gradient."""
        loss = 0
        for some, theirs in zip(x.chunk(CHUNKS), labels.chunk(CHUNKS)):
            loss = loss + torch.utils.checkpoint.checkpoint(
                part_of_loss, some, w, theirs, b, len(x), use_reentrant=False,
                preserve_rng_state=False)
        return loss

    def of_pytorch(x, w, labels, b=None):
        return functional.linear_cross_entropy(x, w, labels, linear_bias=b,
                                               options=torch.nn.LinearCrossEntropyOptions())

    def parts(name, core, **more):
        if line.op.endswith("forward"):
            yield forward(torch, name, leaves, core, **more)
        else:
            wanted = ["x"] * line.has("dx") + ["w"] + ["b"] * line.has("b")
            yield gradients(torch, BOTH, name, leaves, core, wanted, **more)

    yield from parts("F.linear, F.cross_entropy", whole)
    yield from parts(f"in {CHUNKS} chunks with checkpoints", chunked, exact=whole)
    yield from parts("F.linear_cross_entropy in chunks", of_pytorch, exact=whole, hows=AS_IT_IS)
    liger, _ = module_or_reason("liger_kernel.transformers")
    if liger:
        loss = liger.LigerFusedLinearCrossEntropyLoss()
        yield from parts("Liger fused linear cross entropy",
                         lambda x, w, labels, b=None: loss(w, x, labels, b), exact=whole,
                         hows=AS_IT_IS)
