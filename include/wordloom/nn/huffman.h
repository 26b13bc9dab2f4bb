/* The tree of hierarchical softmax: a Huffman tree over the words of a vocabulary by their counts
 * (Huffman 1952, "A Method for the Construction of Minimum-Redundancy Codes"; Mikolov et al. 2013,
 * "Distributed Representations of Words and Phrases", section 2.1), so that frequent words have
 * short ways, in the tables of <wordloom/hsoftmax.h>.
 *
 * Of equal counts words come before nodes, words by id, nodes by age. So the same counts always
 * give the same tree. A node's left child is the rarer. */
#ifndef WORDLOOM_NN_HUFFMAN_H
#define WORDLOOM_NN_HUFFMAN_H

#include <wordloom/nn/vocabulary.h>

WL_BEGIN

typedef struct wl_huffman wl_huffman;

/* The tree of V words: V - 1 inner nodes, numbered as they were made, the root last. The vocabulary
 * is not needed afterwards. WL_OUT_OF_RANGE: less than two words, or ways of more than 2^31 - 1
 * nodes together. WL_NO_MEMORY. */
WL_API wl_status wl_huffman_create(wl_huffman **out, const wl_vocabulary *vocabulary,
                                   wl_error *error);
WL_API void wl_huffman_destroy(wl_huffman *tree); /* takes null */

/* The tables: paths [V,3] and nodes [entries]; they live as long as the tree. */
WL_API const int32_t *wl_huffman_paths(const wl_huffman *tree);
WL_API const int32_t *wl_huffman_nodes(const wl_huffman *tree);
WL_API int64_t wl_huffman_entries(const wl_huffman *tree);

/* The nodes of the longest way. */
WL_API int64_t wl_huffman_deepest(const wl_huffman *tree);

WL_END
#endif
