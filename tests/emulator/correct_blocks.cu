// Correct kernels: what the emulator computes must be what CUDA promises, in whatever order
// threads, blocks and streams run.
#include "selftest.h"
#include "fault.h"
#include <mma.cuh>

#include <cmath>
#include <cstring>
#include <thread>

namespace cg = cooperative_groups;

namespace
{

// ---- blocks

__global__ void block_sums(const float *in, float *out, int n)
{
    WL_SHARED(float, part, [32]);
    WL_SHARED(float, total, );
    const int i = int(blockIdx.x * blockDim.x + threadIdx.x);
    if (i < n) wl::prefetch(in + i);
    const float sum = wl::warp_sum(i < n ? in[i] : 0.0f);
    if (threadIdx.x % 32 == 0) part[threadIdx.x / 32] = sum;
    __syncthreads();
    if (threadIdx.x == 0) {
        total = 0;
        for (unsigned w = 0; w < blockDim.x / 32; w++) total += part[w];
    }
    __syncthreads();
    if (threadIdx.x == blockDim.x - 1) out[blockIdx.x] = total;
}

std::vector<float> sums_of_blocks()
{
    std::vector<float> in(1000);
    for (size_t i = 0; i < in.size(); i++) in[i] = float(i);
    device_array<float> from(in), out(8);
    cudaMemset(out, 0xff, 8 * sizeof(float));
    (void)launch({ 8, 128 }, block_sums, from, out, 1000);
    return out.host();
}

bool sums_are_right(const std::vector<float> &sums)
{
    for (int b = 0; b < 8; b++) {
        float want = 0;
        for (int i = b * 128; i < (b + 1) * 128 && i < 1000; i++) want += float(i);
        if (sums[size_t(b)] != want) return false;
    }
    return true;
}

__global__ void indices(int *out)
{
    const unsigned thread = threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
    const unsigned block = blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z);
    const unsigned threads = blockDim.x * blockDim.y * blockDim.z;
    out[block * threads + thread] =
        int(threadIdx.x + 10 * threadIdx.y + 100 * threadIdx.z + 1000 * blockIdx.x +
            10000 * blockIdx.y + 100000 * blockIdx.z);
}

void every_thread_of_every_block_runs_once()
{
    device_array<int> out(2 * 3 * 4 * 5 * 3 * 2);
    (void)launch({ dim3(2, 3, 4), dim3(5, 3, 2) }, indices, out);
    const auto got = out.host();
    size_t i = 0;
    bool right = true;
    for (int Z = 0; Z < 4; Z++)
        for (int Y = 0; Y < 3; Y++)
            for (int X = 0; X < 2; X++)
                for (int z = 0; z < 2; z++)
                    for (int y = 0; y < 3; y++)
                        for (int x = 0; x < 5; x++)
                            right &= got[i++] ==
                                     x + 10 * y + 100 * z + 1000 * X + 10000 * Y + 100000 * Z;
    check(right, "every_thread_of_every_block_runs_once");
}

__global__ void barrier_votes(int *out)
{
    const int i = int(threadIdx.x);
    if (i >= 90) return; // barriers count the threads that are left
    const int count = __syncthreads_count(i % 3 == 0);
    const int all = __syncthreads_and(i < 90);
    const int any = __syncthreads_or(i == 7);
    const int none = __syncthreads_or(i == 95);
    out[i] = count * 1000 + all * 100 + any * 10 + none;
}

void barriers_count_and_vote()
{
    device_array<int> out(100);
    (void)launch({ 1, 100 }, barrier_votes, out);
    const auto got = out.host();
    bool right = true;
    for (size_t i = 0; i < 100; i++) right &= got[i] == (i < 90 ? 30110 : 0);
    check(right, "barriers_count_and_vote");
}

__global__ void reverse_rows(float *out, int n)
{
    WL_DYN_SHARED(float, row);
    for (int i = int(threadIdx.x); i < n; i += int(blockDim.x)) row[i] = float(i);
    __syncthreads();
    for (int i = int(threadIdx.x); i < n; i += int(blockDim.x)) out[i] = row[n - 1 - i];
}

void dynamic_shared_memory_beyond_48_KiB_needs_the_attribute()
{
    const int n = 25600; // 100 KiB
    device_array<float> out(n);
    const shape s = { 1, 256, n * sizeof(float) };
    check(launch(s, reverse_rows, out, n) == cudaErrorInvalidValue,
          "100 KiB are refused without the attribute");
    check(cudaGetLastError() == cudaErrorInvalidValue && cudaGetLastError() == cudaSuccess,
          "the last error is told once");
    check(!cudaFuncSetAttribute(reverse_rows, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                n * int(sizeof(float))),
          "the attribute can be set");
    check(!launch(s, reverse_rows, out, n), "100 KiB are granted with the attribute");
    const auto got = out.host();
    check(got[0] == n - 1 && got[size_t(n - 1)] == 0, "dynamic shared memory holds its values");
    check(cudaFuncSetAttribute(reverse_rows, cudaFuncAttributeMaxDynamicSharedMemorySize,
                               228 * 1024) == cudaErrorInvalidValue,
          "more than 227 KiB are refused");
}

// ---- atomics

__global__ void all_atomics(float *f, double *d, int *i, unsigned *u, unsigned long long *l)
{
    const int t = int(blockIdx.x * blockDim.x + threadIdx.x);
    wl::red_add(f, 1.0f);
    wl::red_add4(f + 4, make_float4(1, 2, 3, 4));
    atomicAdd(d, 0.5);
    atomicAdd(i, 2);
    atomicMax(i + 1, t);
    atomicMin(i + 2, -t);
    atomicSub(i + 3, 1);
    atomicMax(u, unsigned(t));
    atomicOr(u + 1, 1u << (t % 32));
    atomicXor(u + 2, 1u);
    atomicAdd(l, 1ull << 33);
    atomicMax(l + 1, (unsigned long long)t);
    unsigned old = 0;
    for (unsigned seen; (seen = atomicCAS(u + 3, old, old + 3)) != old; old = seen) {
    }
    if (t == 5) atomicExch(u + 4, 77u);
    __threadfence();
}

void atomics_of_many_blocks_add_up()
{
    device_array<float> f(8);
    device_array<double> d(1);
    device_array<int> i(4);
    device_array<unsigned> u(8);
    device_array<unsigned long long> l(2);
    const int n = 10 * 64;
    (void)launch({ 10, 64 }, all_atomics, f, d, i, u, l);
    const auto floats = f.host();
    const auto ints = i.host();
    const auto words = u.host();
    const auto longs = l.host();
    check(floats[0] == n && floats[4] == n && floats[5] == 2 * n && floats[6] == 3 * n &&
              floats[7] == 4 * n && d.host()[0] == 0.5 * n,
          "atomic additions of floats");
    check(ints[0] == 2 * n && ints[1] == n - 1 && ints[2] == 1 - n && ints[3] == -n,
          "atomics of integers");
    check(words[0] == n - 1 && words[1] == ~0u && words[2] == 0 && words[3] == 3 * n &&
              words[4] == 77,
          "atomics of words");
    check(longs[0] == (unsigned long long)n << 33 && longs[1] == n - 1, "atomics of 64 bits");
}

// ---- grids and clusters

__global__ void pass_round(float *p, int steps)
{
    const unsigned next = (blockIdx.x + 1) % gridDim.x;
    for (int t = 0; t < steps; t++) {
        if (threadIdx.x == 0) p[(t + 1) * gridDim.x + blockIdx.x] = p[t * gridDim.x + next] + 1;
        cg::this_grid().sync();
    }
}

void a_cooperative_grid_waits_for_all_blocks()
{
    int blocks_that_fit = 0, sms = 0;
    cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks_that_fit, pass_round, 256, 0);
    cudaDeviceGetAttribute(&sms, cudaDevAttrMultiProcessorCount, 0);
    const unsigned most = unsigned(blocks_that_fit * sms);
    device_array<float> p(7 * 6);
    check(!launch({ 7, 64, 0, true }, pass_round, p, 5), "a cooperative launch succeeds");
    bool right = true;
    const auto got = p.host();
    for (size_t i = 0; i < 7; i++) right &= got[35 + i] == 5;
    check(right, "a_cooperative_grid_waits_for_all_blocks");
    check(launch({ most + 1, 256, 0, true }, pass_round, p, 0) ==
              cudaErrorCooperativeLaunchTooLarge,
          "a cooperative grid must be resident as a whole");
    check(!launch({ most, 256, 0, true }, pass_round, p, 0), "and may fill the device");
}

__global__ void cluster_sum(const float *in, float *out)
{
    WL_SHARED(float, mine, [2]);
    auto cluster = cg::this_cluster();
    const float sum = wl::warp_sum(in[blockIdx.x * 32 + threadIdx.x]);
    if (threadIdx.x == 0) mine[1] = sum;
    cluster.sync();
    if (threadIdx.x == 0 && cluster.block_rank() == 0) {
        float total = 0;
        for (unsigned r = 0; r < cluster.num_blocks(); r++)
            total += cluster.map_shared_rank(mine, r)[1];
        out[blockIdx.x / cluster.num_blocks()] = total;
    }
    cluster.sync();
}

void a_cluster_shares_its_memory()
{
    std::vector<float> in(8 * 32);
    for (size_t i = 0; i < in.size(); i++) in[i] = float(i / 32);
    device_array<float> from(in), out(2);
    check(!launch({ 8, 32, 0, false, 4 }, cluster_sum, from, out), "a cluster launch succeeds");
    const auto got = out.host();
    check(got[0] == 32 * 6 && got[1] == 32 * 22, "a_cluster_shares_its_memory");
    check(launch({ 6, 32, 0, false, 4 }, cluster_sum, from, out) == cudaErrorInvalidClusterSize,
          "a grid is whole clusters");
    check(launch({ 16, 32, 0, false, 16 }, cluster_sum, from, out) == cudaErrorInvalidClusterSize,
          "a cluster has at most 8 blocks");
}

__global__ void take_turns(int *turn, int *order)
{
    const int t = int(threadIdx.x);
    while (atomicAdd(turn, 0) != t) __nanosleep(20);
    order[t] = t;
    atomicExch(turn, t + 1);
}

void a_spin_wait_lets_others_run()
{
    device_array<int> turn(1), order(40);
    (void)launch({ 1, 40 }, take_turns, turn, order);
    check(turn.host()[0] == 40 && order.host()[39] == 39, "a_spin_wait_lets_others_run");
}

void several_host_threads_launch_at_once()
{
    constexpr int hosts = 4;
    bool right[hosts] = {};
    std::vector<std::thread> threads;
    for (int h = 0; h < hosts; h++)
        threads.emplace_back([&right, h] {
            right[h] = true;
            for (int round = 0; round < 20; round++) right[h] &= sums_are_right(sums_of_blocks());
        });
    for (auto &thread : threads) thread.join();
    check(right[0] && right[1] && right[2] && right[3], "several_host_threads_launch_at_once");
}

// ---- planted faults: each must strike, show, and end with the planting

bool spoils(int fault, bool (*right)())
{
    emulator_plant(fault);
    const bool still_right = right();
    const bool struck = emulator_fault_hits() > 0;
    emulator_plant(EMULATOR_NO_FAULT);
    return struck && !still_right && right();
}

bool atomics_add_up()
{
    device_array<float> f(8);
    device_array<double> d(1);
    device_array<int> i(4);
    device_array<unsigned> u(8);
    device_array<unsigned long long> l(2);
    (void)launch({ 1, 32 }, all_atomics, f, d, i, u, l);
    return f.host()[0] == 32 && d.host()[0] == 16 && i.host()[0] == 64;
}

__global__ void product_of_ones(float *out)
{
    const __half one = __float2half_rn(1);
    const unsigned ones = wl::pack(one, one);
    const wl::fragment_a<__half> a = { { ones, ones, ones, ones } };
    const wl::fragment_b<__half> b = { { ones, ones } };
    out[threadIdx.x] = wl::mma(a, b, {}).values[0];
}

bool products_are_right()
{
    device_array<float> out(32);
    (void)launch({ 1, 32 }, product_of_ones, out);
    return out.host()[0] == 16 && out.host()[31] == 16;
}

void planted_faults_show()
{
    const auto sums = [] { return sums_are_right(sums_of_blocks()); };
    check(spoils(EMULATOR_LOST_ATOMIC, atomics_add_up), "lost atomics show");
    if (!(this_build & THREAD)) // which would report the race
        check(spoils(EMULATOR_MISSING_BARRIER, sums), "a missing barrier shows");
    check(spoils(EMULATOR_SHORT_GRID, sums), "a short grid shows");
    check(spoils(EMULATOR_LOST_LAST_WARP, sums), "a lost warp shows");
    check(spoils(EMULATOR_DEAF_SHUFFLE, sums), "a deaf shuffle shows");
    check(spoils(EMULATOR_DEAF_SHUFFLE, products_are_right), "a deaf product shows");
    emulator_plant(EMULATOR_SHORT_GRID);
    device_array<float> p(42);
    check(!launch({ 7, 64, 0, true }, pass_round, p, 5), "a short cooperative grid ends");
    emulator_plant(EMULATOR_NO_FAULT);
}

} // namespace

void run_correct_blocks()
{
    check(sums_are_right(sums_of_blocks()), "blocks sum their values");
    every_thread_of_every_block_runs_once();
    barriers_count_and_vote();
    dynamic_shared_memory_beyond_48_KiB_needs_the_attribute();
    atomics_of_many_blocks_add_up();
    a_cooperative_grid_waits_for_all_blocks();
    a_cluster_shares_its_memory();
    a_spin_wait_lets_others_run();
    several_host_threads_launch_at_once();
    planted_faults_show();
}
