/* The words of vectors by their spelling in upper case, of which several words may have one. */
#ifndef WORDLOOM_HOST_SPELLINGS_H
#define WORDLOOM_HOST_SPELLINGS_H

#include <wordloom/nn/evaluate.h>

typedef struct wl_spellings {
    int64_t rows;         /* words considered */
    int32_t *of_row;      /* [rows]: the spelling of each, numbered in order of appearance */
    int32_t *first;       /* of each spelling: the first row that has it */
    wl_vocabulary *upper; /* the spellings */
} wl_spellings;

/* The spellings of the words that the configuration considers. WL_NO_MEMORY. */
wl_status wl_spellings_create(wl_spellings **out, const wl_vocabulary *words,
                              const wl_evaluate_config *config, wl_error *error);
void wl_spellings_destroy(wl_spellings *spellings); /* takes null */

/* The spelling of each of `asked`, -1 where no row has it: *of [their number]. Also the list of
 * those without: *unknown [*unknowns]. The caller frees both with free(). WL_NO_MEMORY. */
wl_status wl_spellings_find(const wl_spellings *spellings, const wl_vocabulary *asked,
                            wl_counting counting, int32_t **of, int32_t **unknown,
                            int64_t *unknowns, wl_error *error);

#endif
