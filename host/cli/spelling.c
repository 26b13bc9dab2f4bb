/* Distances between spellings. */
#include "spelling.h"

#include <stdlib.h>
#include <string.h>

enum { LONGEST = 63 };

static int least(int a, int b) { return a < b ? a : b; }

int spelling_distance(const char *a, const char *b, int limit)
{
    const int m = (int)strnlen(a, LONGEST), n = (int)strnlen(b, LONGEST);
    int rows[3][LONGEST + 1];
    int *before = rows[0], *last = rows[1], *row = rows[2];
    if (abs(m - n) > limit) return limit + 1;
    for (int j = 0; j <= n; j++) last[j] = j;
    for (int i = 1; i <= m; i++) {
        int best = row[0] = i;
        for (int j = 1; j <= n; j++) {
            row[j] = least(least(last[j], row[j - 1]) + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], before[j - 2] + 1);
            best = least(best, row[j]);
        }
        if (best > limit) return limit + 1;
        int *spare = before;
        before = last;
        last = row;
        row = spare;
    }
    return least(last[n], limit + 1);
}

const char *spelling_nearest(const char *word, const char *const *names, size_t count,
                             size_t stride)
{
    const char *nearest = NULL;
    int best = LONGEST + 2;
    for (size_t i = 0; i < count; i++) {
        const char *name =
            *(const char *const *)(const void *)((const char *)(const void *)names + i * stride);
        const int distance = spelling_distance(word, name, LONGEST);
        if (distance >= best) continue;
        best = distance;
        nearest = name;
    }
    return nearest;
}
