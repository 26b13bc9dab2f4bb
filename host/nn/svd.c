/* The method of <wordloom/nn/svd.h>. Q, whose blocks of columns span A Omega, A A^T of that, and so
 * on, is orthonormal; T = A^T Q comes of making it. The eigenvectors of T^T T tell which
 * combinations of Q the singular vectors are. Tall matrices stay on the device; what is small is
 * solved on the host in double. */
#include <wordloom/nn/svd.h>

#include "floats.h"
#include "queue.h"
#include "svd_small.h"

#include <wordloom/nn/memory.h>

#include <math.h>
#include <stdlib.h>

/* A matrix in rows on the device. */
typedef struct on_device {
    const wl_sparse *of;
    wl_tensor offsets, columns, values;
} on_device;

typedef struct job {
    wl_ctx *ctx;
    const wl_svd_config *config;
    wl_sparse transposed;
    int64_t b, d; /* columns of a block, and of all */
    wl_arena arena;
    on_device a, at;
    wl_tensor q, t;      /* [rows,d], [columns,d] */
    wl_tensor moved;     /* [rows,max(b,k)]: a block, or the vectors */
    wl_tensor start;     /* [columns,b] */
    wl_tensor factor;    /* [b,d] or [k,d]: what Q is multiplied by, transposed */
    wl_tensor product;   /* [b,d] or [d,d]: of tall matrices */
    wl_tensor workspace; /* U8 */
    wl_svd_report *report;
    void *user;
    int64_t done;
    const volatile sig_atomic_t *stop;
    wl_error *error;
} job;

static wl_status told(const job *j, wl_status status)
{
    return status ? wl_error_set(j->error, status, "%s", wl_ctx_error(j->ctx)) : WL_OK;
}

wl_svd_config wl_svd_defaults(int64_t k)
{
    return (wl_svd_config){ .k = k, .block = k / 2 + 14, .iterations = 12, .seed = 1 };
}

/* ------------------------------------------------------------------ products */

/* Columns from..from+n-1 of a tall matrix. */
static wl_tensor columns_of(const wl_tensor *t, int64_t from, int64_t n)
{
    wl_tensor part = *t;
    if (part.data) part.data = (float *)t->data + from;
    part.shape[1] = n;
    part.stride[0] = t->shape[1];
    part.stride[1] = 1;
    return part;
}

static wl_tensor rows_of(const wl_tensor *t, int64_t rows, int64_t columns)
{
    return (wl_tensor){ t->data, t->dtype, 2, { rows, columns }, { 0 } };
}

static wl_status multiply(const job *j, const on_device *a, wl_tensor x, wl_tensor y)
{
    const wl_spmm_args args = { sizeof args, a->offsets, a->columns, a->values, x, y };
    return wl_spmm(j->ctx, &args);
}

/* product [H,D] += y^T x of two tall matrices; the factor only lends its shape */
static wl_status queue_inner(const job *j, wl_tensor y, wl_tensor x, size_t *bytes)
{
    const int64_t H = y.shape[1], D = x.shape[1];
    const wl_linear_backward_args args = { .size = sizeof args,
                                           .x = x,
                                           .w = rows_of(&j->factor, H, D),
                                           .dy = y,
                                           .dw = rows_of(&j->product, H, D) };
    return wl_queue_linear_backward(j->ctx, &args, bytes);
}

/* moved [rows,H] = Q[:, :D] factor^T */
static wl_status queue_combine(const job *j, int64_t D, int64_t H, size_t *bytes)
{
    const wl_linear_forward_args args = { .size = sizeof args,
                                          .x = columns_of(&j->q, 0, D),
                                          .w = rows_of(&j->factor, H, D),
                                          .y = rows_of(&j->moved, j->q.shape[0], H) };
    return wl_queue_linear_forward(j->ctx, &args, bytes);
}

/* out [H,D] = y^T x, on the host */
static wl_status inner(const job *j, wl_tensor y, wl_tensor x, float *out)
{
    const wl_tensor product = rows_of(&j->product, y.shape[1], x.shape[1]);
    for (int64_t i = 0; i < wl_floats_count(&product); i++) out[i] = 0;
    wl_status status = wl_floats_send(j->ctx, &product, out, j->error);
    if (!status) status = told(j, queue_inner(j, y, x, NULL));
    return status ? status : wl_floats_fetch(j->ctx, &product, out, j->error);
}

/* Q[:, D-b : D] = Q[:, :D] factor^T, the factor [b,D] being the host's */
static wl_status replace_last_block(const job *j, int64_t D, const float *factor)
{
    const wl_tensor to = rows_of(&j->factor, j->b, D);
    const wl_rearrange_concat_backward_args move = { .size = sizeof move,
                                                     .dy = rows_of(&j->moved, j->q.shape[0], j->b),
                                                     .da = columns_of(&j->q, D - j->b, j->b) };
    wl_status status = wl_floats_send(j->ctx, &to, factor, j->error);
    if (!status) status = told(j, queue_combine(j, D, j->b, NULL));
    return status ? status : told(j, wl_rearrange_concat_backward(j->ctx, &move));
}

/* ------------------------------------------------------------------ memory */

static void carve_matrix(on_device *a, const wl_sparse *m, wl_arena *arena)
{
    a->of = m;
    a->offsets = wl_arena_take(arena, WL_I64, 1, (int64_t[4]){ m->rows + 1 });
    a->columns = wl_arena_take(arena, WL_I32, 1, (int64_t[4]){ m->count });
    a->values = wl_arena_take(arena, WL_F32, 1, (int64_t[4]){ m->count });
}

static wl_status carve(void *owner, wl_arena *arena)
{
    job *j = owner;
    const int64_t rows = j->a.of->rows, columns = j->a.of->columns, k = j->config->k;
    const int64_t wide = j->b > k ? j->b : k;
    size_t bytes = 0;
    carve_matrix(&j->a, j->a.of, arena);
    carve_matrix(&j->at, &j->transposed, arena);
    j->q = wl_arena_take(arena, WL_F32, 2, (int64_t[4]){ rows, j->d });
    j->t = wl_arena_take(arena, WL_F32, 2, (int64_t[4]){ columns, j->d });
    j->moved = wl_arena_take(arena, WL_F32, 2, (int64_t[4]){ rows, wide });
    j->start = wl_arena_take(arena, WL_F32, 2, (int64_t[4]){ columns, j->b });
    j->factor = wl_arena_take(arena, WL_F32, 2, (int64_t[4]){ j->d, j->d });
    j->product = wl_arena_take(arena, WL_F32, 2, (int64_t[4]){ j->d, j->d });
    wl_status status = queue_inner(j, columns_of(&j->q, j->d - j->b, j->b), j->q, &bytes);
    if (!status) status = queue_inner(j, j->t, j->t, &bytes);
    if (!status) status = queue_combine(j, j->d, wide, &bytes);
    j->workspace = wl_arena_take(arena, WL_U8, 1, (int64_t[4]){ (int64_t)bytes });
    return told(j, status);
}

static wl_status send_matrix(const job *j, const on_device *a)
{
    const wl_sparse *m = a->of;
    const size_t count = (size_t)m->count;
    wl_status status = wl_ctx_copy(j->ctx, a->offsets.data, m->offsets,
                                   (size_t)(m->rows + 1) * sizeof *m->offsets);
    if (!status && count)
        status = wl_ctx_copy(j->ctx, a->columns.data, m->column, count * sizeof *m->column);
    if (!status && count)
        status = wl_ctx_copy(j->ctx, a->values.data, m->value, count * sizeof *m->value);
    return told(j, status);
}

static wl_status begin(job *j)
{
    wl_status status = wl_sparse_transpose(&j->transposed, j->a.of, j->error);
    if (!status) status = wl_arena_create(&j->arena, j->ctx, carve, j, j->error);
    if (status) return status;
    wl_ctx_set_workspace(j->ctx, j->workspace.data, (size_t)j->workspace.shape[0]);
    status = send_matrix(j, &j->a);
    if (!status) status = send_matrix(j, &j->at);
    return status ? status : wl_floats_draw(j->ctx, &j->start, 0, 1, j->config->seed, j->error);
}

/* ------------------------------------------------------------------ the space */

/* Block number i of Q, which has just been multiplied, becomes orthonormal, and orthogonal to
 * those before it: what it has of these is taken off first, so that the rest is known well enough
 * to be made so, and what that leaves inexact is made good. */
static wl_status orthonormalise(const job *j, int64_t i)
{
    const int64_t D = (i + 1) * j->b;
    wl_svd_block block;
    wl_status status = wl_svd_block_create(&block, j->b, D, j->error);
    for (int step = 0; step < WL_SVD_STEPS && !status; step++) {
        const wl_tensor last = columns_of(&j->q, D - j->b, j->b);
        status = inner(j, last, columns_of(&j->q, 0, D), block.product);
        if (!status) status = wl_svd_block_factor(&block, step, j->error);
        if (!status) status = replace_last_block(j, D, block.factor);
    }
    wl_svd_block_destroy(&block);
    return status;
}

static wl_status count_product(job *j)
{
    if (j->report) j->report(j->user, ++j->done, 2 * (j->config->iterations + 1));
    if (j->stop && *j->stop) return wl_error_set(j->error, WL_INTERRUPTED, "svd: interrupted");
    return WL_OK;
}

static wl_status span(job *j)
{
    wl_status status = WL_OK;
    for (int64_t i = 0; i <= j->config->iterations && !status; i++) {
        const wl_tensor block = columns_of(&j->q, i * j->b, j->b);
        const wl_tensor from = i ? columns_of(&j->t, (i - 1) * j->b, j->b) : j->start;
        status = told(j, multiply(j, &j->a, from, block));
        if (!status) status = count_product(j);
        if (!status) status = orthonormalise(j, i);
        if (!status)
            status = told(j, multiply(j, &j->at, block, columns_of(&j->t, i * j->b, j->b)));
        if (!status) status = count_product(j);
    }
    return status;
}

/* ------------------------------------------------------------------ the vectors */

static void set_signs(float *u, int64_t rows, int64_t k)
{
    for (int64_t c = 0; c < k; c++) {
        float greatest = 0;
        for (int64_t i = 0; i < rows; i++)
            if (fabsf(u[i * k + c]) > fabsf(greatest)) greatest = u[i * k + c];
        for (int64_t i = 0; i < rows && greatest < 0; i++) u[i * k + c] = -u[i * k + c];
    }
}

static wl_status solve(const job *j, float *u, float *s)
{
    const int64_t d = j->d, k = j->config->k, rows = j->q.shape[0];
    float *gram = malloc((size_t)(d * d) * sizeof *gram), *factor = malloc((size_t)(k * d) * 4);
    wl_status status = gram && factor ? inner(j, j->t, j->t, gram)
                                      : wl_error_set(j->error, WL_NO_MEMORY, "no memory for svd");
    if (!status) status = wl_svd_leading(gram, d, k, s, factor, j->error);
    const wl_tensor to = rows_of(&j->factor, k, d), vectors = rows_of(&j->moved, rows, k);
    if (!status) status = wl_floats_send(j->ctx, &to, factor, j->error);
    if (!status) status = told(j, queue_combine(j, d, k, NULL));
    if (!status) status = wl_floats_fetch(j->ctx, &vectors, u, j->error);
    if (!status) set_signs(u, rows, k);
    free(gram);
    free(factor);
    return status;
}

/* ------------------------------------------------------------------ the call */

static wl_status check(const wl_sparse *m, const wl_svd_config *c, wl_error *error)
{
    const int64_t least = m->rows < m->columns ? m->rows : m->columns;
    if (c->k < 1 || c->k > least)
        return wl_error_set(error, WL_OUT_OF_RANGE, "svd: k is %lld, expected 1 to %lld",
                            (long long)c->k, (long long)least);
    if (c->block < 0 || c->block > 1024)
        return wl_error_set(error, WL_OUT_OF_RANGE, "svd: block is %lld, expected 0 to 1024",
                            (long long)c->block);
    if (c->iterations < 1 || c->iterations > 64)
        return wl_error_set(error, WL_OUT_OF_RANGE, "svd: iterations is %lld, expected 1 to 64",
                            (long long)c->iterations);
    return WL_OK;
}

wl_status wl_svd(wl_ctx *ctx, const wl_sparse *matrix, const wl_svd_config *config, float *u,
                 float *s, wl_svd_report *report, void *user, const volatile sig_atomic_t *stop,
                 wl_error *error)
{
    job j = { .ctx = ctx,
              .config = config,
              .b = config->block ? config->block : wl_svd_defaults(config->k).block,
              .a = { .of = matrix },
              .report = report,
              .user = user,
              .stop = stop,
              .error = error };
    wl_status status = check(matrix, config, error);
    j.d = j.b * (config->iterations + 1);
    if (!status && config->k > j.d)
        status = wl_error_set(error, WL_OUT_OF_RANGE,
                              "svd: block (iterations + 1) is %lld, expected k = %lld or more",
                              (long long)j.d, (long long)config->k);
    if (!status) status = begin(&j);
    if (!status) status = span(&j);
    if (!status) status = solve(&j, u, s);
    wl_sparse_destroy(&j.transposed);
    wl_arena_destroy(&j.arena);
    return status;
}
