"""The floor of a training step of a language model (floor.py): its matrix products, and the least
bytes that all the rest moves.

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
from floor import Entry, Product
from lm_systems import B, T

PART = 350


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
