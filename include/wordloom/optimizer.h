/* Optimisers: what a gradient g does to a parameter p.
 *
 *   WL_SGD       p -= lr g
 *   WL_MOMENTUM  m = beta1 m - lr g;  p += m                                  (Polyak 1964)
 *   WL_NESTEROV  p += beta1^2 m - (1 + beta1) lr g;  m = beta1 m - lr g       (Sutskever et al.
 *                2013, "On the importance of initialization and momentum", section 2, in
 *                the look-ahead variable of Bengio et al. 2013, section 3.5)
 *   WL_NESTEROV_NEW_VELOCITY
 *                m = beta1 m - lr g;  p += beta1^2 m - (1 + beta1) lr g       (as printed in Saito,
 *                "Deep Learning from Scratch", section 6.1: with the new m)
 *   WL_ADAGRAD   v += g^2;  p -= lr g / (sqrt(v) + eps)                       (Duchi et al. 2011)
 *   WL_RMSPROP   v = beta2 v + (1 - beta2) g^2;  p -= lr g / (sqrt(v) + eps)  (Tieleman and
 *                Hinton 2012, lecture 6.5)
 *   WL_ADAM      m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2
 *                p -= lr mh / (sqrt(vh) + eps), mh = m / (1 - beta1^t), vh = v / (1 - beta2^t)
 *                or, with WL_EPS_UNCORRECTED,
 *                p -= lr sqrt(1 - beta2^t) / (1 - beta1^t) m / (sqrt(v) + eps)
 *                (Kingma and Ba 2015, algorithm 1 and the form at the end of section 2)
 *
 * Before any of them g is multiplied by scale[0], and weight decay is decoupled:
 * p *= 1 - lr weight_decay (Loshchilov and Hutter 2019, algorithm 2; AdamW). t is step[0]. */
#ifndef WORDLOOM_OPTIMIZER_H
#define WORDLOOM_OPTIMIZER_H

#include <wordloom/context.h>

WL_BEGIN

enum {
    WL_SGD = 0,
    WL_MOMENTUM = 1,              /* has m */
    WL_NESTEROV = 2,              /* has m */
    WL_ADAGRAD = 3,               /* has v */
    WL_RMSPROP = 4,               /* has v */
    WL_ADAM = 5,                  /* has m and v, and needs step */
    WL_NESTEROV_NEW_VELOCITY = 6, /* has m */
};
enum { WL_EPS_CORRECTED = 0, WL_EPS_UNCORRECTED = 1 };

/* A rule with its hyper-parameters. The tensors live on the device, so that a captured graph
 * sees each step's own values; the rest is fixed when a graph is captured. */
typedef struct wl_update_rule {
    wl_tensor lr;        /* in REAL [1]                                                       */
    wl_tensor scale;     /* in REAL [1] optional; 0 leaves parameters and moments untouched   */
    wl_tensor step;      /* in I64  [1] optional: the step's number, from 1                   */
    int32_t kind;        /* WL_SGD, ...                                                       */
    int32_t eps_form;    /* WL_EPS_CORRECTED, ...                                             */
    double beta1;        /* decay of m, or the momentum; 0 to 1                               */
    double beta2;        /* decay of v; 0 to 1                                                */
    double eps;          /* 0 or more                                                         */
    double weight_decay; /* 0 or more                                                         */
    int32_t rounding;    /* of a 16-bit table or copy: WL_ROUND_NEAREST, WL_ROUND_STOCHASTIC (a
                            table without its f32 keeps small updates only so; Philox4x32-10
                            keyed by seed, counted by element and step)                       */
    uint64_t seed;       /* of stochastic rounding */
} wl_update_rule;

/* sum[0] += the sum of squares of the first count[0] rows of x (of all, if count is absent). */
typedef struct wl_optimizer_sum_squares_args {
    size_t size;
    wl_tensor x;     /* in  REAL [N,D]        */
    wl_tensor count; /* in  I64  [1] optional */
    wl_tensor sum;   /* acc REAL [1]          */
} wl_optimizer_sum_squares_args;

WL_API wl_status wl_optimizer_sum_squares(wl_ctx *ctx, const wl_optimizer_sum_squares_args *args);
WL_API wl_status wl_optimizer_sum_squares_workspace(wl_ctx *ctx,
                                                    const wl_optimizer_sum_squares_args *args,
                                                    size_t *bytes);

/* What decides on a step without a look from the host. Clipping by global norm (Pascanu et al.
 * 2013, algorithm 1): scale[0] = min(1, max_norm / (sqrt(sum[0]) + 1e-6)); step[0] += 1,
 * in_a_row[0] = 0, total[0] += loss[0]. Where the sum or the loss is not finite the update is to be
 * skipped: scale[0] = 0, skipped[0] += 1, in_a_row[0] += 1, and step and total stay.
 *
 * With loss_scale L, of which the gradients are multiples (Micikevicius et al. 2018, "Mixed
 * Precision Training", section 3.2), sqrt(sum[0]) / L is the norm and scale[0] is divided by L.
 * After 2000 steps without a skipped one L doubles, up to 2^24; with each skipped one it halves,
 * down to 1. clean[0] counts them. */
typedef struct wl_optimizer_clip_args {
    size_t size;
    wl_tensor sum;        /* in    REAL [1]                            */
    wl_tensor scale;      /* out   REAL [1]                            */
    wl_tensor step;       /* state I64  [1] optional                   */
    wl_tensor skipped;    /* state I64  [1] optional                   */
    double max_norm;      /* host: more than 0; HUGE_VAL clips nothing */
    wl_tensor in_a_row;   /* state I64  [1] optional                   */
    wl_tensor loss;       /* in    REAL [1] optional                   */
    wl_tensor total;      /* state REAL [1] where there is a loss      */
    wl_tensor loss_scale; /* state REAL [1] optional: a power of two   */
    wl_tensor clean;      /* state I64  [1] where there is a loss_scale */
} wl_optimizer_clip_args;

WL_API wl_status wl_optimizer_clip(wl_ctx *ctx, const wl_optimizer_clip_args *args);
WL_API wl_status wl_optimizer_clip_workspace(wl_ctx *ctx, const wl_optimizer_clip_args *args,
                                             size_t *bytes);

/* x = 0: where gradients are to be added. */
typedef struct wl_optimizer_clear_args {
    size_t size;
    wl_tensor x; /* out REAL [N] */
} wl_optimizer_clear_args;

WL_API wl_status wl_optimizer_clear(wl_ctx *ctx, const wl_optimizer_clear_args *args);
WL_API wl_status wl_optimizer_clear_workspace(wl_ctx *ctx, const wl_optimizer_clear_args *args,
                                              size_t *bytes);

/* One step of a dense parameter, kept in f32, with a copy rounded by the rule on request. */
typedef struct wl_optimizer_update_args {
    size_t size;
    wl_tensor p;         /* state REAL   [N]                                     */
    wl_tensor m;         /* state REAL   [N] where the rule has a first moment   */
    wl_tensor v;         /* state REAL   [N] where the rule has a second moment  */
    wl_tensor g;         /* in    REAL   [N]                                     */
    wl_tensor copy;      /* out   STORED [N] optional: p, rounded as `rule` says */
    wl_update_rule rule; /* see there                                            */
} wl_optimizer_update_args;

WL_API wl_status wl_optimizer_update(wl_ctx *ctx, const wl_optimizer_update_args *args);
WL_API wl_status wl_optimizer_update_workspace(wl_ctx *ctx, const wl_optimizer_update_args *args,
                                               size_t *bytes);

/* One step of the rows that a compact gradient names (embedding_compact makes it); the first
 * count[0] of rows and g are used, and no row is named twice. Other rows stay as they are, their
 * moments included: Adam is lazy. */
typedef struct wl_optimizer_update_rows_args {
    size_t size;
    wl_tensor table; /* state STORED [V,D] strided                            */
    wl_tensor m;     /* state REAL   [V,D] where the rule has a first moment  */
    wl_tensor v;     /* state REAL   [V,D] where the rule has a second moment */
    wl_tensor rows;  /* in    I64    [N] in 0..V-1, distinct                  */
    wl_tensor count; /* in    I64    [1] optional: 0..N; absent is N          */
    wl_tensor g;     /* in    REAL   [N,D]                                    */
    wl_update_rule rule;
} wl_optimizer_update_rows_args;

WL_API wl_status wl_optimizer_update_rows(wl_ctx *ctx, const wl_optimizer_update_rows_args *args);
WL_API wl_status wl_optimizer_update_rows_workspace(wl_ctx *ctx,
                                                    const wl_optimizer_update_rows_args *args,
                                                    size_t *bytes);

WL_END
#endif
