/* Points in memory: made, of a spiral, and renumbered. */
#include "points.h"

#include "../core/normal.h"
#include "../core/philox.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

static wl_status no_memory(const char *source, wl_error *error)
{
    return wl_error_set(error, WL_NO_MEMORY, "%s: no memory for the points", source);
}

wl_status wl_points_begin(wl_points **out, int64_t D, const char *source, wl_error *error)
{
    wl_points *p = calloc(1, sizeof *p);
    *out = NULL;
    if (!p) return no_memory(source, error);
    p->D = D;
    p->source = strdup(source);
    if (!p->source || wl_vocabulary_create(&p->own)) {
        wl_points_destroy(p);
        return no_memory(source, error);
    }
    p->classes = p->own;
    *out = p;
    return WL_OK;
}

void wl_points_destroy(wl_points *p)
{
    if (!p) return;
    wl_vocabulary_destroy(p->own);
    free(p->values);
    free(p->labels);
    free(p->source);
    free(p);
}

static wl_status make_room(wl_points *p)
{
    if (p->N < p->room) return WL_OK;
    const int64_t room = p->room * 2 + 64;
    float *values = realloc(p->values, (size_t)(room * p->D) * sizeof *values);
    if (!values) return WL_NO_MEMORY;
    p->values = values;
    int32_t *labels = realloc(p->labels, (size_t)room * sizeof *labels);
    if (!labels) return WL_NO_MEMORY;
    p->labels = labels;
    p->room = room;
    return WL_OK;
}

wl_status wl_points_add(wl_points *p, const float *values, const char *name, size_t length)
{
    int64_t id;
    wl_status status = make_room(p);
    if (!status) status = wl_vocabulary_add_count(p->own, name, length, 1, &id);
    if (status) return status;
    memcpy(p->values + p->N * p->D, values, (size_t)p->D * sizeof *values);
    p->labels[p->N++] = (int32_t)id;
    return WL_OK;
}

/* ------------------------------------------------------------------ a spiral */

static wl_status add_arm(wl_points *p, int64_t arm, int64_t each, uint64_t seed)
{
    char name[32];
    float noise[4], at[2];
    wl_status status = WL_OK;
    const int length = snprintf(name, sizeof name, "arm %lld", (long long)arm + 1);
    for (int64_t i = 0; i < each && !status; i++) {
        const uint64_t point = (uint64_t)(arm * each + i);
        const wl_random r = wl_philox(seed, point / 2, 0, WL_PURPOSE_POINTS);
        wl_two_normals(noise, r.word, 0.2);
        wl_two_normals(noise + 2, r.word + 2, 0.2);
        const double radius = (double)i / (double)each;
        const double angle = 4 * (double)arm + 4 * radius + (double)noise[point % 2 * 2];
        at[0] = (float)(radius * sin(angle));
        at[1] = (float)(radius * cos(angle));
        status = wl_points_add(p, at, name, (size_t)length);
    }
    return status;
}

wl_status wl_points_spiral(wl_points **out, int64_t arms, int64_t each, uint64_t seed,
                           wl_error *error)
{
    *out = NULL;
    if (arms < 1 || arms > 1000 || each < 1 || each > 1 << 20)
        return wl_error_set(error, WL_OUT_OF_RANGE,
                            "spiral: expected 1 to 1000 arms of 1 to %d points, found %lld of %lld",
                            1 << 20, (long long)arms, (long long)each);
    wl_points *p;
    wl_status status = wl_points_begin(&p, 2, "spiral", error);
    if (status) return status;
    for (int64_t arm = 0; arm < arms && !status; arm++) status = add_arm(p, arm, each, seed);
    if (!status)
        *out = p;
    else
        wl_points_destroy(p);
    return status ? no_memory("spiral", error) : WL_OK;
}

/* ------------------------------------------------------------------ what there is */

int64_t wl_points_size(const wl_points *p) { return p->N; }
int64_t wl_points_features(const wl_points *p) { return p->D; }
const float *wl_points_values(const wl_points *p) { return p->values; }
const int32_t *wl_points_labels(const wl_points *p) { return p->labels; }
const wl_vocabulary *wl_points_classes(const wl_points *p) { return p->classes; }

uint64_t wl_points_hash(const wl_points *p)
{
    const XXH64_hash_t values = XXH3_64bits(p->values, (size_t)(p->N * p->D) * sizeof *p->values);
    return XXH3_64bits_withSeed(p->labels, (size_t)p->N * sizeof *p->labels, values);
}

/* The classes' ids in another vocabulary. */
static wl_status find_ids(const wl_points *p, const wl_vocabulary *classes, int32_t *ids,
                          wl_error *error)
{
    for (int64_t i = 0; i < wl_vocabulary_size(p->classes); i++) {
        size_t length;
        const char *name = wl_vocabulary_word(p->classes, i, &length);
        const int64_t id = wl_vocabulary_find(classes, name, length);
        if (id < 0)
            return wl_error_set(error, WL_OUT_OF_RANGE,
                                "%s: class \"%.64s\": expected one of the model's %lld, such as "
                                "\"%.64s\"",
                                p->source, name, (long long)wl_vocabulary_size(classes),
                                wl_vocabulary_word(classes, 0, NULL));
        ids[i] = (int32_t)id;
    }
    return WL_OK;
}

wl_status wl_points_renumber(wl_points *p, const wl_vocabulary *classes, wl_error *error)
{
    int32_t *ids = malloc((size_t)wl_vocabulary_size(p->classes) * sizeof *ids + 1);
    if (!ids) return no_memory(p->source, error);
    const wl_status status = find_ids(p, classes, ids, error);
    for (int64_t i = 0; i < p->N && !status; i++) p->labels[i] = ids[p->labels[i]];
    free(ids);
    if (!status) p->classes = classes;
    return status;
}
