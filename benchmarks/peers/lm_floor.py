"""The floor of a training step on the CPU: its matrix products, each timed alone at its shape (time
and again on the same operands, so from the caches where they fit), and the least bytes that all the
rest moves, at the bandwidth of a plain copy.

N = T B rows, D = H features and units, V words, U distinct words a batch, P numbers in the dense
parameters (with the embedding where it is tied). Products of a step:

    a layer   x W^T [N,4H,D]; T times h R^T [B,4H,H]; T - 1 times dz R [B,H,4H] (no gradient is
              wanted at the first state); dz W [N,D,4H]; dz^T x [4H,D,N]; dz^T h [4H,H,N]
    output    h W^T [N,V,H]; dz W [N,H,V]; dz^T h [V,H,N]; at once or in parts of 350 rows,
              whichever is faster

Numbers (of 4 bytes) that the rest moves, each tensor read once and written once by a pass, and
passes over the same tensor taken as one (so biases, dropout and its gradient mostly cost nothing):

    lookup    N D read, N D written
    a layer   forward: 4 N H sums read, 4 N H gates, N H cells and N H outputs written; backward:
              4 N H gates, N H cells and N H gradients read, 4 N H gradients written; with dropout
              also N H outputs, kept beside what the next layer reads
    logits    N V read, N V written
    lookup's  tied: N D + U D read, U D written; else N D read, U D written, and for norm and update
    gradient  3 U D read and U D written
    norm      P read
    update    2 P read, P written

Clearing gradients, transposing R and reading the text are not in it, nor is arithmetic outside
products.
"""
import collections
import pathlib
import statistics
import subprocess
import sys

from lm_systems import B, T, end, environment

PART = 350

# c[M,N] = a b + beta c, `count` times in a row; a and b perhaps stored transposed.
Product = collections.namedtuple("Product", "M N K at bt beta count")
# One product of the step, `times` as often, in each of the ways that it may be cut.
Entry = collections.namedtuple("Entry", "name times choices")


def entries(model, vocabulary):
    N, H, V, L = T * B, model.size, vocabulary, model.layers
    parts = -(-N // PART)
    rows = -(-N // parts)
    return [
        Entry("x W^T", L, [Product(N, 4 * H, H, 0, 1, 0, 1)]),
        Entry("h R^T, a step", L, [Product(B, 4 * H, H, 0, 0, 1, T)]),
        Entry("dz R, a step", L, [Product(B, H, 4 * H, 0, 0, 1, T - 1)]),
        Entry("dz W", L, [Product(N, H, 4 * H, 0, 0, 0, 1)]),
        Entry("dz^T x and dz^T h", 2 * L, [Product(4 * H, H, N, 1, 0, 1, 1)]),
        Entry("h W^T, output", 1,
              [Product(N, V, H, 0, 1, 0, 1), Product(rows, V, H, 0, 1, 0, parts)]),
        Entry("dz W, output", 1,
              [Product(N, H, V, 0, 0, 0, 1), Product(rows, H, V, 0, 0, 0, parts)]),
        Entry("dz^T h, output", 1,
              [Product(V, H, N, 1, 0, 1, 1), Product(V, H, rows, 1, 0, 1, parts)]),
    ]


def least_bytes(model, vocabulary, distinct):
    N, D, V, U = T * B, model.size, vocabulary, distinct
    weights = model.layers * (8 * D * D + 4 * D) + V + V * D  # the output's are the tied embedding
    lookup = 2 * N * D
    layer = N * D * (10 + 10 + (1 if model.dropout else 0))
    logits = 2 * N * V
    gradient = N * D + (2 * U * D if model.tie else 5 * U * D)
    return 4 * (lookup + model.layers * layer + logits + gradient + 4 * weights)


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


def measure(model, vocabulary, distinct, threads, products):
    """Seconds of every choice of every product each way, in order; and of the bytes."""
    lines = [" ".join(map(str, choice)) for entry in entries(model, vocabulary)
             for choice in entry.choices]
    seconds = {way: [float(line) for line in ask(products, way, threads, "\n".join(lines))[1:]]
               for way in ways(threads)}
    bandwidth = float(ask(products, "copy", threads)[0])
    return {"M N K at bt beta count": lines, "products": seconds, "bandwidth": bandwidth,
            "bytes": least_bytes(model, vocabulary, distinct)}


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
        seconds, times = by_way[way][i], entry.times * p.count
        yield [entry.name, str(p.M), str(p.N), str(p.K), str(times),
               f"{by_way['gemm'][i] * 1e3:.2f}", f"{seconds * 1e3:.2f}",
               f"{2e-9 * p.M * p.N * p.K * times / seconds:.0f}", way]
