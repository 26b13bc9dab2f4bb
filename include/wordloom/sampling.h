/* Drawing ids at random. Every draw is Philox4x32-10 (Salmon et al. 2011) keyed by seed, at
 * counters that depend on the row alone, so that a call draws the same ids on every device. Row n
 * counts as position[0] + n: a captured graph that adds N to its position goes on drawing. */
#ifndef WORDLOOM_SAMPLING_H
#define WORDLOOM_SAMPLING_H

#include <wordloom/context.h>

WL_BEGIN

/* ids[n,k] is drawn from an alias table (Vose 1991, "A Linear Algorithm for Generating Random
 * Numbers with a Given Distribution"; nn/noise.h makes one): of 64 random bits the upper 32 choose
 * a column v, which gives v where the lower 32 are below its first number (unsigned), else its
 * second. The draws of row n are the negatives of training pair position + n. A draw that equals
 * exclude[n] becomes -1, as does every draw where V is 0. The table is not checked: aliases out of
 * bounds are drawn as they are. */
typedef struct wl_sampling_alias_args {
    size_t size;
    wl_tensor columns;  /* in  I32 [V,2]                             */
    wl_tensor position; /* in  I64 [1] optional; absent is 0         */
    wl_tensor exclude;  /* in  ID  [N] optional; -1 excludes nothing */
    wl_tensor ids;      /* out ID  [N,K]                             */
    uint64_t seed;      /* host                                      */
} wl_sampling_alias_args;

WL_API wl_status wl_sampling_alias(wl_ctx *ctx, const wl_sampling_alias_args *args);
WL_API wl_status wl_sampling_alias_workspace(wl_ctx *ctx, const wl_sampling_alias_args *args,
                                             size_t *bytes);

/* ids[n] is drawn from row n of logits. With its entries in descending order, equal ones by
 * ascending id:
 *
 *   top-k  keeps the first K (Fan et al. 2018, "Hierarchical Neural Story Generation", section 5)
 *   p      = softmax(logits / temperature) over what is left
 *   top-p  keeps the shortest beginning whose p add up to top_p or more, at least one entry
 *          (Holtzman et al. 2020, "The Curious Case of Neural Text Degeneration", section 3.1)
 *   draw   argmax of logits / temperature + g, where g = -log(-log(1 - u)), u uniform in 0..1, is
 *          an entry's own: an id is drawn with its share of p (Gumbel 1954; Maddison et al. 2014,
 *          "A* Sampling", section 2)
 *
 * A temperature of 0, K = 1 and top_p = 0 each give the first entry of all. NaN and -inf are never
 * drawn; where there is nothing else the id is -1. Entries of +inf share all of p. u is (r + 1/2)
 * / 2^32, r 32 bits of Philox counted by the row and the id, whatever is kept. */
typedef struct wl_sampling_categorical_args {
    size_t size;
    wl_tensor logits;   /* in  STORED [N,V] strided                              */
    wl_tensor position; /* in  I64    [1] optional; absent is 0                  */
    wl_tensor ids;      /* out ID     [N]                                        */
    uint64_t seed;      /* host                                                  */
    int64_t top_k;      /* host: K; 0 keeps all                                  */
    double temperature; /* host: 0 to 2^100; what is below 2^-100 is taken for 0 */
    double top_p;       /* host: 0 to 1; 1 keeps all                             */
} wl_sampling_categorical_args;

WL_API wl_status wl_sampling_categorical(wl_ctx *ctx, const wl_sampling_categorical_args *args);
WL_API wl_status wl_sampling_categorical_workspace(wl_ctx *ctx,
                                                   const wl_sampling_categorical_args *args,
                                                   size_t *bytes);

WL_END
#endif
