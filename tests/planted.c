/* Mistakes planted in one execution only: the judge must catch each. A test that no mistake can
 * fail would be no test. */
#include "judge.h"

#include "emulator/fault.h"

#include <omp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* ------------------------------------------------------------------ a factor on an output
 * What is 0 becomes the factor less 1; integers become 1 more. Or a choice that is 1 more. */

static int planted_operator, planted_row;
static double planted_factor;
static const wl_backend *sound; /* whose results are spoiled */

static double spoil(double x) { return x == 0 ? planted_factor - 1 : x * planted_factor; }

static void multiply(const wl_tensor *t)
{
    int64_t n = 1;
    for (int i = 0; i < t->ndim; i++) n *= t->shape[i];
    for (int64_t i = 0; i < n && t->dtype == WL_F32; i++)
        ((float *)t->data)[i] = (float)spoil((double)((float *)t->data)[i]);
    for (int64_t i = 0; i < n && t->dtype == WL_F64; i++)
        ((double *)t->data)[i] = spoil(((double *)t->data)[i]);
    for (int64_t i = 0; i < n && t->dtype == WL_I32; i++) ((int32_t *)t->data)[i]++;
    for (int64_t i = 0; i < n && t->dtype == WL_I64; i++) ((int64_t *)t->data)[i]++;
}

/* What of a call is to be spoiled, in its args; null where another operator is. */
static void *planted_in(void *args, int op, const wl_arg *row, bool choice)
{
    const bool meant = op == planted_operator && (row->role == WL_HOST) == choice;
    return meant ? (char *)args + row->offset : NULL;
}

#define WL_OP(op)                                                                                  \
    static wl_status spoiled_##op(wl_ctx *ctx, const wl_dims *d, const wl_##op##_args *a)          \
    {                                                                                              \
        const wl_arg *row = &wl_##op##_spec.arg[planted_row];                                      \
        wl_##op##_args args = *a;                                                                  \
        int32_t *choice = planted_in(&args, WL_NUMBER_##op, row, true);                            \
        const wl_tensor *written = planted_in(&args, WL_NUMBER_##op, row, false);                  \
        if (choice) ++*choice;                                                                     \
        const wl_status status = sound->kernels.op(ctx, d, &args);                                 \
        if (written) multiply(written);                                                            \
        return status;                                                                             \
    }
#include "../host/core/ops.def"
#undef WL_OP

/* A backend like `from`, but for a factor on one row of what one operator writes. */
static wl_backend spoiled(const wl_backend *from, const wl_op_spec *spec, int row, double factor)
{
    wl_backend b = *from;
    sound = from;
    planted_operator = operator_number(spec);
    planted_row = row;
    planted_factor = factor;
#define WL_OP(op) b.kernels.op = spoiled_##op;
#include "../host/core/ops.def"
#undef WL_OP
    return b;
}

static const wl_backend *the_cpu(void)
{
    const wl_backend *const *b = backends_under_test();
    while ((*b)->device != WL_CPU) b++;
    return *b;
}

/* Sizes that suit every operator, and leave each of them something to write. */
static const char every_size[] =
    "T=4 B=3 S=4 H=6 N=9 K=3 D=5 E=3 F=8 V=9 R=12 G=20 L=3 C=8 W=2 M=4";

static void a_factor_in_the_float_reference_is_caught(void **state)
{
    int planted = 0;
    (void)state;
    for (int op = 0; op < WL_OPERATORS; op++) {
        op_case c = made(wl_op_specs[op]->name, every_size);
        for (int row = 0; c.spec->arg[row].name; row++) {
            verdict why;
            if (!case_writes(&c, row)) continue;
            assert_true(agrees_on(the_cpu(), &c, why));
            const wl_backend wrong = spoiled(the_cpu(), c.spec, row, 1.5);
            if (agrees_on(&wrong, &c, why))
                fail_msg("a wrong %s of %s went unnoticed", c.spec->arg[row].name, c.spec->name);
            planted++;
        }
        case_free(&c);
    }
    assert_true(planted >= WL_OPERATORS);
}

/* Whether a row is the gradient of one of forward's. */
static bool is_gradient(const op_case *c, const char *name)
{
    const op_case forward = { .spec = wl_op_find(c->spec->gradient_of) };
    const int row = *name == 'd' ? case_row(&forward, name + 1) : -1;
    return row >= 0 &&
           (forward.spec->arg[row].kind == WL_REAL || forward.spec->arg[row].kind == WL_STORED);
}

static void a_wrong_derivative_is_caught(void **state)
{
    int backward = 0, planted = 0;
    (void)state;
    for (int op = 0; op < WL_OPERATORS; op++) {
        if (!wl_op_specs[op]->gradient_of) continue;
        op_case c = made(wl_op_specs[op]->name, every_size);
        for (int row = 0; c.spec->arg[row].name; row++) {
            const char *name = c.spec->arg[row].name;
            verdict why;
            if (!is_gradient(&c, name) || !case_writes(&c, row)) continue;
            assert_true(differentiates_on(&wl_ref_oracle_backend, &c, why));
            const wl_backend wrong = spoiled(&wl_ref_oracle_backend, c.spec, row, 1 + 1e-4);
            if (differentiates_on(&wrong, &c, why))
                fail_msg("a wrong %s of %s went unnoticed", name, c.spec->name);
            planted++;
        }
        backward++;
        case_free(&c);
    }
    assert_true(backward > 0 && planted >= backward);
}

/* Backward draws for another layer than forward. */
static void masks_that_are_not_forwards_are_caught(void **state)
{
    static const struct {
        const char *op, *zoneout;
    } cases[] = { { "rnn_backward", "zoneout=0.5" },
                  { "gru_backward", "zoneout=0.5" },
                  { "lstm_backward", "zoneout=0.5" },
                  { "lstm_backward", "zoneout_c=0.5" } };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[160];
        verdict why;
        snprintf(text, sizeof text, "%s %s", every_size, cases[i].zoneout);
        op_case c = made(cases[i].op, text);
        assert_true(differentiates_on(&wl_ref_oracle_backend, &c, why));
        assert_true(agrees_on(the_cpu(), &c, why));
        const int layer = case_row(&c, "layer");
        const wl_backend wrong = spoiled(&wl_ref_oracle_backend, c.spec, layer, 1);
        assert_false(differentiates_on(&wrong, &c, why));
        const wl_backend other = spoiled(the_cpu(), c.spec, layer, 1);
        assert_false(agrees_on(&other, &c, why));
        case_free(&c);
    }
}

/* ------------------------------------------------------------------ in a process of its own
 * A sanitizer, or the emulator, may end it: that is noticing too. */

enum { UNNOTICED = 0, NOTICED = 1, NOTHING_TO_BREAK = 2 };

static int in_a_child(int (*body)(const op_case *c, const wl_backend *b, size_t how),
                      const op_case *c, const wl_backend *backend, size_t how)
{
    int status = 0;
    fflush(NULL);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        static const int deadly[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGSYS };
        omp_set_num_threads(1); /* the threads of the parent's team are not here */
        /* cmocka would print, and wait for ever for a heap that broke while it was locked */
        for (size_t i = 0; i < sizeof deadly / sizeof *deadly; i++) signal(deadly[i], SIG_DFL);
        alarm(120);
        _exit(freopen("/dev/null", "w", stderr) ? body(c, backend, how) : 3);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_false(WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM); /* a hang is no notice */
    return WIFEXITED(status) && WEXITSTATUS(status) <= NOTHING_TO_BREAK ? WEXITSTATUS(status)
                                                                        : NOTICED;
}

static int with_a_fault(const op_case *c, const wl_backend *backend, size_t fault)
{
    verdict why;
    emulator_plant((int)fault);
    const bool agrees = agrees_on(backend, c, why);
    return emulator_fault_hits() == 0 ? NOTHING_TO_BREAK : agrees ? UNNOTICED : NOTICED;
}

static int with_a_cut_workspace(const op_case *c, const wl_backend *backend, size_t cut)
{
    outcome o;
    planted_workspace_cut = cut;
    return execute(&o, c, backend) ? NOTICED : UNNOTICED;
}

/* ------------------------------------------------------------------ faults in the kernels */

static const wl_backend *the_kernels(void)
{
    const wl_backend *const *b = backends_under_test();
    while ((*b)->device != WL_CUDA) b++;
    return *b;
}

/* The fault strikes, and the judge sees it. */
static void strikes(int fault, const char *op, const char *sizes)
{
    verdict why;
    op_case c = made(op, sizes);
    if (!agrees_on(the_kernels(), &c, why)) fail_msg("%s", why);
    const int found = in_a_child(with_a_fault, &c, the_kernels(), (size_t)fault);
    case_free(&c);
    if (found == NOTHING_TO_BREAK) fail_msg("fault %d has nothing to break in %s", fault, op);
    if (found == UNNOTICED) fail_msg("fault %d in %s \"%s\" went unnoticed", fault, op, sizes);
}

static void a_lost_atomic_is_caught(void **state)
{
    (void)state;
    strikes(EMULATOR_LOST_ATOMIC, "embedding_scatter_atomic", "N=20 K=3 D=9 V=5");
    strikes(EMULATOR_LOST_ATOMIC, "embedding_scatter_atomic", "N=20 K=3 D=8 V=5");
    strikes(EMULATOR_LOST_ATOMIC, "word2vec_hogwild",
            "N=20 C=20 W=2 K=3 D=8 V=9 R=12 G=9 L=2 H=0 -paths -nodes");
    strikes(EMULATOR_LOST_ATOMIC, "sampling_categorical", "N=40 V=50 K=10");
    strikes(EMULATOR_LOST_ATOMIC, "similarity_topk", "Q=2 V=50 D=5 K=3");
    strikes(EMULATOR_LOST_ATOMIC, "similarity_multiply", "Q=2 V=50 D=5 K=3");
}

static void a_missing_barrier_is_caught(void **state)
{
    (void)state;
    strikes(EMULATOR_MISSING_BARRIER, "attention_forward", "T=9 B=2 S=9 H=8 D=8 -lengths");
    strikes(EMULATOR_MISSING_BARRIER, "attention_backward", "T=9 B=2 S=9 H=8 D=8 -lengths");
    strikes(EMULATOR_MISSING_BARRIER, "attention_additive_forward", "T=9 B=2 S=9 H=8 D=8");
    strikes(EMULATOR_MISSING_BARRIER, "attention_additive_backward", "T=9 B=2 S=9 H=8 D=8");
    strikes(EMULATOR_MISSING_BARRIER, "optimizer_sum_squares", "N=9 D=700 -count");
    strikes(EMULATOR_MISSING_BARRIER, "gru_backward", "T=9 B=3 D=2 H=8");
    strikes(EMULATOR_MISSING_BARRIER, "lstm_backward", "T=9 B=3 D=2 H=8");
    strikes(EMULATOR_MISSING_BARRIER, "layernorm_forward", "N=3 D=1100");
    strikes(EMULATOR_MISSING_BARRIER, "layernorm_backward", "N=40 D=5"); /* dweight, dbias */
    strikes(EMULATOR_MISSING_BARRIER, "layernorm_backward", "N=3 D=1100 -dweight -dbias");
    strikes(EMULATOR_MISSING_BARRIER, "linear_backward", "N=16 D=5 H=64 activation=0");
    strikes(EMULATOR_MISSING_BARRIER, "rnn_backward", "T=9 B=3 D=2 H=8");
    strikes(EMULATOR_MISSING_BARRIER, "lstm_forward", "T=4 B=9 D=2 H=100 dtype=f16 -s");
    strikes(EMULATOR_MISSING_BARRIER, "negative_sampling_forward", "N=300 K=3 D=5 V=9 -dh");
    strikes(EMULATOR_MISSING_BARRIER, "softmax_xent_forward", "N=9 V=1100");
    strikes(EMULATOR_MISSING_BARRIER, "softmax_xent_linear_backward", "N=9 V=1100 D=5");
    strikes(EMULATOR_MISSING_BARRIER, "softmax_xent_linear_backward", "N=9 V=20 D=40 dtype=f16");
    strikes(EMULATOR_MISSING_BARRIER, "optimizer_update", "N=300 rule.kind=5");
    strikes(EMULATOR_MISSING_BARRIER, "optimizer_update_rows", "N=9 D=40 V=20");
    strikes(EMULATOR_MISSING_BARRIER, "embedding_update", "N=20 K=3 D=40 V=9");
    strikes(EMULATOR_MISSING_BARRIER, "sampling_categorical", "N=9 V=500 K=1");
    strikes(EMULATOR_MISSING_BARRIER, "sampling_categorical", "N=9 V=500 K=0 top_p=0.5");
    strikes(EMULATOR_MISSING_BARRIER, "similarity_topk", "Q=2 V=500 D=8 K=9");
    strikes(EMULATOR_MISSING_BARRIER, "similarity_multiply", "Q=2 V=500 D=8 K=9");
    strikes(EMULATOR_MISSING_BARRIER, "attention_forward", "T=1 B=2 S=40 H=8 D=8 -lengths");
    strikes(EMULATOR_MISSING_BARRIER, "attention_forward", "T=9 B=2 S=9 H=8 D=8 dtype=bf16");
    strikes(EMULATOR_MISSING_BARRIER, "attention_backward", "T=9 B=2 S=9 H=8 D=8 dtype=bf16");
    strikes(EMULATOR_MISSING_BARRIER, "attention_backward", "T=9 B=2 S=40 H=8 D=8 dtype=bf16");
}

static void a_short_grid_is_caught(void **state)
{
    (void)state;
    strikes(EMULATOR_SHORT_GRID, "activation_forward", "N=3 D=350");
    strikes(EMULATOR_SHORT_GRID, "activation_backward", "N=3 D=350");
    strikes(EMULATOR_SHORT_GRID, "attention_forward", "T=9 B=2 S=3 H=5 D=5 -lengths");
    strikes(EMULATOR_SHORT_GRID, "attention_forward", "T=9 B=2 S=3 H=5 D=5 -lengths dtype=f16");
    strikes(EMULATOR_SHORT_GRID, "attention_backward", "T=9 B=2 S=3 H=5 D=5 -lengths");
    strikes(EMULATOR_SHORT_GRID, "attention_backward", "T=9 B=2 S=3 H=5 D=5 dtype=f16");
    strikes(EMULATOR_SHORT_GRID, "attention_backward", "T=9 B=2 S=40 H=5 D=5 dtype=f16");
    strikes(EMULATOR_SHORT_GRID, "attention_backward", "T=0 B=2 S=9 H=5 D=5"); /* dk, dv */
    strikes(EMULATOR_SHORT_GRID, "attention_additive_forward", "T=1 B=2 S=3 H=5 D=520 -weights");
    strikes(EMULATOR_SHORT_GRID, "attention_additive_backward", "T=9 B=2 S=3 H=5 D=5 -lengths");
    strikes(EMULATOR_SHORT_GRID, "cooccurrence_count", "N=300 W=2 V=9");
    strikes(EMULATOR_SHORT_GRID, "cooccurrence_ppmi", "N=300 R=9 C=9 total=100");
    strikes(EMULATOR_SHORT_GRID, "dropout_forward", "T=2 N=2050 -mask");
    strikes(EMULATOR_SHORT_GRID, "dropout_backward", "T=2 N=2050 -mask locked=1");
    strikes(EMULATOR_SHORT_GRID, "embedding_gather", "N=300 D=5 V=9");
    strikes(EMULATOR_SHORT_GRID, "embedding_gather_pooled", "N=60 K=2 D=5 V=9");
    strikes(EMULATOR_SHORT_GRID, "embedding_scatter", "N=5 K=1 D=300 V=9");
    strikes(EMULATOR_SHORT_GRID, "embedding_scatter_atomic", "N=5 K=1 D=300 V=9");
    strikes(EMULATOR_SHORT_GRID, "embedding_compact", "N=5 K=1 D=300 V=9");
    strikes(EMULATOR_SHORT_GRID, "embedding_update", "N=5 K=1 D=300 V=9");
    strikes(EMULATOR_SHORT_GRID, "gru_forward", "T=1 B=3 D=2 H=350");
    strikes(EMULATOR_SHORT_GRID, "gru_forward", "T=2 B=3 D=2 H=350 reset=1 -bn");
    strikes(EMULATOR_SHORT_GRID, "gru_backward", "T=1 B=3 D=2 H=350");
    strikes(EMULATOR_SHORT_GRID, "gru_backward", "T=2 B=3 D=2 H=350 reset=1 -bn -dbn");
    strikes(EMULATOR_SHORT_GRID, "half_narrow", "N=2100");
    strikes(EMULATOR_SHORT_GRID, "half_widen", "N=2100");
    strikes(EMULATOR_SHORT_GRID, "layernorm_forward", "N=17 D=5");
    strikes(EMULATOR_SHORT_GRID, "layernorm_backward", "N=9 D=5");          /* dx */
    strikes(EMULATOR_SHORT_GRID, "layernorm_backward", "N=7 D=300 -dbias"); /* dweight */
    strikes(EMULATOR_SHORT_GRID, "linear_forward", "N=9 D=5 H=70");
    strikes(EMULATOR_SHORT_GRID, "linear_backward", "N=9 D=5 H=70 activation=4");
    strikes(EMULATOR_SHORT_GRID, "linear_backward", "N=9 D=5 H=70 activation=0"); /* db */
    strikes(EMULATOR_SHORT_GRID, "lstm_forward", "T=1 B=3 D=2 H=350");
    strikes(EMULATOR_SHORT_GRID, "lstm_backward", "T=1 B=3 D=2 H=350");
    strikes(EMULATOR_SHORT_GRID, "lstm_forward", "T=2 B=3 D=2 H=350 zoneout=0.5 zoneout_c=0.5");
    strikes(EMULATOR_SHORT_GRID, "lstm_backward", "T=2 B=3 D=2 H=350 zoneout=0.5 zoneout_c=0.5");
    strikes(EMULATOR_SHORT_GRID, "hsoftmax_forward", "N=17 K=3 V=9 W=9 E=20 D=5");
    strikes(EMULATOR_SHORT_GRID, "hsoftmax_backward", "N=17 K=3 V=9 W=9 E=20 D=5");
    strikes(EMULATOR_SHORT_GRID, "negative_sampling_forward", "N=17 K=3 D=5 V=9");
    strikes(EMULATOR_SHORT_GRID, "negative_sampling_backward", "N=17 K=3 D=5 V=9");
    strikes(EMULATOR_SHORT_GRID, "negative_sampling_shared_forward", "N=17 K=3 D=5 V=9");
    strikes(EMULATOR_SHORT_GRID, "negative_sampling_shared_backward", "N=17 K=3 D=5 V=9");
    strikes(EMULATOR_SHORT_GRID, "optimizer_sum_squares", "N=3 D=4096 -count");
    strikes(EMULATOR_SHORT_GRID, "optimizer_clear", "N=2500");
    strikes(EMULATOR_SHORT_GRID, "optimizer_update", "N=2500");
    strikes(EMULATOR_SHORT_GRID, "optimizer_update_rows", "N=60 D=5 V=90 -count");
    strikes(EMULATOR_SHORT_GRID, "rearrange_concat", "N=50 D=7 E=8 F=15");
    strikes(EMULATOR_SHORT_GRID, "rearrange_concat_backward", "N=50 D=7 E=8 F=15 -da");
    strikes(EMULATOR_SHORT_GRID, "rearrange_broadcast", "T=3 B=50 D=7");
    strikes(EMULATOR_SHORT_GRID, "rearrange_broadcast_backward", "T=3 B=50 D=7");
    strikes(EMULATOR_SHORT_GRID, "rearrange_reverse", "T=3 B=50 D=7");
    strikes(EMULATOR_SHORT_GRID, "rearrange_transpose", "T=3 B=50 D=7");
    strikes(EMULATOR_SHORT_GRID, "sigmoid_xent_forward", "N=17 D=5");
    strikes(EMULATOR_SHORT_GRID, "sigmoid_xent_backward", "N=17 D=5");
    strikes(EMULATOR_SHORT_GRID, "similarity_norms", "V=17 D=5");
    strikes(EMULATOR_SHORT_GRID, "similarity_topk", "Q=1 V=17 D=5 K=17 -excluded"); /* products */
    strikes(EMULATOR_SHORT_GRID, "similarity_topk", "Q=9 V=17 D=5 K=3");            /* the best */
    strikes(EMULATOR_SHORT_GRID, "similarity_multiply", "Q=9 V=17 D=5 K=3");
    strikes(EMULATOR_SHORT_GRID, "softmax_xent_forward", "N=9 V=20");
    strikes(EMULATOR_SHORT_GRID, "softmax_xent_backward", "N=9 V=20");
    strikes(EMULATOR_SHORT_GRID, "softmax_xent_linear_forward", "N=9 V=20 D=5");
    strikes(EMULATOR_SHORT_GRID, "softmax_xent_linear_backward", "N=9 V=20 D=5");
    strikes(EMULATOR_SHORT_GRID, "softmax_xent_linear_backward", "N=9 V=200 D=8 dtype=f16");
    strikes(EMULATOR_SHORT_GRID, "spmm", "N=300 M=900 C=9 K=4");
    strikes(EMULATOR_SHORT_GRID, "stream_batch", "N=900 T=35 B=20");
    strikes(EMULATOR_SHORT_GRID, "rnn_forward", "T=1 B=3 D=2 H=350");
    strikes(EMULATOR_SHORT_GRID, "rnn_backward", "T=1 B=3 D=2 H=350");
    strikes(EMULATOR_SHORT_GRID, "word2vec_subsample", "N=700 V=9");
    strikes(EMULATOR_SHORT_GRID, "word2vec_sync",
            "N=40 C=40 M=40 W=2 K=3 D=8 V=9 R=12 G=9 L=2 H=0 -paths -nodes");
    strikes(EMULATOR_SHORT_GRID, "sampling_alias", "N=90 K=6 V=9");
    strikes(EMULATOR_SHORT_GRID, "sampling_categorical", "N=9 V=50 K=0");
}

static void a_lost_warp_and_deaf_shuffles_are_caught(void **state)
{
    (void)state;
    strikes(EMULATOR_LOST_LAST_WARP, "activation_forward", "N=1 D=1024");
    strikes(EMULATOR_LOST_LAST_WARP, "activation_backward", "N=1 D=1024");
    strikes(EMULATOR_LOST_LAST_WARP, "attention_forward", "T=8 B=2 S=3 H=5 D=5 -lengths");
    strikes(EMULATOR_LOST_LAST_WARP, "attention_forward", "T=1 B=2 S=32 H=5 D=5 -lengths");
    strikes(EMULATOR_LOST_LAST_WARP, "attention_forward", "T=64 B=2 S=3 H=5 D=5 dtype=f16");
    strikes(EMULATOR_LOST_LAST_WARP, "attention_backward", "T=8 B=2 S=3 H=5 D=5 -lengths");
    strikes(EMULATOR_LOST_LAST_WARP, "attention_backward", "T=64 B=2 S=3 H=5 D=5 dtype=f16");
    strikes(EMULATOR_LOST_LAST_WARP, "attention_backward", "T=32 B=2 S=9 H=200 D=9 dtype=f16");
    strikes(EMULATOR_LOST_LAST_WARP, "attention_backward", "T=0 B=2 S=8 H=5 D=5"); /* dk, dv */
    strikes(EMULATOR_LOST_LAST_WARP, "attention_additive_forward", "T=8 B=2 S=3 H=5 D=5");
    strikes(EMULATOR_LOST_LAST_WARP, "attention_additive_backward", "T=8 B=2 S=3 H=5 D=5");
    strikes(EMULATOR_LOST_LAST_WARP, "dropout_forward", "T=1 N=2048 -mask -residual");
    strikes(EMULATOR_LOST_LAST_WARP, "embedding_gather", "N=52 D=5 V=9");
    strikes(EMULATOR_LOST_LAST_WARP, "gru_forward", "T=2 B=3 D=2 H=85");
    strikes(EMULATOR_LOST_LAST_WARP, "gru_backward", "T=9 B=3 D=2 H=8");
    strikes(EMULATOR_LOST_LAST_WARP, "half_narrow", "N=1000");
    strikes(EMULATOR_LOST_LAST_WARP, "half_widen", "N=1000");
    strikes(EMULATOR_LOST_LAST_WARP, "lstm_forward", "T=2 B=3 D=2 H=85");
    strikes(EMULATOR_LOST_LAST_WARP, "lstm_forward", "T=2 B=3 D=2 H=85 dtype=bf16");
    strikes(EMULATOR_LOST_LAST_WARP, "lstm_backward", "T=9 B=3 D=2 H=8");
    strikes(EMULATOR_LOST_LAST_WARP, "layernorm_forward", "N=8 D=5");
    strikes(EMULATOR_LOST_LAST_WARP, "layernorm_backward", "N=8 D=5 -dweight -dbias"); /* dx */
    strikes(EMULATOR_LOST_LAST_WARP, "layernorm_backward", "N=16 D=256 -weight");
    strikes(EMULATOR_LOST_LAST_WARP, "linear_forward", "N=16 D=5 H=64");
    strikes(EMULATOR_LOST_LAST_WARP, "linear_backward", "N=16 D=5 H=64");
    strikes(EMULATOR_LOST_LAST_WARP, "linear_backward", "N=16 D=5 H=64 activation=0"); /* db */
    strikes(EMULATOR_LOST_LAST_WARP, "optimizer_sum_squares", "N=9 D=700 -count");
    strikes(EMULATOR_LOST_LAST_WARP, "rearrange_concat", "N=64 D=8 E=8 F=16");
    strikes(EMULATOR_LOST_LAST_WARP, "rearrange_concat_backward", "N=64 D=8 E=8 F=16");
    strikes(EMULATOR_LOST_LAST_WARP, "rearrange_broadcast", "T=4 B=8 D=32");
    strikes(EMULATOR_LOST_LAST_WARP, "rearrange_broadcast_backward", "T=3 B=32 D=32");
    strikes(EMULATOR_LOST_LAST_WARP, "rearrange_reverse", "T=4 B=8 D=32");
    strikes(EMULATOR_LOST_LAST_WARP, "rearrange_transpose", "T=4 B=8 D=32");
    strikes(EMULATOR_LOST_LAST_WARP, "similarity_norms", "V=8 D=5");
    strikes(EMULATOR_LOST_LAST_WARP, "similarity_topk", "Q=9 V=256 D=8 K=9 -excluded");
    strikes(EMULATOR_LOST_LAST_WARP, "softmax_xent_forward", "N=9 V=300");
    strikes(EMULATOR_LOST_LAST_WARP, "softmax_xent_linear_backward", "N=9 V=300 D=5");
    strikes(EMULATOR_LOST_LAST_WARP, "softmax_xent_linear_backward", "N=9 V=20 D=8 dtype=f16");
    strikes(EMULATOR_DEAF_SHUFFLE, "softmax_xent_forward", "N=9 V=20");
    strikes(EMULATOR_DEAF_SHUFFLE, "softmax_xent_linear_forward", "N=9 V=20 D=8 dtype=f16");
    strikes(EMULATOR_LOST_LAST_WARP, "rnn_forward", "T=2 B=3 D=2 H=85");
    strikes(EMULATOR_LOST_LAST_WARP, "rnn_backward", "T=9 B=3 D=2 H=8");
    strikes(EMULATOR_LOST_LAST_WARP, "sampling_alias", "N=85 K=6 V=9");
    strikes(EMULATOR_LOST_LAST_WARP, "sampling_categorical", "N=9 V=4096 K=0 temperature=100");
    strikes(EMULATOR_LOST_LAST_WARP, "word2vec_sync",
            "N=40 C=40 M=40 W=2 K=3 D=8 V=9 R=9 L=0 H=0 -spans -pieces -paths -nodes");
    strikes(EMULATOR_DEAF_SHUFFLE, "word2vec_hogwild",
            "N=20 C=20 W=2 K=3 D=8 V=9 R=12 G=9 L=2 H=0 -paths -nodes");
    strikes(EMULATOR_DEAF_SHUFFLE, "word2vec_hogwild",
            "N=20 C=20 W=2 K=0 H=3 E=20 D=8 V=9 R=9 L=0 -spans -pieces");
    strikes(EMULATOR_DEAF_SHUFFLE, "word2vec_sync",
            "N=20 C=20 W=2 K=3 D=8 V=9 R=12 G=9 L=2 H=0 -paths -nodes");
    strikes(EMULATOR_DEAF_SHUFFLE, "attention_forward", "T=2 B=2 S=3 H=5 D=5 -lengths");
    strikes(EMULATOR_DEAF_SHUFFLE, "attention_forward", "T=9 B=2 S=3 H=5 D=5 dtype=bf16");
    strikes(EMULATOR_DEAF_SHUFFLE, "attention_backward", "T=2 B=2 S=3 H=5 D=5 -lengths");
    strikes(EMULATOR_DEAF_SHUFFLE, "attention_additive_forward", "T=2 B=2 S=3 H=5 D=5 -lengths");
    strikes(EMULATOR_DEAF_SHUFFLE, "attention_additive_backward", "T=2 B=2 S=3 H=5 D=5 -lengths");
    strikes(EMULATOR_DEAF_SHUFFLE, "layernorm_forward", "N=7 D=5");
    strikes(EMULATOR_DEAF_SHUFFLE, "layernorm_backward", "N=7 D=5");
    strikes(EMULATOR_DEAF_SHUFFLE, "sigmoid_xent_forward", "N=7 D=5");
    strikes(EMULATOR_DEAF_SHUFFLE, "hsoftmax_forward", "N=7 K=3 V=9 W=9 E=20 D=5");
    strikes(EMULATOR_DEAF_SHUFFLE, "negative_sampling_forward", "N=7 K=3 D=5 V=9");
    strikes(EMULATOR_DEAF_SHUFFLE, "negative_sampling_shared_forward", "N=7 K=3 D=5 V=9");
    strikes(EMULATOR_DEAF_SHUFFLE, "similarity_norms", "V=7 D=5");
    strikes(EMULATOR_DEAF_SHUFFLE, "similarity_topk", "Q=9 V=50 D=8 K=9 -excluded");
    strikes(EMULATOR_DEAF_SHUFFLE, "optimizer_sum_squares", "N=9 D=70 -count");
}

static void a_wrong_workspace_size_is_caught(void **state)
{
    /* sizes at which what is cut off was in use */
    static const struct {
        const char *op, *sizes;
        size_t cut;
    } cases[] = {
        { "attention_forward", "T=2 B=8 S=4 H=8 D=8 dtype=f16", 512 },
        { "attention_backward", "T=2 B=8 S=4 H=8 D=8 dtype=f16", 1024 },
        { "attention_additive_backward", "T=2 B=8 S=4 H=8 D=8", 256 },
        { "cooccurrence_count", "N=64 W=2 V=9", 1024 },
        { "embedding_compact", "N=64 K=1 D=2 V=9", 768 },
        { "embedding_update", "N=64 K=1 D=2 V=9", 768 },
        { "gru_forward", "T=2 B=8 D=2 H=8", 256 },
        { "gru_forward", "T=2 B=8 D=2 H=8 reset=1 -bn", 256 },
        { "gru_backward", "T=2 B=8 D=2 H=8", 768 },
        { "gru_backward", "T=2 B=8 D=2 H=8 reset=1 -bn -dbn", 768 },
        { "hsoftmax_forward", "N=128 K=1 V=9 W=9 E=20 D=2", 256 },
        { "layernorm_backward", "N=64 D=16", 256 },
        { "layernorm_backward", "N=64 D=32 -dbias", 256 },
        { "lstm_forward", "T=2 B=8 D=2 H=8", 256 },
        { "lstm_backward", "T=2 B=8 D=2 H=8", 1024 },
        { "linear_forward", "N=16 D=4 H=8 dtype=f16", 256 },
        { "linear_backward", "N=16 D=4 H=8", 256 },
        { "linear_backward", "N=16 D=4 H=16 dtype=bf16", 256 },
        { "negative_sampling_forward", "N=128 K=1 D=2 V=9", 256 },
        { "negative_sampling_shared_forward", "N=128 K=2 D=2 V=9", 256 },
        { "negative_sampling_shared_backward", "N=128 K=2 D=2 V=9 -dtable", 256 },
        { "optimizer_sum_squares", "N=128 D=4096 -count", 256 },
        { "rnn_forward", "T=2 B=8 D=2 H=8", 256 },
        { "rnn_backward", "T=2 B=8 D=2 H=8", 256 },
        { "sampling_categorical", "N=16 V=16 K=4", 256 },
        { "similarity_topk", "Q=2 V=64 D=8 K=32 -excluded", 256 },
        { "similarity_multiply", "Q=2 V=64 D=8 K=32 -excluded", 256 },
        { "softmax_xent_forward", "N=128 V=9 -losses", 256 },
        { "softmax_xent_linear_forward", "N=128 V=16 D=4", 512 },
        { "softmax_xent_linear_backward", "N=128 V=16 D=4", 512 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        op_case c = made(cases[i].op, cases[i].sizes);
        assert_int_equal(in_a_child(with_a_cut_workspace, &c, the_cpu(), 0), UNNOTICED);
        if (in_a_child(with_a_cut_workspace, &c, the_cpu(), cases[i].cut) != NOTICED)
            fail_msg("a workspace of %s cut by %zu bytes went unnoticed", cases[i].op,
                     cases[i].cut);
        case_free(&c);
    }
    op_case c = made("negative_sampling_forward", "N=128 K=1 D=2 V=9");
    assert_int_equal(in_a_child(with_a_cut_workspace, &c, the_kernels(), 0), UNNOTICED);
    assert_int_equal(in_a_child(with_a_cut_workspace, &c, the_kernels(), 256), NOTICED);
    case_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wrong_workspace_size_is_caught),
        cmocka_unit_test(a_factor_in_the_float_reference_is_caught),
        cmocka_unit_test(a_wrong_derivative_is_caught),
        cmocka_unit_test(masks_that_are_not_forwards_are_caught),
        cmocka_unit_test(a_lost_atomic_is_caught),
        cmocka_unit_test(a_missing_barrier_is_caught),
        cmocka_unit_test(a_short_grid_is_caught),
        cmocka_unit_test(a_lost_warp_and_deaf_shuffles_are_caught),
    };
    return cmocka_run_group_tests_name("planted", tests, NULL, NULL);
}
