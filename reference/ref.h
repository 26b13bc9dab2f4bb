/* What every reference file shares: element access, sums over rows, functions that vectorise.
 * The folder is compiled several times, each under a name of its own (WL_REF_VARIANT):
 *
 *   v2 v3 v4   in float for three levels of x86-64: the CPU backend
 *   oracle     in double (WL_REF_DOUBLE): what right means in tests
 *   plain0..2  in float, without OpenMP and OpenBLAS, each summing in another order
 *              (WL_REF_ORDER): what float costs, from which tests derive their tolerances */
#ifndef WL_REF_H
#define WL_REF_H

#include "../host/core/op.h"
#include "../host/core/philox.h"
#include "../host/core/storage.h"

#include <math.h>
#include <string.h>
#ifdef _OPENMP
#include <omp.h>
#endif

#ifdef WL_REF_DOUBLE
typedef double real;
enum { REAL_DTYPE = WL_F64 };
#else
typedef float real;
enum { REAL_DTYPE = WL_F32 };
#endif
#ifdef WL_REF_ORDER
typedef real wide; /* plain has no wider sums */
#else
typedef double wide;
#endif

#define WL_REF_JOIN(variant, name) wl_ref_##variant##_##name
#define WL_REF_NAME(variant, name) WL_REF_JOIN(variant, name)
#define WL_REF(name) WL_REF_NAME(WL_REF_VARIANT, name)

#define WL_OP(op) wl_status WL_REF(op)(wl_ctx *, const wl_dims *, const wl_##op##_args *);
#include "../host/core/ops.def"
#undef WL_OP

/* Rows are worked in blocks of this many features, which stay in registers and L1. */
enum { BLOCK = 256 };

static inline int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

/* The i-th of n summands: as they come, except in plain. */
static inline int64_t nth(int64_t i, int64_t n)
{
#if !defined(WL_REF_ORDER) || WL_REF_ORDER == 0
    (void)n;
    return i;
#elif WL_REF_ORDER == 1
    return n - 1 - i;
#else
    const int64_t half = (n + 1) / 2; /* the even ones, then the odd ones */
    return i < half ? 2 * i : 2 * (i - half) + 1;
#endif
}

static inline int team_size(void)
{
#ifdef _OPENMP
    return omp_get_num_threads();
#else
    return 1;
#endif
}

static inline int team_rank(void)
{
#ifdef _OPENMP
    return omp_get_thread_num();
#else
    return 0;
#endif
}

/* ------------------------------------------------------------------ elements of STORED */

static inline __attribute__((always_inline)) real load(const void *p, int32_t dtype, int64_t i)
{
    switch (dtype) {
    case WL_F16: return (real)wl_f32_of_f16(((const uint16_t *)p)[i]);
    case WL_BF16: return (real)wl_f32_of_bf16(((const uint16_t *)p)[i]);
    default: return ((const real *)p)[i];
    }
}

static inline __attribute__((always_inline)) void store(void *p, int32_t dtype, int64_t i, real x)
{
    switch (dtype) {
    case WL_F16: ((uint16_t *)p)[i] = wl_f16_of_f32((float)x); break;
    case WL_BF16: ((uint16_t *)p)[i] = wl_bf16_of_f32((float)x); break;
    default: ((real *)p)[i] = x; break;
    }
}

/* ------------------------------------------------------------------ rows of STORED */

/* A row of a tensor, from some feature on. */
typedef struct row {
    void *data;
    int32_t dtype;
} row;

static inline size_t bytes_of(int32_t dtype)
{
    return dtype == WL_F16 || dtype == WL_BF16 ? 2 : sizeof(real);
}

static inline row row_of(const wl_tensor *t, int64_t index, int64_t feature)
{
    const size_t at = (size_t)(index * wl_stride(t, 0) + feature);
    return (row){ (char *)t->data + at * bytes_of(t->dtype), t->dtype };
}

/* A row of a [T,B,X]. */
static inline row step_row(const wl_tensor *t, int64_t step, int64_t b)
{
    const int64_t at = step * wl_stride(t, 0) + b * wl_stride(t, 1);
    return (row){ (char *)t->data + (size_t)at * bytes_of(t->dtype), t->dtype };
}

/* Asks for a row of n features that will be read, or updated, a few rows from now. */
static inline void prefetch(row r, int64_t n)
{
    const char *p = r.data;
    for (size_t at = 0; at < (size_t)n * bytes_of(r.dtype); at += 64) __builtin_prefetch(p + at);
}

static inline __attribute__((always_inline)) real dot_as(const void *a, const void *b,
                                                         int32_t dtype, int64_t n)
{
    real sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < n; i++) sum += load(a, dtype, nth(i, n)) * load(b, dtype, nth(i, n));
    return sum;
}

/* a . b, both of one dtype */
static inline real dot(row a, row b, int64_t n)
{
    switch (a.dtype) {
    case WL_F16: return dot_as(a.data, b.data, WL_F16, n);
    case WL_BF16: return dot_as(a.data, b.data, WL_BF16, n);
    default: return dot_as(a.data, b.data, REAL_DTYPE, n);
    }
}

static inline __attribute__((always_inline)) void add_as(real *sum, real weight, const void *x,
                                                         int32_t dtype, int64_t n)
{
#pragma omp simd
    for (int64_t i = 0; i < n; i++) sum[i] += weight * load(x, dtype, i);
}

/* sum += weight x */
static inline void add(real *sum, real weight, row x, int64_t n)
{
    switch (x.dtype) {
    case WL_F16: add_as(sum, weight, x.data, WL_F16, n); break;
    case WL_BF16: add_as(sum, weight, x.data, WL_BF16, n); break;
    default: add_as(sum, weight, x.data, REAL_DTYPE, n); break;
    }
}

static inline void load_row(real *to, row from, int64_t n)
{
    switch (from.dtype) {
    case WL_F16:
        for (int64_t i = 0; i < n; i++) to[i] = load(from.data, WL_F16, i);
        break;
    case WL_BF16:
        for (int64_t i = 0; i < n; i++) to[i] = load(from.data, WL_BF16, i);
        break;
    default: memcpy(to, from.data, (size_t)n * sizeof(real)); break;
    }
}

static inline void store_row(row to, const real *from, int64_t n)
{
    switch (to.dtype) {
    case WL_F16:
        for (int64_t i = 0; i < n; i++) store(to.data, WL_F16, i, from[i]);
        break;
    case WL_BF16:
        for (int64_t i = 0; i < n; i++) store(to.data, WL_BF16, i, from[i]);
        break;
    default: memcpy(to.data, from, (size_t)n * sizeof(real)); break;
    }
}

/* The draws of a block of elements, of which each eight share one. */
typedef struct drawn_block {
    uint32_t word[4 * (BLOCK / 8 + 1)];
    uint16_t bits[8 * (BLOCK / 8 + 1)];
} drawn_block;

/* 16 bits for each of n elements, at most BLOCK, from number `element` on. The bits of a draw lie
 * in memory as they are dealt out, so that draws are made in vectors. */
static inline const uint16_t *draw_block(drawn_block *to, uint64_t seed, uint64_t element,
                                         int64_t n, uint32_t step, uint32_t purpose)
{
    const int64_t skip = (int64_t)(element % 8), draws = (skip + n + 7) / 8;
#pragma omp simd
    for (int64_t i = 0; i < draws; i++) {
        const wl_random r = wl_philox(seed, element / 8 + (uint64_t)i, step, purpose);
        to->word[4 * i] = r.word[0];
        to->word[4 * i + 1] = r.word[1];
        to->word[4 * i + 2] = r.word[2];
        to->word[4 * i + 3] = r.word[3];
    }
    memcpy(to->bits, to->word, (size_t)draws * 16); /* little-endian */
    return to->bits + skip;
}

/* Rounds n features, at most BLOCK, stochastically by a random 16 bits each. */
static inline __attribute__((always_inline)) void
round_block(uint16_t *to, bool f16, const real *from, const uint16_t *bits, int64_t n)
{
#pragma omp simd
    for (int64_t i = 0; i < n; i++)
        to[i] = f16 ? wl_f16_stochastic((float)from[i], bits[i])
                    : wl_bf16_stochastic((float)from[i], bits[i]);
}

/* The same with 16 bits rounded stochastically; `element` counts the first of them. */
static inline void store_row_stochastic(row to, const real *from, int64_t n, uint64_t element,
                                        uint64_t seed, uint32_t step)
{
    if (to.dtype == REAL_DTYPE) {
        store_row(to, from, n);
        return;
    }
    for (int64_t at = 0; at < n; at += BLOCK) {
        drawn_block drawn;
        const int64_t some = least(BLOCK, n - at);
        const uint16_t *bits =
            draw_block(&drawn, seed, element + (uint64_t)at, some, step, WL_PURPOSE_ROUNDING);
        uint16_t *out = (uint16_t *)to.data + at;
        if (to.dtype == WL_F16)
            round_block(out, true, from + at, bits, some);
        else
            round_block(out, false, from + at, bits, some);
    }
}

/* ------------------------------------------------------------------ ids */

static inline void report_bad_id(wl_ctx *ctx, uint32_t where, int64_t position)
{
    wl_bad_ids *bad = ctx->bad_ids;
    uint32_t holder = 0;
    uint64_t first = __atomic_load_n(&bad->first, __ATOMIC_RELAXED);
    const bool kept = __atomic_compare_exchange_n(&bad->where, &holder, where, false,
                                                  __ATOMIC_RELAXED, __ATOMIC_RELAXED);
    while ((kept || holder == where) && (uint64_t)position < first)
        if (__atomic_compare_exchange_n(&bad->first, &first, (uint64_t)position, false,
                                        __ATOMIC_RELAXED, __ATOMIC_RELAXED))
            break;
    __atomic_fetch_add(&bad->count, 1, __ATOMIC_RELAXED);
}

/* The id at a position, or -1 for an empty slot and for one out of bounds. */
static inline int64_t id_at(const wl_tensor *ids, int64_t position, int64_t V)
{
    const int64_t id = ids->dtype == WL_I32 ? ((const int32_t *)ids->data)[position]
                                            : ((const int64_t *)ids->data)[position];
    return id >= 0 && id < V ? id : -1;
}

/* The same, and reports what is out of bounds; -1 itself is in order where it means "absent". */
static inline int64_t checked_id(wl_ctx *ctx, uint32_t where, const wl_tensor *ids,
                                 int64_t position, int64_t V, bool absent)
{
    const int64_t id = ids->dtype == WL_I32 ? ((const int32_t *)ids->data)[position]
                                            : ((const int64_t *)ids->data)[position];
    if (id >= 0 && id < V) return id;
    if (id != -1 || !absent) report_bad_id(ctx, where, position);
    return -1;
}

/* What each present slot of row n counts: 1, or 1 over their number. */
static inline real slot_share(const wl_tensor *ids, int64_t n, int64_t K, int64_t V, int32_t mean)
{
    int64_t present = 0;
    if (!mean) return 1;
    for (int64_t k = 0; k < K; k++) present += id_at(ids, n * K + k, V) >= 0;
    return present ? 1 / (real)present : 0;
}

/* ------------------------------------------------------------------ functions */

#ifdef WL_REF_DOUBLE
static inline real exponential(real x) { return exp(x); }
static inline real hyperbolic_tangent(real x) { return tanh(x); }
static inline real log_one_plus(real e) { return log1p(e); }
#else
/* (e^r - 1 - r) / r^2 for r within ln(2) / 2 of 0, by its series */
static inline float exponential_tail(float r)
{
    float p = 1.0f / 5040;
    p = p * r + 1.0f / 720;
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    return p * r + 0.5f;
}

/* x / ln 2 to the nearest whole number n, as 3 2^22 + n: a float whose last place is 1, so that n
 * lies in its low bits. (No conversion to an integer: of NaN that would be undefined.) */
static inline float shifted_power(float x) { return x * 1.44269504f + 0x1.8p23f; }

static inline float power_of_two(float shifted)
{
    return wl_f32_of_bits((wl_bits_of_f32(shifted) + 127) << 23);
}

/* x - n ln 2, for |n| < 2^8 */
static inline float without_power(float x, float shifted)
{
    const float n = shifted - 0x1.8p23f;
    return (x - n * 0.693359375f) + n * 2.12194440e-4f;
}

/* exp of x in -87..88 (clamped there), within 2 ulp: 2^n by the exponent's bits, and a polynomial
 * of degree 7 on the rest. No branch, so that loops over it vectorise. */
static inline real exponential(real x)
{
    const float clamped = x < -87.0f ? -87.0f : x > 88.0f ? 88.0f : x;
    const float n = shifted_power(clamped), r = without_power(clamped, n);
    const float p = exponential_tail(r) * r + 1.0f;
    return (p * r + 1.0f) * power_of_two(n);
}

/* tanh x within 3 ulp, however small x is: -e / (2 + e), e = exp(-2|x|) - 1, for which the 1 is
 * taken from the power of two alone. No branch either. */
static inline real hyperbolic_tangent(real x)
{
    const float twice = 2 * fabsf(x), y = twice > 40.0f ? -40.0f : -twice;
    const float n = shifted_power(y), r = without_power(y, n), scale = power_of_two(n);
    const float e = scale * (exponential_tail(r) * r * r + r) + (scale - 1);
    return copysignf(e / (2 + e), x);
}

/* log(1 + e) for e in 0..1, within 3 ulp: twice the series of atanh at e / (2 + e), which is at
 * most 1/3. */
static inline real log_one_plus(real e)
{
    const float z = e / (2 + e), s = z * z;
    float p = 1.0f / 17;
    for (int k = 15; k > 0; k -= 2) p = p * s + 1.0f / (float)k;
    return 2 * z * p;
}
#endif

/* 1 / (1 + e^-x), in float within 3 ulp for x from -87 on */
static inline real logistic_function(real x) { return 1 / (1 + exponential(-x)); }

static inline real logarithm(real x)
{
#ifdef WL_REF_DOUBLE
    return log(x);
#else
    return logf(x);
#endif
}

/* The greatest, of which nothing is -inf. (OpenMP's own `max` begins from what the compiler takes
 * for the least: clang's is -FLT_MAX, which a row of -inf never had.) */
#pragma omp declare reduction(greatest:real                                                        \
                              : omp_out = omp_in > omp_out ? omp_in : omp_out)                     \
    initializer(omp_priv = -INFINITY)

/* x becomes exp(x - most); answers the sum. */
static inline real exponentials(real *x, real most, int64_t n)
{
    real sum = 0;
#pragma omp simd
    for (int64_t i = 0; i < n; i++) x[i] = exponential(x[i] - most);
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < n; i++) sum += x[nth(i, n)];
    return sum;
}

#endif
