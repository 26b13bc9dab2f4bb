"""Floors of training steps on the CPU: matrix products, each timed alone at its shape (time and
again on the same operands, so from the caches where they fit), and the least bytes that all the
rest moves, at the bandwidth of a plain copy."""
import collections
import pathlib
import statistics
import subprocess
import sys

from torch_peer import end, environment

# c[M,N] = a b + beta c, `count` times in a row, each a `batch` on operands of their own; a and b
# perhaps stored transposed.
Product = collections.namedtuple("Product", "M N K at bt beta count batch", defaults=(1,))
# One product of the step, `times` as often, in each of the ways that it may be cut.
Entry = collections.namedtuple("Entry", "name times choices")


def ways(threads):
    """Of wordloom_products; on one thread an equal part a thread is all of it."""
    return ["gemm", "blas"] if threads == 1 else ["gemm", "blas", "rows", "columns"]


def ask(program, way, threads, text=""):
    command = [str(program), way, str(threads)]
    run = subprocess.run(command, env=environment(threads), input=text,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if run.returncode:
        end(command, run.returncode, run.stderr)
    return run.stdout.splitlines()


def beside(program):
    """wordloom_products of the same build as wordloom's program."""
    path = pathlib.Path(program).resolve().parent.parent / "benchmarks" / "wordloom_products"
    if not path.exists():
        sys.exit(f"{path}: is not there; expected that the benchmarks of PROGRAM's build are built")
    return path


def describe_blas(products):
    return ask(products, "blas", 1)[0]


def measure(entries, least_bytes, threads, products):
    """Seconds of every choice of every product each way, in order; and of the bytes."""
    lines = [" ".join(map(str, choice)) for entry in entries for choice in entry.choices]
    seconds = {way: [float(line) for line in ask(products, way, threads, "\n".join(lines))[1:]]
               for way in ways(threads)}
    bandwidth = float(ask(products, "copy", threads)[0])
    return {" ".join(Product._fields): lines, "products": seconds, "bandwidth": bandwidth,
            "bytes": least_bytes}


# ---- what the figures of a round say -------------------------------------------------------------

def product_seconds(wanted, figures, among):
    """The seconds of each entry in a step, by the fastest choice of the ways `among`."""
    rows = [iter(figures["products"][way]) for way in among]
    return [entry.times * min(next(row) for row in rows for _ in entry.choices)
            for entry in wanted]


def floor_seconds(wanted, figures, among):
    products = sum(product_seconds(wanted, figures, among))
    return products + figures["bytes"] / figures["bandwidth"]


def medians(wanted, rounds, among):
    return [statistics.median(values) for values in
            zip(*(product_seconds(wanted, figures, among) for figures in rounds))]


def product_rows(wanted, rounds, threads):
    """Medians over the rounds: through gemm, and by the fastest way."""
    yield ["product", "M", "N", "K", "times", "ms, gemm", "ms, fastest", "GFLOP/s", "fastest way"]
    by_way = {way: medians(wanted, rounds, [way]) for way in ways(threads)}
    for i, entry in enumerate(wanted):
        p = entry.choices[0]
        way = min(by_way, key=lambda way, i=i: by_way[way][i])
        seconds, times = by_way[way][i], entry.times * p.count * p.batch
        yield [entry.name, str(p.M), str(p.N), str(p.K), str(times),
               f"{by_way['gemm'][i] * 1e3:.2f}", f"{seconds * 1e3:.2f}",
               f"{2e-9 * p.M * p.N * p.K * times / seconds:.0f}", way]
