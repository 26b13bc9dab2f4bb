/* word2vec: word vectors by skip-gram with negative sampling (Mikolov et al. 2013, "Distributed
 * Representations of Words and Phrases"), trained on a streamed corpus on any device.
 *
 * What it computes is what word2vec.c -cbow 0 computes, where not said otherwise:
 *   - a line is a sentence; words that the vocabulary lacks are dropped before windows are laid;
 *   - a word of share f in the text is kept with probability (sqrt(f/sample) + 1) sample/f;
 *   - every centre draws its own reach from 1 to `window`;
 *   - for each word of the window, that *context word's* row of the input table is `h` and the
 *     *centre* is the target in the output table (Mikolov's paper has it the other way round; over
 *     a text the pairs are the same);
 *   - negatives are drawn by count^power; one that equals the target is left out;
 *   - the input table begins uniform in -0.5/dim..0.5/dim, the output table zero;
 *   - the learning rate falls linearly over the words of all epochs to `min_lr_fraction` of it.
 * Unlike word2vec.c: sentences have any length; all epochs are run in full (word2vec.c at its last
 * commit stops early); the end of a line is no word; sums and not tables of exp; and pairs are
 * taken in mini-batches that all read the tables as they were at the batch's start, so that a run
 * gives the same bits for any number of threads. What is drawn depends on the seed and on the
 * place in the text alone, and is the same on every device. */
#ifndef WORDLOOM_NN_WORD2VEC_H
#define WORDLOOM_NN_WORD2VEC_H

#include <signal.h>

#include <wordloom/context.h>
#include <wordloom/nn/corpus.h>
#include <wordloom/nn/vectors.h>
#include <wordloom/optimizer.h>

WL_BEGIN

typedef struct wl_word2vec_config {
    int64_t dim;            /* numbers a vector, 1 to 65536; 100 */
    int64_t window;         /* words to either side at most, 1 to 1000; 5 */
    int64_t negative;       /* negatives a pair, 1 to 1000; 5 */
    int64_t epochs;         /* passes over the corpus, 1 to 100000; 5 */
    int64_t batch;          /* centres a mini-batch, 1 to 1048576; 256 */
    double sample;          /* subsampling threshold, 0 or more, 0 for none; 1e-3 */
    double power;           /* of counts in the noise distribution, -10 to 10; 0.75 */
    double lr;              /* first learning rate, 1e-30 to 1000; 0.025 */
    double min_lr_fraction; /* of lr, below which it does not fall, 0 to 1; 1e-4 */
    double cap;             /* 0 or more, 0 for none; 64. A row that more pairs of a batch name has
                               the sum of their gradients, all of which are stale, scaled by
                               cap/pairs: without it large batches diverge, and
                               without subsampling small ones too */
    uint64_t seed;          /* 1 */
    int32_t dtype;          /* of both tables: WL_F32, WL_F16 or WL_BF16 (rounded stochastically);
                               WL_F32 */
    int32_t optimizer;      /* WL_SGD, WL_ADAGRAD or WL_ADAM; WL_SGD */
} wl_word2vec_config;

/* The defaults, which stand above. */
WL_API wl_word2vec_config wl_word2vec_defaults(void);

/* Counts the corpus from its start and keeps the words that occur `min_count` times or more, in
 * the order of wl_vocabulary_finish. `progress` (may be null) hears every now and then how many
 * bytes of how many were read. A nonzero *stop (may be null) ends it with WL_INTERRUPTED.
 * WL_OUT_OF_RANGE: no word is left. Else as wl_corpus_next. */
typedef void wl_word2vec_count_progress(void *user, int64_t words, int64_t bytes,
                                        int64_t total_bytes);
WL_API wl_status wl_word2vec_count(wl_vocabulary **out, wl_corpus *corpus, int64_t min_count,
                                   wl_word2vec_count_progress *progress, void *user,
                                   const volatile sig_atomic_t *stop, wl_error *error);

typedef struct wl_word2vec wl_word2vec;

/* An untrained model of the vocabulary's words on the device of `ctx`; the vocabulary (with its
 * counts) and the context must outlive it. It sets the context's workspace whenever it computes.
 * WL_OUT_OF_RANGE: a field of the configuration, which the error names. WL_NO_MEMORY. */
WL_API wl_status wl_word2vec_create(wl_word2vec **out, wl_ctx *ctx,
                                    const wl_word2vec_config *config, const wl_vocabulary *words,
                                    wl_error *error);
WL_API void wl_word2vec_destroy(wl_word2vec *model); /* takes null */

/* How far training is. Words are those of the vocabulary, before subsampling. A pair is a word and
 * one of its context words; its loss counts the target and the negatives. */
typedef struct wl_word2vec_progress {
    int64_t epoch, epochs;      /* the running epoch, from 1 */
    int64_t words, total_words; /* of the run */
    int64_t batches, pairs;     /* of the run */
    int64_t skipped;     /* batches without a finite loss, which left the tables as they were */
    double lr;           /* of the last batch */
    double recent_loss;  /* mean a pair since the last report; NaN where there was none */
    double epoch_loss;   /* mean a pair since the epoch began; NaN where there was none */
    int32_t epoch_ended; /* 1 for an epoch's last report, which also is its loss */
} wl_word2vec_progress;

/* Called between batches, many times a second, and at the end of each epoch. Nonzero ends
 * training there. */
typedef int wl_word2vec_report(void *user, const wl_word2vec_progress *progress);

/* Trains all epochs on the corpus, which the vocabulary was counted from. `report` and `stop` may
 * be null. Nonzero *stop, or an answer of `report`: WL_INTERRUPTED after the batch at hand; the
 * tables are whole and can be read or written. WL_NOT_FINITE: 25 batches in a row had no finite
 * loss; the tables are those of the last batch that had. WL_OUT_OF_RANGE: no two words of the
 * vocabulary ever stood together, so nothing was learnt. Else as wl_corpus_next. */
WL_API wl_status wl_word2vec_train(wl_word2vec *model, wl_corpus *corpus,
                                   wl_word2vec_report *report, void *user,
                                   const volatile sig_atomic_t *stop, wl_error *error);

/* Copies the tables to the host as floats: `input` (embedding.weight) and `output`
 * (output.weight), each [V,dim] in id order; either may be null. */
WL_API wl_status wl_word2vec_tables(wl_word2vec *model, float *input, float *output,
                                    wl_error *error);

/* Writes the vectors as wl_vectors_write does; safetensors also has the output table and the
 * configuration. WL_NOT_FINITE: a number is NaN or infinite; nothing is written. */
WL_API wl_status wl_word2vec_write(wl_word2vec *model, const char *path, wl_vectors_format format,
                                   wl_error *error);

WL_END
#endif
