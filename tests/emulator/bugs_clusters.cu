// Exchanges between blocks with one deliberate mistake each, and what the emulator must say of it.
// The line that it must point at carries a comment "BUG: name".
#include "bugs.h"
#include <cluster.cuh>
#include <grid.cuh>

namespace
{

struct alignas(16) aligned_row {
    float at[32];
};

__device__ void begin(wl::mbarrier *full, unsigned bytes)
{
    if (threadIdx.x == 0) {
        wl::mbarrier_init(full, 1);
        wl::mbarrier_init_fence();
        wl::mbarrier_arrive_expect(full, bytes);
    }
    wl::cluster_sync();
}

__global__ void row_not_awaited(float *)
{
    WL_SHARED(aligned_row, row, );
    WL_SHARED(wl::mbarrier, full, );
    begin(&full, 16);
    if (threadIdx.x == 0 && wl::cluster_rank() == 0)
        wl::store_async(row.at, make_float4(1, 2, 3, 4), &full, 1); // BUG: row_not_awaited
    wl::cluster_sync();
}

__global__ void row_read_without_wait(float *p)
{
    WL_SHARED(aligned_row, row, );
    WL_SHARED(wl::mbarrier, full, );
    begin(&full, 128);
    if (wl::cluster_rank() == 0 && threadIdx.x < 8)
        wl::store_async(row.at + threadIdx.x * 4, make_float4(1, 2, 3, 4), &full, 1);
    wl::cluster_sync();
    if (wl::cluster_rank() == 1) p[threadIdx.x] = row.at[threadIdx.x];
    __syncthreads();
    if (wl::cluster_rank() == 1) wl::mbarrier_wait(&full, 0);
}

__global__ void row_over_readers(float *p)
{
    WL_SHARED(aligned_row, row, );
    WL_SHARED(wl::mbarrier, full, );
    row.at[threadIdx.x] = 0;
    begin(&full, 16);
    if (wl::cluster_rank() == 1) p[threadIdx.x] = row.at[threadIdx.x];
    if (threadIdx.x == 0 && wl::cluster_rank() == 0)
        wl::store_async(row.at, make_float4(1, 2, 3, 4), &full, 1); // BUG: row_over_readers
    if (wl::cluster_rank() == 1) wl::mbarrier_wait(&full, 0);
}

__global__ void row_to_no_block(float *)
{
    WL_SHARED(aligned_row, row, );
    WL_SHARED(wl::mbarrier, full, );
    begin(&full, 16);
    wl::store_async(row.at, make_float4(1, 2, 3, 4), &full, 2);
}

__global__ void arrivals_for_ever(unsigned *count)
{
    wl::count_arrival(count);
    wl::await_arrivals(count, gridDim.x + 1); // BUG: arrivals_for_ever
}

template <auto kernel> void run_pair()
{
    device_array<float> p(values);
    (void)launch({ 2, 32, 0, false, 2 }, kernel, static_cast<float *>(p));
    cudaDeviceSynchronize();
    tell_values(p);
}

void run_arrivals()
{
    device_array<unsigned> count(1);
    (void)launch({ 2, 1, 0, true }, arrivals_for_ever, static_cast<unsigned *>(count));
    cudaDeviceSynchronize();
}

const bug bugs[] = {
    { "row_not_awaited", run_pair<row_not_awaited>, EVERY, "in flight when its block ends", true,
      nullptr },
    { "row_read_without_wait", run_pair<row_read_without_wait>, EVERY, "32 of 128 are NaN", false,
      nullptr },
    { "row_over_readers", run_pair<row_over_readers>, THREAD, "data race", true, nullptr },
    { "row_to_no_block", run_pair<row_to_no_block>, EVERY, "of block 2 in a cluster of 2", false,
      nullptr },
    { "arrivals_for_ever", run_arrivals, EVERY, "spin: await_arrivals", true, nullptr },
};

} // namespace

const bug_file bugs_of_clusters = { __FILE__, bugs, sizeof bugs / sizeof bugs[0] };
