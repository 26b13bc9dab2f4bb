/* What the tests of models share: small texts, their vocabularies and their pairs. */
#ifndef WORDLOOM_TESTS_TEXTS_H
#define WORDLOOM_TESTS_TEXTS_H

#include "data_files.h"

#include "../host/models/skipgram_batches.h"

#include <wordloom/nn/corpus.h>
#include <wordloom/nn/vocabulary.h>

/* The text as a file of the tests' folder, opened. */
wl_corpus *open_text(const char *text);
/* The words that it has at least so often. */
wl_vocabulary *count(wl_corpus *corpus, int64_t min_count);
/* Words w0, w1, ... of given counts. */
wl_vocabulary *of_counts(const int64_t *counts, int n);

uint64_t next_random(uint64_t *state); /* splitmix64 */
/* Lines of eight words, all of one of four topics of six words: a0..a5, b0..b5, ...; free() it */
char *topics(int lines);

/* All pairs of a number of epochs. */
typedef struct stream {
    int64_t pairs, centres, room; /* room for so many pairs */
    int32_t *inputs, *samples;
} stream;

stream read_stream(wl_corpus *corpus, const wl_vocabulary *words, wl_skipgram_config config,
                   int64_t epochs);
void free_stream(stream s);

#endif
