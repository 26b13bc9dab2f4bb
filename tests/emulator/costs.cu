// What emulation costs on this machine: a Markdown table of the medians of several runs, in CPU
// time of the process. A program to run by hand, not a test.
#include "selftest.h"
#include <mma.cuh>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <string>

namespace cg = cooperative_groups;

namespace
{

constexpr int steps = 2000, launches = 500, repeats = 9;
constexpr int elements = 1 << 20;

// ---- meeting others, steps times in a launch

__global__ void yields(int times)
{
    for (int i = 0; i < times; i++) __nanosleep(0);
}

__global__ void shuffles(int times)
{
    float v = float(threadIdx.x);
    for (int i = 0; i < times; i++) v = __shfl_xor_sync(~0u, v, 1);
}

__global__ void warp_sums(int times)
{
    float v = 1;
    for (int i = 0; i < times; i++) v = wl::warp_sum(v) * (1.0f / 32);
}

__global__ void products(int times)
{
    wl::fragment_c c = {};
    for (int i = 0; i < times; i++) c = wl::mma<__half>({}, {}, c);
}

__global__ void block_barriers(int times)
{
    for (int i = 0; i < times; i++) __syncthreads();
}

__global__ void grid_barriers(int times)
{
    for (int i = 0; i < times; i++) cg::this_grid().sync();
}

__global__ void nothing(int) {}

template <auto kernel, unsigned blocks, unsigned threads, bool cooperative = false> void run_steps()
{
    check(!launch({ blocks, threads, 0, cooperative }, kernel, steps), "a launch succeeds");
}

template <unsigned blocks, unsigned threads> void run_launches()
{
    for (int i = 0; i < launches; i++) (void)launch({ blocks, threads }, nothing, 0);
}

// ---- small kernels over many elements

constexpr unsigned block_size = 256, per_thread = 4;

__global__ void axpy(float *y, const float *x, float a)
{
    const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
    y[i] += a * x[i];
}

__global__ void axpy_by_four(float4 *y, const float4 *x, float a)
{
    const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
    const float4 u = x[i], v = y[i];
    y[i] = make_float4(v.x + a * u.x, v.y + a * u.y, v.z + a * u.z, v.w + a * u.w);
}

__global__ void block_sum(float *sums, const float *x)
{
    WL_SHARED(float, of_warps, [block_size / 32]);
    const unsigned first = blockIdx.x * block_size * per_thread, warp = threadIdx.x / 32;
    float v = 0;
    for (unsigned i = 0; i < per_thread; i++) v += x[first + i * block_size + threadIdx.x];
    v = wl::warp_sum(v);
    if (threadIdx.x % 32 == 0) of_warps[warp] = v;
    __syncthreads();
    if (warp) return;
    v = wl::warp_sum(threadIdx.x < block_size / 32 ? of_warps[threadIdx.x] : 0);
    if (threadIdx.x == 0) sums[blockIdx.x] = v;
}

const device_array<float> &numbers(int which)
{
    static const device_array<float> arrays[2] = { device_array<float>(elements),
                                                   device_array<float>(elements) };
    return arrays[which];
}

void run_axpy()
{
    (void)launch({ elements / block_size, block_size }, axpy, numbers(0), numbers(1), 0.5f);
}

void run_axpy_by_four()
{
    (void)launch({ elements / 4 / block_size, block_size }, axpy_by_four,
                 reinterpret_cast<float4 *>(static_cast<float *>(numbers(0))),
                 reinterpret_cast<const float4 *>(static_cast<float *>(numbers(1))), 0.5f);
}

void run_block_sum()
{
    (void)launch({ elements / block_size / per_thread, block_size }, block_sum, numbers(0),
                 numbers(1));
}

// ---- the table

struct cost {
    const char *what;
    double count; // in a run
    bool elements;
    void (*run)();
};

const cost costs[] = {
    { "a switch to another thread", 32.0 * steps, false, run_steps<yields, 1, 32> },
    { "a shuffle, per lane", 32.0 * steps, false, run_steps<shuffles, 1, 32> },
    { "a warp sum, per lane", 32.0 * steps, false, run_steps<warp_sums, 1, 32> },
    { "a product of tiles (m16n8k16), per warp", steps, false, run_steps<products, 1, 32> },
    { "`__syncthreads`, per thread of 32", 32.0 * steps, false, run_steps<block_barriers, 1, 32> },
    { "`__syncthreads`, per thread of 1024", 1024.0 * steps, false,
      run_steps<block_barriers, 1, 1024> },
    { "a grid barrier, per thread of 4x256", 1024.0 * steps, false,
      run_steps<grid_barriers, 4, 256, true> },
    { "a launch of 1x32 threads", launches, false, run_launches<1, 32> },
    { "a launch of 4x256 threads", launches, false, run_launches<4, 256> },
    { "axpy, a float a thread", elements, true, run_axpy },
    { "axpy, a float4 a thread", elements, true, run_axpy_by_four },
    { "sums of blocks of 1024 floats", elements, true, run_block_sum },
};

double cpu_seconds()
{
    timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return double(now.tv_sec) + 1e-9 * double(now.tv_nsec);
}

double median_seconds(void (*run)())
{
    double taken[repeats];
    run(); // stacks and memory are there afterwards
    for (double &seconds : taken) {
        const double start = cpu_seconds();
        run();
        seconds = cpu_seconds() - start;
    }
    std::nth_element(taken, taken + repeats / 2, taken + repeats);
    return taken[repeats / 2];
}

std::string processor()
{
    std::ifstream list("/proc/cpuinfo");
    for (std::string line; std::getline(list, line);)
        if (!line.compare(0, 10, "model name")) return line.substr(line.find(": ") + 2);
    return "an unknown processor";
}

} // namespace

void check(bool holds, const char *claim)
{
    if (!holds) std::fprintf(stderr, "FAILED %s\n", claim);
}

int main()
{
    std::printf("%s, compiler %s, CPU time, median of %d runs\n\n", processor().c_str(),
                __VERSION__, repeats);
    std::printf("| what | cost |\n| --- | --- |\n");
    for (const cost &c : costs) {
        const double seconds = median_seconds(c.run);
        if (c.elements)
            std::printf("| %s | %.0f M elements/s |\n", c.what, 1e-6 * c.count / seconds);
        else
            std::printf("| %s | %.1f ns |\n", c.what, 1e9 * seconds / c.count);
    }
    return 0;
}
