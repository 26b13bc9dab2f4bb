/* Any bytes as points: they load, with numbers that are finite and classes that there are, or they
 * are a bad file. */
#include "memory_file.h"

#include <math.h>
#include <string.h>
#include <wordloom/nn/points.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    wl_points *p;
    wl_error error = { "" };
    const wl_status status = wl_points_read(&p, memory_file(bytes, length), &error);
    if (status) {
        must(status == WL_BAD_FILE && strstr(error.text, ": line ") != NULL);
        must(strstr(error.text, "expected") != NULL);
        return 0;
    }
    const int64_t N = wl_points_size(p), D = wl_points_features(p);
    const wl_vocabulary *classes = wl_points_classes(p);
    must(N > 0 && D > 0);
    for (int64_t i = 0; i < N * D; i++) must(isfinite(wl_points_values(p)[i]));
    for (int64_t i = 0; i < N; i++)
        must(wl_points_labels(p)[i] >= 0 && wl_points_labels(p)[i] < wl_vocabulary_size(classes));
    must(wl_points_renumber(p, classes, NULL) == WL_OK);
    wl_points_destroy(p);
    return 0;
}
