/* How many analogy questions word vectors answer, and how far their cosines agree with the
 * similarity that people see, counted as either of two well-known tools counts. */
#ifndef WORDLOOM_NN_EVALUATE_H
#define WORDLOOM_NN_EVALUATE_H

#include <wordloom/nn/questions.h>
#include <wordloom/nn/similar.h>
#include <wordloom/nn/word_pairs.h>

WL_BEGIN

/* Whose figures are to come out. In both, the words of vectors and files are compared in upper
 * case; of words that are then alike the first, which is the most frequent, stands for all; a
 * question or a pair with a word that is unknown among those considered is skipped; and a question
 * is answered by a row other than those of its three words, of equal ones by the first.
 *
 * WL_COUNTING_WORD2VEC: the program compute-accuracy of word2vec. Upper case is that of ASCII. The
 *   answer is the row that scores highest, and no row if none scores above 0. It is right if its
 *   spelling is that of the fourth word. (compute-accuracy also cuts words at 50 bytes, which is
 *   not done here.) There is no such program for pairs: they are compared in the same way.
 * WL_COUNTING_GENSIM: evaluate_word_analogies and evaluate_word_pairs of gensim 4, with their
 *   case_insensitive=True and dummy4unknown=False. Upper case is Unicode's full one, Python's
 *   str.upper. Of the five rows that score highest, the first that is spelt like none of the three
 *   words is the answer, and the last if all are. Cosines of pairs are in double here, so that
 *   every pair of a word with itself has 1; those of gensim, in float, may miss such ties. Lines
 *   that gensim would skip as invalid are errors of the readers. */
typedef enum wl_counting {
    WL_COUNTING_WORD2VEC = 1,
    WL_COUNTING_GENSIM = 2,
} wl_counting;

typedef struct wl_evaluate_config {
    wl_counting counting;
    wl_analogy_method method; /* of analogies */
    int64_t considered;       /* so many words from the first on; 0: all. Others are as if absent:
                                 compute-accuracy's default is 0, gensim's 300,000 */
} wl_evaluate_config;

typedef struct wl_tally {
    int64_t questions, answered, right; /* answered: not skipped */
} wl_tally;

/* Made by wl_evaluate_analogies, freed by wl_analogy_score_destroy, every field with it. */
typedef struct wl_analogy_score {
    int64_t sections;
    wl_tally *section;                 /* [sections] */
    wl_tally semantic, syntactic, all; /* syntactic: sections whose names begin with "gram";
                                          compute-accuracy: all behind the fifth, which are the
                                          same in questions-words.txt */
    int32_t *answer; /* [questions]: the row that answers it, -1 for none, -2 where skipped */
    int64_t unknowns;
    int32_t *unknown; /* [unknowns]: the words for which some were skipped, ids in the questions'
                         `words`, rising */
} wl_analogy_score;

/* Answers the questions by the rows of `similar`, made of a table whose rows belong to `words` in
 * id order. Results do not depend on the number of threads, provided that OpenBLAS uses one of its
 * own (openblas_set_num_threads). WL_NO_MEMORY. WL_DEVICE_ERROR. */
WL_API wl_status wl_evaluate_analogies(wl_analogy_score **out, wl_similar *similar,
                                       const wl_vocabulary *words, const wl_questions *questions,
                                       const wl_evaluate_config *config, wl_error *error);
WL_API void wl_analogy_score_destroy(wl_analogy_score *score); /* takes null */

/* Made by wl_evaluate_similarities, freed by wl_similarity_score_destroy. */
typedef struct wl_similarity_score {
    int64_t pairs, used; /* used: not skipped */
    double spearman;     /* the correlation of ranks, equal values having their mean rank */
    double pearson;      /* the correlation of scores and cosines */
    int64_t unknowns;
    int32_t *unknown; /* [unknowns]: as above, ids in the pairs' `words` */
} wl_similarity_score;

/* Compares the cosines of pairs with their scores. A correlation is NaN where fewer than two pairs
 * were used or either side's values are all the same. `config->method` does not matter.
 * WL_NO_MEMORY. */
WL_API wl_status wl_evaluate_similarities(wl_similarity_score **out, const wl_similar *similar,
                                          const wl_vocabulary *words, const wl_word_pairs *pairs,
                                          const wl_evaluate_config *config, wl_error *error);
WL_API void wl_similarity_score_destroy(wl_similarity_score *score); /* takes null */

WL_END
#endif
