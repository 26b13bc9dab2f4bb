/* Products on tensor cores whose weights stay where they are, round after round. */
#ifndef WL_RENDEZVOUS_MMA_CUH
#define WL_RENDEZVOUS_MMA_CUH

#include "../kernels/device.cuh"
#include "../kernels/mma.cuh"
#include "rendezvous_stopwatch.cuh"

constexpr int MMA_THREADS = 256;

/* Bytes of shared memory that multiply_held takes: what is multiplied with the weights, then the
 * weights that registers do not hold. */
inline size_t multiply_bytes(int tiles, int steps, int more, int warps)
{
    const size_t h = size_t(8) * size_t((steps + more) * 16 + 8) * 2;
    return h + size_t(warps) * size_t(tiles * more) * WARP * sizeof(uint4);
}

/* A warp has TILES sums side by side, each over STEPS tiles of 16 x 16 weights in registers and
 * MORE in shared memory; a round adds all products once. weights: a warp's tiles, those of a step
 * side by side, 32 lanes' words each; h: [8,(STEPS+MORE) * 16]; sums: [warps of the grid,TILES,32]
 * lanes' four each. Bound by: the tensor cores, or shared memory. */
template <int TILES, int STEPS, int MORE>
__global__ void __launch_bounds__(MMA_THREADS, 1)
    multiply_held(int rounds, const uint4 *weights, const __nv_bfloat16 *h, float4 *sums,
                  round_times *out)
{
    using T = __nv_bfloat16;
    constexpr int ALL = STEPS + MORE, PITCH = ALL * 16 + 8;
    WL_DYN_SHARED(unsigned char, shared);
    T *b = reinterpret_cast<T *>(shared);
    const int warp = int(threadIdx.x) / WARP, lane = lane_index();
    const uint4 *own = weights + warp * ALL * TILES * WARP + lane;
    uint4 *rest =
        reinterpret_cast<uint4 *>(shared + 8 * PITCH * 2) + warp * MORE * TILES * WARP + lane;
    wl::fragment_a<T> held[TILES][STEPS];
    wl::fragment_c sum[TILES] = {};
    stopwatch watch;

    for (int i = int(threadIdx.x); i < 8 * ALL * 16; i += int(blockDim.x))
        b[i / (ALL * 16) * PITCH + i % (ALL * 16)] = h[i];
#pragma unroll
    for (int k = 0; k < STEPS; k++)
#pragma unroll
        for (int t = 0; t < TILES; t++) {
            const uint4 w = own[(k * TILES + t) * WARP];
            held[t][k] = wl::fragment_a<T>{ { w.x, w.y, w.z, w.w } };
        }
    for (int i = 0; i < MORE * TILES; i++) rest[i * WARP] = own[(STEPS * TILES + i) * WARP];
    __syncthreads();

    const wl::place from = wl::row_of_b(lane);
    const T *row = b + from.row * PITCH + from.column;
    watch.start();
#pragma unroll 1
    for (int r = 0; r < rounds; r++) {
#pragma unroll
        for (int k = 0; k < STEPS; k++) {
            wl::fragment_b<T> with;
            wl::ldmatrix(with.words, row + k * 16);
#pragma unroll
            for (int t = 0; t < TILES; t++) sum[t] = wl::mma(held[t][k], with, sum[t]);
        }
#pragma unroll 1
        for (int k = 0; k < MORE; k++) {
            wl::fragment_b<T> with;
            wl::ldmatrix(with.words, row + (STEPS + k) * 16);
#pragma unroll
            for (int t = 0; t < TILES; t++) {
                const uint4 w = rest[(k * TILES + t) * WARP];
                sum[t] = wl::mma(wl::fragment_a<T>{ { w.x, w.y, w.z, w.w } }, with, sum[t]);
            }
        }
    }
    __syncthreads();
    watch.stop(out);
    float4 *to = sums + warp_index() * TILES * WARP + lane;
#pragma unroll
    for (int t = 0; t < TILES; t++)
        to[t * WARP] =
            make_float4(sum[t].values[0], sum[t].values[1], sum[t].values[2], sum[t].values[3]);
}

#endif
