"""Optimisers in PyTorch: a step of a dense parameter with its copy in 16 bits, alone and after
clipping by the gradient's norm; a step of the rows of a table."""
from operators_peer import COMPILED, COMPILED_GRAPH, EAGER, GRAPH, Inexpressible, Peer, forward

SGD, ADAGRAD, ADAM = 0, 3, 5  # rule.kind
NAMES = {SGD: "SGD", ADAGRAD: "Adagrad", ADAM: "Adam"}


def peers(torch, line, device):
    if line.op == "optimizer_clip":
        raise Inexpressible("it is inside clip_grad_norm_, which optimizer_update's rows have")
    if line.op == "optimizer_sum_squares":
        yield forward(torch, "vector_norm, squared", lambda: values_of(torch, line, device, "x"),
                      lambda x: torch.linalg.vector_norm(x).square())
    elif line.op == "optimizer_clear":
        yield Peer("Tensor.zero_", lambda: values_of(torch, line, device, "x"),
                   lambda x: x.zero_(), lambda state, core: core(**state))
    elif line.op == "optimizer_update_rows":
        yield from row_peers(torch, line, device)
    else:
        yield from dense_peers(torch, line, device)


def values_of(torch, line, device, *names):
    return {name: torch.randn(line["N"] * line["D"], device=device) for name in names}


def make(torch, kind, parameter, one_kernel):
    """An optimiser, fused or in PyTorch's own loops over tensors; on CUDA as a graph takes it."""
    how = {"fused": True} if one_kernel else {"foreach": True}
    if kind == SGD:
        return torch.optim.SGD([parameter], lr=1e-3, **how)
    if kind == ADAGRAD:
        return torch.optim.Adagrad([parameter], lr=1e-3, foreach=True)
    return torch.optim.Adam([parameter], lr=1e-3, capturable=parameter.is_cuda, **how)


def dense_peers(torch, line, device):
    kind = int(line.number("rule.kind", SGD))
    if kind not in NAMES:
        raise Inexpressible(f"no optimiser of PyTorch has rule.kind={kind}'s update")

    def leaves():
        out = values_of(torch, line, device, "p", "g")
        if line.has("copy"):
            out["copy"] = torch.empty_like(out["p"], dtype=line.stored(torch))
        return out

    def peer(clipped, one_kernel):
        def step(optimizer, parameter, copy):
            if clipped:
                torch.nn.utils.clip_grad_norm_([parameter], 1.0, foreach=True)
            optimizer.step()
            if copy is not None:
                with torch.no_grad():
                    copy.copy_(parameter)

        def prepare(leaves, core):
            parameter = torch.nn.Parameter(leaves["p"])
            parameter.grad = leaves["g"]
            return make(torch, kind, parameter, one_kernel), parameter, leaves.get("copy")

        def run(ready, core):
            core(*ready)

        name = f"{NAMES[kind]} {'fused' if one_kernel else 'foreach'}"
        if clipped:
            name = f"clip_grad_norm_ and {name}"
        hows = (EAGER, GRAPH) if one_kernel else (EAGER, GRAPH, COMPILED, COMPILED_GRAPH)
        return Peer(name, leaves, step, run, prepare, hows=hows)

    # PyTorch has Adagrad's fused kernel on the CPU only
    for one_kernel in (False,) if kind == ADAGRAD else (True, False):
        for clipped in (False, True) if line.has("rule.scale") else (False,):
            yield peer(clipped, one_kernel)


def row_peers(torch, line, device):
    V, D, N = (line[letter] for letter in "VDN")
    if line.number("rule.kind", SGD) != ADAM:
        raise Inexpressible("only lazy Adam's peer, SparseAdam, is here")

    def leaves():
        return {"table": torch.randn(V, D, device=device), "g": torch.randn(N, D, device=device),
                "rows": torch.randperm(V, device=device)[:N].sort().values}

    def prepare(leaves, core):
        table = torch.nn.Parameter(leaves["table"])
        table.grad = torch.sparse_coo_tensor(leaves["rows"].unsqueeze(0), leaves["g"], (V, D),
                                             is_coalesced=True)
        return torch.optim.SparseAdam([table], lr=1e-3)

    # the table and both moments read and written, the gradient read
    yield Peer("SparseAdam", leaves, lambda optimizer: optimizer.step(),
               lambda optimizer, core: core(optimizer), prepare,
               touched=lambda leaves: 7 * leaves["g"].nbytes, hows=(EAGER,))
