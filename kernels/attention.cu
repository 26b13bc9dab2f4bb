/* Kernels of <wordloom/attention.h> over dot products. */
#include "attention.cuh"

wl_status wl_cuda_attention_forward(wl_ctx *ctx, const wl_dims *d,
                                    const wl_attention_forward_args *a)
{
    return launch_forward<dot_score>(ctx, wl_attention_forward_of(d, a));
}

wl_status wl_cuda_attention_backward(wl_ctx *ctx, const wl_dims *d,
                                     const wl_attention_backward_args *a)
{
    return launch_backward<dot_score>(ctx, wl_attention_backward_of(d, a));
}
