/* The two-layer network on points (Saito, "Deep Learning from Scratch 2", sections 1.3 and 1.4):
 *
 *   h = f(W0 x + b0)        p(class) = softmax(W1 h + b1)
 *
 * f is of <wordloom/activation.h>. Trained on mini-batches of points in an order drawn anew for
 * each epoch, by cross entropy. */
#ifndef WORDLOOM_NN_CLASSIFIER_H
#define WORDLOOM_NN_CLASSIFIER_H

#include <signal.h>

#include <wordloom/activation.h>
#include <wordloom/context.h>
#include <wordloom/nn/points.h>
#include <wordloom/nn/training.h>

WL_BEGIN

typedef struct wl_classifier_config {
    int64_t hidden;     /* units, 1 to 65536; 64 */
    int32_t activation; /* WL_IDENTITY to WL_GELU; WL_RELU */
    int32_t dtype;      /* of storage: WL_F32, WL_F16, WL_BF16; WL_F32 */
    uint64_t seed;      /* 1 */

    /* training */
    int64_t batch;     /* points a step, 1 to 65536; 30 */
    int64_t epochs;    /* 1 to 100000; 300 */
    int32_t optimizer; /* WL_SGD to WL_ADAM; WL_ADAM */
    double lr;         /* 1e-30 to 1e6; 0.01 */
    double clip;       /* the gradients' norm at most, 0 for any; 0 */
    double decay;      /* what lr is multiplied by where validation does not improve, 0 to 1; 1 */
    int64_t patience;  /* epochs without a better validation after which a run ends; 0: never; 0 */
} wl_classifier_config;

/* The names of activations and optimizers, by their numbers; each list ends with null. */
WL_API extern const char *const wl_classifier_activations[], *const wl_classifier_optimizers[];

/* The defaults, which stand above. */
WL_API wl_classifier_config wl_classifier_defaults(void);

typedef struct wl_classifier wl_classifier;

/* A model of points of D numbers on the device of `ctx`, drawn from the seed, ready to be trained;
 * the classes and the context must outlive it. It sets the context's workspace whenever it
 * computes. WL_OUT_OF_RANGE: a field of the configuration, which the error names. WL_NO_MEMORY. */
WL_API wl_status wl_classifier_create(wl_classifier **out, wl_ctx *ctx,
                                      const wl_classifier_config *config, int64_t D,
                                      const wl_vocabulary *classes, wl_error *error);
WL_API void wl_classifier_destroy(wl_classifier *model); /* takes null */

WL_API const wl_classifier_config *wl_classifier_configuration(const wl_classifier *model);
WL_API const wl_vocabulary *wl_classifier_classes(const wl_classifier *model);
WL_API int64_t wl_classifier_features(const wl_classifier *model);   /* D */
WL_API int64_t wl_classifier_parameters(const wl_classifier *model); /* how many numbers it has */

/* A model file of section "Files" of docs/architecture.md, written by wordloom or by others: to be
 * used, not trained. It owns its classes. WL_BAD_FILE names the tensor, and what was expected.
 * WL_IO_ERROR. WL_NO_MEMORY. */
WL_API wl_status wl_classifier_open(wl_classifier **out, wl_ctx *ctx, const char *path,
                                    wl_error *error);
/* Replaces the file at `path`. WL_NOT_FINITE: a number is NaN or infinite; nothing is written. */
WL_API wl_status wl_classifier_write(wl_classifier *model, const char *path, wl_error *error);

/* ------------------------------------------------------------------ training */

/* Trains to the end of the last epoch from where the model is. `validation` may be null. Both are
 * points of D numbers, labelled by the model's classes (wl_points_renumber), each time the same.
 * Nonzero *stop, or an answer of `report`: WL_INTERRUPTED soon after; the model is whole.
 * WL_NOT_FINITE: 25 steps in a row were left out. WL_OUT_OF_RANGE: points of other than D numbers.
 */
WL_API wl_status wl_classifier_train(wl_classifier *model, const wl_points *points,
                                     const wl_points *validation, wl_training_report *report,
                                     void *user, const volatile sig_atomic_t *stop,
                                     wl_error *error);

/* Checkpoints of a run on `points`, as in <wordloom/nn/checkpoint.h>: a run that is loaded from one
 * ends with the same bits as one that was never interrupted. */
WL_API wl_status wl_classifier_save(wl_classifier *model, const wl_points *points, const char *path,
                                    wl_error *error);
WL_API wl_status wl_classifier_load(wl_classifier *model, const wl_points *points, const char *path,
                                    wl_error *error);

/* How many epochs of the run have ended, a loaded run's own among them; *out: what each has cost,
 * as long as the model is not trained, loaded or destroyed. */
WL_API int64_t wl_classifier_epochs(const wl_classifier *model, const wl_training_epoch **out);

/* Whether a run stands at the end of an epoch that is the best so far (or has no validation): the
 * model is the one to be written. */
WL_API int wl_classifier_at_best(const wl_classifier *model);

/* ------------------------------------------------------------------ use */

/* ids [N]: the likeliest class of each of N points [N,D]; of equal ones the first. */
WL_API wl_status wl_classifier_predict(wl_classifier *model, const float *values, int64_t N,
                                       int32_t *ids, wl_error *error);

/* The mean loss of points that are labelled by the model's classes, and how many of them are told
 * right; `ids` [N], where it is not null, receives what each is told to be. WL_OUT_OF_RANGE: points
 * of other than D numbers. */
WL_API wl_status wl_classifier_evaluate(wl_classifier *model, const wl_points *points, double *loss,
                                        int64_t *right, int32_t *ids, wl_error *error);

WL_END
#endif
