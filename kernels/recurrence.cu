/* What the kernels of recurrent cells share.
 * Copies between rows in line and rows at any distance, of STORED and of f32: a thread has a pack.
 * Moves: every element once each way.
 * Bound by: memory. */
#include "recurrence.cuh"

#include "sums.cuh"

namespace
{

template <int W> __device__ void load_some(float (&out)[W], const float *from)
{
    load_floats<W>(out, from);
}
template <int W, class T> __device__ void load_some(float (&out)[W], const T *from)
{
    load_pack<W>(out, from);
}
template <int W> __device__ void store_some(float *to, const float (&in)[W])
{
    store_floats<W>(to, in);
}
template <int W, class T> __device__ void store_some(T *to, const float (&in)[W])
{
    store_pack<W>(to, in);
}

/* A thread owns W neighbours of a row. */
template <class To, class From, int W>
__global__ void copy_rows(steps_of<To> to, steps_of<const From> from, int64_t T, int64_t B,
                          int64_t X)
{
    wl::await_earlier();
    const int64_t packs = X / W, count = T * B * packs, stride = int64_t(gridDim.x) * blockDim.x;
    for (int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += stride) {
        const int64_t row = i / packs, at = i % packs * W;
        float v[W];
        load_some<W>(v, from.at(row / B, row % B, at));
        store_some<W>(to.at(row / B, row % B, at), v);
    }
}

/* to [B,G] = the sum of z [T,B,G] over its steps. A thread owns W neighbours of a sequence's. */
template <class T, int W> __global__ void sum_steps(T *to, const T *z, int64_t steps, int64_t each)
{
    wl::await_earlier();
    const int64_t packs = each / W, stride = int64_t(gridDim.x) * blockDim.x;
    for (int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < packs; i += stride) {
        float sum[W] = {};
        for (int64_t t = 0; t < steps; t++) {
            float v[W];
            load_pack<W>(v, z + t * each + i * W);
            for (int k = 0; k < W; k++) sum[k] += v[k];
        }
        store_pack<W>(to + i * W, sum);
    }
}

/* [B,X] in line as a sequence of one step. */
wl_tensor one_step(void *data, int32_t dtype, int64_t T, int64_t B, int64_t X)
{
    return { data, dtype, 3, { T, B, X }, {} };
}

/* Between tensors [T,B,X], of which one may be f32 where the other is STORED. */
wl_status copy_steps(wl_ctx *ctx, const wl_tensor &to, const wl_tensor &from)
{
    const int32_t dtype = to.dtype == WL_F32 ? from.dtype : to.dtype;
    const int64_t T = to.shape[0], B = to.shape[1], X = to.shape[2];
    return with_packs(dtype, steps_in_packs(&to) && steps_in_packs(&from), X, [&](auto how) {
        using A = decltype(how);
        using S = typename A::type;
        constexpr int W = A::width;
        const unsigned blocks = blocks_for(T * B * (X / W), THREADS);
        if (to.dtype == from.dtype)
            return launch(ctx, copy_rows<S, S, W>, blocks, THREADS, steps<S>(&to),
                          steps<const S>(&from), T, B, X);
        if (to.dtype == WL_F32)
            return launch(ctx, copy_rows<float, S, W>, blocks, THREADS, steps<float>(&to),
                          steps<const S>(&from), T, B, X);
        return launch(ctx, copy_rows<S, float, W>, blocks, THREADS, steps<S>(&to),
                      steps<const float>(&from), T, B, X);
    });
}

/* A [T,B,X] as a matrix of rows in line: itself, or copied to `space`. */
wl_status rows_in_line(wl_ctx *ctx, matrix *out, const wl_tensor *t, void *space)
{
    *out = { space ? space : t->data, space ? t->shape[2] : wl_pitch(t), false };
    if (!space) return WL_OK;
    return copy_steps(ctx, one_step(space, t->dtype, t->shape[0], t->shape[1], t->shape[2]), *t);
}

/* So many elements further on. */
const void *past(const void *data, int32_t dtype, int64_t elements)
{
    return (const char *)data + size_t(elements) * wl_dtype_size(dtype);
}

/* W's columns of s come first; those of x: */
const void *columns_of_x(const wl_recurrence *a) { return past(a->w->data, a->w->dtype, a->S); }

/* The sums before the gates, of every step = s W^T. */
wl_status sums_of_sequences(wl_ctx *ctx, const wl_recurrence *a, const wl_recurrence_space *space)
{
    const int64_t gates = a->G * a->H, pitch = wl_sums_pitch(a, space);
    float *zs = (float *)space->zs;
    const wl_status status = gemm(ctx, a->B, gates, a->S, a->x->dtype, { a->s->data, a->S, false },
                                  { a->w->data, a->D + a->S, true }, 0, zs, gates, space->gemm);
    if (status) return status;
    const wl_tensor to = {
        wl_sums(a, space), WL_F32, 3, { a->T, a->B, gates }, { a->B * pitch, pitch, 1 }
    };
    const wl_tensor from = { zs, WL_F32, 3, { a->T, a->B, gates }, { 0, gates, 1 } };
    return copy_steps(ctx, to, from);
}

/* zs = the sum of dz over the steps; ds = zs W; dw += zs^T s, in W's columns of s */
wl_status sequence_gradients(wl_ctx *ctx, const wl_recurrence *a, const wl_recurrence_space *space,
                             float *dw)
{
    const int32_t dtype = a->x->dtype;
    const int64_t B = a->B, S = a->S, gates = a->G * a->H, pitch = a->D + S;
    wl_status status = with_packs(dtype, true, B * gates, [&](auto how) {
        using A = decltype(how);
        using T = typename A::type;
        return launch(ctx, sum_steps<T, A::width>, blocks_for(B * gates / A::width, THREADS),
                      THREADS, (T *)space->zs, (const T *)space->z, a->T, B * gates);
    });
    const matrix zs = { space->zs, gates, false }, s = { a->s->data, S, false };
    if (!status)
        status =
            gemm(ctx, gates, S, B, dtype, { space->zs, gates, true }, s, 1, dw, pitch, space->gemm);
    if (status || !a->ds) return status;
    float *ds = (float *)(space->ds ? space->ds : a->ds->data);
    status = gemm(ctx, B, S, gates, dtype, zs, { a->w->data, pitch, false }, 0, ds, S, space->gemm);
    if (status || !space->ds) return status;
    return copy_steps(ctx, one_step(a->ds->data, a->ds->dtype, 1, B, S),
                      one_step(ds, WL_F32, 1, B, S));
}

wl_status input_gradient(wl_ctx *ctx, const wl_recurrence *a, const wl_recurrence_space *space)
{
    const int64_t rows = a->T * a->B, gates = a->G * a->H, D = a->D;
    if (!a->dx) return WL_OK;
    float *dx = (float *)(space->dx ? space->dx : a->dx->data);
    const wl_status status = gemm(ctx, rows, D, gates, a->x->dtype, { space->z, gates, false },
                                  { columns_of_x(a), D + a->S, false }, 0, dx,
                                  space->dx ? D : wl_pitch(a->dx), space->gemm);
    if (status || !space->dx) return status;
    return copy_steps(ctx, *a->dx, one_step(dx, WL_F32, a->T, a->B, D));
}

/* dr += zr[t]^T h[t-1] over all steps, for the gates that h[t-1] enters as it is: those after a
 * step in one product, then those after h0. */
wl_status recurrent_gradient(wl_ctx *ctx, const wl_recurrence *a, const wl_recurrence_space *space,
                             float *dr)
{
    const int32_t dtype = a->x->dtype;
    const int64_t gates = a->G * a->H, later = a->reverse ? 0 : 1;
    const int64_t direct = wl_direct_gates(a).count * a->H;
    matrix h = {};
    wl_status status = WL_OK;
    if (a->T > 1) {
        status = rows_in_line(ctx, &h, a->h, space->h);
        h.data = past(h.data, dtype, (1 - later) * a->B * h.pitch);
        const void *dz = past(space->zr, dtype, later * a->B * gates);
        if (!status)
            status = gemm(ctx, direct, a->H, (a->T - 1) * a->B, dtype, { dz, gates, true }, h, 1,
                          dr, a->H, space->gemm);
    }
    if (status || !a->h0 || a->T == 0) return status;
    return gemm(ctx, direct, a->H, a->B, dtype, { space->first, gates, true },
                { a->h0->data, a->H, false }, 1, dr, a->H, space->gemm);
}

} // namespace

wl_status copy_or_clear(wl_ctx *ctx, void *to, const void *from, size_t bytes)
{
    const cudaStream_t stream = cudaStream_t(ctx->stream);
    if (bytes == 0) return WL_OK;
    return status_of(ctx, from ? cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, stream)
                               : cudaMemsetAsync(to, 0, bytes, stream));
}

wl_status begin_forward(wl_ctx *ctx, const wl_recurrence *a, const wl_recurrence_space *space)
{
    const int64_t gates = a->G * a->H;
    matrix x;
    wl_status status = rows_in_line(ctx, &x, a->x, space->x);
    if (!status && a->s) status = sums_of_sequences(ctx, a, space);
    if (!status)
        status = gemm(ctx, a->T * a->B, gates, a->D, a->x->dtype, x,
                      { columns_of_x(a), a->D + a->S, true }, a->s ? 1 : 0,
                      (float *)wl_sums(a, space), wl_sums_pitch(a, space), space->gemm);
    if (status) return status;
    return copy_or_clear(ctx, space->state, a->h0 ? a->h0->data : nullptr,
                         size_t(a->B * a->H) * wl_dtype_size(a->x->dtype));
}

wl_status recurrent_product(wl_ctx *ctx, const wl_recurrence *a, const wl_recurrence_space *space,
                            wl_gates some, matrix before, float beta, float *to, int64_t pitch)
{
    const void *r = past(a->r->data, a->r->dtype, some.first * a->H * a->H);
    return gemm(ctx, a->B, some.count * a->H, a->H, a->x->dtype, before, { r, a->H, true }, beta,
                to, pitch, space->gemm);
}

wl_status begin_backward(wl_ctx *ctx, const wl_recurrence *a, const wl_recurrence_space *space,
                         const wl_tensor *dhT, const wl_tensor *dcT)
{
    const int64_t states = a->B * a->H;
    wl_status status = wl_present(dhT)
                           ? copy_steps(ctx, one_step(space->carry, WL_F32, 1, a->B, a->H),
                                        one_step(dhT->data, dhT->dtype, 1, a->B, a->H))
                           : copy_or_clear(ctx, space->carry, nullptr, size_t(states) * 4);
    if (!status && dcT)
        status = copy_or_clear(ctx, space->dc, wl_present(dcT) ? dcT->data : nullptr,
                               size_t(states) * 4);
    if (status) return status;
    return copy_or_clear(ctx, space->first, nullptr,
                         size_t(a->G * states) * wl_dtype_size(a->x->dtype));
}

wl_status product_back(wl_ctx *ctx, const wl_recurrence *a, const wl_recurrence_space *space,
                       wl_gates some, int64_t t, float beta, float *to)
{
    const int32_t dtype = a->x->dtype;
    const int64_t gates = a->G * a->H, first = some.first * a->H;
    const matrix dz = { past(space->zr, dtype, t * a->B * gates + first), gates, false };
    const matrix r = { past(a->r->data, dtype, first * a->H), a->H, false };
    return gemm(ctx, a->B, a->H, some.count * a->H, dtype, dz, r, beta, to, a->H, space->gemm);
}

wl_status end_backward(wl_ctx *ctx, const wl_recurrence *a, const wl_recurrence_space *space,
                       const wl_tensor *dh0, float *dw, float *dr, const wl_tensor *db)
{
    const int64_t rows = a->T * a->B, gates = a->G * a->H;
    matrix x;
    wl_status status = wl_present(dh0)
                           ? copy_steps(ctx, one_step(dh0->data, dh0->dtype, 1, a->B, a->H),
                                        one_step(space->carry, WL_F32, 1, a->B, a->H))
                           : WL_OK;
    if (!status) status = input_gradient(ctx, a, space);
    if (!status) status = rows_in_line(ctx, &x, a->x, space->x);
    if (!status)
        status = gemm(ctx, gates, a->D, rows, a->x->dtype, { space->z, gates, true }, x, 1,
                      dw + a->S, a->D + a->S, space->gemm);
    if (!status && a->s) status = sequence_gradients(ctx, a, space, dw);
    if (!status) status = recurrent_gradient(ctx, a, space, dr);
    if (status || !wl_present(db)) return status;
    return add_columns(ctx, (float *)db->data, space->z, a->x->dtype, gates, rows, gates,
                       (float *)space->columns);
}
