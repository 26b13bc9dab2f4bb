/* The decision of optimizer_clip, which both sides compile: see <wordloom/optimizer.h>. */
#ifndef WL_STEP_DECISION_H
#define WL_STEP_DECISION_H

#include <math.h>

#include "../core/storage.h"

enum { WL_CLEAN_STEPS = 2000 };

/* What the gradients are to be multiplied by, given the sum of their squares; 0: not to be used. */
WL_BOTH double wl_step_scale(double sum, double loss, double max_norm, double loss_scale)
{
    if (!isfinite(sum) || !isfinite(loss)) return 0;
    const double rate = max_norm / (sqrt(sum) / loss_scale + 1e-6);
    return (rate < 1 ? rate : 1) / loss_scale;
}

/* The loss scale of the next step, given how many were clean, this one included (0: it was not). */
WL_BOTH double wl_next_loss_scale(double loss_scale, int64_t clean)
{
    if (clean == 0) return loss_scale > 2 ? loss_scale / 2 : 1;
    return clean % WL_CLEAN_STEPS == 0 && loss_scale < 0x1p24 ? 2 * loss_scale : loss_scale;
}

#endif
