/* What the targets of word vectors share: a file loads as a table of the stated shape or is a bad
 * file, and what loads reads back the same once written. */
#ifndef WORDLOOM_TESTS_FUZZ_VECTORS_H
#define WORDLOOM_TESTS_FUZZ_VECTORS_H

#include "memory_file.h"

#include <string.h>
#include <wordloom/nn/vectors.h>

static inline void must_be_equal(const wl_vectors *a, const wl_vectors *b)
{
    must(a->V == b->V && a->D == b->D);
    must(memcmp(a->table, b->table, (size_t)(a->V * a->D) * sizeof(float)) == 0);
    for (int64_t id = 0; id < a->V; id++) {
        size_t length;
        const char *word = wl_vocabulary_word(a->words, id, &length);
        must(wl_vocabulary_find(b->words, word, length) == id);
    }
}

static inline void write_and_read_back(const wl_vectors *vectors, wl_vectors_format format)
{
    wl_vectors *copy;
    wl_error error;
    char path[64];
    snprintf(path, sizeof path, "/tmp/wordloom-fuzz.%ld", (long)getpid());
    if (wl_vectors_write(vectors, path, format, &error)) return; /* a space in a word */
    must(wl_vectors_read_as(&copy, path, format, 0, &error) == WL_OK);
    must_be_equal(copy, vectors);
    wl_vectors_destroy(copy);
    unlink(path);
}

/* Reads it as `from`, and one of 64 that load is written as `to`. */
static inline void load_and_write(const char *path, wl_vectors_format from, wl_vectors_format to)
{
    wl_vectors *vectors;
    wl_error error = { "" };
    wl_status status = wl_vectors_read_as(&vectors, path, from, 0, &error);
    /* .npy by its content has no words beside it */
    if (status) must(status == WL_IO_ERROR || strstr(error.text, "expected") != NULL);
    if (status) must(status == WL_BAD_FILE || (status == WL_IO_ERROR && from != to));
    if (status) return;
    must(vectors->V > 0 && vectors->D > 0 && wl_vocabulary_size(vectors->words) == vectors->V);
    static unsigned turn;
    if (turn++ % 64 == 0) write_and_read_back(vectors, to);
    wl_vectors_destroy(vectors);
}

#endif
