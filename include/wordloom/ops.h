/* Every operator. The same for all of them:
 *
 *   wl_status wl_OP(wl_ctx *ctx, const wl_OP_args *args);
 *   wl_status wl_OP_workspace(wl_ctx *ctx, const wl_OP_args *args, size_t *bytes);
 *
 * The first checks its arguments against the operator's contract and queues the work on the
 * context's stream; it never allocates, waits, prints or keeps state, and may be captured in a
 * CUDA graph. What is wrong with a call comes back as a status of types.h's first group, and
 * wl_ctx_error() names operator, argument, what it has and what it should have. The second tells
 * the workspace that the first needs; it looks at shapes, types and scalars alone, so the data
 * pointers may still be null.
 *
 * Set `size` to sizeof of the args struct; fields are only ever appended, and what is absent is
 * zero. A tensor that is left zero is absent, which optional ones may be.
 *
 * Roles   in: read. out: overwritten. acc: added to. state: updated in place. No written tensor
 *         shares memory with another argument unless its row says so.
 * Types   STORED: f32, f16 or bf16, all of one call alike; arithmetic is f32. REAL: f32.
 *         ID: i32 or i64.
 * Letters T steps, B sequences, N rows or lookups, D features in, E and F those of a second tensor
 *         and of both, H hidden units, V vocabulary, S source steps, K candidates or context slots,
 *         A attention heads, L layers, Q queries. A size of zero is legal. "strided" rows take
 * other than dense strides. */
#ifndef WORDLOOM_OPS_H
#define WORDLOOM_OPS_H

#include <wordloom/activation.h>
#include <wordloom/attention.h>
#include <wordloom/context.h>
#include <wordloom/cooccurrence.h>
#include <wordloom/dropout.h>
#include <wordloom/embedding.h>
#include <wordloom/gru.h>
#include <wordloom/half.h>
#include <wordloom/hsoftmax.h>
#include <wordloom/layernorm.h>
#include <wordloom/lstm.h>
#include <wordloom/linear.h>
#include <wordloom/negative_sampling.h>
#include <wordloom/optimizer.h>
#include <wordloom/rearrange.h>
#include <wordloom/rnn.h>
#include <wordloom/sampling.h>
#include <wordloom/sigmoid_xent.h>
#include <wordloom/similarity.h>
#include <wordloom/softmax_xent.h>
#include <wordloom/spmm.h>
#include <wordloom/stream.h>
#include <wordloom/word2vec.h>

WL_BEGIN

/* How far a call's bits repeat. Every operator on the CPU is WL_RUN_TO_RUN, for any number of
 * threads, but for word2vec_hogwild with more than one worker; what differs is CUDA. */
typedef enum wl_determinism {
    WL_NOT_GUARANTEED = 1, /* atomic additions come in any order */
    WL_RUN_TO_RUN = 2,     /* the same on every run on one model of device */
    WL_GPU_TO_GPU = 3,     /* the same on every CUDA device */
} wl_determinism;

/* By the name without wl_, such as "embedding_scatter"; 0 for a name that is no operator. */
WL_API wl_determinism wl_op_determinism(const char *name);

WL_END
#endif
