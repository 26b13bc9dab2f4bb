/* The tree of <wordloom/nn/huffman.h>. */
#include <wordloom/nn/huffman.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct wl_huffman {
    int64_t entries, deepest;
    int32_t *paths; /* [V,3] */
    int32_t *nodes; /* [entries] */
};

/* The tree while it is made: 0..V-1 are words, V..2V-2 its inner nodes, by their numbers from V. */
typedef struct making {
    int64_t V;
    int64_t *count, *parent; /* [2V-1] */
    int64_t *leaf;           /* [V]: words in ascending order of count */
    bool *left;              /* [2V-1]: of its parent */
} making;

static int by_count(const void *a, const void *b, void *counts)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    const int64_t cx = ((const int64_t *)counts)[x], cy = ((const int64_t *)counts)[y];
    return cx != cy ? (cx > cy) - (cx < cy) : (x > y) - (x < y);
}

/* The rarest of what has no parent yet: both words and nodes wait in ascending order. */
static int64_t take(const making *m, int64_t *leaf, int64_t *node, int64_t nodes)
{
    const bool word =
        *leaf < m->V && (*node == nodes || m->count[m->leaf[*leaf]] <= m->count[*node]);
    return word ? m->leaf[(*leaf)++] : (*node)++;
}

static void join(making *m)
{
    int64_t leaf = 0, node = m->V;
    for (int64_t made = m->V; made < 2 * m->V - 1; made++) {
        const int64_t rare = take(m, &leaf, &node, made), other = take(m, &leaf, &node, made);
        m->parent[rare] = m->parent[other] = made;
        m->left[rare] = true;
        m->left[other] = false;
        m->count[made] = m->count[rare] + m->count[other];
    }
}

/* The way to a word: how many nodes, and at how many of them it goes left. With `to` these are
 * written there, the left ones first. */
static int64_t way(const making *m, int64_t word, int64_t *left, int32_t *to)
{
    const int64_t root = 2 * m->V - 2, lefts = *left;
    int64_t length = 0, seen = 0;
    for (int64_t at = word; at != root; at = m->parent[at], length++) {
        const int64_t place = m->left[at] ? seen : lefts + length - seen;
        if (to) to[place] = (int32_t)(m->parent[at] - m->V);
        seen += m->left[at];
    }
    *left = seen;
    return length;
}

static wl_status list_ways(wl_huffman *tree, const making *m, wl_error *error)
{
    for (int64_t word = 0; word < m->V; word++) {
        int64_t left = 0, length = way(m, word, &left, NULL);
        if (tree->entries > INT32_MAX - length)
            return wl_error_set(error, WL_OUT_OF_RANGE,
                                "hierarchical softmax: expected ways of less than 2^31 nodes "
                                "together, found more for %lld words",
                                (long long)m->V);
        tree->paths[3 * word] = (int32_t)tree->entries;
        tree->paths[3 * word + 1] = (int32_t)length;
        tree->paths[3 * word + 2] = (int32_t)left;
        tree->entries += length;
        if (length > tree->deepest) tree->deepest = length;
    }
    tree->nodes = malloc((size_t)tree->entries * sizeof *tree->nodes);
    if (!tree->nodes) return WL_NO_MEMORY;
    for (int64_t word = 0; word < m->V; word++) {
        int64_t left = tree->paths[3 * word + 2];
        way(m, word, &left, tree->nodes + tree->paths[3 * word]);
    }
    return WL_OK;
}

static wl_status build(wl_huffman *tree, making *m, const wl_vocabulary *words, wl_error *error)
{
    const size_t all = (size_t)(2 * m->V - 1);
    tree->paths = malloc((size_t)m->V * 3 * sizeof *tree->paths);
    m->count = malloc(all * sizeof *m->count);
    m->parent = malloc(all * sizeof *m->parent);
    m->left = malloc(all * sizeof *m->left);
    m->leaf = malloc((size_t)m->V * sizeof *m->leaf);
    if (!tree->paths || !m->count || !m->parent || !m->left || !m->leaf) return WL_NO_MEMORY;
    for (int64_t i = 0; i < m->V; i++) {
        m->count[i] = wl_vocabulary_count(words, i);
        m->leaf[i] = i;
    }
    qsort_r(m->leaf, (size_t)m->V, sizeof *m->leaf, by_count, m->count);
    join(m);
    return list_ways(tree, m, error);
}

wl_status wl_huffman_create(wl_huffman **out, const wl_vocabulary *words, wl_error *error)
{
    *out = NULL;
    making m = { .V = wl_vocabulary_size(words) };
    if (m.V < 2)
        return wl_error_set(error, WL_OUT_OF_RANGE,
                            "hierarchical softmax: expected two words or more, found %lld",
                            (long long)m.V);
    wl_huffman *tree = calloc(1, sizeof *tree);
    wl_status status = tree ? build(tree, &m, words, error) : WL_NO_MEMORY;
    if (status == WL_NO_MEMORY)
        wl_error_set(error, status, "no memory for the tree of hierarchical softmax");
    free(m.count);
    free(m.parent);
    free(m.left);
    free(m.leaf);
    if (status)
        wl_huffman_destroy(tree);
    else
        *out = tree;
    return status;
}

void wl_huffman_destroy(wl_huffman *tree)
{
    if (!tree) return;
    free(tree->paths);
    free(tree->nodes);
    free(tree);
}

const int32_t *wl_huffman_paths(const wl_huffman *tree) { return tree->paths; }
const int32_t *wl_huffman_nodes(const wl_huffman *tree) { return tree->nodes; }
int64_t wl_huffman_entries(const wl_huffman *tree) { return tree->entries; }
int64_t wl_huffman_deepest(const wl_huffman *tree) { return tree->deepest; }
