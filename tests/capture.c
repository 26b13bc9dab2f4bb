/* Every operator can be captured in a CUDA graph, and the graph's replay gives the bits of the
 * call. For the real kernels alone: the emulator knows no graphs. */
#include "judge.h"

#include <cuda_runtime_api.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

extern const wl_backend wl_backend_cuda;

static void good(cudaError_t error)
{
    if (error != cudaSuccess) fail_msg("CUDA: %s", cudaGetErrorString(error));
}

/* One replay of the call as a graph on a stream of its own. */
static void replay(bound_case *b)
{
    cudaStream_t stream;
    cudaGraph_t graph;
    cudaGraphExec_t executable;
    good(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    wl_ctx_set_stream(b->ctx, stream);
    good(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
    const wl_status status = bound_call(b);
    good(cudaStreamEndCapture(stream, &graph));
    if (status) fail_msg("%s while captured", wl_ctx_error(b->ctx));
    good(cudaGraphInstantiate(&executable, graph, 0));
    good(cudaGraphLaunch(executable, stream));
    if (wl_ctx_sync(b->ctx)) fail_msg("%s", wl_ctx_error(b->ctx));
    good(cudaGraphExecDestroy(executable));
    good(cudaGraphDestroy(graph));
    wl_ctx_set_stream(b->ctx, NULL);
    good(cudaStreamDestroy(stream));
}

static void every_operator_replays_as_a_graph(void **state)
{
    (void)state;
    for (int op = 0; op < WL_OPERATORS; op++) {
        op_case c =
            made(wl_op_specs[op]->name, "T=4 B=3 H=8 N=40 K=3 D=20 V=9 R=12 G=20 L=3 C=30 W=2 M=8");
        outcome called, replayed = { 0 };
        char trouble[256];
        bound_case b;
        if (execute(&called, &c, &wl_backend_cuda)) fail_msg("%s", called.trouble);
        if (case_bind(&b, &c, &wl_backend_cuda, trouble)) fail_msg("%s", trouble);
        replay(&b);
        if (bound_outcome(&replayed, &b)) fail_msg("%s: %s", c.spec->name, replayed.trouble);
        if (c.spec->determinism != WL_NOT_GUARANTEED && called.hash != replayed.hash)
            fail_msg("%s: other bits as a graph", c.spec->name);
        outcome_free(&called);
        outcome_free(&replayed);
        bound_free(&b);
        case_free(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(every_operator_replays_as_a_graph) };
    return cmocka_run_group_tests_name("capture", tests, NULL, NULL);
}
