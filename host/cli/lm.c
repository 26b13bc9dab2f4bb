/* What the commands of language models share: see lm.h. */
#include "lm.h"

#include "devices.h"
#include "program.h"

#include <math.h>
#include <stdio.h>

int lm_open(wl_ctx **ctx, wl_lm **model, const common_options *common, const char *path)
{
    wl_error error;
    options_apply_threads(common->threads);
    const int code = device_open(common->device, ctx);
    if (code) return code;
    const wl_status status = wl_lm_open(model, *ctx, path, 0, &error);
    return status ? fail(status, &error) : EXIT_DONE;
}

void lm_tell_loss(char *to, size_t room, int32_t level, double loss)
{
    if (level == WL_TEXT_CHAR)
        snprintf(to, room, "%.4f bits", loss / log(2));
    else
        snprintf(to, room, "perplexity %.2f", exp(loss));
}
