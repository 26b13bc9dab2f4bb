/* The way from a tree's root to a leaf, in the tables of <wordloom/hsoftmax.h>, the same on every
 * device. */
#ifndef WL_TREE_PATH_H
#define WL_TREE_PATH_H

#include "../core/storage.h"

typedef struct wl_tree_path {
    const int32_t *node; /* rows of the table of nodes */
    int32_t length;      /* 0 also where the path leaves some bound */
    int32_t left;        /* at the first so many the way goes left */
} wl_tree_path;

/* The way to a word by paths [words,3] and nodes [entries]: no longer than `most`, and through rows
 * below V. */
WL_BOTH wl_tree_path wl_tree_path_of(const int32_t *paths, const int32_t *nodes, int64_t word,
                                     int64_t entries, int64_t most, int64_t V)
{
    const int32_t first = paths[3 * word], length = paths[3 * word + 1], left = paths[3 * word + 2];
    const wl_tree_path none = { nodes, 0, 0 },
                       path = { nodes + (first < 0 ? 0 : first), length, left };
    if (first < 0 || length < 0 || length > most || length > entries - first) return none;
    if (left < 0 || left > length) return none;
    for (int32_t i = 0; i < length; i++)
        if (path.node[i] < 0 || path.node[i] >= V) return none;
    return path;
}

#endif
