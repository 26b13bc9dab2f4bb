/* The LSTM whose recurrent weights stay in registers for a whole sequence: 16-bit storage, forward.
 * A cluster of blocks has eight sequences and all of R; no grid waits for another.
 * Moves: of R nothing after the first step; the sums before the gates in, gates, c and h out.
 * Bound by: the latency of a step: products, the sum of their parts, the exchange of h. */
#include "cluster.cuh"
#include "lstm.cuh"
#include "mma.cuh"

namespace
{

constexpr int SLICE = 8;       /* sequences of a cluster: the columns of a product */
constexpr int MOST_WARPS = 8;  /* of a block */
constexpr int MOST_STEPS = 20; /* of 16 units of h, whose weights a warp holds: 160 registers */

/* How a cluster shares out H units. Eight units, with their four gates, are a group, which two
 * products m16n8 have; some warps share a group, each with a part of the units of h. */
struct sharing {
    int blocks; /* of a cluster; 0: it does not fit */
    int groups; /* of a block */
    int parts;  /* warps of a group */
    int steps;  /* of 16 units of h, a warp */
    int pitch;  /* elements of a row of h in shared memory: 16 bytes more than whole packs, so that
                   rows lie in different banks */

    __host__ __device__ int threads() const { return groups * parts * WARP; }
    size_t shared() const
    {
        return 2 * SLICE * size_t(pitch) * 2 + size_t(threads()) * 8 * sizeof(float);
    }
};

sharing share_out(int64_t H)
{
    const int64_t groups = (H + 7) / 8, steps = (H + 15) / 16;
    for (int blocks = 1; blocks <= 16; blocks *= 2) {
        const int64_t mine = (groups + blocks - 1) / blocks, most = MOST_WARPS / mine;
        const int64_t parts = most < steps ? most : steps;
        const int64_t held = parts ? (steps + parts - 1) / parts : 0;
        if (!parts || held > MOST_STEPS) continue;
        const int64_t columns = steps * 16 > mine * blocks * 8 ? steps * 16 : mine * blocks * 8;
        return { blocks, int(mine), int(parts), int(held), int(columns + 8) };
    }
    return {};
}

/* What the kernel reads and writes. */
template <class T> struct sequence {
    const float *z;    /* [T,B,4H] */
    const T *r;        /* [4H,H] */
    const float *bias; /* [4H]; null: 0 */
    const float *c0;   /* [B,H]; null: 0 */
    float *c;          /* [T,B,H] */
    T *gates;          /* [T,B,4H] */
    steps_of<T> h;
    T *state; /* [B,H]: at the beginning, then at the end */
    lengths_of lengths;
    int64_t steps;
    int B, H;
    bool reverse, packed; /* packed: rows of r are whole packs */
    sharing how;
};

constexpr int TILE_PITCH = 24; /* of 16 weights, on their way through shared memory */

/* Eight weights of a row, zeros past its end and where there is no such row. */
template <class T>
__device__ void load_weights(T *to, const sequence<T> &s, int gate, int unit, int column)
{
    const T *from = s.r + (int64_t(gate) * s.H + unit) * s.H + column;
    if (s.packed && unit < s.H && column < s.H) {
        *reinterpret_cast<uint4 *>(to) = *reinterpret_cast<const uint4 *>(from);
        return;
    }
#pragma unroll 1
    for (int i = 0; i < 8; i++) {
        from_float(&to[i], 0.0f);
        if (unit < s.H && column + i < s.H) to[i] = from[i];
    }
}

/* The weights of one warp: of a group's gates i and f, then g and o, at `STEPS` steps of h. */
template <class T, int STEPS> struct weights {
    wl::fragment_a<T> of[2][STEPS];

    /* by a tile in shared memory, [16,TILE_PITCH], that is the warp's alone */
    __device__ void load(const sequence<T> &s, int unit, int first, T *tile)
    {
        const int row = lane_index() / 2, half = lane_index() % 2 * 8;
        const wl::place p = wl::row_of_a(lane_index());
#pragma unroll
        for (int n = 0; n < 2 * STEPS; n++) {
            load_weights(tile + row * TILE_PITCH + half, s, n % 2 * 2 + row / 8, unit + row % 8,
                         (first + n / 2) * 16 + half);
            __syncwarp();
            wl::ldmatrix(of[n % 2][n / 2].words, tile + p.row * TILE_PITCH + p.column);
            __syncwarp();
        }
    }
};

/* One unit of a sequence from step to step. */
template <class T> struct unit_state {
    float c;
    T h;
};

/* The inputs' part of the sums before the four gates of unit j of sequence b. */
template <class T>
__device__ void load_sums(float (&z)[4], const sequence<T> &s, int b, int j, int64_t t)
{
    const float *from = s.z + (t * s.B + b) * 4 * s.H + j;
#pragma unroll
    for (int k = 0; k < 4; k++) z[k] = from[k * s.H] + (s.bias ? s.bias[k * s.H + j] : 0.0f);
}

/* The cell of unit j of sequence b, by the sums before its gates. */
template <class T>
__device__ void run_cell(const sequence<T> &s, unit_state<T> &own, int b, int j,
                         const float (&sum)[4], int64_t t)
{
    const int64_t row = t * s.B + b;
    T *gates = s.gates + row * 4 * s.H + j;
    float gate[4] = {}, h = 0;
    if (t < s.lengths.of(b)) {
#pragma unroll
        for (int k = 0; k < 4; k++) gate[k] = k == 2 ? tanhf(sum[k]) : sigmoid(sum[k]);
        own.c = gate[1] * own.c + gate[0] * gate[2];
        h = gate[3] * tanhf(own.c);
        from_float(&own.h, h);
    }
    s.c[row * s.H + j] = own.c;
    from_float(s.h.at(t, b, j), h);
#pragma unroll
    for (int k = 0; k < 4; k++) from_float(&gates[k * s.H], gate[k]);
}

/* The states that enter the first step, of all units, and zeros around them. */
template <class T> __device__ void fill_states(const sequence<T> &s, T *h, int first)
{
    const int pitch = s.how.pitch;
    for (int i = int(threadIdx.x); i < 2 * SLICE * pitch; i += s.how.threads()) {
        const int n = i / pitch, j = i % pitch;
        from_float(&h[i], 0.0f);
        if (n < SLICE && first + n < s.B && j < s.H) h[i] = s.state[int64_t(first + n) * s.H + j];
    }
}

/* The products of a warp's weights with its part of h. */
template <class T, int STEPS>
__device__ void multiply(wl::fragment_c (&sum)[2], const weights<T, STEPS> &r, const T *h,
                         const sharing &how, int part, int all)
{
    const wl::place from = wl::row_of_b(lane_index());
    h += from.row * how.pitch + from.column + part * how.steps * 16;
#pragma unroll
    for (int k = 0; k < STEPS; k++) {
        wl::fragment_b<T> b;
        if (k >= how.steps || part * how.steps + k >= all) break;
        wl::ldmatrix(b.words, h + k * 16);
#pragma unroll
        for (int tile = 0; tile < 2; tile++) sum[tile] = wl::mma(r.of[tile][k], b, sum[tile]);
    }
}

/* The sums of a group's products by all its warps, in the order of their parts. */
__device__ void add_parts(wl::fragment_c (&sum)[2], const float *parts, int warp, int count)
{
    for (int p = 1; p < count; p++)
#pragma unroll
        for (int e = 0; e < 8; e++)
            sum[e / 4].values[e % 4] += parts[((warp + p) * 8 + e) * WARP + lane_index()];
}

/* h of the block's own units to the other blocks: 16 bytes at a time. */
template <class T> __device__ void tell_peers(const sharing &how, T *h)
{
    const int mine = int(wl::cluster_rank()), packs = SLICE * how.groups;
    for (int i = int(threadIdx.x); i < packs * (how.blocks - 1); i += how.threads()) {
        const int peer = i / packs + (i / packs >= mine), n = i % packs / how.groups;
        T *here = h + n * how.pitch + (mine * how.groups + i % how.groups) * 8;
        *reinterpret_cast<uint4 *>(wl::cluster_peer(here, unsigned(peer))) =
            *reinterpret_cast<const uint4 *>(here);
    }
}

/* A cluster owns eight sequences; a warp a part of the products of eight units, and the first of a
 * group's warps their cells, of which a lane has one unit of two sequences. */
template <class T, int STEPS>
__global__ void __launch_bounds__(MOST_WARPS *WARP, 1) run_cluster(sequence<T> s)
{
    WL_DYN_SHARED(unsigned char, shared);
    const sharing &how = s.how;
    T *h = reinterpret_cast<T *>(shared); /* [2,SLICE,pitch] */
    float *parts = reinterpret_cast<float *>(h + 2 * SLICE * how.pitch);
    const int warp = int(threadIdx.x) / WARP, lane = lane_index(), part = warp % how.parts;
    const int first = int(blockIdx.x) / how.blocks * SLICE;
    const int unit = (int(wl::cluster_rank()) * how.groups + warp / how.parts) * 8;
    const int j = unit + lane / 4, b = first + lane % 4 * 2;
    const bool cells = part == 0 && j < s.H;
    unit_state<T> own[2] = {};
    weights<T, STEPS> r;

    fill_states(s, h, first);
    r.load(s, unit, part * how.steps, reinterpret_cast<T *>(parts + warp * WARP * 8));
#pragma unroll
    for (int e = 0; e < 2; e++) {
        const int64_t at = int64_t(b + e) * s.H + j;
        if (cells && b + e < s.B) own[e] = { s.c0 ? s.c0[at] : 0.0f, s.state[at] };
    }
    wl::cluster_sync();

    for (int64_t step = 0; step < s.steps; step++) {
        const int64_t t = s.reverse ? s.steps - 1 - step : step;
        const T *now = h + int(step % 2) * SLICE * how.pitch;
        T *next = h + int(1 - step % 2) * SLICE * how.pitch;
        wl::fragment_c sum[2] = {};
        float z[2][4] = {}; /* on their way during the products */
#pragma unroll
        for (int e = 0; e < 2; e++)
            if (cells && b + e < s.B) load_sums(z[e], s, b + e, j, t);
        multiply(sum, r, now, how, part, (s.H + 15) / 16);
        if (part > 0)
#pragma unroll
            for (int e = 0; e < 8; e++)
                parts[(warp * 8 + e) * WARP + lane] = sum[e / 4].values[e % 4];
        __syncthreads();
        if (cells) {
            add_parts(sum, parts, warp, how.parts);
#pragma unroll 1 /* or the registers of both would be needed at once */
            for (int e = 0; e < 2; e++) {
                const float gates[4] = {
                    e ? z[1][0] + sum[0].values[1] : z[0][0] + sum[0].values[0],
                    e ? z[1][1] + sum[0].values[3] : z[0][1] + sum[0].values[2],
                    e ? z[1][2] + sum[1].values[1] : z[0][2] + sum[1].values[0],
                    e ? z[1][3] + sum[1].values[3] : z[0][3] + sum[1].values[2]
                };
                unit_state<T> mine = e ? own[1] : own[0];
                if (b + e < s.B) run_cell(s, mine, b + e, j, gates, t);
                next[(lane % 4 * 2 + e) * how.pitch + j] = mine.h;
                if (e)
                    own[1] = mine;
                else
                    own[0] = mine;
            }
        }
        __syncthreads();
        if (how.blocks == 1) continue;
        tell_peers(how, next);
        wl::cluster_sync();
    }
#pragma unroll
    for (int e = 0; e < 2; e++)
        if (cells && b + e < s.B) s.state[int64_t(b + e) * s.H + j] = own[e].h;
}

template <class T, int STEPS> wl_status run(wl_ctx *ctx, const sequence<T> &s, bool *ran)
{
    const unsigned clusters = unsigned((s.B + SLICE - 1) / SLICE);
    const cluster_launch l(ctx, clusters, unsigned(s.how.blocks), unsigned(s.how.threads()),
                           s.how.shared());
    *ran = clusters_run(ctx, run_cluster<T, STEPS>, l);
    return *ran ? launch(ctx, run_cluster<T, STEPS>, l, s) : WL_OK;
}

template <class T>
wl_status run_sequence(wl_ctx *ctx, const wl_recurrence &n, const wl_lstm_forward_args *a,
                       const wl_recurrence_space &space, const sharing &how, bool *ran)
{
    const sequence<T> s = { (const float *)wl_sums(&n, &space),
                            (const T *)a->r.data,
                            (const float *)a->b.data,
                            (const float *)a->c0.data,
                            (float *)a->c.data,
                            (T *)a->gates.data,
                            steps<T>(&a->h),
                            (T *)space.state,
                            lengths(&n),
                            n.T,
                            int(n.B),
                            int(n.H),
                            n.reverse,
                            n.H % 8 == 0 && in_packs(a->r),
                            how };
    return how.steps <= 8 ? run<T, 8>(ctx, s, ran) : run<T, MOST_STEPS>(ctx, s, ran);
}

} // namespace

wl_status run_stationary(wl_ctx *ctx, const wl_recurrence &n, const wl_lstm_forward_args *a,
                         const wl_recurrence_space &space, bool *ran)
{
    *ran = false;
    if (n.T < 2 || n.B == 0 || n.H == 0 || n.zoneout.on || n.cell_zoneout.on) return WL_OK;
    const sharing how = share_out(n.H);
    if (how.blocks == 0 || n.B > INT32_MAX / 16) return WL_OK;
    switch (a->x.dtype) {
    case WL_F16: return run_sequence<__half>(ctx, n, a, space, how, ran);
    case WL_BF16: return run_sequence<__nv_bfloat16>(ctx, n, a, space, how, ran);
    default: return WL_OK;
    }
}
