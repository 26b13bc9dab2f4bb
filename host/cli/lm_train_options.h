/* The options of wordloom lm train. */
#ifndef WL_CLI_LM_TRAIN_OPTIONS_H
#define WL_CLI_LM_TRAIN_OPTIONS_H

#include "epoch_options.h"

#include <wordloom/nn/lm.h>

typedef struct lm_train_options {
    epoch_options usual;
    wl_lm_config config;
    const char *corpus, *validation; /* no validation: null */
} lm_train_options;

/* Reads them all, those of `run` among them. Answers OPTIONS_READ to go on, or the exit code to end
 * with. */
int lm_train_options_read(lm_train_options *out, epoch_run *run, int count, char **args);

#endif
