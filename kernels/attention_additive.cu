/* Kernels of <wordloom/attention.h> over additive scores. */
#include "attention.cuh"

wl_status wl_cuda_attention_additive_forward(wl_ctx *ctx, const wl_dims *d,
                                             const wl_attention_additive_forward_args *a)
{
    return launch_forward<additive_score>(ctx, wl_attention_additive_forward_of(d, a));
}

wl_status wl_cuda_attention_additive_backward(wl_ctx *ctx, const wl_dims *d,
                                              const wl_attention_additive_backward_args *a)
{
    return launch_backward<additive_score>(ctx, wl_attention_additive_backward_of(d, a));
}
