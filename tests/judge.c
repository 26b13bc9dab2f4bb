/* The rules by which an operator is right. */
#include "judge.h"

#include <float.h>
#include <math.h>
#include <omp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

const wl_backend *const *backends_under_test(void)
{
    static const wl_backend *found[8];
    int n = 0;
    const char *only = getenv("WORDLOOM_TEST_DEVICE"); /* "cuda": what compute-sanitizer sees */
    for (const wl_backend *const *b = wl_backends; *b; b++)
        if ((*b)->count() > 0 && (!only || !strcmp(only, (*b)->name))) found[n++] = *b;
    found[n] = NULL;
    return found;
}

/* ------------------------------------------------------------------ agreement */

static double distance(const double *a, const double *b, int64_t n)
{
    double worst = 0;
    for (int64_t i = 0; i < n; i++) {
        const double e = fabs(a[i] - b[i]);
        worst = isnan(e) ? INFINITY : fmax(worst, e);
    }
    return worst;
}

static double largest(const double *a, int64_t n)
{
    double most = 0;
    for (int64_t i = 0; i < n; i++) most = fmax(most, fabs(a[i]));
    return most;
}

/* How many elements of a row count: what it was not to write is not compared. */
static int64_t compared(const op_case *c, int row, const outcome *oracle)
{
    const char *count = c->spec->arg[row].count;
    if (!count || c->like[row].shape[0] == 0) return c->count[row];
    return (int64_t)oracle->value[case_row(c, count)][0] * (c->count[row] / c->like[row].shape[0]);
}

static bool row_agrees(const op_case *c, int row, const outcome *oracle, const outcome plain[3],
                       const outcome *got, const wl_backend *backend, verdict why)
{
    const wl_arg *arg = &c->spec->arg[row];
    const bool real = arg->kind == WL_REAL || arg->kind == WL_STORED;
    const int64_t n = compared(c, row, oracle);
    const double *right = oracle->value[row], most = largest(right, n);
    double lost = 0;
    for (int i = 0; i < 3; i++) lost = fmax(lost, distance(plain[i].value[row], right, n));
    const double error = distance(got->value[row], right, n);
    double allowed = 0;
    if (real && c->stored == WL_F32) allowed = 4 * lost + 8 * (double)FLT_EPSILON * most;
    if (real && c->stored != WL_F32) allowed = 2 * lost + 1e-5 * most;
    const bool sound = c->stored != WL_F32 || !real || lost <= 1e-3 * most;
    if (error <= allowed && sound) return true;
    snprintf(why, sizeof(verdict),
             "%s is off by %.3g of %.3g, allowed %.3g (plain loses %.3g%s): %s \"%s\" on %s, "
             "seed %llu",
             arg->name, error, most, allowed, lost, sound ? "" : ", too much to judge by",
             c->spec->name, c->text, backend->name, (unsigned long long)c->seed);
    return false;
}

/* What is right about a case, and what float costs: the same for every backend. */
typedef struct truth {
    outcome oracle, plain[3];
} truth;

static bool learn(truth *t, const op_case *c, verdict why)
{
    const wl_backend *const plains[3] = { &wl_ref_plain0_backend, &wl_ref_plain1_backend,
                                          &wl_ref_plain2_backend };
    memset(t, 0, sizeof *t);
    int failed = execute(&t->oracle, c, &wl_ref_oracle_backend);
    if (failed) snprintf(why, sizeof(verdict), "%s", t->oracle.trouble);
    for (int i = 0; i < 3; i++)
        if (execute(&t->plain[i], c, plains[i]) && !failed++)
            snprintf(why, sizeof(verdict), "%s", t->plain[i].trouble);
    return !failed;
}

static void truth_free(truth *t)
{
    outcome_free(&t->oracle);
    for (int i = 0; i < 3; i++) outcome_free(&t->plain[i]);
}

static bool outcome_agrees(const truth *t, const op_case *c, const outcome *got,
                           const wl_backend *backend, verdict why)
{
    for (int row = 0; c->spec->arg[row].name; row++)
        if (case_writes(c, row) && !row_agrees(c, row, &t->oracle, t->plain, got, backend, why))
            return false;
    return true;
}

bool agrees_on(const wl_backend *backend, const op_case *c, verdict why)
{
    truth t;
    outcome got;
    bool ok = learn(&t, c, why);
    if (execute(&got, c, backend) && ok) {
        snprintf(why, sizeof(verdict), "%s", got.trouble);
        ok = false;
    }
    ok = ok && outcome_agrees(&t, c, &got, backend, why);
    truth_free(&t);
    outcome_free(&got);
    return ok;
}

/* ------------------------------------------------------------------ derivatives */

/* sum over forward's outputs Y of dY . Y, dY as backward is given it (where it is absent, 1 for a
 * loss and 0 for all else) */
static double weighted_outputs(const op_case *forward, const op_case *backward,
                               const wl_backend *oracle, int *failed)
{
    outcome o;
    double sum = 0;
    *failed |= execute(&o, forward, oracle);
    for (int row = 0; forward->spec->arg[row].name && !*failed; row++) {
        char name[64];
        if (forward->spec->arg[row].role != WL_OUT || !o.value[row]) continue;
        snprintf(name, sizeof name, "d%s", forward->spec->arg[row].name);
        const int weights = case_row(backward, name);
        if (weights < 0 || backward->spec->arg[weights].role != WL_IN) continue;
        const double *w = backward->value[weights];
        const double absent = strcmp(forward->spec->arg[row].shape, "1") ? 0 : 1;
        for (int64_t i = 0; i < forward->count[row]; i++)
            sum += (w ? w[i] : absent) * o.value[row][i];
    }
    outcome_free(&o);
    return sum;
}

/* The derivative along `direction` of one input, by central differences of the fourth order. */
static double difference(op_case *forward, int row, const double *direction,
                         const op_case *backward, const wl_backend *oracle, int *failed)
{
    static const double step = 1e-3, at[4] = { -2, -1, 1, 2 },
                        weight[4] = { 1.0 / 12, -8.0 / 12, 8.0 / 12, -1.0 / 12 };
    const int64_t n = forward->count[row];
    double *x = forward->value[row], sum = 0;
    double *start = malloc((size_t)(n + 1) * sizeof *start);
    if (!start) return *failed = -1, 0;
    memcpy(start, x, (size_t)n * sizeof *start);
    for (int i = 0; i < 4; i++) {
        for (int64_t k = 0; k < n; k++) x[k] = start[k] + at[i] * step * direction[k];
        sum += weight[i] * weighted_outputs(forward, backward, oracle, failed);
    }
    memcpy(x, start, (size_t)n * sizeof *start);
    free(start);
    return sum / step;
}

static bool one_gradient(const op_case *backward, op_case *forward, int input, int gradient,
                         const outcome *got, const wl_backend *oracle, verdict why)
{
    const int64_t n = forward->count[input];
    const bool added = backward->spec->arg[gradient].role == WL_ACC;
    double *direction = malloc((size_t)(n + 1) * sizeof *direction);
    double claimed = 0, norm_g = 0, norm_d = 0;
    int failed = direction ? 0 : -1;
    for (int64_t i = 0; i < n && !failed; i++) {
        const double start = added ? backward->value[gradient][i] : 0;
        const double g = got->value[gradient][i] - start;
        direction[i] = sin(12.9898 * (double)(i + 1)); /* any direction will do */
        claimed += g * direction[i];
        norm_g += g * g;
        norm_d += direction[i] * direction[i];
    }
    const double measured =
        failed ? NAN : difference(forward, input, direction, backward, oracle, &failed);
    free(direction);
    const double error = fabs(claimed - measured), allowed = 1e-6 * sqrt(norm_g) * sqrt(norm_d);
    if (!failed && error <= allowed) return true;
    snprintf(why, sizeof(verdict),
             "%s: the derivative is %.12g, the gradient says %.12g, allowed %.3g apart: %s \"%s\", "
             "seed %llu",
             backward->spec->arg[gradient].name, measured, claimed, allowed, backward->spec->name,
             backward->text, (unsigned long long)backward->seed);
    return false;
}

bool differentiates_on(const wl_backend *oracle, const op_case *backward, verdict why)
{
    op_case forward;
    outcome got;
    char trouble[256];
    int gradients = 0;
    if (case_forward(&forward, backward, trouble)) {
        snprintf(why, sizeof(verdict), "%s", trouble);
        return false;
    }
    bool ok = !execute(&got, backward, oracle);
    if (!ok) snprintf(why, sizeof(verdict), "%s", got.trouble);
    for (int row = 0; forward.spec->arg[row].name && ok; row++) {
        char name[64];
        const wl_arg *input = &forward.spec->arg[row];
        const bool real = input->kind == WL_REAL || input->kind == WL_STORED;
        if (input->role != WL_IN || !real || !forward.value[row]) continue;
        snprintf(name, sizeof name, "d%s", input->name);
        const int gradient = case_row(backward, name);
        if (gradient < 0 || !case_writes(backward, gradient)) continue;
        ok = one_gradient(backward, &forward, row, gradient, &got, oracle, why);
        gradients++;
    }
    if (ok && !gradients) {
        snprintf(why, sizeof(verdict), "%s has no gradient to check", backward->spec->name);
        ok = false;
    }
    outcome_free(&got);
    case_free(&forward);
    return ok;
}

/* ------------------------------------------------------------------ repetition */

/* Runs a case again and again, on the CPU by teams of several sizes: all with the bits of the
 * first, which is also held against what is right, where that is given. */
static bool repeats(const wl_backend *backend, const op_case *c, const truth *right, verdict why)
{
    const int team = omp_get_max_threads(), threads[4] = { 1, 2, 4, 8 };
    const bool fixed = backend->device == WL_CPU || c->spec->determinism != WL_NOT_GUARANTEED;
    const int runs = !fixed ? right != NULL : backend->device == WL_CPU ? 4 : 2;
    uint64_t first = 0;
    bool ok = true;
    for (int i = 0; i < runs && ok; i++) {
        outcome o;
        if (backend->device == WL_CPU) omp_set_num_threads(threads[i]);
        ok = !execute(&o, c, backend);
        if (!ok) snprintf(why, sizeof(verdict), "%s", o.trouble);
        if (i == 0) first = o.hash;
        if (ok && i == 0 && right) ok = outcome_agrees(right, c, &o, backend, why);
        if (ok && o.hash != first) {
            snprintf(why, sizeof(verdict), "other bits in run %d (%d threads): %s \"%s\" on %s",
                     i + 1, threads[i], c->spec->name, c->text, backend->name);
            ok = false;
        }
        outcome_free(&o);
    }
    omp_set_num_threads(team);
    return ok;
}

bool repeats_on(const wl_backend *backend, const op_case *c, verdict why)
{
    return repeats(backend, c, NULL, why);
}

bool agrees_and_repeats(const op_case *c, verdict why)
{
    truth right;
    bool ok = learn(&right, c, why);
    for (const wl_backend *const *b = backends_under_test(); *b && ok; b++)
        ok = repeats(*b, c, &right, why);
    truth_free(&right);
    return ok;
}

/* ------------------------------------------------------------------ assertions */

op_case made(const char *op, const char *sizes)
{
    op_case c;
    char trouble[256];
    if (case_make(&c, op, sizes, 1, trouble)) fail_msg("%s", trouble);
    return c;
}

static bool has_kind(const wl_op_spec *spec, wl_kind kind)
{
    for (const wl_arg *arg = spec->arg; arg->name; arg++)
        if (arg->kind == kind) return true;
    return false;
}

void holds(const char *op, const char *sizes)
{
    static const char *const types[3] = { "dtype=f32 id=i32", "dtype=f16 id=i64",
                                          "dtype=bf16 id=i32" };
    const wl_op_spec *spec = wl_op_find(op);
    if (!spec) fail_msg("no operator %s", op);
    const int variants = has_kind(spec, WL_STORED) ? 3 : has_kind(spec, WL_ID) ? 2 : 1;
    for (int i = 0; i < variants; i++) {
        char text[256];
        verdict why;
        snprintf(text, sizeof text, "%s %s", sizes, types[i]);
        op_case c = made(op, text);
        const bool ok = agrees_and_repeats(&c, why);
        case_free(&c);
        if (!ok) fail_msg("%s", why);
    }
}

void all_hold(const char *op, const char *const *sizes, const char *more)
{
    for (int i = 0; sizes[i]; i++) {
        char text[256];
        snprintf(text, sizeof text, "%s %s", sizes[i], more);
        holds(op, text);
    }
}

void differentiates(const char *backward_op, const char *sizes)
{
    verdict why;
    op_case c = made(backward_op, sizes);
    const bool ok = differentiates_on(&wl_ref_oracle_backend, &c, why);
    case_free(&c);
    if (!ok) fail_msg("%s", why);
}

/* What a call leaves in `out`, which takes the place of `in` where that is a row. */
static char *left_in(const op_case *c, const wl_backend *backend, int in, int out, size_t *bytes)
{
    bound_case b;
    char trouble[256];
    if (case_bind(&b, c, backend, trouble)) fail_msg("%s", trouble);
    wl_tensor *t = bound_tensor(&b, out);
    if (in >= 0) t->data = bound_tensor(&b, in)->data;
    *bytes = b.bytes[out] - (size_t)c->offset * wl_dtype_size(t->dtype);
    char *left = malloc(*bytes + 1);
    if (!left || bound_call(&b) || wl_ctx_sync(b.ctx) || wl_ctx_copy(b.ctx, left, t->data, *bytes))
        fail_msg("%s", wl_ctx_error(b.ctx));
    bound_free(&b);
    return left;
}

void works_in_place(const char *op, const char *in, const char *out, const char *sizes)
{
    op_case c = made(op, sizes);
    for (const wl_backend *const *b = backends_under_test(); *b; b++) {
        size_t bytes;
        char *apart = left_in(&c, *b, -1, case_row(&c, out), &bytes);
        char *inside = left_in(&c, *b, case_row(&c, in), case_row(&c, out), &bytes);
        if (memcmp(apart, inside, bytes))
            fail_msg("%s in the place of %s is another: %s \"%s\" on %s", out, in, op, sizes,
                     (*b)->name);
        free(apart), free(inside);
    }
    case_free(&c);
}

void put_values(op_case *c, const char *row, const double *values)
{
    const int at = case_row(c, row);
    if (at < 0 || !c->value[at]) fail_msg("%s has no %s", c->spec->name, row);
    memcpy(c->value[at], values, (size_t)c->count[at] * sizeof(double));
}

void gives(const op_case *c, const char *row, const double *values)
{
    const int at = case_row(c, row);
    if (at < 0 || !case_writes(c, at)) fail_msg("%s writes no %s", c->spec->name, row);
    for (const wl_backend *const *b = backends_under_test(); *b; b++) {
        outcome o;
        if (execute(&o, c, *b)) fail_msg("%s", o.trouble);
        for (int64_t i = 0; i < compared(c, at, &o); i++)
            if (o.value[at][i] != values[i])
                fail_msg("%s[%lld] is %.9g, expected %.9g: %s on %s", row, (long long)i,
                         o.value[at][i], values[i], c->spec->name, (*b)->name);
        outcome_free(&o);
    }
}
