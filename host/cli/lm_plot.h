/* The curves of a run of wordloom lm train. */
#ifndef WL_CLI_LM_PLOT_H
#define WL_CLI_LM_PLOT_H

#include <wordloom/nn/lm.h>

/* Draws into `path` what the run's epochs have cost so far, those before a resumption among them:
 * perplexity, or bits of characters. Nothing before the first has ended. WL_IO_ERROR. WL_NO_MEMORY.
 */
wl_status lm_plot(const wl_lm *model, const char *path, wl_error *error);

#endif
