/* The kernels of rendezvous.cu on the emulator: they end, and the right data go round. */
#include "rendezvous_cluster.cuh"
#include "rendezvous_grid.cuh"
#include "rendezvous_mma.cuh"

#include <cstdio>
#include <vector>

namespace
{

int failed = 0;

void check(bool holds, const char *claim)
{
    failed += !holds;
    if (!holds) printf("FAILED %s\n", claim);
}

/* Zeros on the device. */
template <class T> T *device_zeros(size_t count)
{
    T *data = nullptr;
    check(!cudaMalloc((void **)&data, count * sizeof(T)) && !cudaMemset(data, 0, count * sizeof(T)),
          "there is memory");
    return data;
}

/* Whether a kernel, whose last argument is not given, runs to its end and finds no word wrong. */
template <class... P, class... A>
bool runs(const cluster_launch &l, round_times *times, void (*kernel)(P...), A... arguments)
{
    wl_ctx ctx = {};
    times->wrong = 0;
    return clusters_at_once(&ctx, kernel, l) > 0 &&
           !cudaLaunchKernelEx(&l.config, kernel, arguments..., times) &&
           !cudaDeviceSynchronize() && times->wrong == 0;
}

void clusters_gather(wl_ctx *ctx, round_times *times)
{
    for (const int blocks : { 2, 4, 16 })
        for (const int packs : { 1, 5 })
            for (const int rounds : { 1, 2, 7 }) {
                const cluster_launch l(ctx, 2, unsigned(blocks), 64,
                                       gather_bytes(blocks, packs * 16));
                check(runs(l, times, gather_in_cluster, rounds, blocks, packs),
                      "a cluster's blocks have everybody's data");
            }
    const cluster_launch l(ctx, 2, 4, 64, 0);
    check(runs(l, times, meet_in_cluster, 5), "clusters meet");
}

void grids_meet(wl_ctx *ctx, round_times *times)
{
    unsigned *count = device_zeros<unsigned>(1);
    const cluster_launch l(ctx, 5, 1, GRID_THREADS, 0, true);
    check(runs(l, times, meet_by_grid_sync, 3), "grids meet by grid.sync");
    check(runs(l, times, meet_by_counter, 3, count), "grids meet by a counter");
    cudaFree(count);
}

void grids_exchange(wl_ctx *ctx, round_times *times)
{
    const unsigned blocks = 5;
    for (const int words : { 1, 3, 64 })
        for (const int rounds : { 1, 4 }) {
            const size_t pieces = blocks * size_t(words);
            const cluster_launch by_flags(ctx, blocks, 1, GRID_THREADS, 2 * pieces * 4, true);
            flagged_word *slots = device_zeros<flagged_word>(2 * pieces);
            check(runs(by_flags, times, exchange_by_flags<1>, rounds, words, slots),
                  "words with flags come to all");
            cudaMemset(slots, 0, 2 * pieces * sizeof *slots);
            check(runs(by_flags, times, exchange_by_flags<8>, rounds, words, slots),
                  "words with flags come to all, many at once");
            cudaFree(slots);
            const cluster_launch by_counter(ctx, blocks, 1, GRID_THREADS, pieces * 16, true);
            uint4 *rows = device_zeros<uint4>(2 * pieces);
            unsigned *count = device_zeros<unsigned>(1);
            check(runs(by_counter, times, exchange_by_counter, rounds, words, rows, count),
                  "what is written before a meeting comes to all");
            cudaFree(rows);
            cudaFree(count);
        }
    flagged_word *slots = device_zeros<flagged_word>(32);
    const cluster_launch l(ctx, 5, 1, GRID_THREADS, 0, true);
    check(runs(l, times, tell_and_answer, 6, 3u, slots), "a block is answered");
    cudaFree(slots);
}

/* Weight [row,column] of a tile, and element k of sequence n: small, so that sums are exact. */
float weight_of(int tile, int row, int column) { return float((tile + row * 3 + column) % 7 - 3); }
float element_of(int n, int k) { return float((n + k * 5) % 5 - 2); }

/* The words of tiles of 16 x 16 weights as lanes hold them. */
std::vector<uint4> words_of(int tiles)
{
    std::vector<uint4> out;
    for (int i = 0; i < tiles * WARP; i++) {
        unsigned w[4];
        for (int e = 0; e < 8; e += 2) {
            const wl::place p = wl::place_in_a(i % WARP, e);
            w[e / 2] = wl::pack(__float2bfloat16_rn(weight_of(i / WARP, p.row, p.column)),
                                __float2bfloat16_rn(weight_of(i / WARP, p.row, p.column + 1)));
        }
        out.push_back(make_uint4(w[0], w[1], w[2], w[3]));
    }
    return out;
}

/* One warp, two tiles side by side, two steps in registers and one in shared memory. */
void products_add_up(wl_ctx *ctx, round_times *times)
{
    constexpr int TILES = 2, ALL = 3, rounds = 3;
    const std::vector<uint4> words = words_of(TILES * ALL);
    uint4 *weights = device_zeros<uint4>(words.size());
    __nv_bfloat16 *h = device_zeros<__nv_bfloat16>(8 * ALL * 16);
    float4 *sums = device_zeros<float4>(TILES * WARP);
    for (size_t i = 0; i < words.size(); i++) weights[i] = words[i];
    for (int i = 0; i < 8 * ALL * 16; i++)
        h[i] = __float2bfloat16_rn(element_of(i / (ALL * 16), i % (ALL * 16)));
    const cluster_launch l(ctx, 1, 1, WARP, multiply_bytes(TILES, 2, 1, 1));
    check(runs(l, times, multiply_held<TILES, 2, 1>, rounds, weights, h, sums), "products run");
    bool right = true;
    for (int i = 0; i < TILES * WARP; i++)
        for (int e = 0; e < 4; e++) {
            const wl::place p = wl::place_in_c(i % WARP, e);
            float sum = 0;
            for (int k = 0; k < ALL * 16; k++)
                sum +=
                    weight_of(k / 16 * TILES + i / WARP, p.row, k % 16) * element_of(p.column, k);
            right = right && (&sums[i].x)[e] == float(rounds) * sum;
        }
    check(right, "a round adds every product once");
    cudaFree(weights);
    cudaFree(h);
    cudaFree(sums);
}

} // namespace

int main()
{
    wl_ctx ctx = {};
    round_times *times = device_zeros<round_times>(1);
    clusters_gather(&ctx, times);
    grids_meet(&ctx, times);
    grids_exchange(&ctx, times);
    products_add_up(&ctx, times);
    cudaFree(times);
    return failed != 0;
}
