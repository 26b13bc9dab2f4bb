"""The floor of a training step from sequence to sequence (floor.py): its matrix products, and the
least bytes that all the rest moves.

B pairs, S tokens of a source, T labels of a target, D features, H units, V words of the target's
vocabulary, P numbers in the parameters but the embeddings, U in the rows of these that a batch
names. N: S B or T B rows. Products of a step:

    encoder    x W^T [N,4H,D]; S - 1 times h R^T [B,4H,H] and dz R [B,H,4H] (the first state is 0);
               dz W [N,D,4H]; dz^T x [4H,D,N]; dz^T h [4H,H,N - B]
    decoder    the same, but h R^T, dz R and all rows of dz^T h T times: its first state is the
               encoder's last
    output     h W^T [N,V,H]; dz W [N,H,V]; dz^T h [V,H,N]; with attention of [c; h], so 2 H
    peeky      what the encoder's last output adds to each step of a sequence is the same: once
               h W^T [B,4H,H], dz W [B,H,4H], dz^T h [4H,H,B] in the LSTM, and in the output
               h W^T [B,V,H], dz W [B,H,V], dz^T h [V,H,B], of dz summed over the steps
    attention  of each sequence, apart: y x^T [T,S,H], a x [T,H,S]; dc x^T [T,S,H], a^T dc [S,H,T],
               de x [T,H,S], de^T y [S,H,T]

Numbers (of 4 bytes) that the rest moves, each tensor read once and written once by a pass, and
passes over the same tensor taken as one:

    lookup     either side: N D read, N D written; of their gradients N D read, U written
    LSTM       either side: forward: 4 N H sums read, 4 N H gates, N H cells and N H outputs
               written; backward: 4 N H gates, N H cells read, 4 N H gradients written, and N H
               gradients of outputs read, but for an encoder of which only the last output has one
    logits     N V read, N V written
    peeky      B (4 H + V) read and written, forward and backward
    attention  weights: B T S read and written; backward 2 B T S read, B T S written
    norm       P + U read
    Adam       4 P + 4 U read, 3 P + 3 U written

Clearing gradients, transposing R and reading the pairs are not in it, nor is arithmetic outside
products.
"""
from floor import Entry, Product
from seq2seq_systems import BATCH as B
from seq2seq_systems import target_vocabulary


def entries(model):
    output = 2 * model.hidden if model.kind == "attention" else model.hidden
    rows, V, H = model.T * B, target_vocabulary(model), model.hidden
    found = [*lstm("encoder", model.S, model.S - 1, model),
             *lstm("decoder", model.T, model.T, model), *layer("output", rows, V, output)]
    if model.kind == "peeky":
        found += [*layer("peeky", B, 4 * H, H), *layer("peeky, output", B, V, H)]
    return found + (attention(model) if model.kind == "attention" else [])


def lstm(name, steps, recurrent, model):
    """`recurrent`: the steps whose first state is not 0."""
    H = model.hidden
    return [
        *layer(name, steps * B, 4 * H, model.embed),
        Entry(f"{name}: h R^T, a step", 1, [Product(B, 4 * H, H, 0, 0, 1, recurrent)]),
        Entry(f"{name}: dz R, a step", 1, [Product(B, H, 4 * H, 0, 0, 1, recurrent)]),
        Entry(f"{name}: dz^T h", 1, [Product(4 * H, H, recurrent * B, 1, 0, 1, 1)]),
    ]


def layer(name, rows, outputs, inputs):
    return [
        Entry(f"{name}: x W^T", 1, [Product(rows, outputs, inputs, 0, 1, 0, 1)]),
        Entry(f"{name}: dz W", 1, [Product(rows, inputs, outputs, 0, 0, 0, 1)]),
        Entry(f"{name}: dz^T x", 1, [Product(outputs, inputs, rows, 1, 0, 1, 1)]),
    ]


def attention(model):
    S, T, H = model.S, model.T, model.hidden
    return [
        Entry("y x^T and dc x^T", 2, [Product(T, S, H, 0, 1, 0, 1, B)]),
        Entry("a x and de x", 2, [Product(T, H, S, 0, 0, 0, 1, B)]),
        Entry("a^T dc and de^T y", 2, [Product(S, H, T, 1, 0, 1, 1, B)]),
    ]


def least_bytes(model, distinct):
    """`distinct`: the words of either side in a batch, together."""
    D, H, V = model.embed, model.hidden, target_vocabulary(model)
    sources, targets, of_all = model.S * B, model.T * B, model.kind == "attention"
    rows = distinct * D
    weights = 2 * (4 * H * (D + H + 1)) + V * (H + 1)
    lookup = 3 * (sources + targets) * D + rows
    cells = sources * H * (20 if of_all else 19) + targets * H * 20
    more = 0
    if model.kind == "peeky":
        weights += 4 * H * H + V * H
        more = 4 * B * (4 * H + V)
    elif model.kind == "attention":
        weights += V * H
        more = 5 * B * model.T * model.S
    return 4 * (lookup + cells + 2 * targets * V + more + 8 * (weights + rows))
