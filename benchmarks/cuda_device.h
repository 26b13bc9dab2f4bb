/* Time and memory on a CUDA device, for what runs there beside our operators. */
#ifndef WL_BENCHMARK_CUDA_DEVICE_H
#define WL_BENCHMARK_CUDA_DEVICE_H

#include <cuda_runtime.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

inline void must(cudaError_t error)
{
    if (error == cudaSuccess) return;
    cudaGetLastError(); /* told here: the next call is not to meet it again */
    throw std::runtime_error(std::string("CUDA: ") + cudaGetErrorString(error));
}

/* Seconds between two events round what `work` queues on a stream; negative: it failed, which is
 * what `work` tells by false. */
template <class F> double seconds_on_device(cudaStream_t stream, F work)
{
    cudaEvent_t start, stop;
    float milliseconds = -1000;
    if (cudaEventCreate(&start) || cudaEventCreate(&stop)) return -1;
    bool ok = !cudaEventRecord(start, stream) && work() && !cudaEventRecord(stop, stream);
    ok = ok && !cudaEventSynchronize(stop) && !cudaEventElapsedTime(&milliseconds, start, stop);
    cudaEventDestroy(start);
    cudaEventDestroy(stop);
    return ok ? double(milliseconds) / 1000 : -1;
}

/* What `work` queues on a stream, as a graph; null where that cannot be one. */
template <class F> cudaGraphExec_t captured(cudaStream_t stream, F work)
{
    cudaGraph_t graph = nullptr;
    cudaGraphExec_t out = nullptr;
    bool right = true;
    must(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
    try {
        work();
    } catch (const std::runtime_error &) {
        right = false;
    }
    right = cudaStreamEndCapture(stream, &graph) == cudaSuccess && right;
    right = right && graph && cudaGraphInstantiate(&out, graph, 0) == cudaSuccess;
    if (graph) cudaGraphDestroy(graph);
    cudaGetLastError(); /* null tells it */
    return right ? out : nullptr;
}

/* Bytes on the device, 0 at first. */
class device_memory
{
  public:
    device_memory() = default;
    device_memory(const device_memory &) = delete;
    device_memory &operator=(const device_memory &) = delete;
    ~device_memory() { cudaFree(data); }

    void take(size_t bytes)
    {
        size = bytes;
        must(cudaMalloc(&data, std::max<size_t>(bytes, 256)));
        must(cudaMemset(data, 0, std::max<size_t>(bytes, 256)));
    }
    void fill(const std::vector<char> &from)
    {
        take(from.size());
        must(cudaMemcpy(data, from.data(), size, cudaMemcpyHostToDevice));
    }
    /* Numbers of both signs below 2, whatever their type, whose bits are as mixed as those of real
     * ones, on which the power that a GPU draws depends: one MiB of them, again and again. */
    void fill_with_numbers(size_t bytes)
    {
        std::vector<char> some(std::min(bytes, size_t(1) << 20));
        std::mt19937 bits(1);
        for (size_t i = 0; i + 1 < some.size(); i += 2) {
            const auto half = uint16_t((bits() & 0x8fff) | 0x3000);
            some[i] = char(half), some[i + 1] = char(half >> 8);
        }
        take(bytes);
        for (size_t at = 0; at < bytes; at += some.size())
            must(cudaMemcpy((char *)data + at, some.data(), std::min(some.size(), bytes - at),
                            cudaMemcpyHostToDevice));
    }
    std::vector<char> host() const
    {
        std::vector<char> out(size);
        must(cudaMemcpy(out.data(), data, size, cudaMemcpyDeviceToHost));
        return out;
    }

    void *data = nullptr;
    size_t size = 0;
};

#endif
