/* Graphs: every operator can be recorded, and its replay gives the bits of the call. And branches.
 */
#include "judge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

extern const wl_backend wl_backend_cuda;

static void every_operator_replays_as_a_graph(void **state)
{
    (void)state;
    for (int op = 0; op < WL_OPERATORS; op++) {
        op_case c = made(wl_op_specs[op]->name, /* of 9 words 6 rows are distinct */
                         "T=4 B=3 H=8 N=6 K=3 D=20 E=4 F=24 V=9 R=12 G=20 L=3 C=30 W=2 M=8");
        outcome called, replayed = { 0 };
        char trouble[256];
        bound_case b;
        wl_graph *graph;
        if (execute(&called, &c, &wl_backend_cuda)) fail_msg("%s", called.trouble);
        if (case_bind(&b, &c, &wl_backend_cuda, trouble)) fail_msg("%s", trouble);
        assert_int_equal(wl_graph_begin(b.ctx), WL_OK);
        if (bound_call(&b)) fail_msg("%s while recorded", wl_ctx_error(b.ctx));
        if (wl_graph_end(b.ctx, &graph)) fail_msg("%s: %s", c.spec->name, wl_ctx_error(b.ctx));
        assert_int_equal(wl_graph_launch(b.ctx, graph), WL_OK);
        if (wl_ctx_sync(b.ctx)) fail_msg("%s", wl_ctx_error(b.ctx));
        if (bound_outcome(&replayed, &b)) fail_msg("%s: %s", c.spec->name, replayed.trouble);
        if (c.spec->determinism != WL_NOT_GUARANTEED && called.hash != replayed.hash)
            fail_msg("%s: other bits as a graph", c.spec->name);
        wl_graph_destroy(b.ctx, graph);
        outcome_free(&called);
        outcome_free(&replayed);
        bound_free(&b);
        case_free(&c);
    }
}

/* A sum of squares that goes on from what is there. */
typedef struct summing {
    wl_ctx *ctx;
    wl_optimizer_sum_squares_args args;
} summing;

static summing make_summing(void)
{
    const float x[3] = { 1, 2, 3 }, zero = 0;
    summing s = { .args = { .size = sizeof s.args,
                            .x = { NULL, WL_F32, 2, { 1, 3 }, { 0 } },
                            .sum = { NULL, WL_F32, 1, { 1 }, { 0 } } } };
    void *workspace;
    size_t bytes;
    assert_int_equal(wl_ctx_create_on(&s.ctx, &wl_backend_cuda, 0), WL_OK);
    assert_int_equal(wl_ctx_alloc(s.ctx, &s.args.x.data, sizeof x), WL_OK);
    assert_int_equal(wl_ctx_alloc(s.ctx, &s.args.sum.data, sizeof zero), WL_OK);
    assert_int_equal(wl_ctx_copy(s.ctx, s.args.x.data, x, sizeof x), WL_OK);
    assert_int_equal(wl_ctx_copy(s.ctx, s.args.sum.data, &zero, sizeof zero), WL_OK);
    assert_int_equal(wl_optimizer_sum_squares_workspace(s.ctx, &s.args, &bytes), WL_OK);
    assert_int_equal(wl_ctx_alloc(s.ctx, &workspace, bytes), WL_OK);
    wl_ctx_set_workspace(s.ctx, workspace, bytes);
    return s;
}

static void free_summing(summing *s)
{
    wl_ctx_free(s->ctx, s->ctx->workspace);
    wl_ctx_free(s->ctx, s->args.x.data);
    wl_ctx_free(s->ctx, s->args.sum.data);
    wl_ctx_destroy(s->ctx);
}

static float sum_of(const summing *s)
{
    float sum;
    assert_int_equal(wl_ctx_copy(s->ctx, &sum, s->args.sum.data, sizeof sum), WL_OK);
    return sum;
}

static void calls_run_at_each_launch_and_not_when_recorded(void **state)
{
    const float x[3] = { 0, 0, 4 };
    summing s = make_summing();
    wl_graph *graph;
    (void)state;
    assert_int_equal(wl_graph_begin(s.ctx), WL_OK);
    for (int i = 0; i < 2; i++) assert_int_equal(wl_optimizer_sum_squares(s.ctx, &s.args), WL_OK);
    assert_int_equal(wl_graph_end(s.ctx, &graph), WL_OK);
    assert_true(sum_of(&s) == 0);
    assert_int_equal(wl_graph_launch(s.ctx, graph), WL_OK);
    assert_true(sum_of(&s) == 28);
    assert_int_equal(wl_ctx_copy(s.ctx, s.args.x.data, x, sizeof x), WL_OK);
    assert_int_equal(wl_graph_launch(s.ctx, graph), WL_OK); /* of what is there now */
    assert_true(sum_of(&s) == 60);
    wl_graph_destroy(s.ctx, graph);
    wl_graph_destroy(s.ctx, NULL);
    free_summing(&s);
}

static void what_waits_spoils_a_recording_and_the_context_works_on(void **state)
{
    summing s = make_summing();
    wl_graph *graph;
    (void)state;
    assert_int_equal(wl_graph_begin(s.ctx), WL_OK);
    assert_int_equal(wl_ctx_sync(s.ctx), WL_DEVICE_ERROR);
    assert_int_equal(wl_graph_end(s.ctx, &graph), WL_DEVICE_ERROR);
    assert_null(graph);
    assert_int_equal(wl_graph_launch(s.ctx, graph), WL_MISSING);
    assert_int_equal(wl_optimizer_sum_squares(s.ctx, &s.args), WL_OK);
    assert_true(sum_of(&s) == 14);
    free_summing(&s);
}

static void a_recording_has_one_beginning_and_one_end(void **state)
{
    summing s = make_summing();
    wl_graph *graph;
    wl_ctx *cpu;
    (void)state;
    assert_int_equal(wl_graph_end(s.ctx, &graph), WL_UNSUPPORTED);
    assert_non_null(strstr(wl_ctx_error(s.ctx), "expected wl_graph_begin"));
    assert_int_equal(wl_graph_begin(s.ctx), WL_OK);
    assert_int_equal(wl_graph_begin(s.ctx), WL_UNSUPPORTED);
    assert_non_null(strstr(wl_ctx_error(s.ctx), "expected its end"));
    assert_int_equal(wl_graph_end(s.ctx, &graph), WL_OK);
    wl_graph_destroy(s.ctx, graph);
    free_summing(&s);
    assert_int_equal(wl_ctx_create(&cpu, WL_CPU, 0), WL_OK);
    assert_int_equal(wl_graph_begin(cpu), WL_UNSUPPORTED);
    assert_non_null(strstr(wl_ctx_error(cpu), "expected a context on CUDA"));
    wl_ctx_destroy(cpu);
}

/* Two sums in a branch of their own, of which the second waits for the first. */
static void queue_in_branches(summing *first, const summing *second)
{
    wl_ctx *ctx = first->ctx;
    assert_int_equal(wl_branch(ctx, 1), WL_OK);
    assert_int_equal(wl_branch_after(ctx, 0), WL_OK);
    wl_ctx_set_workspace(ctx, second->ctx->workspace, second->ctx->workspace_bytes);
    assert_int_equal(wl_optimizer_sum_squares(ctx, &first->args), WL_OK);
    assert_int_equal(wl_branch(ctx, 3), WL_OK);
    assert_int_equal(wl_branch_after(ctx, 1), WL_OK);
    wl_optimizer_sum_squares_args of_sum = second->args; /* the square of the first sum */
    of_sum.x = first->args.sum;
    of_sum.x.ndim = 2;
    of_sum.x.shape[0] = of_sum.x.shape[1] = 1;
    wl_ctx_set_workspace(ctx, second->ctx->workspace, second->ctx->workspace_bytes);
    assert_int_equal(wl_optimizer_sum_squares(ctx, &of_sum), WL_OK);
    assert_int_equal(wl_branch(ctx, 0), WL_OK);
    assert_ptr_equal(ctx->workspace, first->ctx->workspace);
    assert_int_equal(wl_branch_after(ctx, 3), WL_OK);
}

/* with WL_EMULATOR_ASYNC=1 what nobody waits for has not run */
static void branches_wait_for_each_other_where_they_say_so(void **state)
{
    summing first = make_summing(), second = make_summing();
    wl_graph *graph;
    (void)state;
    queue_in_branches(&first, &second);
    assert_int_equal(wl_ctx_sync(first.ctx), WL_OK);
    assert_true(sum_of(&first) == 14 && sum_of(&second) == 196);
    assert_int_equal(wl_graph_begin(first.ctx), WL_OK);
    queue_in_branches(&first, &second);
    assert_int_equal(wl_graph_end(first.ctx, &graph), WL_OK);
    assert_true(sum_of(&first) == 14);
    assert_int_equal(wl_graph_launch(first.ctx, graph), WL_OK);
    assert_int_equal(wl_ctx_sync(first.ctx), WL_OK);
    assert_true(sum_of(&first) == 28 && sum_of(&second) == 196 + 784);
    wl_graph_destroy(first.ctx, graph);
    free_summing(&first), free_summing(&second);
}

static void what_branches_cannot_do_is_told(void **state)
{
    summing s = make_summing();
    wl_graph *graph;
    wl_ctx *cpu;
    (void)state;
    assert_int_equal(wl_branch(s.ctx, WL_BRANCHES), WL_OUT_OF_RANGE);
    assert_non_null(strstr(wl_ctx_error(s.ctx), "no branch 4, expected 0 to 3"));
    assert_int_equal(wl_branch_after(s.ctx, -1), WL_OUT_OF_RANGE);
    assert_int_equal(wl_branch(s.ctx, 1), WL_OK);
    assert_int_equal(wl_optimizer_sum_squares(s.ctx, &s.args), WL_NO_WORKSPACE);
    assert_int_equal(wl_graph_begin(s.ctx), WL_UNSUPPORTED);
    assert_non_null(strstr(wl_ctx_error(s.ctx), "branch 1 is current"));
    assert_int_equal(wl_branch(s.ctx, 0), WL_OK);
    assert_int_equal(wl_graph_begin(s.ctx), WL_OK);
    assert_int_equal(wl_branch(s.ctx, 2), WL_OK);
    assert_int_equal(wl_branch_after(s.ctx, 0), WL_OK); /* and nobody waits for it */
    assert_int_equal(wl_graph_end(s.ctx, &graph), WL_DEVICE_ERROR);
    assert_int_equal(wl_optimizer_sum_squares(s.ctx, &s.args), WL_OK);
    assert_true(sum_of(&s) == 14);
    free_summing(&s);
    assert_int_equal(wl_ctx_create(&cpu, WL_CPU, 0), WL_OK);
    assert_int_equal(wl_branch(cpu, 2), WL_OK); /* one call after the other */
    assert_int_equal(wl_branch_after(cpu, 0), WL_OK);
    assert_int_equal(wl_branch(cpu, 4), WL_OUT_OF_RANGE);
    wl_ctx_destroy(cpu);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_operator_replays_as_a_graph),
        cmocka_unit_test(calls_run_at_each_launch_and_not_when_recorded),
        cmocka_unit_test(what_waits_spoils_a_recording_and_the_context_works_on),
        cmocka_unit_test(a_recording_has_one_beginning_and_one_end),
        cmocka_unit_test(branches_wait_for_each_other_where_they_say_so),
        cmocka_unit_test(what_branches_cannot_do_is_told),
    };
    return cmocka_run_group_tests_name("graphs", tests, NULL, NULL);
}
