"""What a family of operators says of its peers: a Peer for each way to write a call in PyTorch, and
what their modules share."""
import dataclasses
import importlib
import typing

EAGER, GRAPH, COMPILED, COMPILED_GRAPH = "eager", "graph", "compiled", "compiled graph"
HOWS = (EAGER, GRAPH, COMPILED, COMPILED_GRAPH)
ON_HOST = (EAGER, COMPILED)  # what brings a number of rows to the host, which no graph can
BACKWARD, BOTH = "backward", "forward and backward"


class Inexpressible(Exception):
    """A call that PyTorch's users have no way to write; its text says why."""


@dataclasses.dataclass(frozen=True)
class Peer:
    """One way to write a call. Of each copy of its buffers there are leaves (tensors by name), and
    once made ready (`prepare`, not timed) what `run` is timed with. `core` is the part that
    torch.compile gets; `exact` the same for leaves in f64, without which no error is told."""
    name: str
    leaves: typing.Callable  # () -> tensors by name
    core: typing.Callable
    run: typing.Callable  # (what prepare made, core) -> the results
    prepare: typing.Callable = lambda leaves, core: leaves
    exact: typing.Callable | None = None
    touched: typing.Callable | None = None  # leaves -> bytes of them that a run moves; None: all
    hows: tuple = HOWS


def forward(torch, name, leaves, core, **more):
    """core(**leaves), without gradients."""
    def run(state, core):
        with torch.no_grad():
            return core(**state)
    return Peer(name, leaves, core, run, **{"exact": core, **more})


def gradients(torch, part, name, leaves, core, wanted, **more):
    """The gradients at `wanted` of core(**leaves), alone (BACKWARD) or with it (BOTH). A leaf "dy"
    is the gradient at its result."""
    def prepare(leaves, core):
        state = {key: value.detach().clone().requires_grad_() if key in wanted else value
                 for key, value in leaves.items()}
        dy = state.pop("dy", None)
        return state, dy, core(**state) if part == BACKWARD else None

    def run(ready, core):
        state, dy, y = ready
        if part == BOTH:
            y = core(**state)
        found = torch.autograd.grad(y, [state[key] for key in wanted], dy,
                                    retain_graph=part == BACKWARD)
        return (y.detach(), *found) if part == BOTH else found
    return Peer(f"{name}, {part}", leaves, core, run, prepare, **{"exact": core, **more})


def module_or_reason(name):
    """A module that may not be installed, and else why it is not there."""
    try:
        return importlib.import_module(name), None
    except Exception as why:  # some also look for compilers or devices when they are imported
        return None, f"{type(why).__name__}: {why}"


# ---- ids -----------------------------------------------------------------------------------------

def draw(torch, line, bound, shape, device):
    """Ids below `bound` as tests/opcase.c draws them, but that none is absent: skewed, uniform or by
    Zipf's law."""
    u, w = torch.rand(2, *shape, device=device, dtype=torch.float64)
    how = line.values.get("ids", "skewed")
    if how == "zipf":
        return ((bound + 1) ** u).long().clamp_(max=bound) - 1
    return (u * (1 if how == "uniform" else w) * bound).long()
