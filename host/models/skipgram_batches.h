/* Skip-gram's mini-batches, streamed from a corpus: subsampling, dynamic windows, pairs of words
 * and the negatives of each. Every random draw is keyed by what it is for (the seed, and the
 * token's or the pair's place in the run), so that batches do not depend on threads. */
#ifndef WL_SKIPGRAM_BATCHES_H
#define WL_SKIPGRAM_BATCHES_H

#include <wordloom/nn/corpus.h>
#include <wordloom/nn/noise.h>
#include <wordloom/nn/vocabulary.h>

WL_BEGIN

typedef struct wl_skipgram_config {
    int64_t window;   /* words to either side at most; a centre's own reach is 1 to window */
    int64_t negative; /* negatives a pair */
    int64_t batch;    /* centres a mini-batch */
    double sample;    /* subsampling threshold; 0: none */
    uint64_t seed;
} wl_skipgram_config;

typedef struct wl_skipgram wl_skipgram;

/* The next mini-batch. Its pairs are known once it is planned, so that the caller can make room
 * before they are written. */
typedef struct wl_skipgram_batch {
    int64_t centres; /* 0: the epoch has ended */
    int64_t pairs;   /* at most batch * 2 * window; a batch of lonely words has none */
    int64_t begin;   /* in-vocabulary words of the epoch before the first centre */
    int64_t end;     /* and up to the last, or all that were read where the epoch ends here */
} wl_skipgram_batch;

/* Vocabulary and noise must outlive it. WL_NO_MEMORY. */
wl_status wl_skipgram_create(wl_skipgram **out, const wl_skipgram_config *config,
                             const wl_vocabulary *words, const wl_noise *noise, wl_error *error);
void wl_skipgram_destroy(wl_skipgram *stream); /* takes null */

/* Begins epoch number `epoch`, from 0, at the start of `corpus`, which must outlive it. */
void wl_skipgram_begin(wl_skipgram *stream, wl_corpus *corpus, int64_t epoch);

/* Plans the next mini-batch: reads ahead in the corpus and counts the pairs. What is wrong with
 * the corpus comes back as wl_corpus_next gives it. */
wl_status wl_skipgram_plan(wl_skipgram *stream, wl_skipgram_batch *out, wl_error *error);

/* Writes the planned pairs: inputs [pairs] are context words, samples [pairs,1+negative] the
 * centre and its negatives, -1 where a negative fell on the centre itself. */
void wl_skipgram_fill(wl_skipgram *stream, int32_t *inputs, int32_t *samples);

WL_END
#endif
