/* Word vectors by counting: how often words of a text stand near each other, as the rows of a
 * sparse matrix, or how much more often than by chance. */
#ifndef WORDLOOM_NN_COUNTS_H
#define WORDLOOM_NN_COUNTS_H

#include <wordloom/context.h>
#include <wordloom/nn/sparse.h>
#include <wordloom/nn/tokens.h>

WL_BEGIN

/* What a neighbour at distance d, from 1 to the window, counts. */
typedef enum wl_distance_weights {
    WL_DISTANCE_UNIFORM = 0,  /* 1 */
    WL_DISTANCE_HARMONIC = 1, /* 1/d, as GloVe has it; for windows over 22 rounded to 2^-30 */
    WL_DISTANCE_LINEAR = 2,   /* (window - d + 1) / window, as word2vec's windows on average */
} wl_distance_weights;

typedef enum wl_counts_method {
    WL_COUNTS = 0,      /* how often */
    WL_COUNTS_PPMI = 1, /* positive pointwise mutual information, as cooccurrence.h has it */
} wl_counts_method;

enum { WL_COUNTS_LEAST_MEMORY = 1 << 20 };

typedef struct wl_counts_config {
    int64_t window;    /* neighbours to either side, 1 to 1000 */
    int64_t memory;    /* bytes that counting may take, WL_COUNTS_LEAST_MEMORY or more */
    int32_t distances; /* a wl_distance_weights */
    int32_t method;    /* a wl_counts_method; of PPMI: */
    double power;      /* of column sums, 0 to 1: below 1 contexts are smoothed */
    double shift;      /* k, 1 or more: log2 k is subtracted */
    double eps;        /* added within the logarithm, 0 or more */
} wl_counts_config;

/* Counts with a window of 2, all neighbours alike, in 1 GiB; PPMI as the book has it. */
WL_API wl_counts_config wl_counts_defaults(void);

/* WL_OUT_OF_RANGE: names what of it is, and what was expected. */
WL_API wl_status wl_counts_check(const wl_counts_config *config, wl_error *error);

/* The configuration but for its memory as JSON, by the names of the program's options; the caller
 * frees it. Null: no memory. */
WL_API char *wl_counts_json(const wl_counts_config *config);

/* Counted so far, of the text; then merged so far, of the entries of all its pieces. */
typedef struct wl_counts_progress {
    int64_t tokens, total_tokens;
    int64_t merged, total_merged; /* both 0 while counting */
    int64_t spilled;              /* bytes of temporary file */
} wl_counts_progress;

/* Hears now and then how far counting is. */
typedef void wl_counts_report(void *user, const wl_counts_progress *progress);

/* The symmetric matrix [V,V] of what the text's words count beside each other within their
 * sentences; ids are below V. Sums are of whole numbers and become floats at the end, so that they
 * are the same whatever the memory, the device and the number of threads.
 *
 * Pieces of the text are counted on the device of `ctx`, kept as sorted runs, and merged; runs that
 * do not fit the memory asked for wait in an unlinked file in $TMPDIR. The matrix itself comes on
 * top: 8 bytes an entry and V + 1 offsets. `report` and `stop` may be null. WL_OUT_OF_RANGE: the
 * configuration, or memory too small for the window, or a sum beyond 2^63 units. WL_INTERRUPTED:
 * *stop is not 0. WL_IO_ERROR. WL_NO_MEMORY. */
WL_API wl_status wl_counts_make(wl_sparse *out, wl_ctx *ctx, const wl_tokens *tokens, int64_t V,
                                const wl_counts_config *config, wl_counts_report *report,
                                void *user, const volatile sig_atomic_t *stop, wl_error *error);

/* Turns counts into their PPMI, in place, and drops what becomes 0. WL_OUT_OF_RANGE: the
 * configuration. WL_NO_MEMORY. WL_INTERRUPTED: after it the matrix is of no use. */
WL_API wl_status wl_counts_associate(wl_sparse *matrix, wl_ctx *ctx, const wl_counts_config *config,
                                     const volatile sig_atomic_t *stop, wl_error *error);

/* A model file of counts. */
typedef struct wl_counts {
    wl_sparse matrix;     /* square */
    wl_vocabulary *words; /* as many as it has rows; read from a file, every count is 0 */
    char *config;         /* JSON of how it was made, unchecked, or null */
} wl_counts;

/* Replaces the file at `path`: matrix.offsets, matrix.columns, matrix.values, vocabulary, and the
 * configuration. WL_IO_ERROR. WL_NO_MEMORY. */
WL_API wl_status wl_counts_write(const wl_counts *counts, const char *path, wl_error *error);

/* Whether `path` is a regular file whose header says that it is of counts: 1 or 0. */
WL_API int wl_counts_recognise(const char *path);

/* WL_BAD_FILE names the tensor, what was expected and what was found: a missing one, a wrong shape
 * or dtype, offsets that do not rise from 0 to the entries, columns out of bounds or order, a value
 * that is not finite, more or fewer words than rows. WL_IO_ERROR. WL_NO_MEMORY. */
WL_API wl_status wl_counts_read(wl_counts *out, const char *path, wl_error *error);

WL_API void wl_counts_destroy(wl_counts *counts); /* takes one that is all zero */

WL_END
#endif
