/* What the tests of models share: small texts, and their vocabularies. */
#ifndef WORDLOOM_TESTS_TEXTS_H
#define WORDLOOM_TESTS_TEXTS_H

#include "data_files.h"

#include <wordloom/nn/tokens.h>

/* The text as a file of the tests' folder, opened. */
wl_corpus *open_text(const char *text);
/* The words that it has at least so often, and itself by them. */
wl_tokens *count_text(const char *text, int64_t min_count, wl_vocabulary **words);
/* Words w0, w1, ... of given counts. */
wl_vocabulary *of_counts(const int64_t *counts, int n);

uint64_t next_random(uint64_t *state); /* splitmix64 */
/* Lines of eight words, all of one of four topics of six words: a0..a5, b0..b5, ...; free() it */
char *topics(int lines);

#endif
