/* What the tests of word vectors share: tables made, loaded and compared. */
#ifndef WORDLOOM_TESTS_DATA_TABLES_H
#define WORDLOOM_TESTS_DATA_TABLES_H

#include "data_files.h"

#include <wordloom/nn/vectors.h>

/* Five words of every kind: ASCII, UTF-8, with a tab, no UTF-8, and a brace. */
enum { WORDS = 5 };
extern const char *const words[WORDS];

/* Vectors of the V words at `list`, each counted once, all zero. */
wl_vectors *make(const char *const *list, int64_t V, int64_t D);

/* Bit patterns from everywhere, and those at the borders: both zeros, the greatest, denormals. */
void fill(float *table, int64_t n);
float float_of(uint32_t bits);

/* Reads the file, which is good; 0: by its content. */
wl_vectors *load_as(const char *path, wl_vectors_format format);
wl_vectors *load(const char *path);

/* Reading it fails with WL_BAD_FILE and a message with the path and both parts (null: no such). */
void assert_bad(const char *path, wl_vectors_format format, const char *part, const char *other);

/* Words, sizes and bits of the table are the same. */
void assert_same(const wl_vectors *a, const wl_vectors *b);

/* Whether it has set a locale whose decimal point is a comma, which it makes where the system
 * lacks it. */
int use_german(void);

/* A file of tests/files; good until the next call. */
const char *in_files(const char *name);
/* Where a file of the shared data is, or the test is skipped; good until the next call. */
const char *shared_data(const char *name);

#endif
