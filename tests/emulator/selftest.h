// The emulator's tests of itself: launching in one line, checks with a claim, and the bugs.
#ifndef EMULATOR_SELFTEST_H
#define EMULATOR_SELFTEST_H

#include <simt.cuh>
#include <cooperative_groups.h>
#include <type_traits>
#include <vector>

struct shape {
    dim3 grid, block;
    size_t dynamic_bytes = 0;
    bool cooperative = false;
    unsigned cluster = 1; // blocks along x
    cudaStream_t stream = nullptr;
};

template <class T> struct same_type {
    using type = T;
};

template <class... P>
cudaError_t launch(const shape &s, void (*kernel)(P...), typename same_type<P>::type... arguments)
{
    cudaLaunchAttribute attributes[2] = {};
    attributes[0].id = cudaLaunchAttributeCooperative;
    attributes[0].val.cooperative = s.cooperative;
    attributes[1].id = cudaLaunchAttributeClusterDimension;
    attributes[1].val.clusterDim = { s.cluster, 1, 1 };
    cudaLaunchConfig_t config = {};
    config.gridDim = s.grid;
    config.blockDim = s.block;
    config.dynamicSmemBytes = s.dynamic_bytes;
    config.stream = s.stream;
    config.attrs = attributes;
    config.numAttrs = 2;
    return cudaLaunchKernelEx(&config, kernel, arguments...);
}

// An array on the device; zeros, or a copy of a host array.
template <class T> class device_array
{
  public:
    explicit device_array(size_t values) : count(values)
    {
        cudaMalloc(&data, count * sizeof(T));
        cudaMemset(data, 0, count * sizeof(T));
    }
    explicit device_array(const std::vector<T> &from) : device_array(from.size())
    {
        cudaMemcpy(data, from.data(), count * sizeof(T), cudaMemcpyHostToDevice);
    }
    ~device_array() { cudaFree(data); }
    device_array(const device_array &) = delete;
    device_array &operator=(const device_array &) = delete;

    operator T *() const { return data; }
    std::vector<T> host() const
    {
        std::vector<T> copy(count);
        cudaMemcpy(copy.data(), data, count * sizeof(T), cudaMemcpyDeviceToHost);
        return copy;
    }

  private:
    T *data = nullptr;
    size_t count;
};

enum build { PLAIN = 1, ADDRESS = 2, UNDEFINED = 4, THREAD = 8, EVERY = 15 };

#if defined(SELFTEST_THREAD)
constexpr int this_build = THREAD;
#elif defined(SELFTEST_ADDRESS) && defined(SELFTEST_UNDEFINED)
constexpr int this_build = ADDRESS | UNDEFINED;
#elif defined(SELFTEST_ADDRESS)
constexpr int this_build = ADDRESS;
#elif defined(SELFTEST_UNDEFINED)
constexpr int this_build = UNDEFINED | PLAIN;
#else
constexpr int this_build = PLAIN;
#endif

void check(bool holds, const char *claim);

void run_correct_warps();    // correct_warps.cu
void run_correct_blocks();   // correct_blocks.cu
void run_correct_calls();    // correct_calls.cu
void run_correct_pipes();    // correct_pipes.cu
void run_correct_tiles();    // correct_tiles.cu
void run_correct_clusters(); // correct_clusters.cu

#endif
