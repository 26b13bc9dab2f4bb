/* The linear pair of <wordloom/softmax_xent.h>, some hundred rows at a time: logits by one product,
 * then what the logits' pair does with rows, or both in tiles (softmax_xent_tiles.cu); and the
 * products of the gradients. Where x and w have 16 bits and rows that are no whole packs, backward
 * first copies them to such rows, for all its products.
 * Moves: for each part w three times and dw twice; logits where they are stored, written once and
 * read twice; gradients at them, written once and read three times: what of it fits, through L2.
 * Bound by: the products. */
#include "gemm.cuh"
#include "softmax_xent.cuh"
#include "sums.cuh"

namespace
{

/* A call, and where its results are made. */
struct linear_call {
    const wl_xent *n;
    wl_xent_space at;
    matrix x, w;
    xent how;
    const float *bias;
    float *losses;
};

/* Some of its rows. */
struct some_rows {
    int64_t from, count;
    const void *x;
    logits_at dz;
    xent how;
};

/* Rows of D elements become rows of whole packs, behind which are zeros: a warp has a row of x or,
 * after those, of w. */
template <class T>
__global__ void pad_rows(T *to_x, T *to_w, rows_of<const T> x, rows_of<const T> w, int64_t N,
                         int64_t V, int64_t D)
{
    wl::await_earlier();
    constexpr int W = 16 / sizeof(T);
    const int64_t pitch = (D + W - 1) / W * W;
    for (int64_t i = warp_index(); i < N + V; i += warp_count()) {
        const T *from = i < N ? x.at(i, 0) : w.at(i - N, 0);
        T *to = i < N ? to_x + i * pitch : to_w + (i - N) * pitch;
        for (int64_t d = lane_index() * W; d < pitch; d += WARP * W) {
            float some[W];
            for (int k = 0; k < W; k++) some[k] = d + k < D ? to_float(from[d + k]) : 0.0f;
            store_pack<W>(to + d, some);
        }
    }
}

/* x and w as products take them fastest: rows of 16 bits that are no whole packs are copied. */
wl_status align_rows(wl_ctx *ctx, linear_call *c)
{
    const wl_xent *n = c->n;
    c->x = matrix_of(*n->x, false), c->w = matrix_of(*n->w, false);
    if (!c->at.w) return WL_OK;
    c->x = { c->at.x, (n->D + 7) / 8 * 8, false }, c->w = { c->at.w, c->x.pitch, false };
    return with_packs(n->x->dtype, false, 0, [&](auto how) {
        using T = typename decltype(how)::type;
        return launch(ctx, pad_rows<T>, blocks_for(n->N + n->V, WARPS), THREADS, (T *)c->at.x,
                      (T *)c->at.w, rows<const T>(*n->x), rows<const T>(*n->w), n->N, n->V, n->D);
    });
}

/* The bias as a product takes it: a copy where it is not aligned. */
wl_status align_bias(wl_ctx *ctx, linear_call *c)
{
    const wl_xent *n = c->n;
    c->bias = n->b ? (const float *)n->b->data : nullptr;
    if (!c->at.b || n->V == 0 || takes_bias(WL_F32, c->bias)) return WL_OK;
    c->bias = (const float *)c->at.b;
    return status_of(ctx, cudaMemcpyAsync(c->at.b, n->b->data, size_t(n->V) * sizeof(float),
                                          cudaMemcpyDeviceToDevice, cudaStream_t(ctx->stream)));
}

/* Losses of rows and, with dw, gradients at their logits. */
wl_status work_logits(wl_ctx *ctx, const linear_call &c, const some_rows &r)
{
    const wl_xent *n = c.n;
    const product sums = { c.at.z, c.at.pitch, WL_F32, 0, c.bias };
    const logits_at z = { c.at.z, c.at.pitch, WL_F32 };
    float *lse = (float *)c.at.lse, *losses = c.losses + r.from;
    wl_status status = gemm(ctx, r.count, n->V, n->D, n->x->dtype, { r.x, c.x.pitch, false },
                            { c.w.data, c.w.pitch, true }, sums, c.at.gemm);
    if (!status) status = forward_rows(ctx, losses, lse, c.at.parts, z, r.how, r.count);
    return status || !n->dw ? status : backward_rows(ctx, r.dz, z, lse, r.how, r.count);
}

/* The same without logits. */
wl_status work_tiles(wl_ctx *ctx, const linear_call &c, const some_rows &r)
{
    const linear_at l = { r.x, c.w.data, c.x.pitch, c.w.pitch, c.n->D, c.n->x->dtype, c.bias };
    float *lse = (float *)c.at.lse, *losses = c.losses + r.from;
    const wl_status status = forward_tiles(ctx, losses, lse, c.at.parts, l, r.how, r.count);
    return status || !c.n->dw ? status : backward_tiles(ctx, r.dz, l, lse, r.how, r.count);
}

/* The gradients at x, w and the bias, from those at the logits. */
wl_status products(wl_ctx *ctx, const linear_call &c, const some_rows &r)
{
    const wl_xent *n = c.n;
    const int32_t dtype = n->x->dtype;
    const matrix dz = { r.dz.data, r.dz.pitch, false }, dzt = { r.dz.data, r.dz.pitch, true };
    wl_status status = WL_OK;
    if (n->dx) {
        const int64_t pitch = pitch_of(*n->dx);
        char *data = (char *)n->dx->data + size_t(r.from * pitch) * wl_dtype_size(dtype);
        status = gemm(ctx, r.count, n->D, n->V, dtype, dz, c.w, { data, pitch, dtype, 0, nullptr },
                      c.at.gemm);
    }
    if (!status)
        status = gemm(ctx, n->V, n->D, r.count, dtype, dzt, { r.x, c.x.pitch, false }, 1,
                      (float *)n->dw->data, n->D, c.at.gemm);
    if (status || !n->db) return status;
    return add_columns(ctx, (float *)n->db->data, r.dz.data, dtype, r.dz.pitch, r.count, n->V,
                       (float *)c.at.columns);
}

wl_status work_rows(wl_ctx *ctx, const linear_call &c, int64_t from, int64_t count)
{
    const int32_t dtype = c.n->x->dtype;
    const size_t before = size_t(from * c.x.pitch) * wl_dtype_size(dtype);
    const some_rows r = { from,
                          count,
                          (const char *)c.x.data + before,
                          { c.at.dz ? c.at.dz : c.at.z, c.at.pitch, dtype },
                          c.how.from(from) };
    const wl_status status =
        wl_xent_in_tiles(c.n, false) ? work_tiles(ctx, c, r) : work_logits(ctx, c, r);
    return status || !c.n->dw ? status : products(ctx, c, r);
}

wl_status work(wl_ctx *ctx, const wl_xent *n, uint32_t where)
{
    const ids_of labels = ids(ctx, *n->labels, n->V, where, true);
    const bool mean = n->reduction == WL_LOSS_MEAN;
    linear_call c = {};
    c.n = n;
    wl_xent_carve(&c.at, ctx->workspace, ctx->backend, n);
    int64_t *count = (int64_t *)c.at.count;
    const float *dloss = n->dloss ? (const float *)n->dloss->data : nullptr;
    c.how = { labels.reported(), n->V, float(n->smoothing), mean, dloss, count };
    c.losses = (float *)(n->losses ? n->losses->data : c.at.losses);
    wl_status status = align_rows(ctx, &c);
    if (!status) status = align_bias(ctx, &c);
    if (!status && n->dw && mean) /* which gradients are divided by */
        status = total_rows(ctx, { nullptr, count, nullptr, true }, nullptr, c.how.labels, n->N,
                            c.at.groups);
    for (int64_t from = 0; from < n->N && !status; from += c.at.rows) {
        const int64_t left = n->N - from;
        status = work_rows(ctx, c, from, left < c.at.rows ? left : c.at.rows);
    }
    const total_at out = { (float *)n->loss->data, count,
                           n->count ? (int64_t *)n->count->data : nullptr, mean };
    return status ? status : total_rows(ctx, out, c.losses, labels, n->N, c.at.groups);
}

} // namespace

wl_status wl_cuda_softmax_xent_linear_forward(wl_ctx *ctx, const wl_dims *d,
                                              const wl_softmax_xent_linear_forward_args *a)
{
    const wl_xent n = wl_xent_of_forward(d, a);
    return work(ctx, &n, WL_ID_ROW(softmax_xent_linear_forward, labels));
}

wl_status wl_cuda_softmax_xent_linear_backward(wl_ctx *ctx, const wl_dims *d,
                                               const wl_softmax_xent_linear_backward_args *a)
{
    const wl_xent n = wl_xent_of_backward(d, a);
    return work(ctx, &n, WL_ID_ROW(softmax_xent_linear_backward, labels));
}
