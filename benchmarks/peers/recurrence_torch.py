#!/usr/bin/env python3
"""Milliseconds of recurrent networks in PyTorch, and in FlashRNN where that is, on a GPU: the peers
of wordloom_recurrence at the same sizes.

nn.LSTM, nn.GRU and nn.RNN in training, forward and forward with backward, eager and as a CUDA
graph; in bf16 and f16, or in f32 with and without tf32. Every run finds its data in memory, not in
the L2 cache. The error is that of h over the first steps, against the same network in f64.
FlashRNN has no product with W: its rows say so. It compiles a kernel for each size, which can take
minutes, so that its rows come last."""
import copy
import importlib
import statistics
import sys
import time

import recurrence_sizes
from peer_results import Results, print_facts, print_table, say
from sized_peer import facts, graph_of, parser, torch_on

SCRATCH = 256 << 20  # bytes: over the L2 cache of any GPU here
WARM, LEAST, MOST, LONG_ENOUGH = 3, 5, 20, 150  # runs; milliseconds of all runs after the least
FEW = 8  # steps of which errors are told
FLASHRNN = {"lstm": "lstm", "gru": "gru", "rnn": "elman"}  # its names
FLASHRNN_DTYPES = {"bf16": "bfloat16", "f16": "float16", "f32": "float32"}


def main():
    args = parse()
    torch = torch_on("cuda")
    results = Results(args.out, {"runs": f"{LEAST} to {MOST}, cold"}, ("torch",),
                      facts(torch, "cuda"))
    print_facts(results)
    sizes = [size for size in recurrence_sizes.read(args.sizes)
             if args.only in str(size) and size.cell in args.family.split(",")]
    bench = Bench(torch, results, time.monotonic() + args.seconds)
    for size in sizes:
        bench.run_torch(size)
    bench.run_flashrnn(sizes, args.flashrnn)
    print_table("ms, median", bench.table())


def parse():
    options = parser(__doc__, recurrence_sizes.CELLS)
    options.add_argument("--flashrnn", default="", metavar="FOLDER",
                         help="a checkout of FlashRNN, where it is not installed")
    return options.parse_args()


class Bench:
    """Runs networks, and keeps what they take; `end` is by time.monotonic()."""

    def __init__(self, torch, results, end):
        self.torch, self.results, self.end = torch, results, end
        self.scratch = torch.empty(SCRATCH, dtype=torch.uint8, device="cuda")

    # ---- timing

    def times(self, run):
        """Milliseconds of each of several runs."""
        torch, out = self.torch, []
        start, stop = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        while len(out) < WARM + MOST:
            if len(out) >= WARM + LEAST and sum(out[WARM:]) > LONG_ENOUGH:
                break
            self.scratch.fill_(len(out))
            start.record()
            run()
            stop.record()
            stop.synchronize()
            out.append(start.elapsed_time(stop))
        return out[WARM:]

    def row(self, key, measure):
        """A run by its name. Where there is no time it is left out."""
        if time.monotonic() > self.end:
            say(f"{key}: left out: no time")
            return
        self.results.attempt(key, measure)
        self.torch.cuda.synchronize()

    def figures(self, run, error=None):
        times = self.times(run)
        out = {"ms": statistics.median(times), "least": min(times), "most": max(times),
               "runs": len(times)}
        return out if error is None else {**out, "error of h": error}

    # ---- PyTorch

    def run_torch(self, size):
        for variant in ("f32", "tf32") if size.dtype == "f32" else ("bf16", "f16"):
            self.torch.backends.cudnn.allow_tf32 = variant == "tf32"
            self.torch.backends.cuda.matmul.allow_tf32 = variant == "tf32"
            who = f"nn.{size.cell.upper()} {variant}"
            network = None
            for part in ("forward", "forward and backward"):
                for how in ("eager", "graph"):
                    def measure(part=part, how=how):
                        nonlocal network
                        network = network or Network(self.torch, size, variant)
                        run = network.forward if part == "forward" else network.both
                        return self.figures(graph_of(self.torch, run) if how == "graph" else run,
                                            network.error())
                    self.row(f"{size}, {part}: {who} {how}", measure)

    # ---- FlashRNN

    def run_flashrnn(self, sizes, folder):
        if folder:
            sys.path.insert(0, folder)
        try:
            flashrnn = importlib.import_module("flashrnn").flashrnn
        except Exception as why:  # it also looks for compilers when it is imported
            say(f"FlashRNN's rows are left out: {why}")
            return
        for size in sizes:
            if size.layers > 1 or size.directions > 1:
                continue  # it has neither
            for backend in ("cuda_fused", "cuda"):
                self.flashrnn_rows(flashrnn, size, backend)

    def flashrnn_rows(self, flashrnn, size, backend):
        who = f"FlashRNN {backend} {size.dtype} without W"
        layer = None
        for part in ("forward", "forward and backward"):
            def measure(part=part):
                nonlocal layer
                layer = layer or FlashLayer(self.torch, flashrnn, size, backend)
                return self.figures(layer.forward if part == "forward" else layer.both)
            self.row(f"{size}, {part}: {who}", measure)

    # ---- the table

    def table(self):
        yield ["", "ms", "least", "most", "error of h"]
        for run in self.results.data["runs"]:
            figures = run["figures"]
            if "left out" in figures:
                yield [run["key"], "", "", "", f"left out: {figures['left out']}"]
            else:
                error = figures.get("error of h")
                yield [run["key"], *(f"{figures[name]:.4g}" for name in ("ms", "least", "most")),
                       "" if error is None else f"{error:.2g}"]


class Network:
    """PyTorch's own layers, in training."""

    def __init__(self, torch, size, variant):
        dtype = {"bf16": torch.bfloat16, "f16": torch.float16}.get(variant, torch.float32)
        kind = getattr(torch.nn, size.cell.upper())
        torch.manual_seed(1)
        self.torch = torch
        self.network = kind(size.D, size.H, size.layers, bidirectional=size.directions == 2,
                            device="cuda", dtype=dtype)
        shape = (size.T, size.B)
        self.x = torch.randn(*shape, size.D, device="cuda", dtype=dtype, requires_grad=True)
        self.dy = torch.randn(*shape, size.directions * size.H, device="cuda", dtype=dtype)

    def forward(self):
        return self.network(self.x)[0]

    def both(self):
        self.x.grad = None
        self.network.zero_grad(set_to_none=True)
        self.forward().backward(self.dy)

    def error(self):
        """Of h over the first steps."""
        with self.torch.no_grad():
            x = self.x[:FEW].detach()
            exact = copy.deepcopy(self.network).double()(x.double())[0]
            found = self.network(x)[0].double()
            return float((found - exact).norm() / exact.norm())


class FlashLayer:
    """A layer of FlashRNN as its README calls it: [B,T,gates,heads,features], one head."""

    def __init__(self, torch, flashrnn, size, backend):
        dtype = getattr(torch, FLASHRNN_DTYPES[size.dtype])
        gates = {"lstm": 4, "gru": 3, "rnn": 1}[size.cell]

        def random(*shape, scale=1.0):
            values = torch.randn(*shape, device="cuda") * scale
            return values.to(dtype).requires_grad_()

        biases = 4 if size.cell == "gru" else gates  # a GRU has two for what it resets
        self.parts = (random(size.B, size.T, gates, 1, size.H),
                      random(gates, 1, size.H, size.H, scale=size.H ** -0.5),
                      random(biases, 1, size.H))
        self.dy = torch.randn(size.B, size.T, 1, size.H, device="cuda").to(dtype)
        self.flashrnn, self.torch = flashrnn, torch
        self.options = {"function": FLASHRNN[size.cell], "backend": backend,
                        "dtype": FLASHRNN_DTYPES[size.dtype]}

    def forward(self):
        return self.flashrnn(*self.parts, **self.options)[0][0]

    def both(self):
        for part in self.parts:
            part.grad = None
        self.forward().backward(self.dy)


if __name__ == "__main__":
    main()
