/* Cells whose weights stay on chip: see kernels/stationary.cuh. */
#include "recurrent.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Units that fill no tile; one block, and clusters of 2 to 16; more and fewer sequences than a
 * cluster has. (Wider ones, with weights in shared memory too, agree in paths_stationary.c.) */
static const char *const sizes[] = {
    "T=3 B=1 H=7",   "T=3 B=9 H=63",  "T=2 B=8 H=64",  "T=5 B=17 H=100 -h0",
    "T=2 B=3 H=128", "T=2 B=3 H=200", "T=4 B=2 H=256", NULL,
};

void stationary_weights_hold(void **state)
{
    static const char *const dtypes[] = { "bf16", "f16", "f32" };
    const recurrent *cell = *state;
    for (int i = 0; sizes[i]; i++) {
        char text[128];
        snprintf(text, sizeof text, "%s D=3 dtype=%s reverse=%d -s", sizes[i], dtypes[i % 3],
                 i % 2);
        holds(cell->forward, text);
        strcat(text, " -ds");
        holds(cell->backward, text);
    }
}
