/* The tree of hierarchical softmax. */
#include "texts.h"

#include <wordloom/nn/huffman.h>

#include <math.h>
#include <stdbool.h>

static wl_huffman *tree_of(const int64_t *counts, int V)
{
    wl_huffman *tree;
    wl_error error;
    wl_vocabulary *words = of_counts(counts, V);
    assert_int_equal(wl_huffman_create(&tree, words, &error), WL_OK);
    wl_vocabulary_destroy(words);
    return tree;
}

/* 1 and 1 make 2 (node 0), that and 3 make 5 (node 1), that and 9 make all (node 2) */
static void a_tree_by_hand(void **state)
{
    const int64_t counts[] = { 9, 3, 1, 1 };
    const int32_t paths[] = { 0, 1, 0, 1, 2, 1, 3, 3, 3, 6, 3, 2 };
    (void)state;
    wl_huffman *tree = tree_of(counts, 4);
    const int32_t *p = wl_huffman_paths(tree), *nodes = wl_huffman_nodes(tree);
    assert_int_equal(wl_huffman_entries(tree), 9);
    assert_int_equal(wl_huffman_deepest(tree), 3);
    assert_memory_equal(p, paths, sizeof paths);
    assert_int_equal(nodes[0], 2); /* word 0: right at the root, as it is the commoner */
    assert_int_equal(nodes[1], 2); /* word 1: left at the root, right at node 1 */
    assert_int_equal(nodes[2], 1);
    assert_int_equal(nodes[8], 0); /* word 3: left twice, right at node 0 */
    wl_huffman_destroy(tree);
}

/* What any tree must have: ways that fill it (Kraft's equality), of as few nodes, times counts, as
 * there can be: less than one more than the entropy. */
static void ways_are_a_complete_code_near_the_entropy(void **state)
{
    enum { V = 500 };
    int64_t counts[V];
    double total = 0, kraft = 0, mean = 0, entropy = 0;
    (void)state;
    for (int i = 0; i < V; i++) {
        counts[i] = 1 + 100000 / (1 + i * 7 % V);
        total += (double)counts[i];
    }
    wl_huffman *tree = tree_of(counts, V);
    const int32_t *p = wl_huffman_paths(tree), *nodes = wl_huffman_nodes(tree);
    int64_t entries = 0;
    for (int i = 0; i < V; i++, p += 3) {
        const double share = (double)counts[i] / total;
        bool root = false;
        assert_int_equal(p[0], entries);
        assert_true(p[1] >= 1 && p[1] <= wl_huffman_deepest(tree) && p[2] >= 0 && p[2] <= p[1]);
        for (int k = 0; k < p[1]; k++) {
            assert_in_range(nodes[p[0] + k], 0, V - 2);
            root = root || nodes[p[0] + k] == V - 2;
        }
        assert_true(root);
        entries += p[1];
        kraft += exp2(-p[1]);
        mean += share * p[1];
        entropy -= share * log2(share);
    }
    assert_int_equal(entries, wl_huffman_entries(tree));
    assert_true(fabs(kraft - 1) < 1e-12);
    assert_true(mean >= entropy && mean < entropy + 1);
    wl_huffman_destroy(tree);
}

/* words without a count, or of the same, make a tree that is as flat as can be */
static void equal_counts_make_a_flat_tree(void **state)
{
    const int64_t none[64] = { 0 };
    (void)state;
    wl_huffman *tree = tree_of(none, 64);
    assert_int_equal(wl_huffman_deepest(tree), 6);
    assert_int_equal(wl_huffman_entries(tree), 6 * 64);
    wl_huffman_destroy(tree);
}

static void one_word_makes_no_tree(void **state)
{
    const int64_t counts[] = { 5 };
    wl_huffman *tree;
    wl_error error = { "" };
    (void)state;
    for (int V = 0; V < 2; V++) {
        wl_vocabulary *words = of_counts(counts, V);
        assert_int_equal(wl_huffman_create(&tree, words, &error), WL_OUT_OF_RANGE);
        assert_null(tree);
        assert_non_null(strstr(error.text, "expected two words or more, found"));
        wl_vocabulary_destroy(words);
    }
    wl_huffman_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tree_by_hand),
        cmocka_unit_test(ways_are_a_complete_code_near_the_entropy),
        cmocka_unit_test(equal_counts_make_a_flat_tree),
        cmocka_unit_test(one_word_makes_no_tree),
    };
    return cmocka_run_group_tests_name("data_huffman", tests, NULL, NULL);
}
