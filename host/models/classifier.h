/* What the files of the classifier share. */
#ifndef WL_CLASSIFIER_MODEL_H
#define WL_CLASSIFIER_MODEL_H

#include <wordloom/nn/classifier.h>

#include "../nn/epochs.h"

#include <stdbool.h>

WL_BEGIN

typedef struct wl_classifier_run wl_classifier_run;

struct wl_classifier {
    wl_ctx *ctx;
    wl_classifier_config config;
    const wl_vocabulary *classes;
    wl_vocabulary *own; /* the same where the model owns it */
    int64_t D, C;       /* numbers of a point; classes */
    wl_parameters parameters;
    int32_t weight[2], bias[2]; /* of the layers */
    wl_place at;
    wl_classifier_run *run;    /* of training: null before it begins */
    wl_training_epoch *epochs; /* of the run: at.epoch of them have ended */
};

/* A pass of B points. */
typedef struct wl_classifier_pass {
    wl_classifier *model;
    int64_t B;
    const wl_descent *descent; /* of training; null: it only tells classes */
    int64_t steps;             /* as wl_replay counts them */
    wl_graph *graph;           /* on CUDA, once it is recorded */
    wl_tensor x, labels;       /* STORED [B,D]; I32 [B], -1 for none */
    wl_tensor sum, h, dh;      /* STORED [B,H]; sum only for training with GELU */
    wl_tensor logits;          /* STORED [B,C]: where it tells classes */
    wl_tensor workspace;       /* U8 */
    wl_error *why;             /* while it is made */
    wl_arena arena;
} wl_classifier_pass;

/* Training on points, and the order in which they are read. */
struct wl_classifier_run {
    wl_classifier *model;
    const wl_points *points;
    int64_t shuffled; /* the epoch whose order it is; -1: none */
    int64_t *order;   /* [N] */
    float *values;    /* [batch,D] on their way to the device, */
    int32_t *labels;  /* [batch] */
    wl_descent descent;
    wl_arena arena;
    wl_classifier_pass pass;
};

wl_status wl_classifier_failed(const wl_classifier *model, wl_status status, wl_error *error);

char *wl_classifier_json(const wl_classifier_config *config);
wl_status wl_classifier_parse_config(wl_classifier_config *config, const char *json,
                                     const char *source, wl_error *error);
wl_status wl_classifier_check_config(const wl_classifier_config *config, wl_error *error);

/* A model whose tensors have shapes but no memory; `rule`: of training, or WL_NO_RULE. */
wl_status wl_classifier_announce(wl_classifier **out, wl_ctx *ctx,
                                 const wl_classifier_config *config, int64_t D,
                                 const wl_vocabulary *classes, int32_t rule, wl_error *error);

wl_status wl_classifier_pass_create(wl_classifier_pass *pass, wl_error *error);
void wl_classifier_pass_destroy(wl_classifier_pass *pass); /* takes one that is all zero */

/* Queues a step of training, or of telling classes; on CUDA, after the first two, as a graph. */
wl_status wl_classifier_step(wl_classifier_pass *pass, wl_error *error);

/* WL_OUT_OF_RANGE: points of other than D numbers. */
wl_status wl_classifier_check_points(const wl_classifier *model, const wl_points *points,
                                     wl_error *error);

/* Makes the run on points, if there is none yet; describes it, its listener and stop yet to be set.
 */
wl_status wl_classifier_begin_run(wl_classifier *model, const wl_points *points, wl_error *error);
wl_epochs wl_classifier_run_on(wl_classifier *model);
void wl_classifier_run_destroy(wl_classifier_run *run); /* takes null */

WL_END
#endif
