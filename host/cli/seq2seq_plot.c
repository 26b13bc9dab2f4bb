/* The curves of a run: see seq2seq_plot.h. */
#include "seq2seq_plot.h"

#include "epoch_plot.h"

#include <inttypes.h>
#include <stdio.h>

wl_status seq2seq_plot(const wl_seq2seq *m, const char *path, wl_error *error)
{
    const wl_seq2seq_config *c = wl_seq2seq_configuration(m);
    const wl_training_epoch *epochs;
    const int64_t count = wl_seq2seq_epochs(m, &epochs);
    char title[160];
    snprintf(title, sizeof title,
             "Seq2seq (%s): %" PRId64 " %s layer%s of %" PRId64 " units, %" PRId64 " parameters",
             wl_seq2seq_models[c->model], c->layers, wl_cells[c->cell], c->layers > 1 ? "s" : "",
             c->hidden, wl_seq2seq_parameters(m));
    const epoch_plot plot = { .title = title,
                              .loss = "loss (nats per token)",
                              .accuracy_title = "Translations that are the target to the letter",
                              .accuracy = "exact (% of validation)",
                              .accuracy_name = "exact" };
    return epoch_plot_write(&plot, epochs, count, path, error);
}
