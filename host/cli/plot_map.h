/* Maps of weights from tokens to tokens, such as attention's, drawn into a picture by cairo. A
 * build without it has plot_none.c for plot_map.c. */
#ifndef WL_CLI_PLOT_MAP_H
#define WL_CLI_PLOT_MAP_H

#include <stdint.h>

#include <wordloom/nn/error.h>

typedef struct plot_map {
    const char *title, *x_label, *y_label; /* the labels: of columns, of rows */
    const char *const *columns;            /* tokens in UTF-8, from left to right: the source's */
    const char *const *rows;               /* from above to below: the target's */
    int64_t column_count, row_count;
    const float *weights; /* [rows,columns], 0 to 1; what is no number is crossed out */
} plot_map;

/* Replaces the file at a path that plot_check took by one sheet of all maps, of which there is one
 * at least. WL_IO_ERROR. WL_NO_MEMORY. */
wl_status plot_maps_write(const plot_map *maps, int count, const char *path, wl_error *error);

#endif
