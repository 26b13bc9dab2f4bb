// Correct pipelines: asynchronous copies, mbarriers and named barriers as kernels use them. nvcc
// compiles this file too, so that the same kernels run on a GPU.
#include "selftest.h"
#include <pipe.cuh>

namespace
{

// ---- copies by threads

constexpr int threads = 64;

// A thread's share of tile t; the last tile is short, and zeros fill it.
template <int bytes>
__device__ void fetch_tile(float (&stage)[threads * 4], const float *in, int t, int n)
{
    constexpr int each = bytes / int(sizeof(float));
    const int mine = int(threadIdx.x) * each, first = t * threads * each + mine;
    const int left = min(max(n - first, 0), each);
    if (left == each)
        wl::copy_async<bytes>(stage + mine, in + first);
    else
        wl::copy_async_padded<bytes>(stage + mine, in + (left ? first : 0),
                                     left * int(sizeof(float)));
    wl::commit_copies();
}

struct alignas(16) two_stages {
    float of[2][threads * 4];
};

// While a tile is summed, the next one comes. A thread reads what others have copied.
template <int bytes> __global__ void sum_by_tiles(const float *in, float *out, int n)
{
    constexpr int each = bytes / int(sizeof(float));
    WL_SHARED(two_stages, stages, );
    const int i = int(threadIdx.x), tiles = (n + threads * each - 1) / (threads * each);
    float sum = 0;
    fetch_tile<bytes>(stages.of[0], in, 0, n);
    for (int t = 0; t < tiles; t++) {
        if (t + 1 < tiles) {
            fetch_tile<bytes>(stages.of[(t + 1) % 2], in, t + 1, n);
            wl::wait_copies<1>();
        } else {
            wl::wait_all_copies();
        }
        __syncthreads();
        for (int k = 0; k < each; k++) sum += stages.of[t % 2][(threads - 1 - i) * each + k];
        __syncthreads();
    }
    sum = wl::warp_sum(sum);
    if (i % 32 == 0) wl::red_add(out, sum);
}

std::vector<float> some_values(size_t n)
{
    std::vector<float> some(n);
    for (size_t i = 0; i < n; i++) some[i] = float(int(i % 13) - 5);
    return some;
}

float sum_of(const std::vector<float> &some, size_t begin, size_t end)
{
    float sum = 0;
    for (size_t i = begin; i < end; i++) sum += some[i];
    return sum;
}

template <int bytes> void a_double_buffer_sums(const char *claim)
{
    const int n = 5 * 256 + 37; // one tile is short, whatever its size
    const auto in = some_values(size_t(n));
    device_array<float> from(in), out(1);
    check(!launch({ 1, threads }, sum_by_tiles<bytes>, from, out, n), "a launch succeeds");
    check(out.host()[0] == sum_of(in, 0, size_t(n)), claim);
}

// ---- bulk copies: warp 0 brings tiles of 1 KiB, the others consume them

constexpr int stages = 2, consumers = 4, tile = 256;

__global__ void sum_by_producer(const float *in, float *out, int tiles)
{
    WL_SHARED(float4, memory, [stages][tile / 4]);
    WL_SHARED(wl::mbarrier, full, [stages]);
    WL_SHARED(wl::mbarrier, empty, [stages]);
    const int warp = int(threadIdx.x) / 32, lane = int(threadIdx.x) % 32;
    if (threadIdx.x == 0) {
        for (int s = 0; s < stages; s++) {
            wl::mbarrier_init(&full[s], 1);
            wl::mbarrier_init(&empty[s], consumers);
        }
        wl::mbarrier_init_fence();
    }
    __syncthreads();
    float sum = 0;
    for (int t = 0; t < tiles && (warp || lane == 0); t++) {
        const int s = t % stages;
        const unsigned parity = unsigned(t / stages) % 2;
        if (warp == 0) {
            wl::mbarrier_wait(&empty[s], parity ^ 1); // of a new barrier, the phase before is over
            wl::mbarrier_arrive_expect(&full[s], sizeof memory[s]);
            const float *from = in + (size_t(blockIdx.x) * size_t(tiles) + size_t(t)) * tile;
            wl::bulk_load(memory[s], from, sizeof memory[s] / 2, &full[s]);
            wl::bulk_load(memory[s] + tile / 8, from + tile / 2, sizeof memory[s] / 2, &full[s]);
            continue;
        }
        while (!wl::mbarrier_try_wait(&full[s], parity)) {
        }
        const float4 v = memory[s][threadIdx.x % 64];
        sum += threadIdx.x - 32 < 64 ? v.x + v.y : v.z + v.w;
        __syncwarp();
        if (lane == 0) wl::mbarrier_arrive(&empty[s]);
    }
    sum = wl::warp_sum(sum);
    if (warp && lane == 0) wl::red_add(out + blockIdx.x, sum);
    __syncthreads();
    if (threadIdx.x < stages) {
        wl::mbarrier_inval(&full[threadIdx.x]);
        wl::mbarrier_inval(&empty[threadIdx.x]);
    }
}

void a_producer_feeds_consumers_by_bulk_copies()
{
    constexpr int blocks = 6, tiles = 9;
    constexpr size_t each = size_t(tiles) * tile;
    const auto in = some_values(blocks * each);
    device_array<float> from(in), out(blocks);
    (void)launch({ blocks, 32 * (consumers + 1) }, sum_by_producer, from, out, tiles);
    const auto got = out.host();
    bool right = true;
    for (size_t b = 0; b < blocks; b++) right &= got[b] == sum_of(in, b * each, (b + 1) * each);
    check(right, "a_producer_feeds_consumers_by_bulk_copies");
}

// Rows of the index, stored in turn from two stages.
__global__ void store_rows(float *out, int rows)
{
    WL_SHARED(float4, memory, [2][16]);
    for (int r = 0; r < rows; r++) {
        float *row = reinterpret_cast<float *>(memory[r % 2]);
        if (threadIdx.x == 0) wl::wait_bulk_reads<1>();
        __syncthreads();
        row[threadIdx.x] = float(r * 64 + int(threadIdx.x));
        wl::bulk_fence();
        __syncthreads();
        if (threadIdx.x != 0) continue;
        wl::bulk_store(out + r * 64, row, 64 * sizeof(float));
        wl::commit_bulk_stores();
    }
    if (threadIdx.x == 0) wl::wait_bulk_stores<0>();
}

void bulk_stores_write_rows()
{
    constexpr int rows = 7;
    device_array<float> out(rows * 64);
    (void)launch({ 1, 64 }, store_rows, out, rows);
    const auto got = out.host();
    bool right = true;
    for (size_t i = 0; i < got.size(); i++) right &= got[i] == float(i);
    check(right, "bulk_stores_write_rows");
}

// ---- named barriers: two warps fill a row, two others read it, each side at its own pace

enum { row_full = 1, row_empty = 15, both_sides = 128, one_side = 64 };

__global__ void pass_rows(float *out, int rows)
{
    WL_SHARED(float, row, [64]);
    WL_SHARED(float, sums, [64]);
    const int i = int(threadIdx.x) % 64;
    const bool fills = threadIdx.x < 64;
    float sum = 0;
    for (int r = 0; r < rows; r++) {
        if (fills) {
            if (r) wl::barrier_sync(row_empty, both_sides);
            row[i] = float(r + i);
            wl::barrier_arrive(row_full, both_sides);
        } else {
            wl::barrier_sync(row_full, both_sides);
            sum += row[63 - i];
            if (r + 1 < rows) wl::barrier_arrive(row_empty, both_sides);
        }
    }
    if (fills) return;
    sums[i] = sum;
    wl::barrier_sync(row_full + 1, one_side);
    out[i] = sums[63 - i];
}

void named_barriers_tie_groups_of_warps()
{
    constexpr int rows = 5;
    device_array<float> out(64);
    (void)launch({ 1, 128 }, pass_rows, out, rows);
    const auto got = out.host();
    bool right = true;
    for (int i = 0; i < 64; i++) right &= got[size_t(i)] == float(rows * i + 10);
    check(right, "named_barriers_tie_groups_of_warps");
}

__global__ void meet_in_short_warps(float *out)
{
    WL_SHARED(float, row, [70]);
    if (threadIdx.x >= 70) return;
    row[threadIdx.x] = float(threadIdx.x);
    wl::barrier_sync(7, 96);
    out[threadIdx.x] = row[69 - threadIdx.x];
}

void a_short_warp_counts_as_a_whole_one()
{
    device_array<float> out(70);
    (void)launch({ 1, 80 }, meet_in_short_warps, out);
    const auto got = out.host();
    bool right = true;
    for (size_t i = 0; i < 70; i++) right &= got[i] == float(69 - i);
    check(right, "a_short_warp_counts_as_a_whole_one");
}

} // namespace

void run_correct_pipes()
{
    a_double_buffer_sums<4>("a double buffer of copies of 4 bytes");
    a_double_buffer_sums<8>("a double buffer of copies of 8 bytes");
    a_double_buffer_sums<16>("a double buffer of copies of 16 bytes");
    a_producer_feeds_consumers_by_bulk_copies();
    bulk_stores_write_rows();
    named_barriers_tie_groups_of_warps();
    a_short_warp_counts_as_a_whole_one();
}
