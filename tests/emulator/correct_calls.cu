// Correct calls of the runtime: launches, copies, streams, events, and what hardware would refuse.
#include "selftest.h"

#include <cmath>
#include <cstring>

namespace
{

__global__ void scale(float *p, float by, int n)
{
    const int i = int(blockIdx.x * blockDim.x + threadIdx.x);
    if (i < n) p[i] *= by;
}

void launches_that_hardware_refuses_are_refused()
{
    device_array<float> p(4);
    check(launch({ 1, 1025 }, scale, p, 1.0f, 4) == cudaErrorInvalidConfiguration, "1025 threads");
    check(launch({ 1, dim3(1, 1, 65) }, scale, p, 1.0f, 4) == cudaErrorInvalidConfiguration,
          "65 threads along z");
    check(launch({ 0, 32 }, scale, p, 1.0f, 4) == cudaErrorInvalidConfiguration, "no block");
    check(launch({ dim3(1, 65536), 32 }, scale, p, 1.0f, 4) == cudaErrorInvalidConfiguration,
          "65536 blocks along y");
    check(!launch({ 1, 1024 }, scale, p, 1.0f, 4), "1024 threads");
    check(!launch({ 1, 32 }, scale, nullptr, 1.0f, 0), "a null pointer may be passed");
    cudaGetLastError();
}

void copies_are_checked()
{
    device_array<float> p(100);
    float host[200] = {};
    check(cudaMemcpy(p, host, 404, cudaMemcpyHostToDevice) == cudaErrorInvalidValue,
          "a copy beyond its block is refused");
    check(cudaMemcpy(host, p, 8, cudaMemcpyHostToDevice) == cudaErrorInvalidValue,
          "a copy in the wrong direction is refused");
    check(cudaMemset(host, 0, 8) == cudaErrorInvalidValue, "host memory is not set");
    check(cudaFree(host) == cudaErrorInvalidValue, "host memory is not freed");
    float *fresh = nullptr;
    check(!cudaMalloc(&fresh, 16) && uintptr_t(fresh) % 256 == 0, "memory is aligned");
    check(!cudaMemcpy(host, fresh, 16, cudaMemcpyDefault) && std::isnan(host[3]),
          "fresh memory is NaN");
    check(!cudaFree(fresh) && !cudaFree(nullptr), "memory is freed");
    size_t free_bytes = 0, total = 0;
    check(!cudaMemGetInfo(&free_bytes, &total) && total - free_bytes == 400, "memory is counted");
    check(cudaMalloc(&fresh, size_t(1) << 50) == cudaErrorMemoryAllocation && !fresh,
          "memory ends");
    cudaGetLastError();
}

void streams_wait_for_events()
{
    cudaStream_t a = nullptr, b = nullptr;
    cudaEvent_t start = nullptr, end = nullptr;
    check(!cudaStreamCreate(&a) && !cudaStreamCreateWithFlags(&b, cudaStreamNonBlocking) &&
              !cudaEventCreate(&start) && !cudaEventCreate(&end),
          "streams and events are made");
    device_array<float> p(std::vector<float>(256, 1.0f));
    float out[256];
    float ms = -1;
    check(cudaEventElapsedTime(&ms, start, end) == cudaErrorInvalidResourceHandle,
          "an event that is not recorded has no time");
    cudaDeviceSynchronize();
    for (int round = 0; round < 3; round++) {
        cudaEventRecord(start, a);
        (void)launch({ 2, 128, 0, false, 1, a }, scale, p, 3.0f, 256);
        cudaEventRecord(end, a);
        cudaStreamWaitEvent(b, end);
        (void)launch({ 2, 128, 0, false, 1, b }, scale, p, 0.5f, 256);
        cudaMemcpyAsync(out, p, sizeof out, cudaMemcpyDeviceToHost, b);
        cudaEventRecord(start, b);
        cudaStreamWaitEvent(a, start);
    }
    check(!cudaStreamSynchronize(b) && out[255] == 3.375f, "streams_wait_for_events");
    cudaEventRecord(start, a);
    cudaEventRecord(end, a);
    check(!cudaEventSynchronize(end) && !cudaEventQuery(end) &&
              !cudaEventElapsedTime(&ms, start, end) && ms >= 0,
          "events tell the time between them");
    cudaStreamDestroy(a);
    cudaStreamDestroy(b);
    cudaEventDestroy(start);
    cudaEventDestroy(end);
    cudaGetLastError();
}

void graphs_replay_what_was_captured()
{
    cudaStream_t stream;
    cudaGraph_t graph = nullptr;
    cudaGraphExec_t executable = nullptr;
    cudaStreamCaptureStatus status = cudaStreamCaptureStatusActive;
    float *p = nullptr, out[256], one[256];
    for (float &x : one) x = 1;
    cudaStreamCreate(&stream);
    cudaMalloc(&p, sizeof out);
    cudaMemcpy(p, one, sizeof one, cudaMemcpyHostToDevice);
    check(!cudaStreamIsCapturing(stream, &status) && status == cudaStreamCaptureStatusNone,
          "nothing is captured");
    check(cudaStreamBeginCapture(nullptr, cudaStreamCaptureModeThreadLocal) ==
              cudaErrorStreamCaptureUnsupported,
          "the null stream is not captured");
    check(!cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), "a capture begins");
    (void)launch({ 2, 128, 0, false, 1, stream }, scale, p, 3.0f, 256);
    check(!cudaStreamIsCapturing(stream, &status) && status == cudaStreamCaptureStatusActive,
          "and goes on");
    check(!cudaStreamEndCapture(stream, &graph) && !cudaGraphInstantiate(&executable, graph),
          "and ends");
    cudaMemcpy(out, p, sizeof out, cudaMemcpyDeviceToHost);
    check(out[255] == 1, "what is captured does not run");
    for (int i = 0; i < 2; i++) check(!cudaGraphLaunch(executable, stream), "a graph is launched");
    cudaStreamSynchronize(stream);
    cudaMemcpy(out, p, sizeof out, cudaMemcpyDeviceToHost);
    check(out[255] == 9, "a graph runs at each launch");
    cudaGraphExecDestroy(executable);
    cudaGraphDestroy(graph);
    check(!cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), "another begins");
    check(cudaStreamSynchronize(stream) == cudaErrorStreamCaptureUnsupported &&
              cudaMemcpy(out, p, 4, cudaMemcpyDeviceToHost) == cudaErrorStreamCaptureUnsupported,
          "a capture cannot wait");
    check(cudaStreamEndCapture(stream, &graph) == cudaErrorStreamCaptureInvalidated && !graph,
          "and is lost if it tries");
    cudaStreamDestroy(stream);
    cudaFree(p);
    cudaGetLastError();
}

/* a stream that waits for a captured one is captured with it, and must be waited for */
void captures_branch_and_join()
{
    cudaStream_t stream, other;
    cudaEvent_t event;
    cudaGraph_t graph;
    cudaGraphExec_t executable;
    float *p = nullptr, out[256];
    cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking);
    cudaStreamCreateWithFlags(&other, cudaStreamNonBlocking);
    cudaEventCreateWithFlags(&event, cudaEventDisableTiming);
    cudaMalloc(&p, sizeof out);
    for (float &x : out) x = 1;
    cudaMemcpy(p, out, sizeof out, cudaMemcpyHostToDevice);
    for (int joined = 1; joined >= 0; joined--) {
        cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal);
        cudaEventRecord(event, stream);
        check(!cudaStreamWaitEvent(other, event, 0), "another stream joins a capture");
        (void)launch({ 2, 128, 0, false, 1, other }, scale, p, 3.0f, 256);
        cudaEventRecord(event, other);
        if (joined) cudaStreamWaitEvent(stream, event, 0);
        const cudaError_t ended = cudaStreamEndCapture(stream, &graph);
        check(ended == (joined ? cudaSuccess : cudaErrorStreamCaptureUnjoined),
              "a capture ends with all joined");
        if (ended) continue;
        cudaGraphInstantiate(&executable, graph);
        cudaGraphLaunch(executable, stream);
        cudaStreamSynchronize(stream);
        cudaGraphExecDestroy(executable);
        cudaGraphDestroy(graph);
    }
    cudaMemcpy(out, p, sizeof out, cudaMemcpyDeviceToHost);
    check(out[255] == 3, "what another stream captured runs");
    cudaStreamDestroy(stream);
    cudaStreamDestroy(other);
    cudaEventDestroy(event);
    cudaFree(p);
    cudaGetLastError();
}

void the_device_describes_itself()
{
    cudaDeviceProp p;
    int count = 0, sms = 0, device = 7;
    check(!cudaGetDeviceCount(&count) && count == 1, "there is one device");
    check(!cudaGetDevice(&device) && device == 0 && !cudaSetDevice(0), "and it is current");
    check(cudaSetDevice(1) == cudaErrorInvalidDevice, "there is no second");
    cudaDeviceGetAttribute(&sms, cudaDevAttrMultiProcessorCount, 0);
    check(!cudaGetDeviceProperties(&p, 0) && !std::strcmp(p.name, "emulated") && p.major == 9 &&
              p.multiProcessorCount == sms,
          "it is called emulated");
    check(!std::strcmp(cudaGetErrorString(cudaErrorMemoryAllocation), "out of memory") &&
              !std::strcmp(cudaGetErrorName(cudaErrorNotReady), "cudaErrorNotReady"),
          "errors have names");
    cudaGetLastError();
}

} // namespace

void run_correct_calls()
{
    launches_that_hardware_refuses_are_refused();
    copies_are_checked();
    streams_wait_for_events();
    graphs_replay_what_was_captured();
    captures_branch_and_join();
    the_device_describes_itself();
}
