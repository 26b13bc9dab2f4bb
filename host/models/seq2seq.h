/* What the files of the sequence-to-sequence model share. */
#ifndef WL_SEQ2SEQ_MODEL_H
#define WL_SEQ2SEQ_MODEL_H

#include <wordloom/nn/seq2seq.h>

#include "../nn/epochs.h"

#include <stdbool.h>

WL_BEGIN

/* A layer; `ways` is 2 where half its units read backwards. */
typedef struct wl_seq2seq_layer {
    wl_recurrent way[2];
    int ways;
} wl_seq2seq_layer;

typedef struct wl_seq2seq_run wl_seq2seq_run;

struct wl_seq2seq {
    wl_ctx *ctx;
    wl_seq2seq_config config;
    const wl_vocabulary *source, *target;
    wl_vocabulary *own[2]; /* the same where the model owns them; one where they are shared */
    int64_t source_V, target_V;
    int32_t start, end; /* <s> and </s> of the target's */
    wl_parameters parameters;
    wl_lookup embedding[2]; /* the encoder's and the decoder's; or one of both */
    wl_seq2seq_layer encoder[WL_SEQ2SEQ_MOST_LAYERS], decoder[WL_SEQ2SEQ_MOST_LAYERS];
    int32_t query, key, score; /* parameters of attention: [H,H], [H,H], [H]; -1: it has none */
    int32_t weight, bias;      /* of the output; the weight may be an embedding's */
    wl_place at;
    wl_seq2seq_run *run;       /* of training: null before it begins */
    wl_training_epoch *epochs; /* of the run: at.epoch of them have ended */
};

wl_status wl_seq2seq_failed(const wl_seq2seq *model, wl_status status, wl_error *error);
/* Branches that a model's passes use. */
int64_t wl_seq2seq_branches(const wl_seq2seq *model);

/* The configuration's fields by the names that the program's options have, as JSON; the caller
 * frees it. Null: no memory. */
char *wl_seq2seq_json(const wl_seq2seq_config *config);
/* Reads what is there of them; what is not keeps its value. */
wl_status wl_seq2seq_parse_config(wl_seq2seq_config *config, const char *json, const char *source,
                                  wl_error *error);
wl_status wl_seq2seq_check_config(const wl_seq2seq_config *config, wl_error *error);

/* A model whose tensors have shapes but no memory; `rule`: of training, or WL_NO_RULE. */
wl_status wl_seq2seq_announce(wl_seq2seq **out, wl_ctx *ctx, const wl_seq2seq_config *config,
                              const wl_vocabulary *source, const wl_vocabulary *target,
                              int32_t rule, wl_error *error);
/* Gives them memory, all of it zero. */
wl_status wl_seq2seq_allocate(wl_seq2seq *model, wl_error *error);

/* Whether one table is both embeddings and the output's weight: of one vocabulary, and tied. */
bool wl_seq2seq_has_one_table(const wl_seq2seq_config *config);
/* The tables that are looked up, as a list that ends with null. */
typedef struct wl_seq2seq_tables {
    const wl_lookup *list[3];
} wl_seq2seq_tables;
wl_seq2seq_tables wl_seq2seq_list_tables(const wl_seq2seq *model);
/* The embedding that the decoder looks up. */
const wl_lookup *wl_seq2seq_target_embedding(const wl_seq2seq *model);
/* Features beside a layer's own input: hidden with peeky and attention, else 0. */
int64_t wl_seq2seq_context_width(const wl_seq2seq_config *config);
/* Whether layer l of the decoder reads them. */
bool wl_seq2seq_reads_context(const wl_seq2seq_config *config, int64_t l);

/* ------------------------------------------------------------------ a layer's pass */

/* T steps of B sequences. In the calls below, as in those of all passes here, operators are queued
 * or, where `bytes` is not null, it is only raised to the workspace that they need. */
typedef struct wl_seq2seq_layer_pass {
    const wl_seq2seq *model;
    const wl_seq2seq_layer *layer;
    wl_recurrent_pass way[2];
    int32_t mask; /* numbers the masks of dropout */
    bool training;
    wl_tensor step;    /* I64 [1]: counts the masks; the caller's */
    wl_tensor below;   /* STORED [T,B,X]: what enters; the caller's, */
    wl_tensor context; /* STORED [T,B,C]: and what does beside it, or nothing, */
    wl_tensor encoded; /* STORED [B,C]: nor what all steps of a sequence read beside it */
    wl_tensor x;       /* STORED [T,B,C+X] both, [context; below] */
    wl_tensor h;       /* STORED [T,B,H] of both ways */
    wl_tensor output;  /* STORED [T,B,H]: dropped, and with the residual */
    wl_tensor last;    /* STORED [B,H]: the states h that leave, of both ways */

    /* gradients */
    wl_tensor dlast;            /* STORED [B,H] at the last states, or none: the caller's */
    wl_tensor dfirst;           /* STORED [B,H] at the first ones, or none: the caller's */
    wl_tensor dh, dhalf[2];     /* at h, and its halves */
    wl_tensor dlast_half[2];    /* halves of dlast */
    wl_tensor dx[2];            /* at x, of each way; the first becomes the sum */
    wl_tensor dcontext, dbelow; /* its parts */
    wl_tensor dencoded;
} wl_seq2seq_layer_pass;

/* Takes its tensors from the arena; what the caller has is set before. */
void wl_seq2seq_layer_carve(wl_seq2seq_layer_pass *pass, const wl_seq2seq_layer *layer,
                            wl_arena *arena, int64_t T, int64_t B);
wl_status wl_seq2seq_layer_forward(const wl_seq2seq_layer_pass *pass, size_t *bytes);
/* From the gradient at the output, which may be null for none, to dcontext and dbelow. */
wl_status wl_seq2seq_layer_backward(const wl_seq2seq_layer_pass *pass, const wl_tensor *doutput,
                                    size_t *bytes);

/* to = x + y, of any one shape; to may be x. */
wl_status wl_seq2seq_add(const wl_seq2seq *model, const wl_tensor *step, const wl_tensor *x,
                         const wl_tensor *y, const wl_tensor *to, size_t *bytes);
/* Drops x where it lies, by the configuration, or takes the gradient x back through that. */
wl_status wl_seq2seq_drop(const wl_seq2seq *model, const wl_tensor *step, int32_t mask,
                          const wl_tensor *x, const wl_tensor *y, size_t *bytes);
wl_status wl_seq2seq_undrop(const wl_seq2seq *model, const wl_tensor *step, int32_t mask,
                            const wl_tensor *dy, const wl_tensor *dx, size_t *bytes);
/* A [T,B,X] as its rows [T B,X]. */
wl_tensor wl_seq2seq_rows(const wl_tensor *t);

/* ------------------------------------------------------------------ the encoder's pass */

typedef struct wl_seq2seq_encoder {
    const wl_seq2seq *model;
    int64_t S, B;
    bool training;
    wl_tensor step;    /* I64 [1]: the caller's */
    wl_tensor source;  /* I32 [S,B], as the model reads it: the caller's */
    wl_tensor lengths; /* I32 [B]: the caller's */
    wl_lookup_pass embedded;
    wl_seq2seq_layer_pass layers[WL_SEQ2SEQ_MOST_LAYERS];
    wl_tensor memory; /* STORED [S,B,H]: the last layer's output */
    wl_tensor keys;   /* STORED [S,B,H]: what attention scores: the memory, or K of it */

    /* gradients */
    wl_tensor dmemory, dkeys;                /* where there is attention */
    wl_tensor dlast[WL_SEQ2SEQ_MOST_LAYERS]; /* STORED [B,H] at the last states */
} wl_seq2seq_encoder;

void wl_seq2seq_encoder_carve(wl_seq2seq_encoder *pass, wl_arena *arena);
wl_status wl_seq2seq_encoder_forward(const wl_seq2seq_encoder *pass, size_t *bytes);
/* From dmemory, dkeys and dlast. */
wl_status wl_seq2seq_encoder_backward(const wl_seq2seq_encoder *pass, size_t *bytes);

/* ------------------------------------------------------------------ the decoder's pass */

/* What the decoder sees of the source in each of its steps. */
typedef struct wl_seq2seq_context {
    const wl_seq2seq *model;
    wl_tensor step;         /* I64 [1]: the caller's */
    wl_tensor memory, keys; /* STORED [S,B,H]: the encoder's, with attention */
    wl_tensor lengths;      /* I32 [B] */
    wl_tensor encoded;      /* STORED [B,H]: the last of its last layer, with peeky */
    wl_tensor query;        /* STORED [T,B,H]: the first layer's output, with attention */
    wl_tensor projected;    /* STORED [T,B,H]: what is scored: the query, or a product of it */
    wl_tensor y;            /* STORED [T,B,H] */
    wl_tensor lse;          /* REAL [T,B] */
    wl_tensor weights;      /* REAL [T,B,S], where they are asked for */

    /* gradients */
    wl_tensor dy;             /* STORED [T,B,H]: the sum of those of all readers */
    wl_tensor dquery;         /* STORED [T,B,H] */
    wl_tensor dprojected;     /* STORED [T,B,H] */
    wl_tensor dmemory, dkeys; /* the encoder's; without keys of their own memory's has both */
    wl_tensor dencoded;       /* STORED [B,H] */
} wl_seq2seq_context;

void wl_seq2seq_context_carve(wl_seq2seq_context *context, wl_arena *arena, int64_t T, int64_t B,
                              bool training, bool weights);
wl_status wl_seq2seq_context_forward(const wl_seq2seq_context *context, size_t *bytes);
wl_status wl_seq2seq_context_backward(const wl_seq2seq_context *context, size_t *bytes);

typedef struct wl_seq2seq_decoder {
    const wl_seq2seq *model;
    int64_t T, B;
    bool training;
    wl_tensor step;           /* I64 [1]: the caller's */
    wl_tensor inputs, labels; /* I32 [T,B]: the caller's */
    wl_lookup_pass embedded;
    wl_seq2seq_layer_pass layers[WL_SEQ2SEQ_MOST_LAYERS];
    wl_seq2seq_context context;
    wl_tensor x;    /* STORED [T,B,F]: what the output reads */
    wl_tensor loss; /* REAL [1]: the caller's */

    /* gradients */
    wl_tensor loss_scale;  /* REAL [1] of f16, or none: the caller's */
    wl_tensor dx, doutput; /* at x, and at the last layer's output */
} wl_seq2seq_decoder;

/* `first[l]` are the states h that layer l begins with, or null where they are kept in the pass, to
 * be carried from step to step. */
void wl_seq2seq_decoder_carve(wl_seq2seq_decoder *pass, const wl_tensor *const *first,
                              wl_arena *arena, bool weights);
wl_status wl_seq2seq_decoder_forward(const wl_seq2seq_decoder *pass, size_t *bytes);
wl_status wl_seq2seq_decoder_loss(const wl_seq2seq_decoder *pass, size_t *bytes);
/* With the loss; to the context's gradients and the layers' dfirst. */
wl_status wl_seq2seq_decoder_backward(const wl_seq2seq_decoder *pass, size_t *bytes);

/* ------------------------------------------------------------------ batches */

/* A source and a target of a batch. */
typedef struct wl_seq2seq_pair {
    const int32_t *source, *target;
    int64_t source_length, target_length;
} wl_seq2seq_pair;

/* Which pairs are read when. */
typedef struct wl_seq2seq_batches {
    const wl_pairs *pairs;
    int64_t batch, count; /* pairs of a batch at most; batches */
    int64_t *order;       /* [pairs]: in the order of reading */
    int64_t *first;       /* [count]: where in that order each batch begins */
    void *keys;           /* what they are sorted by */
} wl_seq2seq_batches;

wl_status wl_seq2seq_batches_create(wl_seq2seq_batches *out, const wl_pairs *pairs, int64_t batch,
                                    wl_error *error);
void wl_seq2seq_batches_destroy(wl_seq2seq_batches *batches); /* takes one that is all zero */
/* Orders them for an epoch of training: at random, but for sorting `pool` batches by length at a
 * time. Or all by length. */
void wl_seq2seq_batches_shuffle(wl_seq2seq_batches *batches, int64_t pool, uint64_t seed,
                                int64_t epoch);
void wl_seq2seq_batches_sort(wl_seq2seq_batches *batches);
/* The pairs of batch i: to[*count], which has room for `batch`. */
void wl_seq2seq_take_batch(const wl_seq2seq_batches *batches, int64_t i, wl_seq2seq_pair *to,
                           int64_t *count);

/* ------------------------------------------------------------------ a batch's pass */

/* Encoder and decoder over a batch whose targets are given. Its memory serves any batch. */
typedef struct wl_seq2seq_pass {
    wl_seq2seq *model;
    bool training, weights; /* weights: of attention, wanted */
    int64_t S, T, B;        /* of the batch that it was last carved for */
    wl_arena arena;
    wl_tensor step; /* I64 [1] */
    wl_tensor ids;  /* I32 [S B + B + 2 T B]: source, lengths, inputs, labels */
    wl_tensor loss; /* REAL [1] */
    wl_seq2seq_encoder encoder;
    wl_seq2seq_decoder decoder;
    wl_descent *descent; /* of training */
    wl_tensor workspace; /* U8 [branches, bytes] */
    int32_t *host;       /* ids on their way */
    int64_t host_room;
    int64_t labels;                  /* of the batch */
    struct wl_seq2seq_shape *shapes; /* on CUDA: a graph for each shape of batches */
    int64_t shape_count;
    wl_error *why; /* while it is carved */
} wl_seq2seq_pass;

void wl_seq2seq_pass_destroy(wl_seq2seq_pass *pass); /* takes one that is all zero */
/* Queues a batch's step, number `step` of the run: of training, or forward and the loss. */
wl_status wl_seq2seq_step(wl_seq2seq_pass *pass, const wl_seq2seq_pair *pairs, int64_t count,
                          int64_t step, wl_error *error);

/* The sources of a batch as the model reads them: padded, and from their ends on where it does so.
 * ids[S,B], and lengths[B]. */
void wl_seq2seq_lay_sources(const wl_seq2seq *model, const wl_seq2seq_pair *pairs, int64_t S,
                            int64_t B, int32_t *ids, int32_t *lengths);

/* ------------------------------------------------------------------ training */

struct wl_seq2seq_run {
    wl_seq2seq *model;
    wl_seq2seq_batches batches;
    int64_t shuffled;       /* the epoch that they are ordered for; -1: none */
    wl_seq2seq_pair *pairs; /* [batch] */
    wl_arena arena;
    wl_descent descent;
    wl_seq2seq_pass pass;
};

/* Makes the run of training on pairs, if there is none yet. */
wl_status wl_seq2seq_begin_run(wl_seq2seq *model, const wl_pairs *pairs, wl_error *error);
void wl_seq2seq_run_destroy(wl_seq2seq_run *run); /* takes null */
/* It, from its making on; its listener, stop and validation are yet to be set. */
wl_epochs wl_seq2seq_run_on(wl_seq2seq *model);

/* The part of the first `count` pairs whose greedy translation is the target. */
wl_status wl_seq2seq_accuracy(wl_seq2seq *model, const wl_pairs *pairs, int64_t count,
                              const volatile sig_atomic_t *stop, double *out, wl_error *error);

WL_END
#endif
