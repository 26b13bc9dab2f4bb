// Kernels and launches with one deliberate mistake each, and what the emulator must say of it. The
// line that it must point at carries a comment "BUG: name".
#include "bugs.h"

#include <unistd.h>

namespace cg = cooperative_groups;

namespace
{

constexpr unsigned full = ~0u;

// ---- memory

__global__ void global_overflow(float *p, int n)
{
    const int i = int(blockIdx.x * blockDim.x + threadIdx.x);
    if (i <= n) p[i] = 1; // BUG: global_overflow
}

__global__ void static_shared_overflow(float *p)
{
    WL_SHARED(float, first, [64]);
    WL_SHARED(float, second, [64]);
    second[threadIdx.x] = 0;
    float *end = first;
    end[threadIdx.x + 1] = 1; // BUG: static_shared_overflow
    p[threadIdx.x] = first[threadIdx.x];
}

__global__ void dynamic_shared_overflow(float *p)
{
    WL_DYN_SHARED(float, rows);
    rows[threadIdx.x + 1] = 1; // BUG: dynamic_shared_overflow
    p[threadIdx.x] = rows[threadIdx.x];
}

__global__ void uninitialised_shared(float *p)
{
    WL_SHARED(float, row, [64]);
    if (threadIdx.x < 63) row[threadIdx.x] = 1;
    __syncthreads();
    p[threadIdx.x] = row[threadIdx.x];
}

__global__ void misaligned_store(float *p)
{
    reinterpret_cast<float4 *>(p + 1)->y = 0; // BUG: misaligned_store
}

__global__ void misaligned_load(float *p)
{
    const auto *vectors = reinterpret_cast<const float4 *>(p + 1);
    p[0] = __ldcs(vectors).x; // BUG: misaligned_load
}

__global__ void illegal_address(float *p, size_t far)
{
    *reinterpret_cast<float *>(far) = *p; // BUG: illegal_address
}

__global__ void write_index(float *p) { p[threadIdx.x] = float(threadIdx.x); }

__global__ void deep_recursion(float *p, int depth)
{
    struct nest {
        static float down(int left)
        {
            volatile float room[4096];
            room[left % 4096] = float(left);
            return left ? down(left - 1) + room[left % 4096] : 0;
        }
    };
    *p = nest::down(depth);
}

__global__ void huge_shared(float *p)
{
    WL_SHARED(float, half, [8192]);
    WL_SHARED(float, more, [8192]); // BUG: huge_shared
    p[threadIdx.x] = half[0] + more[0];
}

// ---- races

__global__ void missing_barrier(float *p)
{
    WL_SHARED(float, row, [128]);
    row[threadIdx.x] = float(threadIdx.x);
    p[threadIdx.x] = row[127 - threadIdx.x]; // BUG: missing_barrier
}

__global__ void missing_second_barrier(float *p)
{
    WL_SHARED(float, row, [128]);
    for (int k = 0; k < 3; k++) {
        row[threadIdx.x] = float(k); // BUG: missing_second_barrier
        __syncthreads();
        p[threadIdx.x] += row[127 - threadIdx.x];
    }
}

__global__ void shuffle_as_barrier(float *p)
{
    WL_SHARED(float, row, [32]);
    row[threadIdx.x] = float(threadIdx.x);
    const float one = __shfl_xor_sync(full, 1.0f, 1);
    p[threadIdx.x] = one * row[31 - threadIdx.x]; // BUG: shuffle_as_barrier
}

__global__ void blocks_without_atomics(float *p)
{
    if (threadIdx.x == 0) p[0] += 1; // BUG: blocks_without_atomics
}

__global__ void late_race_of_blocks(float *p)
{
    __syncthreads();
    if (threadIdx.x == 0) p[0] += 1; // BUG: late_race_of_blocks
}

__global__ void missing_grid_barrier(float *p, int steps)
{
    for (int t = 0; t < steps; t++)
        p[(t + 1) * gridDim.x + blockIdx.x] =
            p[t * gridDim.x + (blockIdx.x + 1) % gridDim.x] + 1; // BUG: missing_grid_barrier
}

// ---- barriers and collectives

__global__ void divergent_barrier(float *p)
{
    if (threadIdx.x < 16) {
        __syncthreads();
    } else {
        p[threadIdx.x] = 1;
        __syncthreads(); // BUG: divergent_barrier
    }
}

__global__ void barrier_against_warp(float *p)
{
    if (threadIdx.x < 40)
        __syncthreads();
    else
        __syncwarp(); // BUG: barrier_against_warp
    p[threadIdx.x] = 1;
}

__global__ void divergent_shuffle(float *p)
{
    float v = p[threadIdx.x];
    if (threadIdx.x < 16) v += __shfl_xor_sync(full, v, 2); // BUG: divergent_shuffle
    p[threadIdx.x] = v;
}

__global__ void shuffle_from_outside(float *p)
{
    float v = p[threadIdx.x];
    if (threadIdx.x < 16) v += __shfl_down_sync(0xffffu, v, 8); // BUG: shuffle_from_outside
    p[threadIdx.x] = v;
}

__global__ void mask_without_me(float *p)
{
    p[threadIdx.x] = float(__ballot_sync(0xfu, 1)); // BUG: mask_without_me
}

__global__ void mask_of_exited(float *p)
{
    if (threadIdx.x < 8) return;
    __syncwarp(full); // BUG: mask_of_exited
    p[threadIdx.x] = 1;
}

__global__ void overlapping_masks(float *p)
{
    if (threadIdx.x < 16)
        __syncwarp(0x1ffffu);
    else
        __syncwarp(0xfffffff0u); // BUG: overlapping_masks
    p[threadIdx.x] = 1;
}

__global__ void different_collectives(float *p)
{
    if (threadIdx.x < 16)
        p[threadIdx.x] = float(__any_sync(full, 1));
    else
        p[threadIdx.x] = float(__all_sync(full, 1)); // BUG: different_collectives
}

__global__ void short_warp_sum(float *p)
{
    p[threadIdx.x] = wl::warp_sum(1.0f); // BUG: short_warp_sum
}

__global__ void missed_grid_barrier(float *p)
{
    if (blockIdx.x == 1 && threadIdx.x == 3) return;
    cg::this_grid().sync(); // BUG: missed_grid_barrier
    p[0] = 1;
}

__global__ void grid_barrier(float *p)
{
    cg::this_grid().sync(); // BUG: uncooperative_grid_barrier
    p[0] = 1;
}

__global__ void endless_spin(float *p)
{
    while (*static_cast<volatile float *>(p) != 1) {
        __nanosleep(100); // BUG: endless_spin
    }
}

__global__ void trap() { __trap(); } // BUG: trap

// ---- launches that are more than one kernel on the usual array

void overflow_dynamic()
{
    device_array<float> p(values);
    (void)launch({ 1, 64, 64 * sizeof(float) }, dynamic_shared_overflow, p);
}

__global__ void odd_threads_do_not_wait(float *p)
{
    if (threadIdx.x % 2) return;
    wl::await_earlier();
    p[threadIdx.x] = 1;
}

void come_early_without_waiting()
{
    device_array<float> p(values);
    cudaLaunchAttribute early = {};
    early.id = cudaLaunchAttributeProgrammaticStreamSerialization;
    early.val.programmaticStreamSerializationAllowed = 1;
    cudaLaunchConfig_t config = {};
    config.gridDim = dim3(1);
    config.blockDim = dim3(64);
    config.attrs = &early;
    config.numAttrs = 1;
    (void)cudaLaunchKernelEx(&config, odd_threads_do_not_wait, static_cast<float *>(p));
}

void pass_host_pointer()
{
    std::vector<float> host(64);
    (void)launch({ 1, 64 }, write_index, host.data());
}

void forget_event()
{
    device_array<float> p(values);
    cudaStream_t first, second;
    cudaStreamCreate(&first);
    cudaStreamCreate(&second);
    (void)launch({ 1, 128, 0, false, 1, first }, write_index, p);
    // here belongs an event: recorded in the first stream, awaited by the second
    float last = 0;
    cudaMemcpyAsync(&last, p + 127, sizeof last, cudaMemcpyDeviceToHost, second);
    cudaStreamSynchronize(second);
    std::fprintf(stderr, "the last value is %g\n", last);
    cudaStreamDestroy(first);
    cudaStreamDestroy(second);
}

void free_source_too_early()
{
    device_array<float> p(values);
    {
        std::vector<float> source(values, 3.0f);
        const size_t bytes = values * sizeof(float);
        cudaMemcpyAsync(p, source.data(), bytes, cudaMemcpyHostToDevice); // BUG: source_freed
    }
    cudaDeviceSynchronize();
}

void leak_device_memory()
{
    float *p = nullptr;
    cudaMalloc(&p, 4321); // BUG: leak
    cudaMemset(p, 0, 4321);
}

const bug bugs[] = {
    { "global_overflow", [] { run<global_overflow, 8, 128>(values); }, ADDRESS,
      "heap-buffer-overflow", true, nullptr },
    { "global_overflow", [] { run<global_overflow, 8, 128>(values); }, ADDRESS,
      "in block (7,0,0), thread (104,0,0)", false, nullptr },
    { "static_shared_overflow", run<static_shared_overflow, 1, 64>, ADDRESS, "use-after-poison",
      true, nullptr },
    { "dynamic_shared_overflow", overflow_dynamic, ADDRESS, "use-after-poison", true, nullptr },
    { "uninitialised_shared", run<uninitialised_shared, 1, 64>, EVERY, "1 of 128 are NaN", false,
      nullptr },
    { "misaligned_store", run<misaligned_store, 1, 1>, UNDEFINED, "misaligned address", true,
      nullptr },
    { "misaligned_load", run<misaligned_load, 1, 1>, EVERY, "misaligned address", true, nullptr },
    { "illegal_address", [] { run<illegal_address, 1, 32>(size_t(4096)); }, PLAIN,
      "illegal address 0x1000", false, nullptr },
    { "illegal_address", [] { run<illegal_address, 1, 32>(size_t(4096)); }, ADDRESS | THREAD,
      "SEGV on unknown address", true, nullptr },
    { "deep_recursion", [] { run<deep_recursion, 1, 1>(100); }, PLAIN, "overflowed its stack",
      false, nullptr },
    { "huge_shared", run<huge_shared, 1, 1>, EVERY, "exceeds 48 KiB with more", true, nullptr },
    { "host_pointer", pass_host_pointer, EVERY, "which is not device memory", false, nullptr },
    { "come_early_without_waiting", come_early_without_waiting, EVERY,
      "without having awaited earlier kernels", false, nullptr },
    { "leak", leak_device_memory, ADDRESS, "4321 byte(s) in 1 object(s)", true, nullptr },

    { "missing_barrier", run<missing_barrier, 1, 128>, PLAIN | ADDRESS, "64 of 128 are NaN", false,
      nullptr },
    { "missing_barrier", run<missing_barrier, 1, 128>, THREAD, "data race", true, nullptr },
    { "missing_second_barrier", run<missing_second_barrier, 1, 128>, THREAD, "data race", true,
      nullptr },
    { "shuffle_as_barrier", run<shuffle_as_barrier, 1, 32>, THREAD, "data race", true, nullptr },
    { "blocks_without_atomics", run<blocks_without_atomics, 8, 32>, THREAD, "data race", true,
      nullptr },
    { "late_race_of_blocks", run<late_race_of_blocks, 8, 32>, THREAD, "data race", true, nullptr },
    { "missing_grid_barrier", [] { run<missing_grid_barrier, 4, 1, true>(5); }, THREAD, "data race",
      true, nullptr },

    { "divergent_barrier", run<divergent_barrier, 1, 64>, EVERY, "divergent barrier", true,
      nullptr },
    { "barrier_against_warp", run<barrier_against_warp, 1, 64>, EVERY, "deadlock", true, nullptr },
    { "divergent_shuffle", run<divergent_shuffle, 1, 32>, EVERY, "exits while lanes", true,
      nullptr },
    { "divergent_shuffle", run<divergent_shuffle, 1, 32>, EVERY, "while lanes 0000ffff wait", false,
      nullptr },
    { "shuffle_from_outside", run<shuffle_from_outside, 1, 32>, EVERY,
      "lane 8 reads lane 16, which mask 0000ffff does not name", true, nullptr },
    { "mask_without_me", run<mask_without_me, 1, 32>, EVERY, "which does not name it", true,
      nullptr },
    { "mask_of_exited", run<mask_of_exited, 1, 32>, EVERY, "000000ff, which have exited", true,
      nullptr },
    { "overlapping_masks", run<overlapping_masks, 1, 32>, EVERY,
      "overlapping masks that wait for each other", true, nullptr },
    { "different_collectives", run<different_collectives, 1, 32>, EVERY, "different collectives",
      true, nullptr },
    { "short_warp_sum", run<short_warp_sum, 1, 48>, EVERY, "needs all 32 lanes", true, nullptr },
    { "missed_grid_barrier", run<missed_grid_barrier, 3, 64, true>, EVERY,
      "lanes 00000008 have exited", true, nullptr },
    { "uncooperative_grid_barrier", run<grid_barrier, 3, 64>, EVERY, "not cooperative", true,
      nullptr },
    { "endless_spin", run<endless_spin, 1, 32>, EVERY, "threads spin", true, nullptr },
    { "trap",
      [] {
          (void)launch({ 1, 1 }, trap);
      },
      EVERY, "__trap()", true, nullptr },

    { "forgotten_event", forget_event, EVERY, "the last value is 127", false, nullptr },
    { "forgotten_event", forget_event, EVERY, "the last value is 0", false, "WL_EMULATOR_ASYNC=1" },
    { "source_freed", free_source_too_early, ADDRESS, "heap-use-after-free", true,
      "WL_EMULATOR_ASYNC=1" },
};

} // namespace

const bug_file bugs_of_threads = { __FILE__, bugs, sizeof bugs / sizeof bugs[0] };
