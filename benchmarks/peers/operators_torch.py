#!/usr/bin/env python3
"""Milliseconds of what a PyTorch user writes for the calls that wordloom_benchmarks times, at the
same sizes: eager, as a CUDA graph, compiled by torch.compile, and that as a graph; and Liger, QuACK
and cuEmbed where they are.

A cold run finds its data in memory, not in the L2 cache: there are copies of all buffers, with more
than 256 MiB for the runs to touch, which take their turns, and results stay until all had one. A
warm run has the same copy again. A figure is the median of rounds of all copies, divided by
their number; a graph has a whole round. f32 is without tf32. Errors are against f64, where that is
cheap. Compiling takes seconds each, so that its rows come last."""
import importlib
import statistics
import time
import warnings

import operators_sizes
from operators_peer import COMPILED, COMPILED_GRAPH, EAGER, GRAPH, Inexpressible
from peer_results import Results, print_facts, print_table, say
from sized_peer import facts, parser, torch_on

COLD = 256 << 20  # bytes: over the L2 cache of any GPU here
MOST_COPIES, LEAST_COPIES = 160, 3
WARM, LEAST, MOST, LONG_ENOUGH = 2, 7, 20, 150  # rounds; milliseconds of them after the least
CHEAP = 1 << 30  # bytes of leaves of which an error is told


def main():
    args = parse()
    torch = torch_on(args.device)
    torch.set_float32_matmul_precision("highest")
    if args.cuembed:
        torch.ops.load_library(args.cuembed)
    results = Results(args.out, {"rounds": f"{LEAST} to {MOST}", "device": args.device}, ("torch",),
                      facts(torch, args.device))
    print_facts(results)
    bench = Bench(torch, args.device, results, time.monotonic() + args.seconds)
    families = args.family.split(",")
    for family in families:
        for text in getattr(module_of(family), "missing", lambda torch: ())(torch):
            say(text)
    chosen = list(peers(torch, [line for line in operators_sizes.read(families, args.sizes)
                                if args.only in str(line)], args.device))
    for hows in ((EAGER, GRAPH), (COMPILED, COMPILED_GRAPH)):
        for line, peer in chosen:
            bench.rows(line, peer, [how for how in hows if how in peer.hows])
    if bench.late:
        say(f"{bench.late} rows are left out: no time")
    print_table("ms, median", bench.table())


def parse():
    options = parser(__doc__, operators_sizes.FAMILIES)
    add = options.add_argument
    add("--device", default="cuda", choices=("cuda", "cpu"),
        help="cpu only tries the script: few copies, eager (default %(default)s)")
    add("--cuembed", metavar="FILE", help="libcuembed_pyt.so, from cuEmbed's example for PyTorch")
    return options.parse_args()


def module_of(family):
    return importlib.import_module(f"operators_{family}")


def peers(torch, lines, device):
    """Each line with each of its peers; one without any is told."""
    for line in lines:
        try:
            for peer in module_of(line.family).peers(torch, line, device):
                yield line, peer
        except Inexpressible as why:
            say(f"{line}: left out: {why}")


class Bench:
    """Runs peers, and keeps what they take; `end` is by time.monotonic()."""

    def __init__(self, torch, device, results, end):
        self.torch, self.device, self.results, self.end = torch, device, results, end
        self.late = 0  # rows for which there was no time
        self.cuda = device == "cuda"
        if self.cuda:  # where graphs are recorded, so that what they differentiate began there
            torch.cuda.set_stream(torch.cuda.Stream())

    def rows(self, line, peer, hows):
        for how in hows:
            if time.monotonic() > self.end:
                self.late += 1
                continue
            self.results.attempt(f"{line}: {peer.name}, {how}",
                                 lambda how=how: self.measure(peer, how))
            if self.cuda:
                self.torch.cuda.synchronize()

    def measure(self, peer, how):
        if how != EAGER and not self.cuda:
            raise RuntimeError("only eager rows are tried on the CPU")
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            try:
                return self.figures(peer, how)
            except RuntimeError as why:
                reasons = refusals(told)
                raise RuntimeError("; ".join([*reasons, str(why).strip()])) from why

    def figures(self, peer, how):
        core = peer.core
        if how in (COMPILED, COMPILED_GRAPH):
            self.torch.compiler.reset()  # else a second size is compiled for any
            config = importlib.import_module("torch._functorch.config")
            config.donated_buffer = False  # backward goes more than once
            core = self.torch.compile(core, dynamic=False)
        error = self.error(peer, core)
        states = self.copies(peer, core)
        graphed = how in (GRAPH, COMPILED_GRAPH)
        cold = self.times(self.round(peer, core, states, graphed), len(states))
        warm = self.times(self.round(peer, core, states[:1] * len(states), graphed), len(states))
        out = {"ms": statistics.median(cold), "least": min(cold), "most": max(cold),
               "warm": statistics.median(warm), "copies": len(states)}
        return out if error is None else {**out, "error": error}

    # ---- buffers

    def leaves(self, peer, seed):
        self.torch.manual_seed(seed)
        return peer.leaves()

    def copies(self, peer, core):
        """What runs are timed with, in turn."""
        first = self.leaves(peer, 0)
        touched = peer.touched(first) if peer.touched else \
            sum(value.nbytes for value in first.values())
        count = LEAST_COPIES
        if self.cuda:
            count = min(max(COLD // touched + 1, LEAST_COPIES), MOST_COPIES)
        return [peer.prepare(first if seed == 0 else self.leaves(peer, seed), core)
                for seed in range(count)]

    def error(self, peer, core):
        """|found - exact| / |exact| over all results, exact in f64."""
        leaves = self.leaves(peer, 0)
        if peer.exact is None or sum(value.nbytes for value in leaves.values()) > CHEAP:
            return None
        wide = {name: value.double() if value.is_floating_point() else value
                for name, value in leaves.items()}
        exact = in_one(self.torch, peer.run(peer.prepare(wide, peer.exact), peer.exact))
        found = in_one(self.torch, peer.run(peer.prepare(leaves, core), core))
        return float((found - exact).norm() / exact.norm())

    # ---- timing

    def round(self, peer, core, states, graphed):
        """A run of each, whose results all stay to the end."""
        def run():
            return [peer.run(state, core) for state in states]
        if not graphed:
            return run
        torch = self.torch
        run()  # as PyTorch wants it before it records
        self.without_waiting(run)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, stream=torch.cuda.current_stream()):
            run()
        return graph.replay

    def without_waiting(self, run):
        """Refuses what waits for the device: to record that would fail halfway, and might spoil
        later recordings."""
        cuda = self.torch.cuda
        cuda.set_sync_debug_mode("error")
        try:
            run()
        finally:
            cuda.set_sync_debug_mode("default")
            cuda.synchronize()

    def times(self, run, count):
        """Milliseconds of a run in each of several rounds."""
        out = []
        while len(out) < WARM + MOST:
            if len(out) >= WARM + LEAST and sum(out[WARM:]) > LONG_ENOUGH:
                break
            out.append(self.milliseconds(run))
        return [milliseconds / count for milliseconds in out[WARM:]]

    def milliseconds(self, run):
        if not self.cuda:
            start = time.perf_counter()
            run()
            return (time.perf_counter() - start) * 1e3
        start, stop = (self.torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        run()
        stop.record()
        stop.synchronize()
        return start.elapsed_time(stop)

    # ---- the table

    def table(self):
        names = ("ms", "least", "most", "warm", "error")
        yield ["", *names]
        for run in self.results.data["runs"]:
            figures = run["figures"]
            if "left out" in figures:
                yield [run["key"], "", "", "", "", f"left out: {figures['left out']}"]
            else:
                yield [run["key"], *(f"{figures[name]:.4g}" if name in figures else ""
                                     for name in names)]


def refusals(told):
    """Why a backend of attention cannot, which PyTorch says in warnings, after a heading for each
    backend and a line for each that is not asked for."""
    texts = [str(one.message).partition(" (Triggered")[0] for one in told
             if issubclass(one.category, UserWarning)]
    return [text for text in texts
            if not text.endswith("because:") and "runtime disabled" not in text]


def in_one(torch, results):
    """All results' values, in f64."""
    several = results if isinstance(results, tuple) else (results,)
    return torch.cat([value.detach().double().flatten() for value in several])


if __name__ == "__main__":
    main()
