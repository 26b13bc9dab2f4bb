/* Sorted runs of keys and sums, in memory while they fit, then in a temporary file; and the one run
 * that all of them make. */
#ifndef WL_NN_COUNT_RUNS_H
#define WL_NN_COUNT_RUNS_H

#include <signal.h>
#include <stdbool.h>

#include <wordloom/nn/error.h>

/* Part of a run: keys ascend, and none comes twice. */
typedef struct wl_count_run {
    int64_t *key, *sum;
    int64_t entries;
} wl_count_run;

typedef struct wl_count_runs wl_count_runs;

/* Runs that take at most `bytes` of memory, those that merging needs among them; a single run may
 * have up to `longest` entries. WL_NO_MEMORY. WL_OUT_OF_RANGE: it is too little for two runs. */
wl_status wl_count_runs_create(wl_count_runs **out, int64_t bytes, int64_t longest,
                               const volatile sig_atomic_t *stop, wl_error *error);
void wl_count_runs_destroy(wl_count_runs *runs); /* takes null */

/* Where a run of so many entries, at most `longest`, may be put, which then is one of them. Valid
 * until the next call. */
wl_status wl_count_runs_add(wl_count_runs *runs, int64_t entries, wl_count_run *to,
                            wl_error *error);

int64_t wl_count_runs_entries(const wl_count_runs *runs); /* of all runs */
int64_t wl_count_runs_spilled(const wl_count_runs *runs); /* bytes of file */

/* Takes part after part of the one run. */
typedef wl_status wl_count_sink(void *user, const wl_count_run *part, wl_error *error);

/* Merges all runs into one, the sums of equal keys added. The runs are of no use after it. */
wl_status wl_count_runs_merge(wl_count_runs *runs, wl_count_sink *sink, void *user,
                              wl_error *error);

#endif
