/* Pairs of words with the similarity that the thesaurus gives them, to evaluate vectors by. */
#ifndef WORDLOOM_NN_THESAURUS_PAIRS_H
#define WORDLOOM_NN_THESAURUS_PAIRS_H

#include <wordloom/nn/thesaurus.h>
#include <wordloom/nn/word_pairs.h>

WL_BEGIN

enum { WL_THESAURUS_NOUNS = 5000, WL_THESAURUS_PAIRS = 100000 };

/* Of the vocabulary's words, in its order, the first WL_THESAURUS_NOUNS that are nouns:
 * letters of ASCII alone, three at least, with more senses as a noun than as all else together. Of
 * these WL_THESAURUS_PAIRS pairs, drawn from the seed, of two words each, and scored by Wu and
 * Palmer's similarity of nouns. WL_OUT_OF_RANGE: there are fewer than two such words. WL_NO_MEMORY.
 */
WL_API wl_status wl_thesaurus_pairs(wl_word_pairs **out, wl_thesaurus *thesaurus,
                                    const wl_vocabulary *words, uint64_t seed, wl_error *error);

WL_END
#endif
