/* What the commands of language models share. */
#ifndef WL_CLI_LM_H
#define WL_CLI_LM_H

#include "options.h"

#include <wordloom/nn/lm.h>

/* Opens the device and the model that a command is about. Answers 0, or says what is wrong and
 * answers the exit code; the caller destroys both. */
int lm_open(wl_ctx **ctx, wl_lm **model, const common_options *common, const char *path);

/* "perplexity 120.5" of words, "1.84 bits" of characters. */
void lm_tell_loss(char *to, size_t room, int32_t level, double loss);

#endif
