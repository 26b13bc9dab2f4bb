/* A text on the device as the streams that truncated back-propagation reads: so that a training
 * step needs nothing from the host.
 *
 * The text of N ids is cut into B streams of jump = (N - 1) / B steps: stream b begins at b jump.
 * With p = position[0],
 *
 *   inputs[t,b] = ids[i]      labels[t,b] = ids[i + 1]      i = (b jump + p + t) mod (N - 1)
 *
 * and then position[0] += T. So each stream goes on where it was, and from the text's end to its
 * beginning (Saito, "Deep Learning from Scratch 2", section 5.5.2). */
#ifndef WORDLOOM_STREAM_H
#define WORDLOOM_STREAM_H

#include <wordloom/context.h>

WL_BEGIN

typedef struct wl_stream_batch_args {
    size_t size;
    wl_tensor ids;      /* in    I32 [N] two or more                        */
    wl_tensor position; /* state I64 [1] 0 or more: steps that were read    */
    wl_tensor inputs;   /* out   I32 [T,B]                                  */
    wl_tensor labels;   /* out   I32 [T,B]                                  */
} wl_stream_batch_args;

/* WL_OUT_OF_RANGE: N is under 2. */
WL_API wl_status wl_stream_batch(wl_ctx *ctx, const wl_stream_batch_args *args);
WL_API wl_status wl_stream_batch_workspace(wl_ctx *ctx, const wl_stream_batch_args *args,
                                           size_t *bytes);

WL_END
#endif
