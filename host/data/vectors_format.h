/* What each file format of word vectors provides, and what they share. A reader fills an empty
 * wl_vectors, and what it leaves there after an error is destroyed by its caller; a writer may
 * trust what it is given but for the words. */
#ifndef WORDLOOM_HOST_VECTORS_FORMAT_H
#define WORDLOOM_HOST_VECTORS_FORMAT_H

#include <wordloom/nn/file.h>
#include <wordloom/nn/vectors.h>

/* The reader stands at byte 0. */
typedef wl_status wl_vectors_reader(wl_vectors *vectors, wl_reader *reader, uint32_t flags,
                                    wl_error *error);
typedef wl_status wl_vectors_writer(const wl_vectors *vectors, const char *path, wl_error *error);

wl_vectors_reader wl_vectors_read_text, wl_vectors_read_glove, wl_vectors_read_binary,
    wl_vectors_read_npy, wl_vectors_read_fasttext;
wl_vectors_reader wl_vectors_read_safetensors; /* closes the reader, also after an error */
wl_vectors_writer wl_vectors_write_text, wl_vectors_write_glove, wl_vectors_write_binary,
    wl_vectors_write_binary_gensim, wl_vectors_write_npy, wl_vectors_write_safetensors;

/* Which format the content shows; *format is 0 where it is none. The reader stands at byte 0,
 * before and afterwards. */
wl_status wl_vectors_sniff(wl_reader *reader, int *format, wl_error *error);

/* The first line of word2vec's formats into V and D, whose table is less than 2^63 bytes. */
wl_status wl_vectors_read_sizes(wl_vectors *vectors, wl_reader *reader, wl_error *error);

/* Adds the next word, counted so often. `where` is its place for messages, such as "line" or
 * "byte" and its number. */
wl_status wl_vectors_add_word(wl_vectors *vectors, const wl_token *word, int64_t count,
                              const wl_reader *reader, const char *where, int64_t number,
                              wl_error *error);

/* WL_OUT_OF_RANGE: one of the bytes at `without` is in a word. */
wl_status wl_vectors_check_words(const wl_vectors *vectors, const char *without, const char *path,
                                 wl_error *error);

/* The place of the first number in [rows,D] that is NaN or infinite, or -1. */
int64_t wl_vectors_nonfinite(const float *table, int64_t rows, int64_t D);

/* How many bytes of a token a message shows. */
static inline int wl_vectors_shown(const wl_token *token)
{
    return token->length < 64 ? (int)token->length : 64;
}

#endif
