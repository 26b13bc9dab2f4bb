// The emulated device's limits, and the order of work in its streams. Internal to the runtime.
#ifndef EMULATOR_DEVICE_H
#define EMULATOR_DEVICE_H

#include <cstddef>
#include <functional>
#include <memory>

#include "cuda_runtime.h"

namespace emulator
{

constexpr unsigned most_threads = 1024, threads_of_sm = 2048, blocks_of_sm = 32;
constexpr std::size_t device_bytes = std::size_t(16) << 30;

unsigned long setting(const char *name, unsigned long otherwise); // a number of the environment
unsigned multiprocessors();
unsigned blocks_that_fit(unsigned threads, std::size_t dynamic_bytes); // on a multiprocessor
bool is_device_memory(const void *p); // or pinned, or just past the end of either

extern thread_local location copying; // where the copy was queued that is going on, if one is
void note_launch(const launch_request &request); // for watch.h

// Does the work now; under WL_EMULATOR_ASYNC=1 later, when something waits for it.
void enqueue(void *stream, std::function<void()> work);
void finish_stream(void *stream);
bool captured(void *stream, std::function<void()> &work); // taken by a graph, if one is captured
struct capture;
std::shared_ptr<capture> capture_of(void *stream); // null: it is not captured
// What is queued on a stream from now on is captured too, after what `from` has captured.
cudaError_t join_capture(void *stream, const std::shared_ptr<capture> &joined, void *from);
cudaError_t waits(); // of a call that does: an error while this thread captures a graph
void finish_all_streams();

} // namespace emulator

#endif
