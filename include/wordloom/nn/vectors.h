/* Word vectors in memory and in files: word2vec text and wordloom's safetensors. */
#ifndef WORDLOOM_NN_VECTORS_H
#define WORDLOOM_NN_VECTORS_H

#include <wordloom/nn/vocabulary.h>

WL_BEGIN

/* What wl_vectors_read makes and wl_vectors_destroy frees, every field with it. To write vectors
 * that lie elsewhere, fill one with pointers to them. */
typedef struct wl_vectors {
    int64_t V;            /* words, at least 1 */
    int64_t D;            /* numbers a word, at least 1 */
    wl_vocabulary *words; /* V words; read from a file, every count is 0 */
    float *table;         /* [V,D]: the rows in id order */
    float *output;        /* [V,D]: the output side of the model, or null */
    char *config;         /* JSON of the hyper-parameters, unchecked, or null */
} wl_vectors;

typedef enum wl_vectors_format {
    WL_VECTORS_TEXT = 1,        /* "V D\n", then "word x1 ... xD\n"; `table` only */
    WL_VECTORS_SAFETENSORS = 2, /* embedding.weight, output.weight, vocabulary, config */
} wl_vectors_format;

/* For wl_vectors_read: NaN and infinity load instead of being WL_BAD_FILE. */
enum { WL_VECTORS_ALLOW_NONFINITE = 1 };

/* Reads vectors in whichever of the formats the first bytes of `path` show ("-": standard
 * input). `flags` is 0 or WL_VECTORS_ALLOW_NONFINITE. WL_BAD_FILE names the line or the tensor,
 * what was expected and what was found: neither format; a row with too few or too many numbers, a
 * malformed or non-finite one, a word met before; more or fewer rows than announced; a last line
 * without its newline; a missing tensor, a wrong shape or dtype. WL_IO_ERROR. WL_NO_MEMORY. */
WL_API wl_status wl_vectors_read(wl_vectors **out, const char *path, uint32_t flags,
                                 wl_error *error);

/* Replaces the file at `path`. Text has nine significant digits a number, which read back as the
 * same bits, under every locale. WL_NOT_FINITE: a number is NaN or infinite; the message names
 * the word. WL_OUT_OF_RANGE: no words or no numbers, a vocabulary of other than V words, a word
 * that text cannot hold (it has a space or a newline), or an unknown format. In all these cases
 * nothing is written. WL_IO_ERROR. WL_NO_MEMORY. */
WL_API wl_status wl_vectors_write(const wl_vectors *vectors, const char *path,
                                  wl_vectors_format format, wl_error *error);

WL_API void wl_vectors_destroy(wl_vectors *vectors); /* takes null */

WL_END
#endif
