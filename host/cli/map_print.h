/* Maps of weights as text: shaded blocks on a terminal. */
#ifndef WL_CLI_MAP_PRINT_H
#define WL_CLI_MAP_PRINT_H

#include "plot_map.h"

#include <stdbool.h>
#include <stdio.h>

typedef struct map_style {
    int width; /* columns that a line may have */
    bool utf8; /* or else the program's own signs are ASCII */
} map_style;

/* As `to`, a terminal or not, and the environment ask for. */
map_style map_style_of(FILE *to);

/* The map, a line a row, the columns' tokens above. Where that is too wide, a line a row with
 * the three columns of the greatest weights, of equal ones the first. The caller looks for the
 * stream's errors. */
void map_print(FILE *to, const plot_map *map, const map_style *style);

#endif
