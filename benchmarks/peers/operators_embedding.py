"""Rows of a table in PyTorch and cuEmbed: looked up, added to, made a compact gradient, and
updated."""
import functools

import operators_optimizer as optimizer
from operators_peer import (BACKWARD, EAGER, GRAPH, HOWS, ON_HOST, Inexpressible, Peer, draw,
                            forward, gradients)

AS_IT_IS = (EAGER, GRAPH)


def peers(torch, line, device):
    family = {"embedding_gather": gather, "embedding_gather_pooled": gather_pooled,
              "embedding_scatter": scatter, "embedding_scatter_atomic": scatter,
              "embedding_compact": compact, "embedding_update": update}[line.op]
    return family(torch, line, functools.partial(leaves_of, torch, line, device))


def missing(torch):
    if cuembed(torch) is None:
        yield ("cuEmbed's rows are left out: torch.ops.cuembed_pyt is not there (name "
               "libcuembed_pyt.so, built from its examples/pytorch, by --cuembed)")


def cuembed(torch):
    """Its operators, once its library is loaded."""
    there = hasattr(torch.ops.cuembed_pyt, "cuembed_embedding_forward")
    return torch.ops.cuembed_pyt if there else None


# ---- what all need -------------------------------------------------------------------------------

def leaves_of(torch, line, device, *names):
    """Of the names of embedding.h, each as its contract shapes it."""
    V, D, N, K = (line[letter] for letter in "VDNK")

    def random(*shape):
        return torch.randn(*shape, device=device)
    make = {"table": lambda: random(V, D).to(line.stored(torch)),
            "dy": lambda: random(N, D).to(line.stored(torch)),
            "dtable": lambda: random(V, D),
            "weights": lambda: random(N, K),
            "offsets": lambda: torch.arange(0, N * K + 1, K, device=device)}
    out = {name: make[name]() for name in names}
    return {**out, "ids": draw(torch, line, V, (N, K), device)}


def rows_touched(row, times=1):
    """Of leaves, the bytes of the distinct rows that their ids name, moved so many times."""
    return lambda leaves: times * leaves["ids"].unique().numel() * leaves[row][0].nbytes


def weights_name(line):
    return ("weights",) if "weights" not in line.absent else ()


def contributions(dy, ids, weights):
    """What each slot adds to its row, a row a slot, in f32."""
    rows = dy.float().unsqueeze(1).expand(-1, ids.shape[1], -1)
    if weights is not None:
        rows = rows * weights.unsqueeze(-1)
    return rows.reshape(-1, dy.shape[1])


# ---- the calls -----------------------------------------------------------------------------------

def gather(torch, line, leaves):
    def embedding(table, ids):
        return torch.nn.functional.embedding(ids.squeeze(1), table)

    def index_select(table, ids):
        return table.index_select(0, ids.squeeze(1))
    leaves = functools.partial(leaves, "table")
    for name, core in (("F.embedding", embedding), ("index_select", index_select)):
        yield forward(torch, name, leaves, core, touched=rows_touched("table"))


def gather_pooled(torch, line, leaves):
    mode = "mean" if line.number("mean", 0) else "sum"
    if weights_name(line) and mode == "mean":
        raise Inexpressible("F.embedding_bag has weights for sums only")
    leaves = functools.partial(leaves, "table", *weights_name(line))

    def bag(table, ids, weights=None):
        return torch.nn.functional.embedding_bag(ids, table, per_sample_weights=weights, mode=mode)

    def reduced(table, ids, weights=None):
        rows = torch.nn.functional.embedding(ids, table)
        if weights is not None:
            rows = rows * weights.unsqueeze(-1)
        return rows.mean(1) if mode == "mean" else rows.sum(1)
    touched = rows_touched("table")
    yield forward(torch, "F.embedding_bag", leaves, bag, touched=touched)
    yield forward(torch, f"F.embedding and {mode}", leaves, reduced, touched=touched)
    if cuembed(torch) and not weights_name(line):
        def core(table, ids, offsets):
            return cuembed(torch).cuembed_embedding_forward(table, ids.flatten(), offsets, None,
                                                            mode=mode)
        yield forward(torch, "cuEmbed", functools.partial(leaves, "offsets"), core,
                      exact=lambda table, ids, offsets: reduced(table, ids), touched=touched,
                      hows=AS_IT_IS)


def scatter(torch, line, leaves):
    """index_add_ adds to the gradient that is there; a dense backward makes a new one."""
    names = ("dy", *weights_name(line))

    def index_add(dtable, dy, ids, weights=None):
        return dtable.index_add_(0, ids.flatten(), contributions(dy, ids, weights))

    def deterministic(dtable, dy, ids, weights=None):
        rows = contributions(dy, ids, weights)
        return dtable.index_put_((ids.flatten(),), rows, accumulate=True)

    def in_place(state, core):
        core(**state)
    adding = functools.partial(leaves, "dtable", *names)
    touched = rows_touched("dtable", 2)
    yield Peer("index_add_", adding, index_add, in_place, touched=touched)
    yield Peer("index_put_ that accumulates", adding, deterministic, in_place, touched=touched)

    def summed(table, ids, weights=None):
        rows = torch.nn.functional.embedding(ids, table)
        return (rows if weights is None else rows * weights.unsqueeze(-1)).sum(1)
    yield gradients(torch, BACKWARD, "F.embedding, a new dense gradient",
                    functools.partial(leaves, "table", *names), summed, ["table"])
    if cuembed(torch):
        yield cuembed_backward(torch, line, leaves)


def cuembed_backward(torch, line, leaves):
    """As its example for PyTorch goes from slots by samples to slots by rows."""
    def core(dy, ids, offsets, weights=None):
        ops = cuembed(torch)
        flat = ids.flatten()
        samples = ops.cuembed_extract_row_ids_from_csr(offsets[:-1], flat.numel())
        rows, of_rows, of_weights = ops.cuembed_transpose(
            samples, flat, None if weights is None else weights.flatten())
        return ops.cuembed_embedding_backward(dy, line["V"], rows, of_rows,
                                              of_weights if of_weights.numel() else None)

    def exact(dy, ids, offsets, weights=None):
        table = dy.new_zeros(line["V"], line["D"])
        rows = dy.unsqueeze(1).expand(-1, ids.shape[1], -1)
        rows = rows if weights is None else rows * weights.unsqueeze(-1)
        return table.index_add_(0, ids.flatten(), rows.reshape(-1, line["D"]))
    return forward(torch, "cuEmbed, a new dense gradient",
                   functools.partial(leaves, "dy", "offsets", *weights_name(line)), core,
                   exact=exact, hows=AS_IT_IS)


def compact(torch, line, leaves):
    leaves = functools.partial(leaves, "dy", *weights_name(line))

    def coalesced(dy, ids, weights=None):
        found = torch.sparse_coo_tensor(ids.flatten().unsqueeze(0),
                                        contributions(dy, ids, weights),
                                        (line["V"], line["D"])).coalesce()
        return found.indices(), found.values()

    def unique(dy, ids, weights=None):
        rows, at = ids.unique(return_inverse=True)
        sums = dy.new_zeros(len(rows), line["D"], dtype=torch.float32)
        return rows, sums.index_add_(0, at.flatten(), contributions(dy, ids, weights))
    yield forward(torch, "sparse tensor coalesced", leaves, coalesced, exact=None, hows=ON_HOST)
    yield forward(torch, "unique and index_add_", leaves, unique, exact=None, hows=ON_HOST)


def update(torch, line, leaves):
    """Backward of the lookup, then a step; a sparse gradient or a dense one."""
    kind = int(line.number("rule.kind", optimizer.SGD))
    if kind not in (optimizer.SGD, optimizer.ADAM):
        raise Inexpressible(f"rule.kind={kind} has no peer with sparse gradients here")
    leaves = functools.partial(leaves, "table", "dy", *weights_name(line))
    name = optimizer.NAMES[kind]
    nearest = ", rounded to nearest" if line.number("rule.rounding", 0) else ""

    def peer(sparse):
        def lookup(table, ids, weights=None):
            rows = torch.nn.functional.embedding(ids, table, sparse=sparse)
            if weights is not None:
                rows = rows * weights.unsqueeze(-1).to(rows.dtype)
            return rows.sum(1)

        def prepare(leaves, core):
            table = torch.nn.Parameter(leaves["table"])
            y = core(table, leaves["ids"], leaves.get("weights"))
            return table, y, leaves["dy"], stepper(table)

        def stepper(table):
            if sparse and kind == optimizer.ADAM:
                return torch.optim.SparseAdam([table], lr=1e-3)
            if sparse:
                return torch.optim.SGD([table], lr=1e-3)
            return optimizer.make(torch, kind, table, True)

        def run(ready, core):
            table, y, dy, steps = ready
            table.grad = None
            y.backward(dy, retain_graph=True)
            steps.step()
            return table.grad

        tables = 3 if kind == optimizer.ADAM else 1  # with its moments
        how = f"sparse gradient, {'Sparse' if kind == optimizer.ADAM else ''}{name}" if sparse \
            else f"dense gradient, {name} fused"
        return Peer(how + nearest, leaves, lookup, run, prepare,
                    touched=rows_touched("table", 2 * tables) if sparse else None,
                    hows=ON_HOST if sparse and kind == optimizer.ADAM else HOWS)
    yield peer(True)
    yield peer(False)
