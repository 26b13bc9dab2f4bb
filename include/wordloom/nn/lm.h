/* Recurrent language models: the probability of each word, or character, after those before it.
 *
 *   x_0[t]  =  embedding[id[t]]          x_l  =  RNN, GRU or LSTM of norm(x_{l-1})
 *   p(id[t+1])  =  softmax(W x_L[t] + b)
 *
 * with dropout on every x_l (Zaremba et al. 2014, "Recurrent Neural Network Regularization"; one
 * mask for all steps where variational: Gal and Ghahramani 2016, section 4) and on the recurrent
 * weights (weight-drop: Merity et al. 2018, "Regularizing and Optimizing LSTM Language Models",
 * section 2), zoneout of the states (Krueger et al. 2017, "Zoneout", section 3; evaluation and
 * generation take its mean), norm the layer normalisation of <wordloom/layernorm.h> or nothing,
 * x_{l-1} added to x_l where residual (He et al. 2016; round the norm too), and W the embedding
 * itself where tied (Press and Wolf 2017, "Using the Output Embedding to Improve Language Models").
 * Trained by truncated back-propagation: a text is cut into `batch` streams of equal length, of
 * which each step reads `time` more ids, while states are carried along (Mikolov et al. 2010,
 * "Recurrent neural network based language model"). */
#ifndef WORDLOOM_NN_LM_H
#define WORDLOOM_NN_LM_H

#include <signal.h>

#include <wordloom/nn/recurrent.h>
#include <wordloom/nn/text.h>
#include <wordloom/nn/training.h>

WL_BEGIN

enum { WL_LM_MOST_LAYERS = 16 };

typedef struct wl_lm_config {
    int32_t level;       /* WL_TEXT_WORD or WL_TEXT_CHAR; WL_TEXT_WORD */
    int32_t cell;        /* a wl_cell; WL_CELL_LSTM */
    int64_t layers;      /* 1 to 16; 1 */
    int64_t embed;       /* numbers a word's vector, 1 to 65536; 100 */
    int64_t hidden;      /* units of a layer, 1 to 65536; 100 */
    int32_t tie;         /* 1: the output weights are the embedding, and embed is hidden; 0 */
    double dropout;      /* of x_0 to x_L: 0 to 0.999; 0 */
    int32_t variational; /* 1: x_l is dropped by one mask for all steps of a pass; 0 */
    double weight_drop;  /* of the recurrent weights: 0 to 0.999; 0 */
    double zoneout;      /* the part of h that holds from step to step: 0 to 0.999; 0 */
    double zoneout_c;    /* the same of an LSTM's cell states: 0 to 0.999; 0 */
    int32_t residual;    /* 1: layers as wide as their input are added to it; 0 */
    int32_t norm;        /* 1: what enters a layer is normalised; 0 */
    int32_t dtype;       /* of storage: WL_F32, WL_F16, WL_BF16; WL_F32 */
    uint64_t seed;       /* 1 */

    /* training */
    int64_t batch;     /* streams, 1 to 65536; 20 */
    int64_t time;      /* steps of truncated back-propagation, 1 to 65536; 35 */
    int64_t epochs;    /* 1 to 100000; 4 */
    int32_t optimizer; /* WL_SGD to WL_ADAM; WL_SGD */
    double lr;         /* 1e-30 to 1e6; 20 */
    double clip;       /* the gradients' norm at most, 0 for any; 0.25 */
    double decay;     /* what lr is multiplied by where validation does not improve, 0 to 1; 0.25 */
    int64_t patience; /* epochs without a better validation after which a run ends; 0: never; 0 */
} wl_lm_config;

/* The names of levels and optimizers, by their numbers; each list ends with null. */
WL_API extern const char *const wl_lm_levels[], *const wl_lm_optimizers[];

/* The defaults, which stand above: the LSTM of chapter 6 of Saito, "Deep Learning from Scratch 2".
 */
WL_API wl_lm_config wl_lm_defaults(void);

typedef struct wl_lm wl_lm;

/* A model of the vocabulary's words on the device of `ctx`, drawn from the seed, ready to be
 * trained; the vocabulary and the context must outlive it. It sets the context's workspace
 * whenever it computes. WL_OUT_OF_RANGE: a field of the configuration, which the error names.
 * WL_NO_MEMORY. */
WL_API wl_status wl_lm_create(wl_lm **out, wl_ctx *ctx, const wl_lm_config *config,
                              const wl_vocabulary *words, wl_error *error);
WL_API void wl_lm_destroy(wl_lm *model); /* takes null */

WL_API const wl_lm_config *wl_lm_configuration(const wl_lm *model);
WL_API const wl_vocabulary *wl_lm_vocabulary(const wl_lm *model);
WL_API int64_t wl_lm_parameters(const wl_lm *model); /* how many numbers it has */

/* A model file of section "Files" of docs/architecture.md, written by wordloom or by others: for
 * evaluation and generation, not for training. It owns its vocabulary. `dtype`: of storage, 0 for
 * the file's own. WL_BAD_FILE names the tensor, and what was expected. WL_IO_ERROR. WL_NO_MEMORY.
 */
WL_API wl_status wl_lm_open(wl_lm **out, wl_ctx *ctx, const char *path, int32_t dtype,
                            wl_error *error);
/* A model that begins with a file's numbers, to be trained on: its vocabulary, level, cell, layers,
 * embed, hidden, tie, residual and norm are the file's, all else is that of `training`. Errors as
 * those of wl_lm_open; WL_OUT_OF_RANGE: a field of `training`. */
WL_API wl_status wl_lm_create_from(wl_lm **out, wl_ctx *ctx, const char *path,
                                   const wl_lm_config *training, wl_error *error);
/* Replaces the file at `path`. WL_NOT_FINITE: a number is NaN or infinite; nothing is written. */
WL_API wl_status wl_lm_write(wl_lm *model, const char *path, wl_error *error);

/* ------------------------------------------------------------------ training */

/* Trains to the end of the last epoch from where the model is. `validation` may be null. Texts are
 * by the model's vocabulary, each time the same. Nonzero *stop, or an answer of `report`:
 * WL_INTERRUPTED soon after; the model is whole. WL_NOT_FINITE: 25 steps in a row were left out.
 * WL_OUT_OF_RANGE: a text is shorter than one step. */
WL_API wl_status wl_lm_train(wl_lm *model, const wl_text *text, const wl_text *validation,
                             wl_training_report *report, void *user,
                             const volatile sig_atomic_t *stop, wl_error *error);

/* Checkpoints of a run on `text`, as in <wordloom/nn/checkpoint.h>: a run that is loaded from one
 * ends with the same bits as one that was never interrupted. */
WL_API wl_status wl_lm_save(wl_lm *model, const wl_text *text, const char *path, wl_error *error);
WL_API wl_status wl_lm_load(wl_lm *model, const wl_text *text, const char *path, wl_error *error);

/* How many epochs of the run have ended, a loaded run's own among them; *out: what each has cost,
 * as long as the model is not trained, loaded or destroyed. */
WL_API int64_t wl_lm_epochs(const wl_lm *model, const wl_training_epoch **out);

/* Whether a run stands at the end of an epoch that is the best so far (or has no validation): the
 * model is the one to be written. */
WL_API int wl_lm_at_best(const wl_lm *model);

/* ------------------------------------------------------------------ use */

/* The mean loss a label of a text, read in `batch` streams of `time` steps from states of 0, what
 * is left over at the end dropped (as in the book's eval_perplexity). Its exponential is the
 * perplexity; over log 2 it is bits a label. *labels: how many. WL_OUT_OF_RANGE: the text is
 * shorter than one step. */
WL_API wl_status wl_lm_evaluate(wl_lm *model, const wl_text *text, int64_t batch, int64_t time,
                                const volatile sig_atomic_t *stop, double *loss, int64_t *labels,
                                wl_error *error);

/* How ids are drawn: see <wordloom/sampling.h>. */
typedef struct wl_lm_draw {
    double temperature; /* 0 or more; 1 */
    int64_t top_k;      /* 0 keeps all */
    double top_p;       /* 0 to 1; 1 keeps all */
    uint64_t seed;
    const int32_t *banned; /* ids never to be drawn, `bans` of them */
    int64_t bans;
} wl_lm_draw;

/* Hears each id as it is drawn. Nonzero ends it. */
typedef int wl_lm_hear(void *user, int32_t id);

/* Reads the prompt from states of 0, then draws `length` ids after it. An empty prompt:
 * WL_OUT_OF_RANGE. */
WL_API wl_status wl_lm_generate(wl_lm *model, const int32_t *prompt, int64_t prompt_length,
                                int64_t length, const wl_lm_draw *draw, wl_lm_hear *hear,
                                void *user, wl_error *error);

WL_END
#endif
