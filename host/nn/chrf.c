/* chrF of <wordloom/nn/chrf.h>: n-grams are counted by sorting them. */
#include <wordloom/nn/chrf.h>

#include "../data/utf8.h"

#include <stdbool.h>
#include <stdlib.h>
#include <utf8proc.h>

enum { ORDERS = 6, POINT_BITS = 21, POINTS = 3 }; /* code points in a half of an n-gram */
static const double BETA = 2;

struct wl_chrf {
    int64_t hypothesis[ORDERS], reference[ORDERS], both[ORDERS]; /* n-grams, from n = 1 */
};

/* Up to six code points, of which 0 ends none: texts of one n are compared. */
typedef struct gram {
    uint64_t first, last;
} gram;

typedef struct side {
    utf8proc_int32_t *points; /* without white space */
    gram *grams;              /* room for one at each point */
    int64_t length;           /* points */
} side;

/* ------------------------------------------------------------------ texts */

static bool is_space(utf8proc_int32_t point)
{
    const utf8proc_property_t *p = utf8proc_get_property(point);
    return p->category == UTF8PROC_CATEGORY_ZS || p->bidi_class == UTF8PROC_BIDI_CLASS_B ||
           p->bidi_class == UTF8PROC_BIDI_CLASS_S || p->bidi_class == UTF8PROC_BIDI_CLASS_WS;
}

static void free_side(side *s)
{
    free(s->points);
    free(s->grams);
}

static wl_status read_side(side *s, const char *name, const char *text, size_t length,
                           wl_error *error)
{
    const size_t invalid = wl_invalid_utf8(text, length);
    if (invalid < length)
        return wl_error_set(error, WL_OUT_OF_RANGE, "%s: expected UTF-8, found byte 0x%02x at %zu",
                            name, (unsigned char)text[invalid], invalid);
    s->points = malloc((length + 1) * sizeof *s->points);
    s->grams = malloc((length + 1) * sizeof *s->grams);
    if (!s->points || !s->grams)
        return wl_error_set(error, WL_NO_MEMORY, "%s: no memory for %zu bytes", name, length);
    for (size_t at = 0; at < length;) {
        utf8proc_int32_t point;
        at += (size_t)utf8proc_iterate((const utf8proc_uint8_t *)text + at,
                                       (utf8proc_ssize_t)(length - at), &point);
        if (!is_space(point)) s->points[s->length++] = point;
    }
    return WL_OK;
}

/* ------------------------------------------------------------------ n-grams */

static int compare(const gram *a, const gram *b)
{
    if (a->first != b->first) return a->first < b->first ? -1 : 1;
    return (a->last > b->last) - (a->last < b->last);
}

static int by_points(const void *a, const void *b) { return compare(a, b); }

/* Answers how many there are. */
static int64_t sort_grams(side *s, int n)
{
    const int64_t count = s->length >= n ? s->length - n + 1 : 0;
    for (int64_t i = 0; i < count; i++) {
        gram g = { 0, 0 };
        for (int k = 0; k < n; k++) {
            uint64_t *half = k < POINTS ? &g.first : &g.last;
            *half = *half << POINT_BITS | (uint64_t)s->points[i + k];
        }
        s->grams[i] = g;
    }
    qsort(s->grams, (size_t)count, sizeof *s->grams, by_points);
    return count;
}

static int64_t count_common(const gram *a, int64_t a_count, const gram *b, int64_t b_count)
{
    int64_t common = 0;
    for (int64_t i = 0, j = 0; i < a_count && j < b_count;) {
        const int order = compare(&a[i], &b[j]);
        common += order == 0;
        i += order <= 0;
        j += order >= 0;
    }
    return common;
}

/* ------------------------------------------------------------------ the score */

wl_status wl_chrf_create(wl_chrf **out, wl_error *error)
{
    *out = calloc(1, sizeof **out);
    return *out ? WL_OK : wl_error_set(error, WL_NO_MEMORY, "no memory for chrF");
}

void wl_chrf_destroy(wl_chrf *chrf) { free(chrf); }

wl_status wl_chrf_add(wl_chrf *chrf, const char *hypothesis, size_t hypothesis_length,
                      const char *reference, size_t reference_length, wl_error *error)
{
    side h = { 0 }, r = { 0 };
    wl_status status = read_side(&h, "hypothesis", hypothesis, hypothesis_length, error);
    if (!status) status = read_side(&r, "reference", reference, reference_length, error);
    for (int n = 1; n <= ORDERS && !status; n++) {
        const int64_t has = sort_grams(&h, n), wanted = sort_grams(&r, n);
        chrf->hypothesis[n - 1] += wanted ? has : 0;
        chrf->reference[n - 1] += wanted;
        chrf->both[n - 1] += count_common(h.grams, has, r.grams, wanted);
    }
    free_side(&h);
    free_side(&r);
    return status;
}

double wl_chrf_score(const wl_chrf *chrf)
{
    double precision = 0, recall = 0;
    int orders = 0;
    for (int n = 0; n < ORDERS; n++) {
        if (!chrf->hypothesis[n] || !chrf->reference[n]) continue;
        precision += (double)chrf->both[n] / (double)chrf->hypothesis[n];
        recall += (double)chrf->both[n] / (double)chrf->reference[n];
        orders++;
    }
    if (!(precision > 0)) return 0;
    precision /= orders, recall /= orders;
    return 100 * (1 + BETA * BETA) * precision * recall / (BETA * BETA * precision + recall);
}
