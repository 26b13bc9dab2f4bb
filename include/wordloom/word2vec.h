/* word2vec: the training step of word vectors, fused. Contexts, subsampling and negatives are drawn
 * where the step runs, both tables are updated in place, and nothing passes through the host.
 *
 * A text is a row of word ids in which -1 ends a sentence. Every word of it is the *centre* of a
 * window: it draws a reach from 1 to `window`, and the words of its sentence that are no farther
 * are its *contexts*. (Mikolov et al. 2013, "Efficient Estimation of Word Representations in
 * Vector Space", section 3; Mikolov et al. 2013, "Distributed Representations of Words and
 * Phrases", section 2.)
 *
 *   skip-gram  an input for each context i: x[i], the vector of the context; the centre is the
 *              target. (word2vec.c's direction; the papers' has centre and context swapped. Over a
 *              text the pairs are the same.)
 *   CBOW       one input: x, the mean or sum of the contexts' vectors; the centre is the target.
 *   sample j   0 is the target; 1..K are words drawn by the noise table, once for the whole window
 *              (Ji et al. 2016, "Parallelizing Word2Vec in Shared and Distributed Memory", section
 *              3) or anew for each context. One that is the target itself counts nothing.
 *
 *   s[i,j]  =  x[i] . output[sample j]
 *   loss    =  sum_i ( -log sigmoid(s[i,0]) - sum_{j>0} log sigmoid(-s[i,j]) )
 *   g[i,j]  =  sigmoid(s[i,j]) - [j = 0]
 *   x[i]            -=  lr sum_j g[i,j] output[sample j]
 *   output[sample j]  -=  lr sum_i g[i,j] x[i]
 *
 * With `paths` in place of negatives the loss is hierarchical softmax (<wordloom/hsoftmax.h>, which
 * says what paths and nodes are): the rows of the output table are inner nodes, the samples of a
 * centre are those on the way to it, and where that goes left they count as j = 0 does above, else
 * as j > 0. A centre whose path leaves its bounds is none, without a report.
 *
 * Sigmoids are exact (word2vec.c and gensim look them up and cut them off at 6). In CBOW the
 * mean's gradient goes to each context whole, as in word2vec.c and gensim, or, with
 * WL_CONTEXT_MEAN_CORRECTED, divided by the number of contexts (Irsoy et al. 2020, "Corrected CBOW
 * Performs as well as Skip-gram").
 *
 * A word's vector is its row of the input table. With n-grams (`spans` and `pieces`) it is the mean
 * of that and of the rows of its pieces, and its gradient goes to each of them whole, as in
 * fastText; with WL_CONTEXT_MEAN_CORRECTED divided by their number. (Bojanowski et al. 2017,
 * "Enriching Word Vectors with Subword Information", has the sum in the mean's place. Here each
 * context of a CBOW window weighs the same, however many pieces it has.) A span or a piece out of
 * bounds is left out, and so is an alias of the noise table, without a report.
 *
 * What reads the tables when:
 *
 *   hogwild  a unit reads its rows, then updates them: one pair with WL_NEGATIVES_PER_PAIR, in
 *            other skip-gram with negatives the pairs of the first half of a centre's contexts
 *            (the larger, of an odd number), then those of the others, else all pairs of a centre.
 *            (Updates that do not see each other overshoot: halves are nearer to a pair's unit
 *            than all at once.) The centres are cut into `workers` runs of neighbours; the
 *            units of a run follow each other, and runs race without locks (Recht et al. 2011,
 *            "Hogwild"). With one worker the result is determined. (Of several, a run may see the
 *            row of a context as it was when a window came to it, with what it has added itself.)
 *   sync     `batch` tokens as centres read the tables as they were before the first of them; then
 *            each row takes the sum of its updates, in a fixed order. The bits depend on neither
 *            threads nor schedule. All updates of a row but one are stale: where there are more
 *            than `cap` for a row of the input table (one a context) or 2 cap for one of the output
 *            table (one a score), their sum is scaled by cap, or 2 cap, over their number; without
 *            that large batches diverge.
 *
 * A unit with a score that is not finite is left out and counted. 16-bit tables are rounded to
 * nearest or stochastically (Gupta et al. 2015): in hogwild whenever a unit's sample updates a row
 * or its context does (without n-grams: when windows leave that), in sync once a row and batch. A
 * token that is no id ends a sentence; one other than -1 is reported by wl_ctx_sync. */
#ifndef WORDLOOM_WORD2VEC_H
#define WORDLOOM_WORD2VEC_H

#include <wordloom/context.h>

WL_BEGIN

enum { WL_SKIPGRAM = 0, WL_CBOW = 1 };
enum { WL_NEGATIVES_PER_WINDOW = 0, WL_NEGATIVES_PER_PAIR = 1 };
enum { WL_CONTEXT_MEAN = 0, WL_CONTEXT_MEAN_CORRECTED = 1, WL_CONTEXT_SUM = 2 };

/* Subsampling of frequent words: kept = the tokens that survive, in order, sentence ends among
 * them. A word w survives where 32 random bits are at most keep[w]. */
typedef struct wl_word2vec_subsample_args {
    size_t size;
    wl_tensor tokens;   /* in  I32 [N] -1 ends a sentence                                  */
    wl_tensor keep;     /* in  I32 [V] a probability of 2^32, less 1, as unsigned          */
    wl_tensor position; /* in  I64 [1] of tokens[0] in the run, by which draws are counted */
    wl_tensor kept;     /* out I32 [N]                                                     */
    wl_tensor count;    /* out I64 [1] how many were kept                                  */
    uint64_t seed;      /* host                                                            */
} wl_word2vec_subsample_args;

WL_API wl_status wl_word2vec_subsample(wl_ctx *ctx, const wl_word2vec_subsample_args *args);
WL_API wl_status wl_word2vec_subsample_workspace(wl_ctx *ctx,
                                                 const wl_word2vec_subsample_args *args,
                                                 size_t *bytes);

/* What both ways of training take. R is the rows of the input table: V words, then n-grams. */
typedef struct wl_word2vec_args {
    size_t size;
    wl_tensor input;    /* state STORED [R,D] strided                                       */
    wl_tensor output;   /* state STORED [V,D] strided                                       */
    wl_tensor tokens;   /* in  I32 [N] -1 ends a sentence                                   */
    wl_tensor begin;    /* in  I64 [1] the first centre, 0 or more; contexts may lie before */
    wl_tensor position; /* in  I64 [1] of tokens[0] in the run, by which draws are counted  */
    wl_tensor noise;    /* in  I32 [V,2] alias table: wl_noise_columns of <nn/noise.h>      */
    wl_tensor lr;       /* in  REAL [2] of the first centre, and of one after the last;
                           between them it changes linearly; a batch keeps its first's      */
    wl_tensor spans;    /* in  I32 [V,2] optional: a word's first piece, and how many       */
    wl_tensor pieces;   /* in  I32 [G] where there are spans: rows of the input table       */
    wl_tensor paths;    /* in  I32 [V,3] optional: of hierarchical softmax                  */
    wl_tensor nodes;    /* in  I32 [E] where there are paths: rows of the output table      */
    wl_tensor loss;     /* out REAL [1] optional: the sum over pairs                        */
    wl_tensor pairs;    /* out I64 [1] how many were trained on                             */
    wl_tensor skipped;  /* out I64 [1] units left out for a score that is not finite        */
    int64_t centres;    /* host: tokens to be centres; what lies past the text's end is none */
    int64_t window;     /* host: 1 to 1000                                                  */
    int64_t negative;   /* host: 0 to 1000; means nothing with paths, like `negatives`      */
    int64_t workers;    /* host, hogwild: runs that race, 1 to 2^20                         */
    int64_t batch;      /* host, sync: tokens of a batch, 1 to 2^20                         */
    int64_t longest;    /* host: no span has more pieces; 0 without spans                   */
    int64_t deepest;    /* host: no path has more nodes, at most 1000; 0 without paths      */
    int32_t method;     /* host: WL_SKIPGRAM, WL_CBOW                                       */
    int32_t negatives;  /* host: WL_NEGATIVES_PER_WINDOW, ...                               */
    int32_t context;    /* host: WL_CONTEXT_MEAN, ...                                       */
    int32_t rounding;   /* host: of 16-bit tables, WL_ROUND_NEAREST, ...                    */
    double cap;         /* host, sync: 0 for none                                           */
    uint64_t seed;      /* host                                                             */
} wl_word2vec_args;

typedef wl_word2vec_args wl_word2vec_hogwild_args;
typedef wl_word2vec_args wl_word2vec_sync_args;

WL_API wl_status wl_word2vec_hogwild(wl_ctx *ctx, const wl_word2vec_hogwild_args *args);
WL_API wl_status wl_word2vec_hogwild_workspace(wl_ctx *ctx, const wl_word2vec_hogwild_args *args,
                                               size_t *bytes);

WL_API wl_status wl_word2vec_sync(wl_ctx *ctx, const wl_word2vec_sync_args *args);
WL_API wl_status wl_word2vec_sync_workspace(wl_ctx *ctx, const wl_word2vec_sync_args *args,
                                            size_t *bytes);

WL_END
#endif
