/* The rules of <wordloom/optimizer.h> on a few features of a row. */
#ifndef WL_REF_UPDATE_RULE_H
#define WL_REF_UPDATE_RULE_H

#include "ref.h"

/* A rule ready to apply: its device scalars read, its corrections worked out. */
typedef struct rule {
    int32_t kind;
    bool skip; /* scale is 0 */
    real lr, scale, keep /* 1 - lr weight_decay */, beta1, beta2, one_less_beta1, one_less_beta2;
    real eps, rate, root /* Adam: p -= rate m / (sqrt(v) root + eps) */;
    bool stochastic;
    uint64_t seed;
    uint32_t step;
} rule;

static inline rule rule_of(const wl_update_rule *r)
{
    const real lr = *(const real *)r->lr.data;
    const int64_t step = wl_present(&r->step) ? *(const int64_t *)r->step.data : 0;
    const double c1 = 1 - pow(r->beta1, (double)step), c2 = 1 - pow(r->beta2, (double)step);
    const bool corrected = r->eps_form == WL_EPS_CORRECTED;
    rule out = {
        .kind = r->kind,
        .lr = lr,
        .scale = wl_present(&r->scale) ? *(const real *)r->scale.data : 1,
        .keep = (real)(1 - (double)lr * r->weight_decay),
        .beta1 = (real)r->beta1,
        .beta2 = (real)r->beta2,
        .one_less_beta1 = (real)(1 - r->beta1),
        .one_less_beta2 = (real)(1 - r->beta2),
        .eps = (real)r->eps,
        .rate = (real)(corrected ? (double)lr / c1 : (double)lr * sqrt(c2) / c1),
        .root = (real)(corrected ? 1 / sqrt(c2) : 1),
        .stochastic = r->rounding == WL_ROUND_STOCHASTIC,
        .seed = r->seed,
        .step = (uint32_t)step,
    };
    out.skip = out.scale == 0;
    return out;
}

static inline real square_root(real x)
{
#ifdef WL_REF_DOUBLE
    return sqrt(x);
#else
    return sqrtf(x);
#endif
}

/* One step of n features: p and, where the rule has them, m and v, by the gradient g. */
static inline void apply_rule(const rule *r, real *restrict p, real *restrict m, real *restrict v,
                              const real *restrict g, int64_t n)
{
    const real lr = r->lr, scale = r->scale, keep = r->keep;
    switch (r->kind) {
    case WL_SGD:
        for (int64_t i = 0; i < n; i++) p[i] = keep * p[i] - lr * (scale * g[i]);
        break;
    case WL_MOMENTUM:
        for (int64_t i = 0; i < n; i++) {
            m[i] = r->beta1 * m[i] - lr * (scale * g[i]);
            p[i] = keep * p[i] + m[i];
        }
        break;
    case WL_NESTEROV:
        for (int64_t i = 0; i < n; i++) {
            const real step = lr * (scale * g[i]);
            p[i] = keep * p[i] + r->beta1 * r->beta1 * m[i] - (1 + r->beta1) * step;
            m[i] = r->beta1 * m[i] - step;
        }
        break;
    case WL_NESTEROV_NEW_VELOCITY:
        for (int64_t i = 0; i < n; i++) {
            const real step = lr * (scale * g[i]);
            m[i] = r->beta1 * m[i] - step;
            p[i] = keep * p[i] + r->beta1 * r->beta1 * m[i] - (1 + r->beta1) * step;
        }
        break;
    case WL_ADAGRAD:
        for (int64_t i = 0; i < n; i++) {
            const real gi = scale * g[i];
            v[i] += gi * gi;
            p[i] = keep * p[i] - lr * gi / (square_root(v[i]) + r->eps);
        }
        break;
    case WL_RMSPROP:
        for (int64_t i = 0; i < n; i++) {
            const real gi = scale * g[i];
            v[i] = r->beta2 * v[i] + r->one_less_beta2 * gi * gi;
            p[i] = keep * p[i] - lr * gi / (square_root(v[i]) + r->eps);
        }
        break;
    default: /* WL_ADAM */
        for (int64_t i = 0; i < n; i++) {
            const real gi = scale * g[i];
            m[i] = r->beta1 * m[i] + r->one_less_beta1 * gi;
            v[i] = r->beta2 * v[i] + r->one_less_beta2 * gi * gi;
            p[i] = keep * p[i] - r->rate * m[i] / (square_root(v[i]) * r->root + r->eps);
        }
        break;
    }
}

/* Stores n features, rounding stochastically if the rule says so; `element` is the first one's
 * place in the table, row * D + feature, whatever its strides. */
static inline void store_by_rule(const rule *r, row to, const real *from, int64_t n,
                                 int64_t element)
{
    if (r->stochastic)
        store_row_stochastic(to, from, n, (uint64_t)element, r->seed, r->step);
    else
        store_row(to, from, n);
}

/* One step of features from..from+n-1 of a row of a table; m and v are dense or absent. */
static inline void update_row(const rule *r, const wl_tensor *table, const wl_tensor *m,
                              const wl_tensor *v, int64_t index, int64_t from, int64_t n, int64_t D,
                              const real *g)
{
    real p[BLOCK];
    const int64_t element = index * D + from;
    const row at = row_of(table, index, from);
    load_row(p, at, n);
    apply_rule(r, p, wl_present(m) ? (real *)m->data + element : NULL,
               wl_present(v) ? (real *)v->data + element : NULL, g, n);
    store_by_rule(r, at, p, n, element);
}

#endif
