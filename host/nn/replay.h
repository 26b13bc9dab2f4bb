/* Calls that are queued again and again: on CUDA recorded as a graph, of which a replay costs one
 * launch. */
#ifndef WL_REPLAY_H
#define WL_REPLAY_H

#include <wordloom/context.h>

WL_BEGIN

typedef wl_status wl_queue_calls(const void *owner);

/* Queues the calls; on CUDA by the graph, which is recorded if there is none yet. The first two
 * times, counted in *runs, they are calls there too: these load the kernels. */
wl_status wl_replay(wl_ctx *ctx, wl_graph **graph, int64_t *runs, wl_queue_calls *queue,
                    const void *owner);

WL_END
#endif
