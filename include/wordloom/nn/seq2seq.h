/* Sequence to sequence: an encoder reads a source, a decoder writes the target, one token after the
 * other (Sutskever et al. 2014, "Sequence to Sequence Learning with Neural Networks").
 *
 *   encoder   x_0[s] = embedding[source[s]]     x_l = RNN, GRU or LSTM of x_{l-1}
 *   decoder   y_0[t] = embedding[target[t-1]]   y_l = the same of y_{l-1}, from the last state h of
 * x_l p(target[t])  =  softmax(W y_L[t] + b)
 *
 * with dropout on every x_l and y_l, and x_{l-1} added to x_l where residual (as wide as it).
 * target[-1] is <s>; a target ends with </s>. An LSTM's cell states begin at 0 in the decoder, as
 * in Saito, "Deep Learning from Scratch 2", chapter 7. What the decoder sees of the source besides:
 *
 *   plain      nothing
 *   peeky      the last output of the encoder beside y_0[t], every y_l[t] and in W's input (Cho et
 *              al. 2014, "Learning Phrase Representations using RNN Encoder-Decoder", section 2.2)
 *   attention  c[t], the sum of the encoder's outputs weighted by their score with y_1[t], beside
 *              y_l[t] for l >= 1 and in W's input, as [c; y] (Luong et al. 2015, "Effective
 *              Approaches to Attention-based Neural Machine Translation", section 3.1, with the
 *              layers of Wu et al. 2016, "Google's Neural Machine Translation System", figure 1)
 *
 *   score      dot: y . x      general: y . G x      additive: u . tanh(Q y + K x) (Bahdanau et al.
 *              2015, "Neural Machine Translation by Jointly Learning to Align and Translate")
 *
 * Where bidirectional, half the units of the encoder's first layer read the source backwards. With
 * `reverse` the source is read from its end on. Sources and targets of a batch may be of any
 * lengths: what pads them has neither loss nor gradient, nor attention. */
#ifndef WORDLOOM_NN_SEQ2SEQ_H
#define WORDLOOM_NN_SEQ2SEQ_H

#include <signal.h>

#include <wordloom/nn/pairs.h>
#include <wordloom/nn/recurrent.h>
#include <wordloom/nn/training.h>

WL_BEGIN

enum { WL_SEQ2SEQ_MOST_LAYERS = 16 };
enum { WL_SEQ2SEQ_PLAIN = 0, WL_SEQ2SEQ_PEEKY = 1, WL_SEQ2SEQ_ATTENTION = 2 };
enum { WL_SCORE_DOT = 0, WL_SCORE_GENERAL = 1, WL_SCORE_ADDITIVE = 2 };

typedef struct wl_seq2seq_config {
    int32_t model;         /* WL_SEQ2SEQ_PLAIN, ...; plain */
    int32_t score;         /* of attention: WL_SCORE_DOT, ...; dot */
    int32_t level;         /* WL_TEXT_CHAR or WL_TEXT_WORD; char */
    int32_t cell;          /* a wl_cell; WL_CELL_LSTM */
    int32_t reverse;       /* 1: sources are read backwards; 0 */
    int32_t bidirectional; /* 1: the encoder's first layer goes both ways; hidden is even; 0 */
    int64_t layers;        /* of either side, 1 to 16; 1 */
    int32_t residual;      /* 1: layers as wide as their input are added to it; 0 */
    int64_t embed;         /* numbers a token's vector, 1 to 65536; 16 */
    int64_t hidden;        /* units of a layer, 1 to 65536; 128 */
    int32_t shared;        /* 1: one vocabulary of both sides; 0 */
    int32_t tie;           /* 1: W is the decoder's embedding, and with shared the encoder's too:
                              embed is hidden, or twice that with peeky and attention; 0 */
    double dropout;        /* 0 to 0.999; 0 */
    double smoothing;      /* of labels (softmax_xent.h): 0 to 0.999; 0 */
    int32_t dtype;         /* of storage: WL_F32, WL_F16, WL_BF16; WL_F32 */
    uint64_t seed;         /* 1 */

    /* training */
    int64_t batch;  /* pairs, 1 to 65536; 128 */
    int64_t pool;   /* batches that are sorted by length at a time, 1 to 65536: more pad less, but
                       mix worse; 1 */
    int64_t epochs; /* 1 to 100000; 10 */
    int32_t optimizer; /* WL_SGD to WL_ADAM; WL_ADAM */
    double lr;         /* 1e-30 to 1e6; 0.001 */
    double clip;       /* the gradients' norm at most, 0 for any; 5 */
    double decay;      /* what lr is multiplied by where validation does not improve, 0 to 1; 1 */
    int64_t patience;  /* epochs without a better validation after which a run ends; 0: never; 0 */
} wl_seq2seq_config;

/* The names of models, scores and optimizers, by their numbers; each list ends with null. */
WL_API extern const char *const wl_seq2seq_models[], *const wl_seq2seq_scores[],
                                                         *const wl_seq2seq_optimizers[];

WL_API wl_seq2seq_config wl_seq2seq_defaults(void); /* they stand above */

typedef struct wl_seq2seq wl_seq2seq;

/* A model between two vocabularies (the same one where shared; the target's has <s> and </s>) on
 * the device of `ctx`, drawn from the seed; all three must outlive it. It sets the context's
 * workspace whenever it computes. WL_OUT_OF_RANGE: a field of the configuration, which the error
 * names, or a vocabulary without these two. WL_NO_MEMORY. */
WL_API wl_status wl_seq2seq_create(wl_seq2seq **out, wl_ctx *ctx, const wl_seq2seq_config *config,
                                   const wl_vocabulary *source, const wl_vocabulary *target,
                                   wl_error *error);
WL_API void wl_seq2seq_destroy(wl_seq2seq *model); /* takes null */

WL_API const wl_seq2seq_config *wl_seq2seq_configuration(const wl_seq2seq *model);
WL_API const wl_vocabulary *wl_seq2seq_source(const wl_seq2seq *model);
WL_API const wl_vocabulary *wl_seq2seq_target(const wl_seq2seq *model);
WL_API int64_t wl_seq2seq_parameters(const wl_seq2seq *model); /* how many numbers it has */

/* A model file of section "Files" of docs/architecture.md, written by wordloom or by others, for
 * use; it owns its vocabularies. `dtype`: of storage, 0 for the file's own. WL_BAD_FILE names the
 * tensor, and what was expected. WL_IO_ERROR. WL_NO_MEMORY. */
WL_API wl_status wl_seq2seq_open(wl_seq2seq **out, wl_ctx *ctx, const char *path, int32_t dtype,
                                 wl_error *error);
/* A model that begins with a file's numbers, to be trained on: vocabularies and layers are the
 * file's, all else is that of `training`. Errors as those of wl_seq2seq_open; WL_OUT_OF_RANGE: a
 * field of `training`. */
WL_API wl_status wl_seq2seq_create_from(wl_seq2seq **out, wl_ctx *ctx, const char *path,
                                        const wl_seq2seq_config *training, wl_error *error);
/* Replaces the file at `path`. WL_NOT_FINITE: a number is NaN or infinite; nothing is written. */
WL_API wl_status wl_seq2seq_write(wl_seq2seq *model, const char *path, wl_error *error);

/* ------------------------------------------------------------------ training */

/* Trains to the end of the last epoch from where the model is, on pairs by its vocabularies, each
 * time the same; each epoch reads them in an order of its own.
 * `validation` may be null; the accuracy of its first `translated` pairs is told too. Nonzero
 * *stop, or an answer of `report`: WL_INTERRUPTED soon after; the model is whole. WL_NOT_FINITE: 25
 * steps in a row were left out. */
WL_API wl_status wl_seq2seq_train(wl_seq2seq *model, const wl_pairs *pairs,
                                  const wl_pairs *validation, int64_t translated,
                                  wl_training_report *report, void *user,
                                  const volatile sig_atomic_t *stop, wl_error *error);

/* Checkpoints of a run on `pairs`, as in <wordloom/nn/checkpoint.h>: a run that is loaded from one
 * ends with the same bits as one that was never interrupted. */
WL_API wl_status wl_seq2seq_save(wl_seq2seq *model, const wl_pairs *pairs, const char *path,
                                 wl_error *error);
WL_API wl_status wl_seq2seq_load(wl_seq2seq *model, const wl_pairs *pairs, const char *path,
                                 wl_error *error);

/* As wl_lm_epochs and wl_lm_at_best. */
WL_API int64_t wl_seq2seq_epochs(const wl_seq2seq *model, const wl_training_epoch **out);
WL_API int wl_seq2seq_at_best(const wl_seq2seq *model);

/* ------------------------------------------------------------------ use */

/* The mean loss a label of pairs whose targets are given (no smoothing), </s> among the labels;
 * *labels: how many. */
WL_API wl_status wl_seq2seq_evaluate(wl_seq2seq *model, const wl_pairs *pairs,
                                     const volatile sig_atomic_t *stop, double *loss,
                                     int64_t *labels, wl_error *error);

typedef struct wl_seq2seq_search {
    int64_t beam;          /* hypotheses kept of a sentence, 1 (greedy) to 64; 1 */
    double length_penalty; /* a of the score: 0 to 4; 0.6 */
    int64_t most;          /* tokens of a translation at most; 0: twice the source's and 20 */
    int64_t batch;         /* sentences at a time, 1 to 65536; 128 */
} wl_seq2seq_search;

WL_API wl_seq2seq_search wl_seq2seq_search_defaults(void); /* they stand above */

/* A translation: without </s>, which it ends with unless it reached its most. */
typedef struct wl_translation {
    int32_t *ids;
    int64_t count;
    int32_t ended;          /* 1: by </s> */
    double log_probability; /* of the tokens, </s> among them: natural */
    double score;           /* log_probability / ((5 + n) / 6)^a, n the tokens with </s> (Wu et al.
                               2016, equation 14, without coverage) */
} wl_translation;

/* Translates `count` sources, of lengths[i] ids each, 0 or more, into out[count], by the score of
 * whole hypotheses; the greedy one is always among them. <s> and <unk> are never written. The order
 * of the sources does not matter. wl_translations_free frees what is in `out`, after an error too.
 * WL_OUT_OF_RANGE: a field of `search`. WL_INTERRUPTED. */
WL_API wl_status wl_seq2seq_translate(wl_seq2seq *model, const int32_t *const *sources,
                                      const int64_t *lengths, int64_t count,
                                      const wl_seq2seq_search *search,
                                      const volatile sig_atomic_t *stop, wl_translation *out,
                                      wl_error *error);
WL_API void wl_translations_free(wl_translation *translations, int64_t count);

/* The attention of each token of a target, and of its </s>, to those of its source:
 * weights[target_length + 1, source_length], in the source's own order. WL_UNSUPPORTED: the model
 * has none. */
WL_API wl_status wl_seq2seq_attend(wl_seq2seq *model, const int32_t *source, int64_t source_length,
                                   const int32_t *target, int64_t target_length, float *weights,
                                   wl_error *error);

WL_END
#endif
