/* What the commands of classifiers share. */
#ifndef WL_CLI_CLASSIFY_H
#define WL_CLI_CLASSIFY_H

#include <wordloom/nn/classifier.h>

/* The points that --data names: those of a file, or for "spiral" the book's, of a seed. */
wl_status classify_points(wl_points **out, const char *data, uint64_t seed, wl_error *error);

/* Whether points lie in a plane, so that --map can draw them. */
wl_status classify_check_map(const wl_points *points, wl_error *error);

/* Draws the points into `path`, and the regions in which the model has its classes. */
wl_status classify_map(wl_classifier *model, const wl_points *points, const char *path,
                       wl_error *error);

#endif
