/* Word vectors in memory and in files: word2vec text and binary, headerless text, .npy, fastText's
 * .bin, and wordloom's safetensors. */
#ifndef WORDLOOM_NN_VECTORS_H
#define WORDLOOM_NN_VECTORS_H

#include <wordloom/nn/subword.h>
#include <wordloom/nn/vocabulary.h>

WL_BEGIN

/* What wl_vectors_read makes and wl_vectors_destroy frees, every field with it. To write vectors
 * that lie elsewhere, fill one with pointers to them. */
typedef struct wl_vectors {
    int64_t V;            /* words, at least 1 */
    int64_t D;            /* numbers a word, at least 1 */
    wl_vocabulary *words; /* V words; read from a file, every count is 0, unless it is fastText's */
    float *table;         /* [V,D]: the rows in id order; with n-grams, the means, ready to use */
    float *output;        /* [V,D]: the output side of the model, or null */
    char *config;         /* JSON of the hyper-parameters, unchecked, or null */
    wl_subword subword;   /* which n-grams words have; all zero: none */
    float *subwords;      /* [buckets,D]: the rows of the n-grams, or null */
    float *own;           /* [V,D]: the words' own rows, of which and of the n-grams' rows `table`
                             has the means, to continue training; or null */
} wl_vectors;

typedef enum wl_vectors_format {
    WL_VECTORS_TEXT = 1,          /* "V D\n", then "word x1 ... xD\n" */
    WL_VECTORS_SAFETENSORS = 2,   /* embedding.weight, output.weight, vocabulary, config, and
                                     subword.weight, subword.own with the metadata "MIN-MAX" */
    WL_VECTORS_BINARY = 3,        /* "V D\n", then word, space, D little-endian floats, "\n" */
    WL_VECTORS_BINARY_GENSIM = 4, /* the same without "\n" behind the rows; reading either of the
                                     two takes both */
    WL_VECTORS_GLOVE = 5,         /* "word x1 ... xD\n", no first line */
    WL_VECTORS_NPY = 6,           /* numpy's array [V,D]; words, one a line, in a file beside it */
    WL_VECTORS_FASTTEXT = 7,      /* fastText's .bin, for reading only */
} wl_vectors_format;

/* For wl_vectors_read: NaN and infinity load instead of being WL_BAD_FILE. */
enum { WL_VECTORS_ALLOW_NONFINITE = 1 };

/* Reads vectors in whichever of the formats the first bytes of `path` show ("-": standard input,
 * but not for .npy). `flags` is 0 or WL_VECTORS_ALLOW_NONFINITE.
 *
 * Behind a first line "V D", vectors are text unless what follows the first word and its space
 * begins as no number does, or has a byte that no text has; that errs on binary vectors of few
 * dimensions in rare cases. A text without such a line is known by three columns or more. In
 * both cases wl_vectors_read_as settles what content does not. Words of text without a first
 * line, but for the first, may have spaces where the parts behind them do not read as numbers.
 *
 * The words of NAME.npy are in NAME.vocab, and those of an array of any other name in that name
 * with .vocab behind it. Arrays are of little-endian float16, float32 or float64, in C order.
 *
 * Of a model of fastText, `output` is read where it is that of negative sampling, labels are left
 * out, and one that is quantised or pruned, has n-grams of over 64 characters or a word of over
 * 16,384 bytes is refused. `table` has the vectors that print-word-vectors prints.
 *
 * WL_BAD_FILE names the line, the byte or the tensor, what was expected and what was found: no
 * known format; a row with too few or too many numbers, a malformed or non-finite one, a word met
 * before; more or fewer rows than announced; a last line without its newline; a missing tensor, a
 * wrong shape or dtype. WL_IO_ERROR. WL_NO_MEMORY. */
WL_API wl_status wl_vectors_read(wl_vectors **out, const char *path, uint32_t flags,
                                 wl_error *error);

/* The same for a file of a known format; 0: as its content shows. WL_OUT_OF_RANGE: `format` is
 * neither. */
WL_API wl_status wl_vectors_read_as(wl_vectors **out, const char *path, wl_vectors_format format,
                                    uint32_t flags, wl_error *error);

/* Replaces the file at `path`; for .npy first the file of its words, then itself. Formats other
 * than safetensors hold `words` and `table` only. Text has nine significant digits a number,
 * which read back as the same bits, under every locale. WL_NOT_FINITE: a number is NaN or
 * infinite; the message names the word. WL_OUT_OF_RANGE: no words or no numbers, a vocabulary of
 * other than V words, a word that the format cannot hold (with a space or a newline; for .npy
 * with a newline; for safetensors any goes), n-grams without their rows or the reverse, or no
 * format that can be written. In all these cases nothing is written. WL_IO_ERROR. WL_NO_MEMORY. */
WL_API wl_status wl_vectors_write(const wl_vectors *vectors, const char *path,
                                  wl_vectors_format format, wl_error *error);

/* The vector of the `length` bytes at `word` into to [D], which vectors of fastText have for
 * words that they do not know as well: a known word's row of `table`, or the mean of the rows of
 * the word's n-grams. WL_OUT_OF_RANGE: the word is not known and there are no n-grams, or it has
 * none; then `to` is 0. */
WL_API wl_status wl_vectors_compose(const wl_vectors *vectors, const char *word, size_t length,
                                    float *to, wl_error *error);

WL_API void wl_vectors_destroy(wl_vectors *vectors); /* takes null */

WL_END
#endif
