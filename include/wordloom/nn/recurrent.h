/* A recurrent layer: an RNN (tanh), a GRU (reset after the product) or an LSTM over T steps of B
 * sequences, whose states are carried from one pass to the next. */
#ifndef WORDLOOM_NN_RECURRENT_H
#define WORDLOOM_NN_RECURRENT_H

#include <wordloom/nn/parameters.h>

WL_BEGIN

typedef enum wl_cell { WL_CELL_RNN, WL_CELL_GRU, WL_CELL_LSTM } wl_cell;

/* Their names by their numbers, "rnn" and on; null at the end. */
WL_API extern const char *const wl_cells[];
/* Gates of a cell: rows of its weights over H. */
WL_API int64_t wl_cell_gates(wl_cell cell);

typedef struct wl_recurrent {
    wl_parameters *parameters;
    wl_cell cell;
    int64_t D, H;        /* features in, those of s among them; units */
    int32_t w, r, b, bn; /* numbers of its parameters; bn is a GRU's, else -1 */
} wl_recurrent;

/* Announces the parameters NAME.w, NAME.r, NAME.b and, of a GRU, NAME.bn. */
WL_API void wl_recurrent_add(wl_recurrent *layer, wl_parameters *parameters, wl_cell cell,
                             int64_t D, int64_t H, const char *name);
/* Draws w and r as the book does: deviations 1 / sqrt(D) and 1 / sqrt(H); biases stay 0. */
WL_API wl_status wl_recurrent_draw(const wl_recurrent *layer, uint64_t seed, wl_error *error);

/* Zoneout of a pass by <wordloom/lstm.h>: of all its calls alike, but that backward asks for no
 * expectation. */
typedef struct wl_recurrent_zoneout {
    wl_tensor step; /* I64 [1]: the caller's; absent: none */
    double h, c;    /* c: of an LSTM */
    uint64_t seed;
    int32_t layer, expected;
} wl_recurrent_zoneout;

/* What a layer keeps of a pass, and between two. The states that enter a pass lie in h[from] and
 * c[from], those that leave it in the others. */
typedef struct wl_recurrent_pass {
    const wl_recurrent *layer;
    wl_tensor x;             /* STORED [T,B,D], less those of s: the caller's */
    wl_tensor h;             /* STORED [T,B,H] */
    wl_tensor cells, gates;  /* kept for backward, where the cell has them */
    wl_tensor state[2];      /* STORED [B,H] */
    wl_tensor cell_state[2]; /* REAL [B,H] of an LSTM */

    /* the caller's: */
    wl_tensor r;       /* in place of the layer's where it is there */
    wl_tensor s, ds;   /* STORED [B,S] or none: what all steps of a sequence read before x */
    wl_tensor lengths; /* I32 [B] of sequences that end before T, or none */
    int32_t reverse;   /* 1: from each sequence's last step to its first */
    wl_tensor dh, dx;  /* STORED [T,B,H] or none, that of x; of backward */
    wl_tensor dhT, dcT, dh0, dc0; /* gradients at the states that left and that entered, or none */
    wl_recurrent_zoneout zoneout;
} wl_recurrent_pass;

/* Takes the tensors from the arena, but for the caller's. */
WL_API void wl_recurrent_carve(wl_recurrent_pass *pass, const wl_recurrent *layer, wl_arena *arena,
                               int64_t T, int64_t B);

/* The calls of a pass whose states enter from number `from`. Where `bytes` is not null nothing is
 * computed: it is raised to the workspace that the call needs. */
WL_API wl_status wl_recurrent_forward(const wl_recurrent_pass *pass, int from, size_t *bytes);
WL_API wl_status wl_recurrent_backward(const wl_recurrent_pass *pass, int from, size_t *bytes);

/* The states of number `which` become 0. Waits for the device. */
WL_API wl_status wl_recurrent_reset(const wl_recurrent_pass *pass, int which, wl_error *error);

WL_END
#endif
