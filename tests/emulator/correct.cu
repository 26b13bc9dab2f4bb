// Correct kernels: what the emulator computes must be what CUDA promises, in whatever order
// threads, blocks and streams run.
#include "selftest.h"
#include "fault.h"

#include <cmath>
#include <cstring>
#include <thread>

namespace cg = cooperative_groups;

namespace
{

constexpr unsigned full = ~0u;

// ---- warps

__global__ void shuffle_kinds(int *out)
{
    const int i = int(threadIdx.x), v = 100 + i;
    int *row = out + i * 8;
    row[0] = __shfl_sync(full, v, 5);
    row[1] = __shfl_sync(full, v, i + 1, 8);
    row[2] = __shfl_up_sync(full, v, 3);
    row[3] = __shfl_up_sync(full, v, 3, 16);
    row[4] = __shfl_down_sync(full, v, 3);
    row[5] = __shfl_down_sync(full, v, 3, 4);
    row[6] = __shfl_xor_sync(full, v, 17);
    row[7] = int(__shfl_xor_sync(full, double(v), 1, 2));
}

void shuffles_read_the_right_lane()
{
    device_array<int> out(32 * 8);
    check(!launch({ 1, 32 }, shuffle_kinds, out), "a launch succeeds");
    const auto got = out.host();
    bool right = true;
    for (int i = 0; i < 32; i++) {
        const int source[8] = { 5,
                                i / 8 * 8 + (i + 1) % 8,
                                i < 3 ? i : i - 3,
                                i % 16 < 3 ? i : i - 3,
                                i + 3 > 31 ? i : i + 3,
                                i % 4 + 3 > 3 ? i : i + 3,
                                i ^ 17,
                                i ^ 1 };
        for (int k = 0; k < 8; k++) right &= got[size_t(i * 8 + k)] == 100 + source[k];
    }
    check(right, "shuffles_read_the_right_lane");
}

__global__ void warp_sums(const float *in, float *out, double *wide)
{
    const int i = int(threadIdx.x);
    float by_shuffle = in[i];
    for (int step = 16; step > 0; step /= 2) by_shuffle += __shfl_xor_sync(full, by_shuffle, step);
    out[i * 3] = wl::warp_sum(in[i]);
    out[i * 3 + 1] = by_shuffle;
    out[i * 3 + 2] = wl::warp_max(in[i]);
    wide[i] = wl::warp_sum(double(in[i]));
}

void a_warp_sum_has_the_bits_of_five_shuffles()
{
    std::vector<float> in(64);
    for (size_t i = 0; i < in.size(); i++) in[i] = std::sin(float(i + 1)) * float(1 << (i % 20));
    device_array<float> from(in), out(64 * 3);
    device_array<double> wide(64);
    (void)launch({ 1, 64 }, warp_sums, from, out, wide);
    const auto got = out.host();
    const auto got_wide = wide.host();
    bool right = true;
    for (size_t i = 0; i < 64; i++) {
        double sum = 0;
        float most = -1e30f;
        for (size_t k = i / 32 * 32; k < i / 32 * 32 + 32; k++) {
            sum += in[k];
            most = std::fmax(most, in[k]);
        }
        right &= !std::memcmp(&got[i * 3], &got[i * 3 + 1], sizeof(float));
        right &= std::fabs(got[i * 3] - sum) < 1 && got[i * 3 + 2] == most;
        right &= std::fabs(got_wide[i] - sum) < 1e-6;
    }
    check(right, "a_warp_sum_has_the_bits_of_five_shuffles");
}

__global__ void votes(unsigned *out)
{
    const unsigned i = threadIdx.x;
    unsigned *row = out + i * 10;
    row[0] = __ballot_sync(full, i % 3 == 0);
    row[1] = unsigned(__any_sync(full, i == 31));
    row[2] = unsigned(__all_sync(full, i < 31));
    row[3] = __reduce_add_sync(full, i);
    row[4] = unsigned(__reduce_min_sync(full, int(i) - 16));
    row[5] = __reduce_max_sync(full, i ^ 5);
    row[6] = __match_any_sync(full, i % 4);
    if (i < 8)
        row[7] = __reduce_add_sync(0xffu, i);
    else if (i < 10)
        row[7] = __ballot_sync(0x300u, 1);
    else
        row[7] = unsigned(__all_sync(0xfffffc00u, 1));
    __syncwarp();
    const unsigned pair = 3u << (i & ~1u); // sixteen masks at once
    row[8] = __shfl_xor_sync(pair, i, 1);
    row[9] = __reduce_or_sync(full, 1u << i);
}

void votes_count_the_lanes_of_the_mask()
{
    device_array<unsigned> out(320);
    (void)launch({ 1, 32 }, votes, out);
    const auto got = out.host();
    bool right = true;
    for (unsigned i = 0; i < 32; i++) {
        const unsigned part = i < 8 ? 28u : i < 10 ? 0x300u : 1u;
        const unsigned want[10] = {
            0x49249249u, 1u,     0u,  496u, unsigned(-16), 31u, 0x11111111u << (i % 4),
            part,        i ^ 1u, full
        };
        for (unsigned k = 0; k < 10; k++) right &= got[i * 10 + k] == want[k];
    }
    check(right, "votes_count_the_lanes_of_the_mask");
}

// ---- blocks

__global__ void block_sums(const float *in, float *out, int n)
{
    WL_SHARED(float, part, [32]);
    WL_SHARED(float, total, );
    const int i = int(blockIdx.x * blockDim.x + threadIdx.x);
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
    check(words[0] == n - 1 && words[1] == full && words[2] == 0 && words[3] == 3 * n &&
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

// ---- the host's side

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
    cudaStreamCaptureStatus status = cudaStreamCaptureStatusActive;
    check(!cudaStreamIsCapturing(a, &status) && status == cudaStreamCaptureStatusNone,
          "nothing is captured");
    cudaStreamDestroy(a);
    cudaStreamDestroy(b);
    cudaEventDestroy(start);
    cudaEventDestroy(end);
    cudaGetLastError();
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

__global__ void intrinsics(unsigned *out)
{
    out[0] = __brev(1u) | __brev(0x0000f000u);
    out[1] = unsigned(__clz(0) + __clz(1) + __ffs(8) + __popc(0xf0u));
    out[2] = __umulhi(0x80000000u, 6u);
    out[3] = unsigned(__umul64hi(1ull << 63, 10));
    out[4] = __float_as_uint(__fmaf_rn(2.0f, 3.0f, 1.0f));
    out[5] = unsigned(max(3, 4u) + min(-1, 2));
    out[6] = unsigned(fabsf(__expf(1.0f) - 2.7182818f) < 1e-5f && rsqrtf(4.0f) == 0.5f);
    out[7] = __funnelshift_l(0x80000000u, 1u, 1) + __funnelshift_r(1u, 1u, 1);
    float4 v = make_float4(1, 2, 3, 4);
    __stcs(reinterpret_cast<float4 *>(out + 8), v);
    v = __ldcg(reinterpret_cast<const float4 *>(out + 8));
    out[12] = unsigned(v.w);
}

void intrinsics_have_their_values()
{
    device_array<unsigned> out(16);
    (void)launch({ 1, 1 }, intrinsics, out);
    const auto got = out.host();
    const unsigned want[8] = { 0x800f0000u, 32 + 31 + 4 + 4, 3, 5, 0x40e00000u, 3,
                               1,           3 + 0x80000000u };
    check(!std::memcmp(got.data(), want, sizeof want) && got[12] == 4,
          "intrinsics_have_their_values");
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

void planted_faults_show()
{
    const auto sums = [] { return sums_are_right(sums_of_blocks()); };
    check(spoils(EMULATOR_LOST_ATOMIC, atomics_add_up), "lost atomics show");
    if (!(this_build & THREAD)) // which would report the race
        check(spoils(EMULATOR_MISSING_BARRIER, sums), "a missing barrier shows");
    check(spoils(EMULATOR_SHORT_GRID, sums), "a short grid shows");
    check(spoils(EMULATOR_LOST_LAST_WARP, sums), "a lost warp shows");
    check(spoils(EMULATOR_DEAF_SHUFFLE, sums), "a deaf shuffle shows");
    emulator_plant(EMULATOR_SHORT_GRID);
    device_array<float> p(42);
    check(!launch({ 7, 64, 0, true }, pass_round, p, 5), "a short cooperative grid ends");
    emulator_plant(EMULATOR_NO_FAULT);
}

} // namespace

void run_correct_kernels()
{
    shuffles_read_the_right_lane();
    a_warp_sum_has_the_bits_of_five_shuffles();
    votes_count_the_lanes_of_the_mask();
    check(sums_are_right(sums_of_blocks()), "blocks sum their values");
    every_thread_of_every_block_runs_once();
    barriers_count_and_vote();
    dynamic_shared_memory_beyond_48_KiB_needs_the_attribute();
    atomics_of_many_blocks_add_up();
    a_cooperative_grid_waits_for_all_blocks();
    a_cluster_shares_its_memory();
    a_spin_wait_lets_others_run();
    launches_that_hardware_refuses_are_refused();
    copies_are_checked();
    streams_wait_for_events();
    several_host_threads_launch_at_once();
    the_device_describes_itself();
    intrinsics_have_their_values();
    planted_faults_show();
}
