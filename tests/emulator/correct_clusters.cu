// Correct exchanges between blocks: stores to the others of a cluster, and meetings of a whole
// grid. nvcc compiles this file too, so that the same kernels run on a GPU.
#include "selftest.h"
#include <cluster.cuh>
#include <grid.cuh>

namespace
{

// ---- clusters: in each round every block gives a row of 32 to all, itself among them

constexpr int blocks = 4, lanes = 32;

struct alignas(16) rows_of_two_rounds {
    float of[2][blocks][lanes];
};

__global__ void exchange_rows(float *out, int rounds)
{
    WL_SHARED(rows_of_two_rounds, rows, );
    WL_SHARED(wl::mbarrier, full, [2]);
    const int lane = int(threadIdx.x), rank = int(wl::cluster_rank());
    float sum = 0;
    if (lane < 2) wl::mbarrier_init(&full[lane], 1);
    wl::mbarrier_init_fence();
    wl::cluster_sync();
    for (int round = 0; round < rounds; round++) {
        const int now = round % 2;
        float *mine = &rows.of[now][rank][lane % 8 * 4];
        const float first = float(rank * 100 + lane % 8 * 4 + round);
        if (lane == 0) wl::mbarrier_arrive_expect(&full[now], unsigned(sizeof rows.of[now]));
        wl::store_async(mine, make_float4(first, first + 1, first + 2, first + 3), &full[now],
                        unsigned(lane / 8)); // eight lanes a block
        wl::mbarrier_wait(&full[now], unsigned(round / 2 % 2));
        for (int from = 0; from < blocks; from++) sum += rows.of[now][from][lane];
        __syncwarp();
    }
    out[blockIdx.x * lanes + lane] = sum;
}

void stores_reach_all_blocks_of_a_cluster()
{
    constexpr int rounds = 5;
    device_array<float> out(2 * blocks * lanes);
    check(!launch({ 2 * blocks, lanes, 0, false, blocks }, exchange_rows, out, rounds),
          "clusters exchange rows");
    const auto got = out.host();
    bool right = true;
    for (size_t i = 0; i < got.size(); i++)
        right &= got[i] == float(rounds * (600 + blocks * int(i % lanes)) + blocks * 10);
    check(right, "stores_reach_all_blocks_of_a_cluster");
}

// ---- grids: what is written before a meeting is seen after it

__global__ void add_up_after_meetings(float *values, float *sums, unsigned *count, int rounds)
{
    const int of_round = int(gridDim.x * blockDim.x);
    const int mine = int(blockIdx.x * blockDim.x + threadIdx.x);
    float sum = 0;
    for (int round = 0; round < rounds; round++) {
        float *now = values + round % 2 * of_round;
        now[mine] = float(mine + round);
        wl::grid_meet(count, unsigned(round + 1));
        for (int i = 0; i < of_round; i++) sum += now[i];
    }
    sums[mine] = sum;
}

void a_grid_meets()
{
    constexpr int rounds = 3, all = 4 * 64;
    device_array<float> rows(2 * all), sums(all);
    device_array<unsigned> count(1);
    check(!launch({ 4, 64, 0, true }, add_up_after_meetings, rows, sums, count, rounds),
          "a grid runs at once");
    const auto got = sums.host();
    bool right = true;
    for (const float sum : got) right &= sum == float(rounds * all * (all - 1) / 2 + all * 3);
    check(right, "a_grid_meets");
}

} // namespace

void run_correct_clusters()
{
    stores_reach_all_blocks_of_a_cluster();
    a_grid_meets();
}
