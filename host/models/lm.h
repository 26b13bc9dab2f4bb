/* What the files of the language model share. */
#ifndef WL_LM_MODEL_H
#define WL_LM_MODEL_H

#include <wordloom/nn/lm.h>

#include "../nn/epochs.h"
#include "../nn/norm.h"

#include <stdbool.h>

WL_BEGIN

typedef struct wl_lm_pass wl_lm_pass;

struct wl_lm {
    wl_ctx *ctx;
    wl_lm_config config;
    const wl_vocabulary *words;
    wl_vocabulary *own; /* the same where the model owns it */
    int64_t V;
    wl_parameters parameters;
    wl_lookup embedding;  /* dense where it is tied */
    int32_t weight, bias; /* of the output; the weight is the embedding's where it is tied */
    int64_t part_steps;   /* of passes: 0: as wl_lm_part_steps finds; a multiple of 8 */
    wl_recurrent layers[WL_LM_MOST_LAYERS];
    wl_norm norms[WL_LM_MOST_LAYERS]; /* of their inputs, with norm */
    wl_place at;
    wl_lm_pass *run;           /* of training: null before it begins */
    wl_training_epoch *epochs; /* of the run: at.epoch of them have ended */
};

/* A pass of T steps of B streams over a text on the device. */
struct wl_lm_pass {
    wl_lm *model;
    int64_t T, B, N; /* N: ids of the text; 0: inputs are put there by the caller */
    bool training;
    int64_t part_steps;  /* that a layer takes at once: see lm_layers.c */
    int from;            /* which of the carried states enters the next pass */
    int64_t runs;        /* of steps, as wl_replay counts them */
    wl_graph *graphs[2]; /* on CUDA: a whole step from each of the states, once it is recorded */
    wl_error *why;       /* while it is made */
    wl_arena arena;
    wl_tensor ids;            /* I32 [N] */
    wl_tensor position;       /* I64 [1]: steps read of each stream */
    wl_tensor inputs, labels; /* I32 [T,B] */
    wl_lookup_pass embedded;
    wl_norm_pass norms[WL_LM_MOST_LAYERS];
    wl_recurrent_pass layers[WL_LM_MOST_LAYERS];
    wl_tensor outputs[WL_LM_MOST_LAYERS]; /* STORED [T,B,H] as the next reads it */
    wl_tensor loss;                       /* REAL [1] */

    /* training */
    wl_tensor gradients[2]; /* STORED [T,B,H]: on their way down, at what leaves layers in turn */
    wl_tensor dembedded;    /* STORED [T,B,E] */
    wl_tensor dropped;      /* STORED [T,B,H]: with residuals, the gradient at h */
    wl_tensor dstate[WL_LM_MOST_LAYERS][2]; /* STORED [B,H]: between parts */
    wl_tensor dcell[WL_LM_MOST_LAYERS][2];  /* REAL [B,H], of an LSTM */
    wl_descent descent;

    /* generation */
    wl_tensor logits, drawn_bias; /* STORED [1,V], REAL [V] */
    wl_tensor workspace;          /* U8 [branches, bytes] */
};

/* Some of the steps of a pass. */
typedef struct wl_lm_span {
    int64_t first, count;
} wl_lm_span;

wl_status wl_lm_failed(const wl_lm *model, wl_status status, wl_error *error);

/* The configuration's fields by the names that the program's options have, as JSON; the caller
 * frees it. Null: no memory. */
char *wl_lm_json(const wl_lm_config *config);
/* Reads what is there of them; what is not keeps its value. */
wl_status wl_lm_parse_config(wl_lm_config *config, const char *json, const char *source,
                             wl_error *error);
wl_status wl_lm_check_config(const wl_lm_config *config, wl_error *error);

/* A model whose tensors have shapes but no memory; `rule`: of training, or WL_NO_RULE. */
wl_status wl_lm_announce(wl_lm **out, wl_ctx *ctx, const wl_lm_config *config,
                         const wl_vocabulary *words, int32_t rule, wl_error *error);
/* Gives them memory, all of it zero. */
wl_status wl_lm_allocate(wl_lm *model, wl_error *error);

/* The output's weights and its bias as operators read them. */
wl_tensor wl_lm_output_weight(const wl_lm *model);
wl_tensor wl_lm_output_bias(const wl_lm *model);

/* A pass over a text's ids (null with N = 0), from states of 0. */
wl_status wl_lm_pass_create(wl_lm_pass **out, wl_lm *model, int64_t T, int64_t B,
                            const int32_t *ids, int64_t N, bool training, wl_error *error);
void wl_lm_pass_destroy(wl_lm_pass *pass); /* takes null */
wl_status wl_lm_pass_reset(wl_lm_pass *pass, wl_error *error);

/* Calls of a pass: each queues operators or, where `bytes` is not null, only raises it to the
 * workspace that they need. */
wl_status wl_lm_read(const wl_lm_pass *pass, size_t *bytes);     /* inputs and labels */
wl_status wl_lm_forward(const wl_lm_pass *pass, size_t *bytes);  /* up to the last output */
wl_status wl_lm_loss(const wl_lm_pass *pass, size_t *bytes);     /* of evaluation */
wl_status wl_lm_backward(const wl_lm_pass *pass, size_t *bytes); /* with the loss */
wl_status wl_lm_update(const wl_lm_pass *pass, size_t *bytes);   /* of the parameters */
wl_status wl_lm_draw_next(const wl_lm_pass *pass, const wl_lm_draw *draw, size_t *bytes);

/* What enters layer l, before it is normalised. */
const wl_tensor *wl_lm_input(const wl_lm_pass *pass, int64_t l);

/* The gradient at what enters layer l or, of number `layers`, at the last output. */
wl_tensor wl_lm_gradient(const wl_lm_pass *pass, int64_t l);

/* All layers, in waves of parts: steps that a part has, branches of the context that are needed,
 * and some steps of a [T, …]. */
wl_status wl_lm_layers_forward(const wl_lm_pass *pass, size_t *bytes);
wl_status wl_lm_layers_backward(const wl_lm_pass *pass, size_t *bytes);
int64_t wl_lm_part_steps(const wl_lm_pass *pass);
int64_t wl_lm_branches(const wl_lm_pass *pass);
wl_tensor wl_lm_steps(const wl_tensor *t, wl_lm_span steps);

/* Their parts about dropout, zoneout and residuals, of some steps of layer l. undrop_output tells
 * where the gradient at h lies. */
bool wl_lm_changes_output(const wl_lm_pass *pass, int64_t l); /* it is not h alone */
wl_status wl_lm_drop_embedded(const wl_lm_pass *pass, size_t *bytes);
wl_status wl_lm_drop_weights(const wl_lm_pass *pass, int64_t l, size_t *bytes);
wl_status wl_lm_drop_output(const wl_lm_pass *pass, int64_t l, wl_lm_span steps, size_t *bytes);
wl_status wl_lm_undrop_output(const wl_lm_pass *pass, int64_t l, wl_lm_span steps, wl_tensor *dh,
                              size_t *bytes);
wl_status wl_lm_undrop_weights(const wl_lm_pass *pass, int64_t l, size_t *bytes);
wl_status wl_lm_add_residual(const wl_lm_pass *pass, int64_t l, wl_lm_span steps, size_t *bytes);
wl_recurrent_zoneout wl_lm_zoneout(const wl_lm_pass *pass, int64_t l);
wl_status wl_lm_undrop_embedded(const wl_lm_pass *pass, size_t *bytes);

/* The run on a text, from the pass's making on; its listener and stop are yet to be set. */
wl_epochs wl_lm_run_on(wl_lm *model, const wl_text *text);

/* Makes the pass of training on a text, if there is none yet. WL_OUT_OF_RANGE: the text is shorter
 * than one step. */
wl_status wl_lm_begin_run(wl_lm *model, const wl_text *text, wl_error *error);

/* Queues a whole step of training, or of evaluation, and carries the states. On CUDA the first two
 * are calls, which load the kernels, and the others replays of a graph. */
wl_status wl_lm_step(wl_lm_pass *pass, wl_error *error);

WL_END
#endif
