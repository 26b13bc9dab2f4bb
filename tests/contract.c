/* Bad calls: whatever is wrong with an argument comes back as the right status, with a message
 * that names operator, argument, what it has and what was expected. Every row of every contract,
 * on every backend. */
#include "judge.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const good =
    "N=3 K=2 D=4 E=2 F=6 V=5 T=2 B=2 H=3 S=2 A=2 L=2 R=7 G=4 C=3 W=2 Q=2";

/* A bound case of an operator that is good until a test spoils it. */
typedef struct subject {
    op_case c;
    bound_case b;
} subject;

static void begin(subject *s, const wl_op_spec *spec, const wl_backend *backend)
{
    char trouble[256];
    s->c = made(spec->name, good);
    if (case_bind(&s->b, &s->c, backend, trouble)) fail_msg("%s: %s", spec->name, trouble);
}

static void end(subject *s)
{
    bound_free(&s->b);
    case_free(&s->c);
}

/* The call fails with this status, and says of which operator and argument. */
static void refused(subject *s, wl_status status, const char *argument)
{
    const wl_status got = bound_call(&s->b);
    const char *message = wl_ctx_error(s->b.ctx);
    char begins[128];
    snprintf(begins, sizeof begins, "%s: %s%s", s->c.spec->name, argument ? argument : "",
             argument ? ":" : "");
    if (got != status || strncmp(message, begins, strlen(begins)) || !strstr(message, "expected"))
        fail_msg("%s on %s: expected %s and \"%s ... expected ...\", got %s and \"%s\"",
                 s->c.spec->name, s->b.ctx->backend->name, wl_status_name(status), begins,
                 wl_status_name(got), message);
}

/* Runs a check on every tensor row of every contract, on every backend. */
static void each_row(void (*check)(subject *s, int row))
{
    for (const wl_backend *const *b = backends_under_test(); *b; b++)
        for (int op = 0; op < WL_OPERATORS; op++)
            for (int row = 0; wl_op_specs[op]->arg[row].name; row++) {
                subject s;
                begin(&s, wl_op_specs[op], *b);
                check(&s, row);
                end(&s);
            }
}

static void a_good_call_passes(subject *s, int row)
{
    (void)row;
    if (bound_call(&s->b)) fail_msg("%s", wl_ctx_error(s->b.ctx));
}

static void null_data(subject *s, int row)
{
    if (s->c.spec->arg[row].role == WL_HOST) return;
    bound_tensor(&s->b, row)->data = NULL;
    refused(s, WL_MISSING, s->c.spec->arg[row].name);
}

static void missing(subject *s, int row)
{
    if (s->c.spec->arg[row].role == WL_HOST || s->c.spec->arg[row].optional) return;
    memset(bound_tensor(&s->b, row), 0, sizeof(wl_tensor));
    refused(s, WL_MISSING, s->c.spec->arg[row].name);
}

static bool takes(wl_kind kind, int32_t dtype)
{
    switch (kind) {
    case WL_REAL: return dtype == WL_F32;
    case WL_STORED: return dtype == WL_F32 || dtype == WL_F16 || dtype == WL_BF16;
    case WL_ID: return dtype == WL_I32 || dtype == WL_I64;
    case WL_INT32: return dtype == WL_I32;
    case WL_INT64: return dtype == WL_I64;
    default: return dtype == WL_U8;
    }
}

static void wrong_dtype(subject *s, int row)
{
    if (s->c.spec->arg[row].role == WL_HOST) return;
    for (int32_t dtype = 0; dtype <= WL_U8 + 1; dtype++) {
        if (takes(s->c.spec->arg[row].kind, dtype)) continue;
        bound_tensor(&s->b, row)->dtype = dtype;
        refused(s, WL_BAD_DTYPE, s->c.spec->arg[row].name);
    }
}

/* Two STORED tensors of one call in different types: the second is refused. */
static void mixed_storage(subject *s, int row)
{
    bool first = true;
    if (s->c.spec->arg[row].kind != WL_STORED) return;
    for (int before = 0; before < row; before++)
        first = first && s->c.spec->arg[before].kind != WL_STORED;
    if (first) return;
    bound_tensor(&s->b, row)->dtype = WL_BF16;
    refused(s, WL_BAD_DTYPE, s->c.spec->arg[row].name);
}

static void wrong_rank(subject *s, int row)
{
    if (s->c.spec->arg[row].role == WL_HOST) return;
    wl_tensor *t = bound_tensor(&s->b, row);
    const wl_tensor right = *t;
    for (int32_t ndim = -1; ndim <= 6; ndim++) {
        if (ndim == right.ndim || ndim <= 0) continue; /* 0 is absent */
        *t = right;
        t->ndim = ndim;
        for (int32_t i = right.ndim; i < ndim && i < 4; i++) t->shape[i] = 1;
        refused(s, WL_BAD_SHAPE, s->c.spec->arg[row].name);
    }
}

/* An axis longer by one contradicts another argument, unless its size is this row's alone; then a
 * negative one is still wrong. */
static void wrong_sizes(subject *s, int row)
{
    if (s->c.spec->arg[row].role == WL_HOST) return;
    wl_tensor *t = bound_tensor(&s->b, row);
    for (int32_t axis = 0; axis < t->ndim; axis++) {
        const int64_t right = t->shape[axis];
        t->shape[axis] = -right;
        if (right) refused(s, WL_BAD_SHAPE, NULL);
        t->shape[axis] = INT64_MAX;
        assert_int_equal(bound_call(&s->b), WL_BAD_SHAPE);
        t->shape[axis] = right;
    }
}

/* How often a letter is used by the shapes of a contract's required rows. */
static int uses(const wl_op_spec *spec, char letter)
{
    int n = 0;
    for (const wl_arg *arg = spec->arg; arg->name; arg++)
        n += arg->shape && !arg->optional && strchr(arg->shape, letter) != NULL;
    return n;
}

static void contradicting_sizes(subject *s, int row)
{
    const wl_arg *arg = &s->c.spec->arg[row];
    if (arg->role == WL_HOST || arg->optional) return;
    wl_tensor *t = bound_tensor(&s->b, row);
    const char *letters = arg->shape;
    for (int32_t axis = 0; axis < t->ndim; axis++) {
        const size_t width = strcspn(letters, " ");
        const char letter = letters[width - 1];
        const bool fixed = letter >= '0' && letter <= '9';
        if (fixed || width > 1 || uses(s->c.spec, letter) > 1) {
            t->shape[axis]++;
            refused(s, WL_BAD_SHAPE, NULL);
            t->shape[axis]--;
        }
        letters += width + strspn(letters + width, " ");
    }
}

static void bad_strides(subject *s, int row)
{
    const wl_arg *arg = &s->c.spec->arg[row];
    if (arg->role == WL_HOST) return;
    wl_tensor *t = bound_tensor(&s->b, row);
    if (t->ndim < 2) return;
    const int64_t width = t->shape[t->ndim - 1];
    const int64_t wrong[4][2] = {
        { width, 2 },     /* an innermost axis with gaps */
        { width - 1, 1 }, /* rows that overlap */
        { -width, 1 },    /* backwards */
        { width + 1, 1 }, /* padded rows */
    };
    for (int i = 0; i < (arg->strided ? 3 : 4); i++) {
        t->stride[t->ndim - 2] = wrong[i][0];
        t->stride[t->ndim - 1] = wrong[i][1];
        refused(s, WL_BAD_STRIDE, arg->name);
    }
}

static void misaligned(subject *s, int row)
{
    if (s->c.spec->arg[row].role == WL_HOST) return;
    wl_tensor *t = bound_tensor(&s->b, row);
    if (wl_dtype_size(t->dtype) == 1) return;
    t->data = (char *)t->data + 1;
    refused(s, WL_MISALIGNED, s->c.spec->arg[row].name);
}

/* A written tensor laid over each other argument. Where it may be that one, it still may not be a
 * part of it. */
static void aliased(subject *s, int row)
{
    if (!case_writes(&s->c, row)) return;
    wl_tensor *t = bound_tensor(&s->b, row);
    void *right = t->data;
    const char *may_be = s->c.spec->arg[row].alias;
    for (int other = 0; s->c.spec->arg[other].name; other++) {
        if (other == row || s->c.spec->arg[other].role == WL_HOST) continue;
        const wl_tensor *o = bound_tensor(&s->b, other);
        const size_t size = wl_dtype_size(t->dtype);
        const bool may = may_be && !strcmp(may_be, s->c.spec->arg[other].name);
        if ((uintptr_t)o->data % size) continue;
        t->data = may ? (char *)o->data + size : o->data;
        refused(s, WL_ALIASED, NULL);
        t->data = right;
    }
}

static void scalars_out_of_range(subject *s, int row)
{
    const wl_arg *arg = &s->c.spec->arg[row];
    char *field = s->b.args.bytes + arg->offset;
    if (arg->kind == WL_CHOICE) {
        const int32_t wrong[] = { (int32_t)arg->low - 1, (int32_t)arg->high + 1, INT32_MIN };
        for (int i = 0; i < 3; i++) {
            memcpy(field, &wrong[i], sizeof wrong[i]);
            refused(s, WL_OUT_OF_RANGE, arg->name);
        }
    }
    if (arg->kind == WL_DOUBLE) {
        const double wrong[] = { NAN, nextafter(arg->low, -INFINITY),
                                 nextafter(arg->high, INFINITY) };
        for (int i = 0; i < 3; i++) {
            if (wrong[i] == arg->low || wrong[i] == arg->high) continue; /* no bound there */
            memcpy(field, &wrong[i], sizeof wrong[i]);
            refused(s, WL_OUT_OF_RANGE, arg->name);
        }
    }
    if (arg->kind == WL_LENGTH) {
        const int64_t wrong = -1;
        memcpy(field, &wrong, sizeof wrong);
        refused(s, WL_OUT_OF_RANGE, arg->name);
    }
}

static void wrong_struct_sizes(subject *s, int row)
{
    const size_t wrong[] = { 0, 1, sizeof(size_t), s->c.spec->args_size + 8, SIZE_MAX };
    if (row > 0) return;
    for (int i = 0; i < 5; i++) {
        memcpy(s->b.args.bytes, &wrong[i], sizeof wrong[i]);
        refused(s, WL_BAD_SIZE, NULL);
    }
    assert_int_equal(call_operator(operator_number(s->c.spec), s->b.ctx, NULL), WL_MISSING);
}

static void a_short_workspace(subject *s, int row)
{
    const size_t need = s->b.bytes[WL_MAX_ARGS];
    if (row > 0 || need == 0) return;
    wl_ctx_set_workspace(s->b.ctx, s->b.block[WL_MAX_ARGS], need - 1);
    refused(s, WL_NO_WORKSPACE, "workspace");
    wl_ctx_set_workspace(s->b.ctx, NULL, need);
    refused(s, WL_NO_WORKSPACE, "workspace");
}

static void good_calls_pass(void **state) { (void)state, each_row(a_good_call_passes); }
static void null_data_is_refused(void **state) { (void)state, each_row(null_data); }
static void missing_is_refused(void **state) { (void)state, each_row(missing); }
static void wrong_dtypes_are_refused(void **state) { (void)state, each_row(wrong_dtype); }
static void mixed_storage_is_refused(void **state) { (void)state, each_row(mixed_storage); }
static void wrong_ranks_are_refused(void **state) { (void)state, each_row(wrong_rank); }
static void wrong_sizes_are_refused(void **state) { (void)state, each_row(wrong_sizes); }
static void contradictions_are_refused(void **state) { (void)state, each_row(contradicting_sizes); }
static void bad_strides_are_refused(void **state) { (void)state, each_row(bad_strides); }
static void misaligned_is_refused(void **state) { (void)state, each_row(misaligned); }
static void aliases_are_refused(void **state) { (void)state, each_row(aliased); }
static void scalars_are_kept_in_range(void **state) { (void)state, each_row(scalars_out_of_range); }
static void struct_sizes_are_checked(void **state) { (void)state, each_row(wrong_struct_sizes); }
static void short_workspaces_are_refused(void **state) { (void)state, each_row(a_short_workspace); }

/* A rule that needs a moment or a step says so. */
static void rules_ask_for_their_moments(void **state)
{
    const char *const wants[7] = { NULL, "m", "m", "v", "v", "m", "m" };
    const char *const ops[] = { "optimizer_update", "optimizer_update_rows", "embedding_update" };
    (void)state;
    for (int i = 0; i < 3; i++)
        for (int kind = 0; kind < 7; kind++) {
            subject s;
            begin(&s, wl_op_find(ops[i]), &wl_ref_oracle_backend);
            const int32_t value = kind;
            memcpy(s.b.args.bytes + s.c.spec->arg[case_row(&s.c, "rule.kind")].offset, &value,
                   sizeof value);
            if (wants[kind]) {
                memset(bound_tensor(&s.b, case_row(&s.c, wants[kind])), 0, sizeof(wl_tensor));
                refused(&s, WL_MISSING, wants[kind]);
            } else {
                assert_int_equal(bound_call(&s.b), WL_OK);
            }
            end(&s);
        }
}

/* What an older caller's shorter struct leaves out is zero. */
static void a_shorter_struct_is_an_older_one(void **state)
{
    subject s;
    (void)state;
    begin(&s, wl_op_find("embedding_gather_pooled"), &wl_ref_oracle_backend);
    const size_t older = offsetof(wl_embedding_gather_pooled_args, mean);
    memcpy(s.b.args.bytes, &older, sizeof older);
    memset(s.b.args.bytes + older, 0xff, 4); /* `mean`, were it read, is out of range */
    assert_int_equal(bound_call(&s.b), WL_OK);
    end(&s);
}

/* Every tensor and scalar of an args struct has its row, and no two share a byte. */
static void every_field_has_its_row(void **state)
{
    (void)state;
    for (int op = 0; op < WL_OPERATORS; op++) {
        const wl_op_spec *spec = wl_op_specs[op];
        size_t covered = sizeof(size_t);
        for (const wl_arg *arg = spec->arg; arg->name; arg++) {
            const size_t size = arg->role != WL_HOST     ? sizeof(wl_tensor)
                                : arg->kind == WL_CHOICE ? sizeof(int32_t)
                                                         : 8;
            covered += size;
            assert_true(arg->offset + size <= spec->args_size);
            for (const wl_arg *b = spec->arg; b < arg; b++)
                assert_true(b->offset + 4 <= arg->offset || arg->offset + size <= b->offset);
            assert_true(arg->role != WL_HOST || arg->kind == WL_LENGTH || arg->ntests > 0);
        }
        assert_true(covered <= spec->args_size && covered + 12 >= spec->args_size); /* padding */
        assert_int_not_equal(spec->determinism, 0);
        assert_int_equal(wl_op_determinism(spec->name), spec->determinism);
    }
    assert_int_equal(wl_op_determinism("no_such_operator"), 0);
    assert_int_equal(wl_op_determinism(NULL), 0);
}

/* The share of id 0 among those that are there; all are in bounds. */
static double share_of_first(const char *sizes, double bound)
{
    op_case c = made("embedding_gather", sizes);
    const int row = case_row(&c, "ids");
    double first = 0, there = 0;
    for (int64_t i = 0; i < c.count[row]; i++) {
        const double id = c.value[row][i];
        assert_true(id >= -1 && id < bound);
        there += id >= 0;
        first += id == 0;
    }
    case_free(&c);
    return first / there;
}

/* within five standard deviations of what the laws give */
static void cases_draw_ids_as_asked(void **state)
{
    enum { N = 40000 };
    const double zipf = log(2) / log(1001), uniform = 1e-3;
    op_case c;
    char trouble[256];
    (void)state;
    assert_true(fabs(share_of_first("V=1000 D=1 N=40000 ids=zipf", 1000) - zipf) <
                5 * sqrt(zipf / (double)N));
    assert_true(fabs(share_of_first("V=1000 D=1 N=40000 ids=uniform", 1000) - uniform) <
                5 * sqrt(uniform / (double)N));
    assert_int_equal(case_make(&c, "embedding_gather", "V=9 ids=zip", 1, trouble), -1);
    assert_non_null(strstr(trouble, "expected skewed, uniform or zipf"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cases_draw_ids_as_asked),
        cmocka_unit_test(good_calls_pass),
        cmocka_unit_test(null_data_is_refused),
        cmocka_unit_test(missing_is_refused),
        cmocka_unit_test(wrong_dtypes_are_refused),
        cmocka_unit_test(mixed_storage_is_refused),
        cmocka_unit_test(wrong_ranks_are_refused),
        cmocka_unit_test(wrong_sizes_are_refused),
        cmocka_unit_test(contradictions_are_refused),
        cmocka_unit_test(bad_strides_are_refused),
        cmocka_unit_test(misaligned_is_refused),
        cmocka_unit_test(aliases_are_refused),
        cmocka_unit_test(scalars_are_kept_in_range),
        cmocka_unit_test(struct_sizes_are_checked),
        cmocka_unit_test(short_workspaces_are_refused),
        cmocka_unit_test(rules_ask_for_their_moments),
        cmocka_unit_test(a_shorter_struct_is_an_older_one),
        cmocka_unit_test(every_field_has_its_row),
    };
    return cmocka_run_group_tests_name("contract", tests, NULL, NULL);
}
