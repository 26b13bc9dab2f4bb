// Misuse of ldmatrix and of the tensor cores' product, as in bugs.cu.
#include "bugs.h"
#include <mma.cuh>

namespace
{

struct alignas(16) tile {
    __half at[16][16];
};

__device__ void fill(tile &to, int lane, int count = 256)
{
    for (int i = lane; i < count; i += 32) to.at[i / 16][i % 16] = __float2half_rn(float(i % 7));
}

// 128 values: the product of the tile and one of ones.
__device__ void store_product(float *p, const wl::fragment_a<__half> &a)
{
    const __half one = __float2half_rn(1);
    const wl::fragment_b<__half> ones = { { wl::pack(one, one), wl::pack(one, one) } };
    const wl::fragment_c c = wl::mma(a, ones, {});
    for (int i = 0; i < 4; i++) p[threadIdx.x % 32 * 4 + i] = c.values[i];
}

__global__ void short_product(float *p)
{
    const wl::fragment_c c = wl::mma<__half>({}, {}, {}); // BUG: short_product
    p[threadIdx.x] = c.values[0];
}

__global__ void divergent_product(float *p)
{
    wl::fragment_c c = {};
    if (threadIdx.x < 16) c = wl::mma<__half>({}, {}, c); // BUG: divergent_product
    p[threadIdx.x] = c.values[0];
}

__global__ void different_products(float *p)
{
    wl::fragment_c c = {};
    if (threadIdx.x < 16)
        c = wl::mma<__half>({}, {}, c);
    else
        c = wl::mma<__nv_bfloat16>({}, {}, c); // BUG: different_products
    p[threadIdx.x] = c.values[0];
}

__global__ void short_matrix_load(float *p)
{
    WL_SHARED(tile, shared);
    unsigned words[1];
    wl::ldmatrix(words, shared.at[threadIdx.x % 8]); // BUG: short_matrix_load
    p[threadIdx.x] = float(words[0]);
}

__global__ void different_matrix_loads(float *p)
{
    WL_SHARED(tile, shared);
    unsigned words[2];
    if (threadIdx.x < 16)
        wl::ldmatrix(words, shared.at[threadIdx.x % 16]);
    else
        wl::ldmatrix_trans(words, shared.at[threadIdx.x % 16]); // BUG: different_matrix_loads
    p[threadIdx.x] = float(words[0]);
}

__global__ void misaligned_row(float *p)
{
    WL_SHARED(tile, shared);
    unsigned words[2];
    wl::ldmatrix(words, shared.at[threadIdx.x % 15] + 4); // BUG: misaligned_row
    p[threadIdx.x] = float(words[0]);
}

__global__ void rows_that_ask_for_no_alignment(float *p)
{
    WL_SHARED(unsigned short, rows, [8][8]);
    unsigned words[1];
    wl::ldmatrix(words, rows[threadIdx.x % 8]); // BUG: rows_that_ask_for_no_alignment
    p[threadIdx.x] = float(words[0]);
}

__global__ void row_in_global_memory(float *p)
{
    unsigned words[1];
    wl::ldmatrix(words, p + threadIdx.x % 8 * 4); // BUG: row_in_global_memory
    p[threadIdx.x] = float(words[0]);
}

__global__ void row_beyond_its_tile(float *p)
{
    WL_SHARED(tile, shared);
    unsigned words[1];
    wl::ldmatrix(words, shared.at[threadIdx.x % 8 + 9]); // BUG: row_beyond_its_tile
    p[threadIdx.x] = float(words[0]);
}

__global__ void uninitialised_tile(float *p)
{
    WL_SHARED(tile, shared);
    const int lane = int(threadIdx.x);
    fill(shared, lane, 255); // one is missing: a row of the product
    __syncthreads();
    wl::fragment_a<__half> a;
    const wl::place row = wl::row_of_a(lane);
    wl::ldmatrix(a.words, &shared.at[row.row][row.column]);
    store_product(p, a);
}

// The second warp fills what the first loads.
__global__ void missing_tile_barrier(float *p)
{
    WL_SHARED(tile, shared);
    const int lane = int(threadIdx.x) % 32;
    if (threadIdx.x >= 32) {
        fill(shared, lane);
        return;
    }
    wl::fragment_a<__half> a;
    const wl::place row = wl::row_of_a(lane);
    wl::ldmatrix(a.words, &shared.at[row.row][row.column]); // BUG: missing_tile_barrier
    store_product(p, a);
}

const bug bugs[] = {
    { "short_product", run<short_product, 1, 48>, EVERY, "mma needs all 32 lanes", true, nullptr },
    { "divergent_product", run<divergent_product, 1, 32>, EVERY, "exits while lanes", true,
      nullptr },
    { "different_products", run<different_products, 1, 32>, EVERY, "different collectives", true,
      nullptr },
    { "short_matrix_load", run<short_matrix_load, 1, 16>, EVERY, "ldmatrix needs all 32 lanes",
      true, nullptr },
    { "different_matrix_loads", run<different_matrix_loads, 1, 32>, EVERY, "different collectives",
      true, nullptr },
    { "misaligned_row", run<misaligned_row, 1, 32>, EVERY, "ldmatrix: misaligned row", true,
      nullptr },
    { "rows_that_ask_for_no_alignment", run<rows_that_ask_for_no_alignment, 1, 32>, EVERY,
      "ldmatrix: misaligned row", true, nullptr },
    { "row_in_global_memory", run<row_in_global_memory, 1, 32>, EVERY,
      "is not shared memory of this block", true, nullptr },
    { "row_beyond_its_tile", run<row_beyond_its_tile, 1, 32>, ADDRESS, "use-after-poison", true,
      nullptr },
    { "uninitialised_tile", run<uninitialised_tile, 1, 32>, EVERY, "8 of 128 are NaN", false,
      nullptr },
    { "missing_tile_barrier", run<missing_tile_barrier, 1, 64>, PLAIN | ADDRESS,
      "128 of 128 are NaN", false, nullptr },
    { "missing_tile_barrier", run<missing_tile_barrier, 1, 64>, THREAD, "data race", true,
      nullptr },
};

} // namespace

const bug_file bugs_of_tiles = { __FILE__, bugs, sizeof bugs / sizeof bugs[0] };
