/* What the files of the word2vec model share. */
#ifndef WL_WORD2VEC_MODEL_H
#define WL_WORD2VEC_MODEL_H

#include <wordloom/nn/huffman.h>
#include <wordloom/nn/memory.h>
#include <wordloom/nn/noise.h>
#include <wordloom/nn/word2vec.h>

#include <stdbool.h>

WL_BEGIN

enum {
    WL_WORD2VEC_SHARD = 1 << 19, /* tokens on the device at a time, at most */
    WL_WORD2VEC_GROUP = 16,      /* slices whose results come back together, at most */
};

/* Where a run is: all that a checkpoint knows of it besides the tables. */
typedef struct wl_word2vec_place {
    int64_t epoch;          /* from 0 */
    int64_t first;          /* of the shard's tokens, in the text */
    int64_t centre;         /* the next one, in what subsampling kept of the shard */
    int64_t words;          /* of the epoch, before the shard */
    int64_t pairs, skipped; /* of the run */
    int64_t epoch_pairs;    /* those with a loss */
    int64_t bad;            /* slices in a row of which most was skipped; diverged: stays */
    double epoch_loss;      /* the sum */
} wl_word2vec_place;

enum { WL_WORD2VEC_MOST_BAD = 25 }; /* of such slices: training has diverged */

/* Slices of a shard as they are sent to the device, and what comes back. */
typedef struct wl_word2vec_orders {
    int64_t position; /* of the shard's first token in the run */
    int64_t begin[WL_WORD2VEC_GROUP];
    float lr[WL_WORD2VEC_GROUP][2];
} wl_word2vec_orders;

typedef struct wl_word2vec_results {
    int64_t pairs[WL_WORD2VEC_GROUP], skipped[WL_WORD2VEC_GROUP];
    float loss[WL_WORD2VEC_GROUP];
} wl_word2vec_results;

/* A group of slices that is queued. */
typedef struct wl_word2vec_group {
    wl_tensor orders, results; /* U8: the structs of these names */
    wl_word2vec_orders *host_orders;
    wl_word2vec_results *host_results;
    int64_t slices;               /* 0: nothing is queued */
    int64_t first, words, centre; /* the place that they lead to */
    double done, lr;              /* words of the run before it; the learning rate there */
} wl_word2vec_group;

/* What subsampling is told of a shard, and what comes back. */
typedef struct wl_word2vec_mark {
    int64_t position; /* of its first token in the run */
    int64_t count;    /* tokens that are kept */
} wl_word2vec_mark;

/* A part of the text on the device. */
typedef struct wl_word2vec_shard {
    int64_t epoch, first, tokens; /* of the text; without tokens there is none here */
    int64_t words;                /* of these tokens, the ends of sentences not counted */
    int64_t kept;                 /* tokens that subsampling leaves */
    wl_tensor raw, left;          /* I32 [shard_tokens]: all tokens; what is left of them */
    wl_tensor mark;               /* U8: the struct of this name */
    int32_t *host;                /* [shard_tokens]: `raw`; for the softmax over all words `left` */
    wl_word2vec_mark *host_mark;
} wl_word2vec_shard;

/* A mini-batch for the softmax over all words: `rows` inputs at most, each of `slots` contexts. */
typedef struct wl_word2vec_lesson {
    int64_t rows, slots;
    int32_t *host_contexts, *host_targets; /* [rows,slots], -1 for none; [rows] */
    wl_tensor contexts, targets;           /* I32: the same on the device */
    wl_tensor x, dx;                       /* STORED [rows,D] */
    wl_tensor dw;                          /* REAL [V,D] */
    wl_tensor words;                       /* I64 [V]: all of them, in order */
    wl_tensor loss, lr, step;              /* REAL [1], REAL [1], I64 [1] */
} wl_word2vec_lesson;

struct wl_word2vec {
    wl_ctx *ctx;
    wl_word2vec_config config;
    const wl_vocabulary *words;
    int64_t V, R, D; /* words; rows of the input table; numbers a row: dim, padded with zeros */
    wl_noise *noise;
    wl_huffman *tree;     /* null but with hierarchical softmax */
    int64_t slice;        /* centres a call at most, before they are rounded up to a batch */
    int64_t group;        /* slices between two reports, WL_WORD2VEC_GROUP at most */
    int64_t shard_tokens; /* of a shard at most */
    wl_word2vec_place at;

    wl_arena parameters;
    wl_tensor input, output;           /* STORED [R,D], [V,D] */
    wl_tensor columns;                 /* I32 [V,2]: the noise table */
    wl_tensor keep;                    /* I32 [V]: see wl_word2vec_subsample_args */
    wl_tensor spans, pieces;           /* I32 [V,2], [G]; without n-grams no tensors */
    int32_t *host_spans, *host_pieces; /* the same, while the model is made */
    int64_t G, longest;
    wl_tensor paths, nodes; /* I32 [V,3], [entries]: the tree; else no tensors */

    wl_arena activations;
    wl_word2vec_shard shards[2]; /* the one in training, and the next */
    wl_word2vec_group groups[2]; /* the one that was queued last, and the one before */
    int current, latest;         /* which these are */
    wl_tensor workspaces[2];     /* U8: of training and of subsampling */
    void *pinned;                /* where the host's sides of shards and groups lie */
    wl_word2vec_lesson lesson;   /* of the softmax over all words; else all zero */

    /* What reports say beside the place, up to it. */
    double recent; /* sum of losses since the last report, */
    int64_t recent_pairs;
    double done, lr; /* words of the run; the learning rate */
};

/* The configuration's fields by the names that the program's options have, as JSON; the caller
 * frees it. Null: no memory. */
char *wl_word2vec_json(const wl_word2vec_config *config);
wl_status wl_word2vec_check_config(const wl_word2vec_config *config, wl_error *error);

/* Puts what the method asks for in the place of defaults. */
void wl_word2vec_settle_config(wl_word2vec_config *config);

/* Fills the tables, and what training reads beside them, as they are before training. */
wl_status wl_word2vec_initialise(wl_word2vec *model, wl_error *error);

/* The rows of the words' n-grams: host_spans, host_pieces, G and longest. */
wl_status wl_word2vec_list_pieces(wl_word2vec *model, wl_error *error);

/* Take what shards and groups need on the device. */
wl_status wl_word2vec_carve_shards(wl_word2vec *model, wl_arena *arena);
wl_status wl_word2vec_carve_groups(wl_word2vec *model, wl_arena *arena);

/* For the softmax over all words: takes a mini-batch's tensors from the arena, and its workspace
 * into *bytes; fills what does not change; trains on a slice. */
wl_status wl_word2vec_carve_lesson(wl_word2vec *model, wl_arena *arena, size_t *bytes);
wl_status wl_word2vec_prepare_lesson(wl_word2vec *model, wl_error *error);
wl_status wl_word2vec_teach(wl_word2vec *model, const wl_word2vec_shard *shard,
                            const wl_word2vec_group *group, int64_t i, int64_t centres,
                            wl_error *error);

/* Three branches: training; the results of groups; shards that come. The last two are waited for,
 * so that the device trains on meanwhile. */
enum { WL_WORD2VEC_TRAINING, WL_WORD2VEC_RESULTS, WL_WORD2VEC_SHARDS };

/* Queues that the shard which begins at token `first` of the text comes to the device, and is
 * subsampled there, beside the current one. */
wl_status wl_word2vec_fetch_shard(wl_word2vec *model, const wl_tokens *text, int64_t epoch,
                                  int64_t first, wl_error *error);
/* Makes it the current one, fetched before or not, and waits for it. */
wl_status wl_word2vec_open_shard(wl_word2vec *model, const wl_tokens *text, int64_t epoch,
                                 int64_t first, wl_error *error);
/* Forgets both, which may be of another text; waits for what is on its way. */
void wl_word2vec_drop_shards(wl_word2vec *model);

/* The centres of every slice but the last of the current shard: a multiple of the batch. */
int64_t wl_word2vec_slice(const wl_word2vec *model);

/* The group after the latest, whose orders are to be filled in. */
wl_word2vec_group *wl_word2vec_next_group(wl_word2vec *model);
/* Sends its orders; queues slice number i of them, `centres` long, of the current shard. */
wl_status wl_word2vec_send(wl_word2vec *model, const wl_word2vec_group *group, wl_error *error);
wl_status wl_word2vec_queue(wl_word2vec *model, const wl_word2vec_group *group, int64_t i,
                            int64_t centres, wl_error *error);
/* Makes it the latest, of which its slices and its place must be known. */
wl_status wl_word2vec_close_group(wl_word2vec *model, wl_error *error);
/* Waits for the latest group, if it has not been waited for: the model's place and what reports say
 * are then as the tables are. */
wl_status wl_word2vec_collect(wl_word2vec *model, wl_error *error);

/* A table passes through the host in pieces of some megabytes: each calls `visit` with rows
 * from..from+rows-1 as the host has them, [rows,D] in the table's dtype. `out`: from the device,
 * before the visit; else to the device, after it. */
typedef wl_status wl_word2vec_visit(void *user, void *host, int64_t from, int64_t rows,
                                    wl_error *error);
wl_status wl_word2vec_pass(wl_word2vec *model, const wl_tensor *table, bool out,
                           wl_word2vec_visit *visit, void *user, wl_error *error);

/* The error of the model's context, as a message of the host layer. */
wl_status wl_word2vec_failed(const wl_word2vec *model, wl_status status, wl_error *error);

WL_END
#endif
