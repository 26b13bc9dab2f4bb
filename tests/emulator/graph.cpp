// Graphs: what is queued on a stream that is being captured, or on one that has waited for it, is
// kept, and queued again at each launch, in the same order. What waits for the device ends a
// capture of its thread, as it does there.
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

#include "cuda_runtime.h"
#include "device.h"

struct CUgraph_st {
    std::vector<std::function<void()>> work;
};

struct CUgraphExec_st {
    std::vector<std::function<void()>> work;
};

namespace emulator
{

struct capture {
    std::unique_ptr<CUgraph_st> graph{ new CUgraph_st };
    void *origin;
    std::set<void *> apart; // other streams, with something that nobody has waited for
    bool valid = true;
    explicit capture(void *stream) : origin(stream) {}
    void goes_on(void *stream)
    {
        if (stream != origin) apart.insert(stream);
    }
};

namespace
{

std::mutex &guard = *new std::mutex;
auto &captures = *new std::map<void *, std::shared_ptr<capture>>; // by stream
thread_local int of_this_thread = 0;

} // namespace

bool captured(void *stream, std::function<void()> &work)
{
    std::lock_guard<std::mutex> lock(guard);
    const auto found = captures.find(stream);
    if (found == captures.end()) return false;
    found->second->graph->work.push_back(std::move(work));
    found->second->goes_on(stream);
    return true;
}

std::shared_ptr<capture> capture_of(void *stream)
{
    std::lock_guard<std::mutex> lock(guard);
    const auto found = captures.find(stream);
    return found == captures.end() ? nullptr : found->second;
}

cudaError_t join_capture(void *stream, const std::shared_ptr<capture> &joined, void *from)
{
    std::lock_guard<std::mutex> lock(guard);
    const auto found = captures.emplace(stream, joined).first;
    if (found->second != joined) return noted(cudaErrorStreamCaptureMerge);
    joined->apart.erase(from);
    joined->goes_on(stream);
    return cudaSuccess;
}

cudaError_t waits()
{
    if (!of_this_thread) return cudaSuccess;
    std::lock_guard<std::mutex> lock(guard);
    for (auto &one : captures) one.second->valid = false;
    return noted(cudaErrorStreamCaptureUnsupported);
}

} // namespace emulator

using namespace emulator;

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode)
{
    if (const cudaError_t error = refusal(__func__)) return error;
    if (!stream) return noted(cudaErrorStreamCaptureUnsupported);
    std::lock_guard<std::mutex> lock(guard);
    if (!captures.emplace(stream, std::make_shared<capture>(stream)).second)
        return noted(cudaErrorIllegalState);
    of_this_thread++;
    return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t *out)
{
    std::lock_guard<std::mutex> lock(guard);
    const auto found = captures.find(stream);
    *out = nullptr;
    if (found == captures.end() || found->second->origin != stream)
        return noted(cudaErrorIllegalState);
    const std::shared_ptr<capture> ended = found->second;
    for (auto one = captures.begin(); one != captures.end();)
        one = one->second == ended ? captures.erase(one) : std::next(one);
    of_this_thread--;
    if (!ended->valid) return noted(cudaErrorStreamCaptureInvalidated);
    if (!ended->apart.empty()) return noted(cudaErrorStreamCaptureUnjoined);
    *out = ended->graph.release();
    return cudaSuccess;
}

cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus *status)
{
    if (!status) return noted(cudaErrorInvalidValue);
    std::lock_guard<std::mutex> lock(guard);
    const auto found = captures.find(stream);
    *status = found == captures.end() ? cudaStreamCaptureStatusNone
              : found->second->valid  ? cudaStreamCaptureStatusActive
                                      : cudaStreamCaptureStatusInvalidated;
    return cudaSuccess;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t *out, cudaGraph_t graph, unsigned long long)
{
    if (const cudaError_t error = refusal(__func__)) return error;
    if (!graph) return noted(cudaErrorInvalidValue);
    *out = new CUgraphExec_st{ graph->work };
    return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream)
{
    if (const cudaError_t error = refusal(__func__)) return error;
    if (!executable) return noted(cudaErrorInvalidValue);
    for (const auto &work : executable->work) enqueue(stream, work);
    return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph)
{
    delete graph;
    return cudaSuccess;
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable)
{
    finish_all_streams(); // it is kept there until it has run
    delete executable;
    return cudaSuccess;
}
