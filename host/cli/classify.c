/* What the commands of classifiers share: see classify.h. */
#include "classify.h"

#include "plot_points.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARMS = 3, EACH = 100 };

wl_status classify_points(wl_points **out, const char *data, uint64_t seed, wl_error *error)
{
    if (!strcmp(data, "spiral")) return wl_points_spiral(out, ARMS, EACH, seed, error);
    return wl_points_read(out, data, error);
}

wl_status classify_check_map(const wl_points *points, wl_error *error)
{
    const int64_t D = wl_points_features(points);
    if (D == 2) return WL_OK;
    return wl_error_set(error, WL_OUT_OF_RANGE,
                        "--map: expected points of 2 numbers, which lie in a plane, found %" PRId64,
                        D);
}

static wl_status tell(void *user, const float *points, int64_t n, int32_t *classes, wl_error *error)
{
    return wl_classifier_predict(user, points, n, classes, error);
}

wl_status classify_map(wl_classifier *m, const wl_points *points, const char *path, wl_error *error)
{
    const wl_classifier_config *c = wl_classifier_configuration(m);
    const wl_vocabulary *classes = wl_classifier_classes(m);
    const int64_t C = wl_vocabulary_size(classes);
    const char **names = malloc((size_t)C * sizeof *names);
    char title[128];
    if (!names) return wl_error_set(error, WL_NO_MEMORY, "%s: no memory for the picture", path);
    for (int64_t i = 0; i < C; i++) names[i] = wl_vocabulary_word(classes, i, NULL);
    snprintf(title, sizeof title, "Classes as %" PRId64 " %s units tell them", c->hidden,
             wl_classifier_activations[c->activation]);
    const plot_points plot = { .title = title,
                               .names = names,
                               .names_count = C,
                               .points = wl_points_values(points),
                               .classes = wl_points_labels(points),
                               .count = wl_points_size(points),
                               .tell = tell,
                               .user = m };
    const wl_status status = plot_points_write(&plot, path, error);
    free(names);
    return status;
}
