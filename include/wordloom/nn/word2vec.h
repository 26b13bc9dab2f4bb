/* word2vec: word vectors by skip-gram or CBOW with negative sampling or hierarchical softmax
 * (Mikolov et al. 2013, "Distributed Representations of Words and Phrases"), with or without
 * n-grams of characters (Bojanowski et al. 2017), on any device. What a step computes stands in
 * <wordloom/word2vec.h>.
 *
 * Or with the softmax over all words, as simple as the model can be (Mikolov et al. 2013,
 * "Efficient Estimation of Word Representations in Vector Space"), which costs 6 V dim operations a
 * pair: for vocabularies of some thousand words. A step is that of mini-batches below, but for the
 * loss, softmax_xent_linear of <wordloom/softmax_xent.h>; the cap is of the input table alone.
 *
 * Around it, as in word2vec.c where not said otherwise:
 *   - a line is a sentence; words that the vocabulary lacks are dropped before windows are laid;
 *   - a word of share f in the text is kept with probability (sqrt(f/sample) + 1) sample/f;
 *   - every centre draws its own reach from 1 to `window`;
 *   - negatives are drawn by count^power; one that equals the target is left out;
 *   - the input table begins uniform in -init_range/dim..init_range/dim, the output table zero;
 *   - the learning rate falls linearly over the words of all epochs.
 * Unlike word2vec.c: sentences have any length; all epochs are run in full (word2vec.c at its last
 * commit stops early); the end of a line is no word; sigmoids are exact; the learning rate falls
 * to 0.004 of its first, as in gensim, not to 0.0001; and negatives are by default shared by a
 * centre's contexts.
 *
 * By default mini-batches read the tables as they were at the batch's start, so that a run gives
 * the same bits for any number of threads. With `hogwild` units follow each other, and `workers`
 * of them race: faster, and with one worker reproducible too. What is drawn depends on the seed
 * and on the place in the text alone, and is the same on every device. */
#ifndef WORDLOOM_NN_WORD2VEC_H
#define WORDLOOM_NN_WORD2VEC_H

#include <signal.h>

#include <wordloom/context.h>
#include <wordloom/nn/subword.h>
#include <wordloom/nn/tokens.h>
#include <wordloom/nn/vectors.h>
#include <wordloom/word2vec.h>

WL_BEGIN

enum { WL_WORD2VEC_NEGATIVE = 0, WL_WORD2VEC_HIERARCHICAL = 1, WL_WORD2VEC_SOFTMAX = 2 };

typedef struct wl_word2vec_config {
    int64_t dim;            /* numbers a vector, 1 to 65536; 100 */
    int64_t window;         /* words to either side at most, 1 to 1000; 5 */
    int64_t negative;       /* negatives of a centre or a pair, 0 to 1000; 5 */
    int64_t epochs;         /* passes over the corpus, 1 to 100000; 5 */
    int64_t batch;          /* centres a mini-batch, 0 to 1048576; 0: 64 with negatives a pair,
                               else 256 */
    int64_t workers;        /* that race with `hogwild`, 1 to 1048576; 1. On the CPU threads, on a
                               GPU warps */
    double sample;          /* subsampling threshold, 0 or more, 0 for none; 1e-3 */
    double power;           /* of counts in the noise distribution, -10 to 10; 0.75 */
    double lr;              /* first learning rate, 1e-30 to 1000; 0.025 */
    double min_lr_fraction; /* of lr: what it falls to, 0 to 1; 0.004 */
    double cap;             /* 0 or more, 0 for none, or -1; -1: 12 with negatives a window in
                               skip-gram, 64 with negatives a pair, else 16. A row of the input
                               table with more updates in a batch, or one of the output table with
                               more than twice as many, has their sum scaled down to so many: see
                               <wordloom/word2vec.h> */
    double init_range;      /* of the input table's first numbers, times 1/dim, 0 to 1e6; 0.5 */
    uint64_t seed;          /* 1 */
    wl_subword subword;     /* n-grams, of 0 to 64 characters; none */
    int32_t dtype;          /* of both tables: WL_F32, WL_F16 or WL_BF16 (rounded stochastically);
                               WL_F32 */
    int32_t method;         /* WL_SKIPGRAM or WL_CBOW; WL_SKIPGRAM */
    int32_t loss;      /* WL_WORD2VEC_NEGATIVE, _HIERARCHICAL (which has no negatives) or _SOFTMAX
                          (nor these, nor n-grams, nor `hogwild`); WL_WORD2VEC_NEGATIVE */
    int32_t negatives; /* WL_NEGATIVES_PER_WINDOW or _PER_PAIR; WL_NEGATIVES_PER_WINDOW */
    int32_t context;   /* WL_CONTEXT_MEAN, _MEAN_CORRECTED or _SUM; WL_CONTEXT_MEAN */
    int32_t hogwild;   /* 0 or 1; 0 */
} wl_word2vec_config;

/* The defaults, which stand above. */
WL_API wl_word2vec_config wl_word2vec_defaults(void);

typedef struct wl_word2vec wl_word2vec;

/* An untrained model of the vocabulary's words on the device of `ctx`; the vocabulary (with its
 * counts) and the context must outlive it. It sets the context's workspace whenever it computes.
 * WL_OUT_OF_RANGE: a field of the configuration, which the error names; a word of more than 2^20
 * n-grams, or more than 2^31 - 1 of them or rows in all; no noise distribution (see
 * wl_noise_create), or no tree (see wl_huffman_create). WL_NO_MEMORY. */
WL_API wl_status wl_word2vec_create(wl_word2vec **out, wl_ctx *ctx,
                                    const wl_word2vec_config *config, const wl_vocabulary *words,
                                    wl_error *error);
WL_API void wl_word2vec_destroy(wl_word2vec *model); /* takes null */

/* How far training is. Words are those of the text, before subsampling. A pair is a word and one
 * of its context words (in CBOW, and all of them); its loss counts the target and the negatives, or
 * is the word's negative log-likelihood. */
typedef struct wl_word2vec_progress {
    int64_t epoch, epochs;      /* the running epoch, from 1 */
    int64_t words, total_words; /* of the run */
    int64_t pairs;              /* of the run */
    int64_t skipped;     /* units of the run that were left out for a score that is not finite */
    double lr;           /* where it last was */
    double recent_loss;  /* mean a pair since the last report; NaN where there was none */
    double epoch_loss;   /* mean a pair since the epoch began; NaN where there was none */
    int32_t epoch_ended; /* 1 for an epoch's last report, which also is its loss */
} wl_word2vec_progress;

/* Called after every 16 slices of a shard (of a large text some 130,000 to 260,000 centres) and at
 * the end of each epoch. Nonzero ends training there. The model may be saved and written from
 * within. */
typedef int wl_word2vec_report(void *user, const wl_word2vec_progress *progress);

/* Trains to the end of the last epoch from where the model is: at the start, or where a run ended
 * that was interrupted or loaded. `tokens` are the text by the model's vocabulary, each time the
 * same. `report` and `stop` may be null. Nonzero *stop, or an answer of `report`: WL_INTERRUPTED
 * soon after; the model is whole. WL_NOT_FINITE: 25 times in a row most of some thousand words
 * had to be left out for scores that are not finite. WL_OUT_OF_RANGE: no two words of the
 * vocabulary ever stood together, so nothing was learnt. Else as wl_tokens_read. */
WL_API wl_status wl_word2vec_train(wl_word2vec *model, const wl_tokens *tokens,
                                   wl_word2vec_report *report, void *user,
                                   const volatile sig_atomic_t *stop, wl_error *error);

/* Copies the tables to the host as floats: `input`, the words' own rows, and `output`, each
 * [V,dim] in id order; either may be null. With hierarchical softmax rows of `output` are nodes of
 * the tree of <wordloom/nn/huffman.h>, and the last is zero. */
WL_API wl_status wl_word2vec_tables(wl_word2vec *model, float *input, float *output,
                                    wl_error *error);

/* Writes the vectors as wl_vectors_write does: the input table, with n-grams the means of a word's
 * row and those of its n-grams. Safetensors also has the output table where its rows are words, the
 * configuration, and what vectors of unknown words are made of. WL_NOT_FINITE: a number is NaN or
 * infinite; nothing is written. */
WL_API wl_status wl_word2vec_write(wl_word2vec *model, const char *path, wl_vectors_format format,
                                   wl_error *error);

/* Replaces the file at `path` by a checkpoint: one safetensors file with the tables' exact bits,
 * the vocabulary and its counts, the configuration, the place in the run, the hash of `tokens`,
 * which the model is trained on, and a checksum of all that. A run that is loaded from it ends with
 * the same bits as one that was never interrupted, but for `hogwild` with several workers.
 * WL_NOT_FINITE: since it last was reported most scores were not finite; the old file stays.
 * WL_IO_ERROR. WL_NO_MEMORY. */
WL_API wl_status wl_word2vec_save(wl_word2vec *model, const wl_tokens *tokens, const char *path,
                                  wl_error *error);

/* Makes a model that was just created the one that was saved. WL_BAD_FILE: the file is no
 * checkpoint, or a byte of it changed. WL_OUT_OF_RANGE: it is of another configuration (`workers`
 * may differ), vocabulary or text; the message says which. WL_IO_ERROR. WL_NO_MEMORY. After an
 * error the model is not to be trained. */
WL_API wl_status wl_word2vec_load(wl_word2vec *model, const wl_tokens *tokens, const char *path,
                                  wl_error *error);

WL_END
#endif
