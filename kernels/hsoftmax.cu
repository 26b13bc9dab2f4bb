/* Kernels of <wordloom/hsoftmax.h>.
 * forward: a warp a row of h: the nodes on the way to its target, their dot products, the loss and
 * its gradients, and dh on request.
 * backward: the same second half; dtable through slots ordered by row (grouping.cuh).
 * Moves: about log2 W rows of D a row of h, of which those near the root stay in L1.
 * Bound by: L2, and memory for the rest; latency for few rows. */
#include "../host/ops/tree_path.h"
#include "samples.cuh"
#include "sums.cuh"

namespace
{

/* The tree, and a call's targets. */
struct tree_of {
    ids_of targets;
    const int32_t *paths, *nodes;
    int64_t entries;
};

/* The nodes on the way to row n's target to its samples, by one warp; returns at how many the way
 * goes left. */
inline __device__ int64_t list_samples(int32_t *samples, const tree_of &tree, int64_t n, int64_t K,
                                       int64_t V)
{
    const int64_t word = tree.targets.at(n);
    wl_tree_path path = {};
    if (lane_index() == 0) tree.targets.check(n);
    if (word >= 0) path = wl_tree_path_of(tree.paths, tree.nodes, word, tree.entries, K, V);
    for (int64_t k = lane_index(); k < K; k += WARP)
        samples[n * K + k] = k < path.length ? path.node[k] : -1;
    __syncwarp();
    return path.left;
}

/* A warp owns a row of h. */
template <class T, int W>
__global__ void forward(float *losses, float *g, int32_t *nodes, rows_of<T> dh, rows_of<const T> h,
                        rows_of<const T> table, tree_of tree, ids_of samples, int64_t N, int64_t K,
                        int64_t D, float scale)
{
    wl::await_earlier();
    for (int64_t n = warp_index(); n < N; n += warp_count()) {
        const int64_t left = list_samples(nodes, tree, n, K, samples.V);
        const float loss = score_row<W>(g, h, table, samples, n, K, D, left, scale);
        if (lane_index() == 0) losses[n] = loss;
        __syncwarp();
        if (dh.data) write_hidden_gradient<W>(dh, table, samples, g, n, K, D, 1.0f);
    }
}

} // namespace

wl_status wl_cuda_hsoftmax_forward(wl_ctx *ctx, const wl_dims *d, const wl_hsoftmax_forward_args *a)
{
    const tree_of tree = { ids(ctx, a->targets, d->W, WL_ID_ROW(hsoftmax_forward, targets), true),
                           (const int32_t *)a->paths.data, (const int32_t *)a->nodes.data, d->E };
    const ids_of samples = { a->samples.data, d->V, nullptr, 0, false, true };
    const bool packed = in_packs(a->h) && in_packs(a->table) && in_packs(a->dh);
    float *losses = (float *)ctx->workspace;
    const wl_status status = with_packs(a->h.dtype, packed, d->D, [&](auto how) {
        using A = decltype(how);
        using T = typename A::type;
        return launch(ctx, forward<T, A::width>, blocks_for(d->N, WARPS), THREADS, losses,
                      (float *)a->g.data, (int32_t *)a->samples.data, rows<T>(a->dh),
                      rows<const T>(a->h), rows<const T>(a->table), tree, samples, d->N, d->K, d->D,
                      float(a->scale));
    });
    return status ? status : sum_floats(ctx, (float *)a->loss.data, losses, d->N, false);
}

wl_status wl_cuda_hsoftmax_backward(wl_ctx *ctx, const wl_dims *d,
                                    const wl_hsoftmax_backward_args *a)
{
    return samples_backward(
        ctx, d, a, ids(ctx, a->samples, d->V, WL_ID_ROW(hsoftmax_backward, samples), true));
}
