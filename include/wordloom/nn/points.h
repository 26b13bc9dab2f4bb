/* Points of some numbers, each of a class: what a classifier learns from. */
#ifndef WORDLOOM_NN_POINTS_H
#define WORDLOOM_NN_POINTS_H

#include <wordloom/nn/vocabulary.h>

WL_BEGIN

enum { WL_POINTS_MOST_FEATURES = 65536 };

typedef struct wl_points wl_points;

/* Comma-separated values (RFC 4180, a record a line): in each line the point's numbers, then its
 * class, any text. Columns may stand in double quotes, and have spaces around them. A first line in
 * which no column that should be a number is one is a header; empty lines and those that begin with
 * # are passed over. Classes are numbered in the order in which they first appear. WL_BAD_FILE
 * names the line, the column, and what was expected. WL_IO_ERROR. WL_NO_MEMORY. */
WL_API wl_status wl_points_read(wl_points **out, const char *path, wl_error *error);

/* Arms of a spiral, wound into each other (Saito, "Deep Learning from Scratch 2", section 1.4.1):
 * point i of the n of arm j lies at the radius r = i/n and the angle 4 j + 4 r and some noise, of a
 * normal distribution with deviation 0.2: (r sin, r cos). Classes "arm 1", ... WL_OUT_OF_RANGE:
 * fewer than 1 or more than 1000 arms, or than 2^20 points of each. WL_NO_MEMORY. */
WL_API wl_status wl_points_spiral(wl_points **out, int64_t arms, int64_t each, uint64_t seed,
                                  wl_error *error);

WL_API void wl_points_destroy(wl_points *points); /* takes null */

WL_API int64_t wl_points_size(const wl_points *points);                 /* N, at least 1 */
WL_API int64_t wl_points_features(const wl_points *points);             /* D, at least 1 */
WL_API const float *wl_points_values(const wl_points *points);          /* [N,D], finite */
WL_API const int32_t *wl_points_labels(const wl_points *points);        /* [N]: ids of classes */
WL_API const wl_vocabulary *wl_points_classes(const wl_points *points); /* counted */
WL_API uint64_t wl_points_hash(const wl_points *points); /* XXH3 of values and labels */

/* Labels become the ids that the same classes have in another vocabulary, which must outlive the
 * points. WL_OUT_OF_RANGE names a class that it lacks. */
WL_API wl_status wl_points_renumber(wl_points *points, const wl_vocabulary *classes,
                                    wl_error *error);

WL_END
#endif
