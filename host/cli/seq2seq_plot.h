/* The curves of a run of wordloom seq2seq train. */
#ifndef WL_CLI_SEQ2SEQ_PLOT_H
#define WL_CLI_SEQ2SEQ_PLOT_H

#include <wordloom/nn/seq2seq.h>

/* Draws into `path` what the run's epochs have cost so far, those before a resumption among them,
 * and below it, where there is one, the accuracy of the validation. Nothing before the first has
 * ended. WL_IO_ERROR. WL_NO_MEMORY. */
wl_status seq2seq_plot(const wl_seq2seq *model, const char *path, wl_error *error);

#endif
