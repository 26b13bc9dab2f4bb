// Pipelines with one deliberate mistake each, and what the emulator must say of it. The line that
// it must point at carries a comment "BUG: name".
#include "bugs.h"
#include <pipe.cuh>

namespace
{

struct alignas(16) aligned_row {
    float at[64];
};

// ---- copies by threads

__global__ void copy_not_awaited(float *p)
{
    WL_SHARED(float4, row, [32]);
    wl::copy_async<16>(&row[threadIdx.x], p + threadIdx.x * 4); // BUG: copy_not_awaited
    wl::commit_copies();
}

__global__ void copy_not_committed(float *p)
{
    WL_SHARED(float4, row, [32]);
    wl::copy_async<16>(&row[threadIdx.x], p + threadIdx.x * 4); // BUG: copy_not_committed
    wl::wait_copies<0>();
}

__global__ void copy_read_too_early(float *p)
{
    WL_SHARED(float, row, [2][64]);
    for (int s = 0; s < 2; s++) {
        wl::copy_async<4>(&row[s][threadIdx.x], p + threadIdx.x);
        wl::commit_copies();
    }
    wl::wait_copies<1>();
    p[threadIdx.x] = row[1][threadIdx.x];
    wl::wait_all_copies();
}

__global__ void copy_read_without_barrier(float *p)
{
    WL_SHARED(float, row, [128]);
    wl::copy_async<4>(&row[threadIdx.x], p + threadIdx.x);
    wl::wait_all_copies();
    p[threadIdx.x + 128] = row[127 - threadIdx.x]; // BUG: copy_read_without_barrier
}

__global__ void copy_over_readers(float *p)
{
    WL_SHARED(float, row, [128]);
    row[threadIdx.x] = 0;
    __syncthreads();
    p[threadIdx.x + 128] = row[127 - threadIdx.x];
    wl::copy_async<4>(&row[threadIdx.x], p + threadIdx.x); // BUG: copy_over_readers
    wl::wait_all_copies();
}

__global__ void copy_misaligned(float *p)
{
    WL_SHARED(float4, row, [32]);
    wl::copy_async<16>(row, p + 1); // BUG: copy_misaligned
    wl::wait_all_copies();
}

__global__ void copy_beyond_source(float *p, int n)
{
    WL_SHARED(float4, row, [32]);
    wl::copy_async<16>(row, p + n); // BUG: copy_beyond_source
    wl::wait_all_copies();
}

__global__ void copy_beyond_shared(float *p)
{
    WL_SHARED(float4, row, [32]);
    wl::copy_async<16>(row + 32, p); // BUG: copy_beyond_shared
    wl::wait_all_copies();
}

__global__ void copy_padded_too_far(float *p)
{
    WL_SHARED(float4, row, [32]);
    wl::copy_async_padded<4>(row, p, 8); // BUG: copy_padded_too_far
    wl::wait_all_copies();
}

__global__ void copy_to_global(float *p)
{
    wl::copy_async<4>(p + 4, p); // BUG: copy_to_global
    wl::wait_all_copies();
}

// ---- mbarriers and bulk copies

__device__ void begin(wl::mbarrier *bar, unsigned count, unsigned bytes = 0)
{
    if (threadIdx.x == 0) wl::mbarrier_init(bar, count);
    wl::mbarrier_init_fence();
    __syncthreads();
    if (bytes && threadIdx.x == 0) wl::mbarrier_arrive_expect(bar, bytes);
}

__global__ void mbarrier_not_initialised(float *)
{
    WL_SHARED(wl::mbarrier, bar, );
    wl::mbarrier_arrive(&bar); // BUG: mbarrier_not_initialised
}

__global__ void mbarrier_used_too_early(float *)
{
    WL_SHARED(wl::mbarrier, bar, );
    if (threadIdx.x == 0) wl::mbarrier_init(&bar, 2);
    wl::mbarrier_arrive(&bar); // BUG: mbarrier_used_too_early
}

__global__ void mbarrier_initialised_twice(float *)
{
    WL_SHARED(wl::mbarrier, bar, );
    begin(&bar, 1);
    wl::mbarrier_init(&bar, 1); // BUG: mbarrier_initialised_twice
}

__global__ void mbarrier_used_after_inval(float *)
{
    WL_SHARED(wl::mbarrier, bar, );
    begin(&bar, 1);
    wl::mbarrier_inval(&bar);
    wl::mbarrier_wait(&bar, 1); // BUG: mbarrier_used_after_inval
}

__global__ void mbarrier_overwritten(float *)
{
    WL_SHARED(wl::mbarrier, bar, );
    begin(&bar, 1);
    bar.bits = 7;
    wl::mbarrier_arrive(&bar); // BUG: mbarrier_overwritten
}

__global__ void mbarrier_over_arrival(float *)
{
    WL_SHARED(wl::mbarrier, bar, );
    begin(&bar, 1, 16);
    wl::mbarrier_arrive(&bar); // BUG: mbarrier_over_arrival
}

__global__ void mbarrier_waits_for_ever(float *)
{
    WL_SHARED(wl::mbarrier, bar, );
    begin(&bar, 33);
    wl::mbarrier_arrive(&bar);
    wl::mbarrier_wait(&bar, 0); // BUG: mbarrier_waits_for_ever
}

__global__ void mbarrier_read_without_wait(float *p)
{
    WL_SHARED(float, row, [64]);
    WL_SHARED(wl::mbarrier, bar, );
    begin(&bar, 64);
    row[threadIdx.x] = 1;
    wl::mbarrier_arrive(&bar);
    p[threadIdx.x] = row[63 - threadIdx.x]; // BUG: mbarrier_read_without_wait
}

__global__ void bulk_expects_too_much(float *p)
{
    WL_SHARED(float4, row, [16]);
    WL_SHARED(wl::mbarrier, bar, );
    begin(&bar, 1, sizeof row);
    wl::bulk_load(row, p, sizeof row / 2, &bar);
    wl::mbarrier_wait(&bar, 0); // BUG: bulk_expects_too_much
}

__global__ void bulk_brings_too_much(float *p)
{
    WL_SHARED(float4, row, [16]);
    WL_SHARED(wl::mbarrier, bar, );
    begin(&bar, 1, sizeof row / 2);
    wl::bulk_load(row, p, sizeof row, &bar); // BUG: bulk_brings_too_much
    wl::mbarrier_wait(&bar, 0);
}

__global__ void bulk_not_awaited(float *p)
{
    WL_SHARED(float4, row, [16]);
    WL_SHARED(wl::mbarrier, bar, );
    begin(&bar, 1, sizeof row);
    wl::bulk_load(row, p, sizeof row, &bar); // BUG: bulk_not_awaited
}

__global__ void bulk_read_without_wait(float *p)
{
    WL_SHARED(aligned_row, row, );
    WL_SHARED(wl::mbarrier, bar, );
    begin(&bar, 1, sizeof row);
    if (threadIdx.x == 0) wl::bulk_load(&row, p + 64, sizeof row, &bar);
    __syncthreads();
    p[threadIdx.x] = row.at[threadIdx.x];
    __syncthreads();
    wl::mbarrier_wait(&bar, 0);
}

__global__ void bulk_race(float *p)
{
    WL_SHARED(aligned_row, row, );
    WL_SHARED(wl::mbarrier, bar, );
    begin(&bar, 1, sizeof row);
    if (threadIdx.x == 0) {
        wl::bulk_load(&row, p + 64, sizeof row, &bar);
        wl::mbarrier_wait(&bar, 0);
    }
    p[threadIdx.x] = row.at[threadIdx.x]; // BUG: bulk_race
}

__global__ void bulk_over_readers(float *p)
{
    WL_SHARED(aligned_row, row, );
    WL_SHARED(wl::mbarrier, bar, );
    begin(&bar, 1, sizeof row);
    p[threadIdx.x] = row.at[threadIdx.x];
    if (threadIdx.x != 63) return;
    wl::bulk_load(&row, p + 64, sizeof row, &bar); // BUG: bulk_over_readers
    wl::mbarrier_wait(&bar, 0);
}

__global__ void bulk_misaligned(float *p)
{
    WL_SHARED(float4, row, [16]);
    WL_SHARED(wl::mbarrier, bar, );
    begin(&bar, 1, sizeof row);
    wl::bulk_load(row, p + 2, sizeof row, &bar); // BUG: bulk_misaligned
}

__global__ void bulk_of_odd_size(float *p)
{
    WL_SHARED(float4, row, [16]);
    WL_SHARED(wl::mbarrier, bar, );
    begin(&bar, 1, 24);
    wl::bulk_load(row, p, 24, &bar); // BUG: bulk_of_odd_size
}

__global__ void bulk_beyond_source(float *p, int n)
{
    WL_SHARED(float4, row, [16]);
    WL_SHARED(wl::mbarrier, bar, );
    begin(&bar, 1, sizeof row);
    wl::bulk_load(row, p + n - 32, sizeof row, &bar); // BUG: bulk_beyond_source
    wl::mbarrier_wait(&bar, 0);
}

__global__ void store_not_awaited(float *p)
{
    WL_SHARED(float4, row, [16]);
    row[threadIdx.x % 16] = make_float4(1, 2, 3, 4);
    wl::bulk_store(p, row, sizeof row); // BUG: store_not_awaited
    wl::commit_bulk_stores();
}

__global__ void store_overwritten(float *p)
{
    WL_SHARED(float4, row, [16]);
    for (float4 &four : row) four = make_float4(1, 2, 3, 4);
    wl::bulk_store(p, row, sizeof row);
    wl::commit_bulk_stores();
    row[3].x = p[0]; // not written yet, and the source not yet read
    wl::wait_bulk_stores<0>();
}

// ---- named barriers

__global__ void named_partial_warp(float *)
{
    wl::barrier_sync(1, 48); // BUG: named_partial_warp
}

__global__ void named_two_counts(float *)
{
    if (threadIdx.x < 32)
        wl::barrier_sync(1, 64);
    else
        wl::barrier_sync(1, 96); // BUG: named_two_counts
}

__global__ void named_zero(float *)
{
    wl::barrier_sync(0, 64); // BUG: named_zero
}

__global__ void named_twice_in_a_phase(float *)
{
    if (threadIdx.x >= 32) return;
    wl::barrier_arrive(2, 64);
    wl::barrier_arrive(2, 64); // BUG: named_twice_in_a_phase
}

__global__ void named_one_too_many(float *)
{
    wl::barrier_arrive(3, 64); // BUG: named_one_too_many
}

__global__ void named_for_ever(float *p)
{
    if (threadIdx.x < 32) wl::barrier_sync(4, 64); // BUG: named_for_ever
    p[threadIdx.x] = 1;
}

__global__ void named_race(float *p)
{
    WL_SHARED(float, row, [64]);
    row[threadIdx.x] = 1;
    wl::barrier_arrive(5, 64);
    p[threadIdx.x] = row[63 - threadIdx.x]; // BUG: named_race
}

const bug bugs[] = {
    { "copy_not_awaited", run<copy_not_awaited, 1, 32>, EVERY, "that its thread never waits for\n",
      true, nullptr },
    { "copy_not_committed", run<copy_not_committed, 1, 32>, EVERY, "never waits for, nor commits",
      true, nullptr },
    { "copy_read_too_early", run<copy_read_too_early, 1, 64>, EVERY, "64 of 128 are NaN", false,
      nullptr },
    { "copy_read_without_barrier", run<copy_read_without_barrier, 1, 128>, THREAD, "data race",
      true, nullptr },
    { "copy_over_readers", run<copy_over_readers, 1, 128>, THREAD, "data race", true, nullptr },
    { "copy_misaligned", run<copy_misaligned, 1, 1>, EVERY, "a multiple of 16 is needed", true,
      nullptr },
    { "copy_beyond_source", [] { run<copy_beyond_source, 1, 1>(values); }, ADDRESS,
      "heap-buffer-overflow", true, nullptr },
    { "copy_beyond_shared", run<copy_beyond_shared, 1, 1>, ADDRESS, "use-after-poison", true,
      nullptr },
    { "copy_padded_too_far", run<copy_padded_too_far, 1, 1>, EVERY,
      "copy_async of 4 bytes from a source of 8", true, nullptr },
    { "copy_to_global", run<copy_to_global, 1, 1>, EVERY, "is not one from global to shared", true,
      nullptr },

    { "mbarrier_not_initialised", run<mbarrier_not_initialised, 1, 1>, EVERY, "is not initialised",
      true, nullptr },
    { "mbarrier_used_too_early", run<mbarrier_used_too_early, 1, 64>, EVERY, "is not initialised",
      true, "WL_EMULATOR_SEED=1" },
    { "mbarrier_used_too_early", run<mbarrier_used_too_early, 1, 2>, THREAD, "data race", true,
      nullptr },
    { "mbarrier_initialised_twice", run<mbarrier_initialised_twice, 1, 1>, EVERY, "is valid since ",
      true, nullptr },
    { "mbarrier_used_after_inval", run<mbarrier_used_after_inval, 1, 1>, EVERY,
      "was invalidated at ", true, nullptr },
    { "mbarrier_overwritten", run<mbarrier_overwritten, 1, 1>, EVERY, "has been overwritten", true,
      nullptr },
    { "mbarrier_over_arrival", run<mbarrier_over_arrival, 1, 1>, EVERY,
      "more arrivals in a phase than the 1", true, nullptr },
    { "mbarrier_waits_for_ever", run<mbarrier_waits_for_ever, 1, 32>, EVERY,
      "ffffffff spin: mbarrier_wait", true, nullptr },
    { "mbarrier_waits_for_ever", run<mbarrier_waits_for_ever, 1, 32>, EVERY,
      "phase 0: 1 of 33 arrivals and 0 bytes to come", false, nullptr },
    { "mbarrier_read_without_wait", run<mbarrier_read_without_wait, 1, 64>, THREAD, "data race",
      true, nullptr },
    { "bulk_expects_too_much", run<bulk_expects_too_much, 1, 1>, EVERY,
      "phase 0: 0 of 1 arrivals and 128 bytes to come", true, nullptr },
    { "bulk_brings_too_much", run<bulk_brings_too_much, 1, 1>, EVERY,
      "brings 128 bytes more than the mbarrier", true, nullptr },
    { "bulk_not_awaited", run<bulk_not_awaited, 1, 1>, EVERY, "in flight when its block ends", true,
      nullptr },
    { "bulk_read_without_wait", run<bulk_read_without_wait, 1, 64>, EVERY, "64 of 128 are NaN",
      false, nullptr },
    { "bulk_race", run<bulk_race, 1, 64>, THREAD, "data race", true, nullptr },
    { "bulk_over_readers", run<bulk_over_readers, 1, 64>, THREAD, "data race", true, nullptr },
    { "bulk_misaligned", run<bulk_misaligned, 1, 1>, EVERY, "a multiple of 16 is needed", true,
      nullptr },
    { "bulk_of_odd_size", run<bulk_of_odd_size, 1, 1>, EVERY, "of 24 bytes, a multiple of 16", true,
      nullptr },
    { "bulk_beyond_source", [] { run<bulk_beyond_source, 1, 1>(values); }, ADDRESS,
      "heap-buffer-overflow", true, nullptr },
    { "store_not_awaited", run<store_not_awaited, 1, 1>, EVERY, "never waits for", true, nullptr },
    { "store_overwritten", run<store_overwritten, 1, 1>, EVERY, "1 of 128 are NaN", false,
      nullptr },

    { "named_partial_warp", run<named_partial_warp, 1, 64>, EVERY, "which is not whole warps", true,
      nullptr },
    { "named_two_counts", run<named_two_counts, 1, 96>, EVERY, "with count 96, while barrier_sync",
      true, nullptr },
    { "named_zero", run<named_zero, 1, 64>, EVERY, "those to name are 1 to 15", true, nullptr },
    { "named_twice_in_a_phase", run<named_twice_in_a_phase, 1, 64>, EVERY, "arrives twice", true,
      nullptr },
    { "named_one_too_many", run<named_one_too_many, 1, 96>, EVERY,
      "the block ends with 32 of 64 threads at barrier 3", true, nullptr },
    { "named_for_ever", run<named_for_ever, 1, 64>, EVERY, "wait for a named barrier: barrier_sync",
      true, nullptr },
    { "named_for_ever", run<named_for_ever, 1, 64>, EVERY, "barrier 4: 32 of 64 have come", false,
      nullptr },
    { "named_race", run<named_race, 1, 64>, THREAD, "data race", true, nullptr },
};

} // namespace

const bug_file bugs_of_pipes = { __FILE__, bugs, sizeof bugs / sizeof bugs[0] };
