/* The rules of <wordloom/optimizer.h> on one element. */
#ifndef WL_UPDATE_RULE_CUH
#define WL_UPDATE_RULE_CUH

#include "rounding.cuh"

/* A rule as it is handed to a kernel: device scalars still in memory. */
struct rule_inputs {
    const float *lr, *scale;
    const int64_t *step;
    int32_t kind;
    bool corrected, stochastic;
    double beta1, beta2, eps, weight_decay;
    uint64_t seed;
};

inline rule_inputs inputs_of(const wl_update_rule &r)
{
    return { (const float *)r.lr.data,
             (const float *)r.scale.data,
             (const int64_t *)r.step.data,
             r.kind,
             r.eps_form == WL_EPS_CORRECTED,
             r.rounding == WL_ROUND_STOCHASTIC,
             r.beta1,
             r.beta2,
             r.eps,
             r.weight_decay,
             r.seed };
}

__device__ inline bool rule_has_m(int32_t kind)
{
    return kind != WL_SGD && !(kind == WL_ADAGRAD || kind == WL_RMSPROP);
}
__device__ inline bool rule_has_v(int32_t kind) { return kind >= WL_ADAGRAD && kind <= WL_ADAM; }

/* A rule ready to apply. */
struct rule {
    int32_t kind;
    bool skip, stochastic;
    float lr, scale, keep, beta1, beta2, one_less_beta1, one_less_beta2, eps;
    float rate, root; /* Adam: p -= rate m / (sqrt(v) root + eps) */
    uint64_t seed;
    uint32_t step;

    __device__ bool has_m() const { return rule_has_m(kind); }
    __device__ bool has_v() const { return rule_has_v(kind); }
};

__device__ inline rule rule_of(const rule_inputs &in)
{
    const float lr = in.lr[0], scale = in.scale ? in.scale[0] : 1.0f;
    const int64_t step = in.step ? in.step[0] : 0;
    rule r = {};
    r.kind = in.kind;
    r.skip = scale == 0;
    r.stochastic = in.stochastic;
    r.lr = lr;
    r.scale = scale;
    r.keep = float(1 - double(lr) * in.weight_decay);
    r.beta1 = float(in.beta1);
    r.beta2 = float(in.beta2);
    r.one_less_beta1 = float(1 - in.beta1);
    r.one_less_beta2 = float(1 - in.beta2);
    r.eps = float(in.eps);
    r.seed = in.seed;
    r.step = uint32_t(step);
    if (in.kind != WL_ADAM) return r;
    double b1 = in.beta1, b2 = in.beta2, c1 = 1, c2 = 1;
    for (uint64_t t = uint64_t(step); t; t /= 2, b1 *= b1, b2 *= b2) /* all wait for it: no pow */
        if (t % 2) c1 *= b1, c2 *= b2;
    c1 = 1 - c1, c2 = 1 - c2;
    r.rate = float(in.corrected ? double(lr) / c1 : double(lr) * sqrt(c2) / c1);
    r.root = float(in.corrected ? 1 / sqrt(c2) : 1.0);
    return r;
}

/* Works the rule out once a block; every thread of the block calls it. */
__device__ inline rule shared_rule(const rule_inputs &in)
{
    WL_SHARED(rule, r, [1]);
    if (threadIdx.x == 0) r[0] = rule_of(in);
    __syncthreads();
    return r[0];
}

/* One element: p and, where the rule has them, m and v, by the gradient g. */
__device__ inline void apply_rule(const rule &r, float &p, float &m, float &v, float g)
{
    const float step = r.lr * (r.scale * g), old = m;
    g *= r.scale;
    switch (r.kind) {
    case WL_SGD: p = r.keep * p - step; break;
    case WL_MOMENTUM:
        m = r.beta1 * m - step;
        p = r.keep * p + m;
        break;
    case WL_NESTEROV:
    case WL_NESTEROV_NEW_VELOCITY:
        m = r.beta1 * m - step;
        p = r.keep * p + r.beta1 * r.beta1 * (r.kind == WL_NESTEROV ? old : m) -
            (1 + r.beta1) * step;
        break;
    case WL_ADAGRAD:
        v += g * g;
        p = r.keep * p - r.lr * g / (sqrtf(v) + r.eps);
        break;
    case WL_RMSPROP:
        v = r.beta2 * v + r.one_less_beta2 * g * g;
        p = r.keep * p - r.lr * g / (sqrtf(v) + r.eps);
        break;
    default: /* WL_ADAM */
        m = r.beta1 * m + r.one_less_beta1 * g;
        v = r.beta2 * v + r.one_less_beta2 * g * g;
        p = r.keep * p - r.rate * m / (sqrtf(v) * r.root + r.eps);
        break;
    }
}

/* Stores W neighbours as the rule rounds; `element` counts the first of them. */
template <int W, class T>
__device__ inline void store_by_rule(const rule &r, T *to, const float (&p)[W], int64_t element)
{
    if (r.stochastic)
        store_pack_stochastic<W>(to, p, uint64_t(element), r.seed, r.step);
    else
        store_pack<W>(to, p);
}

/* One step of W features of a row of a table; m and v are dense and null where the rule has
 * none. */
template <int W, class T>
__device__ inline void update_pack(const rule &r, rows_of<T> table, float *m, float *v, int64_t row,
                                   int64_t feature, int64_t D, const float (&g)[W])
{
    const int64_t element = row * D + feature;
    T *at = table.at(row, feature);
    float p[W], mm[W] = {}, vv[W] = {};
    load_pack<W>(p, at);
    if (r.has_m()) load_floats<W>(mm, m + element);
    if (r.has_v()) load_floats<W>(vv, v + element);
    for (int i = 0; i < W; i++) apply_rule(r, p[i], mm[i], vv[i], g[i]);
    if (r.has_m()) store_floats<W>(m + element, mm);
    if (r.has_v()) store_floats<W>(v + element, vv);
    store_by_rule<W>(r, at, p, element);
}

#endif
