/* Steps of training and of evaluation. */
#include "lm.h"

#include "../nn/branches.h"
#include "../nn/replay.h"

wl_status wl_lm_update(const wl_lm_pass *p, size_t *bytes)
{
    return wl_descent_update(&p->descent, (const wl_lookup_pass *[]){ &p->embedded, NULL }, bytes);
}

static wl_status queue_step(const void *owner)
{
    const wl_lm_pass *p = owner;
    wl_status status = wl_lm_read(p, NULL);
    if (!status) status = wl_lm_forward(p, NULL);
    if (!status) status = p->training ? wl_lm_backward(p, NULL) : wl_lm_loss(p, NULL);
    return status || !p->training ? status : wl_lm_update(p, NULL);
}

wl_status wl_lm_step(wl_lm_pass *p, wl_error *error)
{
    wl_ctx *ctx = p->model->ctx;
    wl_status status = wl_branches_use(ctx, &p->workspace);
    if (!status) status = wl_replay(ctx, &p->graphs[p->from], &p->runs, queue_step, p);
    p->from = 1 - p->from;
    return wl_lm_failed(p->model, status, error);
}
