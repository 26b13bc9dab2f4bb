/* How each backend lays out the workspace of <wordloom/word2vec.h>: for the contract, which
 * measures, and for the reference and the kernels, which carve. A base of null only measures. */
#ifndef WL_WORD2VEC_WORKSPACE_H
#define WL_WORD2VEC_WORKSPACE_H

#include "../core/storage.h"
#include "carve.h"

/* Samples come in sixes, contexts in tens: the reference has loops of these constant lengths. */
enum { WL_WORD2VEC_SIX = 6, WL_WORD2VEC_TEN = 10 };
/* Samples whose gradients a lane of a GPU keeps in registers. */
enum { WL_WORD2VEC_TILE = 8 };
/* Neighbours that one thread works on at a time in sync, whatever the number of threads. */
enum { WL_WORD2VEC_PART = 32 };

typedef struct wl_word2vec_sizes {
    int64_t D, real;          /* features; bytes of a REAL */
    int64_t window, contexts; /* contexts 2 window */
    int64_t
        negative;    /* samples of a set at most, beside the first: negatives, or nodes of a path */
    int64_t samples; /* all of them, filled up to a multiple of six */
    int64_t sets;    /* of negatives a centre: one, or one a context */
    int64_t units;   /* of a centre at most in hogwild: one, two, or one a context */
    int64_t slots;   /* of gradients of the output table a centre: the first sample, the sets */
    int64_t rows;    /* of the input table a word at most */
} wl_word2vec_sizes;

static inline wl_word2vec_sizes wl_word2vec_sizes_of(const wl_word2vec_args *a, int64_t D,
                                                     size_t real)
{
    const bool paths = a->paths.data != NULL, several = a->method == WL_SKIPGRAM && !paths;
    const bool per_pair = several && a->negatives == WL_NEGATIVES_PER_PAIR;
    const int64_t contexts = 2 * a->window, sets = per_pair ? contexts : 1, halves = 2;
    const int64_t negative = paths ? a->deepest - 1 : a->negative;
    return (wl_word2vec_sizes){
        .D = D,
        .real = (int64_t)real,
        .window = a->window,
        .contexts = contexts,
        .negative = negative,
        .samples = (negative + WL_WORD2VEC_SIX) / WL_WORD2VEC_SIX * WL_WORD2VEC_SIX,
        .sets = sets,
        .units = several && !per_pair ? halves : sets,
        .slots = 1 + sets * negative,
        .rows = 1 + a->longest,
    };
}

/* The inputs of a unit, of a centre with 1 context or more and so many units at most: the first of
 * them have the first unit. */
WL_BOTH int64_t wl_word2vec_inputs(int64_t contexts, int64_t units)
{
    return (contexts + units - 1) / units;
}

/* What one thread has at hand for a unit. */
typedef struct wl_word2vec_scratch {
    void *x, *dx;           /* REAL [contexts,D] */
    void *o, *dout;         /* REAL [samples,D] */
    void *mean, *dmean;     /* REAL [D]: CBOW's input and its gradient */
    void *spare;            /* REAL [D]: where the gradients of samples that do not count go */
    void *kept;             /* REAL [1+contexts,D]: rows of contexts, */
    void *kept_before;      /* the same as they were read, */
    int64_t *kept_last;     /* [1+contexts] the last places of their words as contexts, */
    int32_t *kept_word;     /* [1+contexts] and these; -1: none */
    void *quads;            /* REAL [samples,contexts,4] */
    void *g;                /* REAL [samples,contexts] */
    void **x_at, **dx_at;   /* [contexts]: where a unit's rows are read, and its gradients added */
    void **o_at, **dout_at; /* [samples] */
    int32_t *drawn[2];      /* [sets,negative] of this centre and of the next */
} wl_word2vec_scratch;

/* Returns the bytes of one. */
static inline size_t wl_word2vec_carve(wl_word2vec_scratch *out, char *base,
                                       const wl_word2vec_sizes *s)
{
    const size_t real = (size_t)s->real;
    const int64_t vector = 16; /* scores are worked in whole vectors, of so many at most */
    const int64_t kept = 1 + s->contexts;
    size_t at = 0;
    out->x = wl_carve(base, &at, s->contexts * s->D, real);
    out->dx = wl_carve(base, &at, s->contexts * s->D, real);
    out->o = wl_carve(base, &at, s->samples * s->D, real);
    out->dout = wl_carve(base, &at, s->samples * s->D, real);
    out->mean = wl_carve(base, &at, s->D, real);
    out->dmean = wl_carve(base, &at, s->D, real);
    out->spare = wl_carve(base, &at, s->D, real);
    out->kept = wl_carve(base, &at, kept * s->D, real);
    out->kept_before = wl_carve(base, &at, kept * s->D, real);
    out->kept_last = (int64_t *)wl_carve(base, &at, kept, sizeof(int64_t));
    out->kept_word = (int32_t *)wl_carve(base, &at, kept, sizeof(int32_t));
    out->quads = wl_carve(base, &at, 4 * (s->samples * s->contexts + vector), real);
    out->g = wl_carve(base, &at, s->samples * s->contexts + vector, real);
    out->x_at = (void **)wl_carve(base, &at, s->contexts, sizeof(void *));
    out->dx_at = (void **)wl_carve(base, &at, s->contexts, sizeof(void *));
    out->o_at = (void **)wl_carve(base, &at, s->samples, sizeof(void *));
    out->dout_at = (void **)wl_carve(base, &at, s->samples, sizeof(void *));
    for (int i = 0; i < 2; i++)
        out->drawn[i] = (int32_t *)wl_carve(base, &at, s->sets * s->negative, sizeof(int32_t));
    return at;
}

/* What a run of centres adds up. */
typedef struct wl_word2vec_tally {
    double loss;
    int64_t pairs, skipped;
} wl_word2vec_tally;

typedef struct wl_word2vec_hogwild_space {
    wl_word2vec_tally *tally; /* [workers] */
    char *scratch;            /* `scratch_bytes` for each worker */
    size_t scratch_bytes;
} wl_word2vec_hogwild_space;

static inline size_t wl_word2vec_hogwild_carve(wl_word2vec_hogwild_space *out, char *base,
                                               const wl_word2vec_sizes *s, int64_t workers)
{
    wl_word2vec_scratch one;
    size_t at = 0;
    out->scratch_bytes = wl_word2vec_carve(&one, NULL, s);
    out->tally = (wl_word2vec_tally *)wl_carve(base, &at, workers, sizeof *out->tally);
    out->scratch = (char *)wl_carve(base, &at, workers, out->scratch_bytes);
    return at;
}

/* A batch of sync in `parts` parts; each touches `reach` tokens: its own and a window to either
 * side. What a slot has for a row of the output table is a weight times a row of floats: a unit of
 * several inputs has a sum over them in `dout`, one of a single input has that input. */
typedef struct wl_word2vec_sync_space {
    int64_t parts, reach, slots; /* slots of a centre: its sets of samples */
    bool sums;                   /* units have several inputs */
    wl_word2vec_tally *tally;    /* [parts] */
    char *scratch;               /* `scratch_bytes` for each part */
    size_t scratch_bytes;
    void *x, *dx;         /* REAL [parts,reach,D]: tokens' vectors, and their gradients */
    void *mean;           /* REAL [parts*PART,D] in CBOW */
    void *dout;           /* REAL [parts*PART,slots,D] where there are sums */
    void **terms;         /* [parts*PART,slots]: the rows, */
    void *weights;        /* REAL [parts*PART,slots]: and their weights */
    int32_t *input_rows;  /* [parts,reach,rows]: what dx is added to, -1 for nothing */
    int32_t *output_rows; /* [parts*PART,slots]: the same of dout */
    int32_t *input_counts, *output_counts; /* [parts,reach], [parts*PART,slots]: updates in each */
    char *input_grouping, *output_grouping;
} wl_word2vec_sync_space;

static inline size_t wl_word2vec_sync_carve(wl_word2vec_sync_space *out, char *base,
                                            const wl_word2vec_sizes *s, const wl_word2vec_args *a,
                                            size_t (*grouping_bytes)(int64_t))
{
    wl_word2vec_scratch one;
    const size_t real = (size_t)s->real;
    const bool cbow = a->method == WL_CBOW;
    const int64_t parts = (a->batch + WL_WORD2VEC_PART - 1) / WL_WORD2VEC_PART;
    const int64_t centres = parts * WL_WORD2VEC_PART, slots = s->sets * (1 + s->negative);
    const int64_t reach = WL_WORD2VEC_PART + 2 * s->window;
    const int64_t in = parts * reach * s->rows, outs = centres * slots;
    size_t at = 0;
    out->parts = parts;
    out->reach = reach;
    out->slots = slots;
    out->sums = !cbow && s->sets == 1;
    out->scratch_bytes = wl_word2vec_carve(&one, NULL, s);
    out->tally = (wl_word2vec_tally *)wl_carve(base, &at, parts, sizeof *out->tally);
    out->scratch = (char *)wl_carve(base, &at, parts, out->scratch_bytes);
    out->x = wl_carve(base, &at, parts * reach * s->D, real);
    out->dx = wl_carve(base, &at, parts * reach * s->D, real);
    out->mean = wl_carve(base, &at, cbow ? centres * s->D : 0, real);
    out->dout = wl_carve(base, &at, out->sums ? outs * s->D : 0, real);
    out->terms = (void **)wl_carve(base, &at, outs, sizeof(void *));
    out->weights = wl_carve(base, &at, outs, real);
    out->input_rows = (int32_t *)wl_carve(base, &at, in, sizeof(int32_t));
    out->output_rows = (int32_t *)wl_carve(base, &at, outs, sizeof(int32_t));
    out->input_counts = (int32_t *)wl_carve(base, &at, parts * reach, sizeof(int32_t));
    out->output_counts = (int32_t *)wl_carve(base, &at, outs, sizeof(int32_t));
    out->input_grouping = (char *)wl_carve(base, &at, 1, grouping_bytes(in));
    out->output_grouping = (char *)wl_carve(base, &at, 1, grouping_bytes(outs));
    return at;
}

/* ------------------------------------------------------------------ CUDA */

typedef struct wl_word2vec_cuda_hogwild {
    int64_t inputs, spilt;    /* of a unit at most; samples beyond what stays in registers */
    int64_t kept;             /* rows of contexts whose changes wait in f32 */
    double *loss;             /* [workers] */
    int64_t *pairs, *skipped; /* [workers] */
    float *x;                 /* [workers,inputs,D] */
    float *g;                 /* [workers,inputs,1+negative] */
    float *spill;             /* [workers,spilt,D] */
    int32_t *drawn;           /* [workers,sets,negative] */
    float *change;            /* [workers,kept,D] */
    int64_t *last;            /* [workers,kept] */
    int32_t *word, *slot;     /* [workers,kept] */
} wl_word2vec_cuda_hogwild;

static inline size_t wl_word2vec_cuda_hogwild_carve(wl_word2vec_cuda_hogwild *out, char *base,
                                                    const wl_word2vec_sizes *s,
                                                    const wl_word2vec_args *a)
{
    const int64_t n = a->workers, n_samples = 1 + s->negative;
    size_t at = 0;
    out->inputs = a->method == WL_CBOW ? 1 : wl_word2vec_inputs(s->contexts, s->units);
    out->spilt = n_samples > WL_WORD2VEC_TILE ? n_samples : 0;
    out->loss = (double *)wl_carve(base, &at, n, 8);
    out->pairs = (int64_t *)wl_carve(base, &at, n, 8);
    out->skipped = (int64_t *)wl_carve(base, &at, n, 8);
    out->x = (float *)wl_carve(base, &at, n * out->inputs * s->D, 4);
    out->g = (float *)wl_carve(base, &at, n * out->inputs * n_samples, 4);
    out->spill = (float *)wl_carve(base, &at, n * out->spilt * s->D, 4);
    out->drawn = (int32_t *)wl_carve(base, &at, n * s->sets * s->negative, 4);
    out->kept = a->input.dtype == WL_F32 || a->spans.data ? 0 : 1 + s->contexts;
    out->change = (float *)wl_carve(base, &at, n * out->kept * s->D, 4);
    out->last = (int64_t *)wl_carve(base, &at, n * out->kept, 8);
    out->word = (int32_t *)wl_carve(base, &at, n * out->kept, 4);
    out->slot = (int32_t *)wl_carve(base, &at, n * out->kept, 4);
    return at;
}

/* Centres of the batches that are planned together: what a batch reads and which rows it updates is
 * decided by the text and by draws alone. */
enum { WL_WORD2VEC_PLANNED = 8192 };

/* Batches of M centres, `planned` of them at a time; and of the one that is worked its M centres
 * and the tokens around them: M and a window to either side. */
typedef struct wl_word2vec_cuda_sync {
    int64_t batch, planned, around, inputs;
    double *loss;          /* [planned,batch] */
    int64_t *pairs;        /* [planned,batch] */
    int64_t *skipped;      /* [planned,batch] */
    int32_t *reach;        /* [planned,batch,2]: contexts to the left and to the right */
    int32_t *output_rows;  /* [planned,batch,slots]: rows that slots update, and batch number * V */
    int32_t *input_rows;   /* [planned,batch,contexts,rows]: and batch number * R; -1: none */
    float *share;          /* [planned,batch,contexts]: of a context's gradient for its rows */
    int64_t *output_first; /* [planned]: where a batch's slots begin among the grouped ones, */
    int64_t *input_first;  /* [planned]: or -1 */
    float *x;              /* [around,D]: tokens' vectors, where words have several rows */
    float *mean;           /* [batch,D]: CBOW's inputs */
    float *g;              /* [batch,inputs,1+negative] */
    int32_t *good;         /* [batch,inputs]: 1 where the unit of an input counts */
    float *dx;             /* [batch,inputs,D] */
    float *dout;           /* [batch,slots,D] but for CBOW, */
    int32_t *output_counts; /* [batch,slots]: and the updates in each */
    char *output_grouping, *input_grouping;
} wl_word2vec_cuda_sync;

static inline int64_t wl_word2vec_planned(const wl_word2vec_args *a)
{
    const int64_t R = a->input.shape[0], V = a->output.shape[0], rows = R > V ? R : V;
    const int64_t batches = (a->centres + a->batch - 1) / a->batch;
    int64_t planned = WL_WORD2VEC_PLANNED / a->batch;
    if (planned > batches) planned = batches;
    if (rows > 0 && planned > INT32_MAX / rows) planned = INT32_MAX / rows;
    return planned > 1 ? planned : 1;
}

static inline size_t wl_word2vec_cuda_sync_carve(wl_word2vec_cuda_sync *out, char *base,
                                                 const wl_word2vec_sizes *s,
                                                 const wl_word2vec_args *a,
                                                 size_t (*grouping_bytes)(int64_t))
{
    const int64_t M = a->batch, planned = wl_word2vec_planned(a), all = planned * M;
    const bool cbow = a->method == WL_CBOW;
    const int64_t inputs = cbow ? 1 : s->contexts, around = M + 2 * s->window;
    const int64_t outs = all * s->slots, in = all * s->contexts * s->rows;
    size_t at = 0;
    out->batch = M;
    out->planned = planned;
    out->around = around;
    out->inputs = inputs;
    out->loss = (double *)wl_carve(base, &at, all, 8);
    out->pairs = (int64_t *)wl_carve(base, &at, all, 8);
    out->skipped = (int64_t *)wl_carve(base, &at, all, 8);
    out->reach = (int32_t *)wl_carve(base, &at, 2 * all, 4);
    out->output_rows = (int32_t *)wl_carve(base, &at, outs, 4);
    out->input_rows = (int32_t *)wl_carve(base, &at, in, 4);
    out->share = (float *)wl_carve(base, &at, all * s->contexts, 4);
    out->output_first = (int64_t *)wl_carve(base, &at, planned, 8);
    out->input_first = (int64_t *)wl_carve(base, &at, planned, 8);
    out->x = (float *)wl_carve(base, &at, a->spans.data ? around * s->D : 0, 4);
    out->mean = (float *)wl_carve(base, &at, cbow ? M * s->D : 0, 4);
    out->g = (float *)wl_carve(base, &at, M * inputs * (1 + s->negative), 4);
    out->good = (int32_t *)wl_carve(base, &at, M * inputs, 4);
    out->dx = (float *)wl_carve(base, &at, M * inputs * s->D, 4);
    out->dout = (float *)wl_carve(base, &at, cbow ? 0 : M * s->slots * s->D, 4);
    out->output_counts = (int32_t *)wl_carve(base, &at, cbow ? 0 : M * s->slots, 4);
    out->output_grouping = (char *)wl_carve(base, &at, 1, grouping_bytes(outs));
    out->input_grouping = (char *)wl_carve(base, &at, 1, grouping_bytes(in));
    return at;
}

#endif
