// Streams and events. Work runs when it is queued; under WL_EMULATOR_ASYNC=1 only when something
// waits for it, and then no more than what that needs, so that a missing dependence shows.
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "cuda_runtime.h"
#include "device.h"

namespace
{

struct work_queue;

// Work is numbered in the order of the calls that queued it; it depends on smaller numbers only.
struct work {
    std::uint64_t number;
    std::function<void()> run;
    std::shared_ptr<work_queue> awaited;
    std::uint64_t awaited_number;
};

struct work_queue {
    std::deque<work> pending;
    bool joins_default; // waits for the default stream, and is waited for by it
};

using moment = std::chrono::steady_clock::time_point;

} // namespace

struct CUstream_st {
    std::shared_ptr<work_queue> queue;
};

struct CUevent_st {
    std::shared_ptr<moment> time; // null before it is first recorded
    std::shared_ptr<work_queue> recorded_on;
    std::uint64_t number = 0;
    bool timed = true;
    std::shared_ptr<emulator::capture> within; // it was recorded while this stream was captured
    void *captured_on = nullptr;
};

namespace emulator
{

namespace
{

constexpr std::uint64_t everything = ~std::uint64_t(0);

std::recursive_mutex &guard = *new std::recursive_mutex;
std::uint64_t last_number = 0;
auto &default_queue = *new std::shared_ptr<work_queue>(new work_queue{ {}, false });
auto &queues = *new std::vector<std::weak_ptr<work_queue>>; // of the created streams

bool deferred()
{
    static const bool asked = setting("WL_EMULATOR_ASYNC", 0) != 0;
    return asked;
}

std::shared_ptr<work_queue> queue_of(void *stream)
{
    return stream ? static_cast<CUstream_st *>(stream)->queue : default_queue;
}

// Runs the queue's work up to a number, and first whatever that depends on.
void run_until(const std::shared_ptr<work_queue> &queue, std::uint64_t number)
{
    while (!queue->pending.empty() && queue->pending.front().number <= number) {
        const work next = std::move(queue->pending.front());
        queue->pending.pop_front();
        if (next.awaited) run_until(next.awaited, next.awaited_number);
        if (queue == default_queue) {
            for (std::size_t i = 0; i < queues.size(); i++) {
                const auto other = queues[i].lock();
                if (other && other->joins_default) run_until(other, next.number);
            }
        } else if (queue->joins_default) {
            run_until(default_queue, next.number);
        }
        if (next.run) next.run();
    }
}

void push(void *stream, work item)
{
    std::lock_guard<std::recursive_mutex> lock(guard);
    item.number = ++last_number;
    queue_of(stream)->pending.push_back(std::move(item));
}

} // namespace

void enqueue(void *stream, std::function<void()> run)
{
    if (captured(stream, run)) return;
    if (deferred())
        push(stream, work{ 0, std::move(run), nullptr, 0 });
    else
        run();
}

void finish_stream(void *stream)
{
    if (!deferred()) return;
    std::lock_guard<std::recursive_mutex> lock(guard);
    run_until(queue_of(stream), everything);
}

void finish_all_streams()
{
    if (!deferred()) return;
    std::lock_guard<std::recursive_mutex> lock(guard);
    run_until(default_queue, everything);
    for (std::size_t i = 0; i < queues.size(); i++)
        if (const auto queue = queues[i].lock()) run_until(queue, everything);
}

} // namespace emulator

using namespace emulator;

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *out, unsigned flags)
{
    if (flags & ~unsigned(cudaStreamNonBlocking)) return noted(cudaErrorInvalidValue);
    std::lock_guard<std::recursive_mutex> lock(guard);
    *out = new CUstream_st{ std::shared_ptr<work_queue>(
        new work_queue{ {}, !(flags & cudaStreamNonBlocking) }) };
    for (auto &place : queues) {
        if (!place.expired()) continue;
        place = (*out)->queue;
        return cudaSuccess;
    }
    queues.push_back((*out)->queue);
    return cudaSuccess;
}

cudaError_t cudaStreamCreate(cudaStream_t *out)
{
    return cudaStreamCreateWithFlags(out, cudaStreamDefault);
}

cudaError_t cudaStreamDestroy(cudaStream_t stream)
{
    if (!stream) return noted(cudaErrorInvalidResourceHandle);
    finish_stream(stream);
    delete stream;
    return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream)
{
    if (const cudaError_t error = refusal(__func__)) return error;
    if (const cudaError_t error = waits()) return error;
    finish_stream(stream);
    return cudaSuccess;
}

cudaError_t cudaStreamQuery(cudaStream_t stream)
{
    std::lock_guard<std::recursive_mutex> lock(guard);
    return queue_of(stream)->pending.empty() ? cudaSuccess : cudaErrorNotReady;
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned)
{
    if (const cudaError_t error = refusal(__func__)) return error;
    if (!event) return noted(cudaErrorInvalidResourceHandle);
    if (event->within) return join_capture(stream, event->within, event->captured_on);
    if (deferred() && event->recorded_on)
        push(stream, work{ 0, nullptr, event->recorded_on, event->number });
    return cudaSuccess;
}

cudaError_t cudaDeviceSynchronize()
{
    if (const cudaError_t error = waits()) return error;
    finish_all_streams();
    return cudaSuccess;
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *out, unsigned flags)
{
    if (const cudaError_t error = refusal(__func__)) return error;
    *out = new CUevent_st;
    (*out)->timed = !(flags & cudaEventDisableTiming);
    return cudaSuccess;
}

cudaError_t cudaEventCreate(cudaEvent_t *out)
{
    return cudaEventCreateWithFlags(out, cudaEventDefault);
}

cudaError_t cudaEventDestroy(cudaEvent_t event)
{
    if (!event) return noted(cudaErrorInvalidResourceHandle);
    delete event;
    return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream)
{
    if (!event) return noted(cudaErrorInvalidResourceHandle);
    event->within = capture_of(stream);
    event->captured_on = stream;
    if (event->within) return cudaSuccess;
    const auto time = std::make_shared<moment>();
    event->time = time;
    std::lock_guard<std::recursive_mutex> lock(guard);
    enqueue(stream, [time] { *time = std::chrono::steady_clock::now(); });
    event->recorded_on = queue_of(stream);
    event->number = last_number;
    return cudaSuccess;
}

cudaError_t cudaEventSynchronize(cudaEvent_t event)
{
    if (!event) return noted(cudaErrorInvalidResourceHandle);
    std::lock_guard<std::recursive_mutex> lock(guard);
    if (event->recorded_on) run_until(event->recorded_on, event->number);
    return cudaSuccess;
}

cudaError_t cudaEventQuery(cudaEvent_t event)
{
    if (!event) return noted(cudaErrorInvalidResourceHandle);
    std::lock_guard<std::recursive_mutex> lock(guard);
    if (!event->recorded_on || event->recorded_on->pending.empty()) return cudaSuccess;
    const bool done = event->recorded_on->pending.front().number > event->number;
    return done ? cudaSuccess : cudaErrorNotReady;
}

cudaError_t cudaEventElapsedTime(float *milliseconds, cudaEvent_t start, cudaEvent_t end)
{
    if (!milliseconds) return noted(cudaErrorInvalidValue);
    if (!start || !end || !start->time || !end->time || !start->timed || !end->timed)
        return noted(cudaErrorInvalidResourceHandle);
    if (cudaEventQuery(start) != cudaSuccess || cudaEventQuery(end) != cudaSuccess)
        return noted(cudaErrorNotReady);
    *milliseconds = std::chrono::duration<float, std::milli>(*end->time - *start->time).count();
    return cudaSuccess;
}
