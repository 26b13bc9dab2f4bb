/* The weights of stationary.cuh on all multiprocessors, for more units than a cluster holds: a
 * block has 16 units of all sequences, eight of these at a time, and its warps share what the
 * products sum over. Once a step all blocks meet. Forward: a block multiplies all of h with its
 * units' rows of R. Backward: a cluster of as many blocks as gates has 16 units for each of them;
 * each block multiplies the gradients at one gate of all units with the columns of the cluster's
 * units, and sends the sums to the blocks whose units they are for. Moves: of R nothing after the
 * first step; a step h, or the gradients at the gates, from L2 to every block; what the cell says.
 * Bound by: that, the meeting of all blocks, and the products. */
#ifndef WL_STATIONARY_GRID_CUH
#define WL_STATIONARY_GRID_CUH

#include "grid.cuh"
#include "stationary_forward.cuh"

/* What the blocks tell each other by. */
template <class T> struct grid_exchange {
    T *rows;         /* [2,B,pitch] a step's and the next one's, 0 where there is no such unit */
    unsigned *count; /* of arrivals, 0 */
    int64_t pitch;
    __device__ T *row(int64_t step, int B, int b) const
    {
        return rows + (step % 2 * B + b) * pitch;
    }
};

/* Units as rows of that go on: up to whole tiles. */
__host__ __device__ inline int64_t padded(int64_t H) { return (H + GROUP - 1) / GROUP * GROUP; }

/* Starts to copy eight rows' units, 16 bytes at a time, to [SLICE,how.pitch]. */
template <class T>
__device__ void fetch_slice(T *to, const grid_exchange<T> &x, const sequence<T> &s, int64_t step,
                            int first, int64_t column)
{
    const int packs = int(padded(s.H)) / IN_PACK<T>;
    for (int i = int(threadIdx.x); i < SLICE * packs; i += s.how.threads()) {
        const int n = i / packs, at = i % packs * IN_PACK<T>;
        if (first + n >= s.B) break;
        wl::copy_async<16>(to + n * s.how.pitch + at, x.row(step, s.B, first + n) + column + at);
    }
}

/* Zeros, where rows of sequences that there are not would be copied to. */
template <class T> __device__ void clear_slices(T *to, const sharing &how)
{
    for (int i = int(threadIdx.x); i < 2 * SLICE * how.pitch; i += how.threads())
        from_float(&to[i], 0.0f);
}

/* A block owns 16 units; a warp a part of their products, and a thread the cell of one. */
template <class Cell, int STEPS>
__global__ void __launch_bounds__(MOST_WARPS *WARP, 1)
    run_forward_grid(sequence<typename Cell::stored> s,
                     forward_states<typename Cell::stored> states, Cell cell,
                     grid_exchange<typename Cell::stored> x)
{
    wl::await_earlier();
    using T = typename Cell::stored;
    constexpr int G = Cell::gates;
    WL_DYN_SHARED(unsigned char, shared);
    const sharing &how = s.how;
    T *h = reinterpret_cast<T *>(shared); /* [2,SLICE,pitch]: slices in turn */
    float *parts = reinterpret_cast<float *>(shared + how.sums_at); /* twice */
    const int warp = int(threadIdx.x) / WARP, own = int(blockIdx.x) * GROUP;
    const int slices = (s.B + SLICE - 1) / SLICE, put = warp * G * GROUP * ROW;
    const element e(int(threadIdx.x) % 128);
    const bool cells = threadIdx.x < 128 && own + e.unit < s.H;
    weights<T, G, STEPS> r;

    clear_slices(h, how);
    for (int b = e.n; cells && b < s.B; b += SLICE)
        x.row(0, s.B, b)[own + e.unit] = states.state[int64_t(b) * s.H + own + e.unit];
    r.template load<false>(s, min(how.steps, int(padded(s.H)) / GROUP - warp * how.steps),
                           reinterpret_cast<uint4 *>(shared + how.rest_at) +
                               warp * G * max(how.steps - STEPS, 0) * TILE_WORDS<T> / 4 * WARP,
                           reinterpret_cast<T *>(parts + put), [&](int gate, int k) {
                               return tile_at{ gate, own, (warp * how.steps + k) * GROUP };
                           });
    wl::grid_meet(x.count, 1);

    const wl::place from = row_of_states<T>();
    for (int64_t step = 0; step < s.steps; step++) {
        const int64_t t = s.reverse ? s.steps - 1 - step : step;
        const int64_t before = step ? s.reverse ? t + 1 : t - 1 : -1;
        const bool last = step + 1 == s.steps;
        fetch_slice(h, x, s, step, 0, 0);
        wl::wait_all_copies();
        __syncthreads();
        for (int slice = 0; slice < slices; slice++) {
            const unit_at at = { t, before, slice * SLICE + e.n, own + e.unit };
            const bool mine = cells && at.b < s.B;
            const T *now = h + slice % 2 * SLICE * how.pitch;
            float *sums = parts + slice % 2 * how.warps * G * GROUP * ROW;
            typename Cell::loaded in;
            T after;
            wl::fragment_c sum[G];
            if (mine) {
                in = cell.load(at);
                after = now[e.n * how.pitch + at.j];
            }
            if (slice + 1 < slices)
                fetch_slice(h + (slice + 1) % 2 * SLICE * how.pitch, x, s, step,
                            (slice + 1) * SLICE, 0);
            r.multiply(sum, now + from.row * how.pitch + from.column + warp * how.steps * GROUP);
            put_sums(sums + put, sum);
            wl::wait_all_copies();
            __syncthreads();
            if (!mine) continue;
            step_cell(cell, s, states, at, in, sums, e, &after);
            x.row(step + 1, s.B, at.b)[at.j] = after;
            if (last) states.state[int64_t(at.b) * s.H + at.j] = after;
        }
        if (!last) wl::grid_meet(x.count, unsigned(step + 2));
    }
}

/* Sums of a slice by one gate, of all warps' parts in their order, to the blocks that own the
 * units: a thread has four sequences of a unit. */
template <int G>
__device__ void send_parts(float *to, const float *parts, const sharing &how, wl::mbarrier *full)
{
    const int n = int(threadIdx.x), owner = n / 32, unit = n % 32 / 2, half = n % 2 * 4;
    if (owner >= G) return;
    float4 sum = {};
    for (int p = 0; p < how.warps; p++) {
        const float4 part = *reinterpret_cast<const float4 *>(
            parts + ((p * G + owner) * GROUP + unit) * ROW + half);
        sum.x += part.x, sum.y += part.y, sum.z += part.z, sum.w += part.w;
    }
    wl::store_async(to + unit * ROW + half, sum, full, unsigned(owner));
}

/* A cluster owns 16 units a gate; its blocks a gate each for the products and 16 of the units for
 * the cells, of which a thread has one, of two slices at a time. */
template <class Cell, int STEPS>
__global__ void __launch_bounds__(MOST_WARPS *WARP, 1)
    run_backward_grid(sequence<typename Cell::stored> s, float *carried, Cell cell,
                      grid_exchange<typename Cell::stored> x)
{
    wl::await_earlier();
    using T = typename Cell::stored;
    constexpr int G = Cell::gates;
    WL_DYN_SHARED(unsigned char, shared);
    const sharing &how = s.how;
    T *dz = reinterpret_cast<T *>(shared); /* [2,SLICE,pitch]: slices of one gate in turn */
    float *parts = reinterpret_cast<float *>(shared + how.sums_at);      /* twice */
    float *through = reinterpret_cast<float *>(shared + how.through_at); /* [slices,G,GROUP,ROW] */
    float *carry = reinterpret_cast<float *>(shared + how.carry_at);     /* [slices,128] */
    wl::mbarrier *full = reinterpret_cast<wl::mbarrier *>(shared + how.full_at);
    const int warp = int(threadIdx.x) / WARP, gate = int(wl::cluster_rank());
    const int columns = int(blockIdx.x) / G * G * GROUP, own = columns + gate * GROUP;
    const int slices = (s.B + SLICE - 1) / SLICE, put = warp * G * GROUP * ROW;
    const int64_t units = padded(s.H);
    const element e(int(threadIdx.x) % 128);
    weights<T, G, STEPS> r;

    if (threadIdx.x == 0) {
        wl::mbarrier_init(full, 1);
        wl::mbarrier_init_fence();
    }
    clear_slices(dz, how);
    for (int slice = int(threadIdx.x) / 128; slice < slices; slice += 2) {
        const int b = slice * SLICE + e.n, j = own + e.unit;
        carry[slice * 128 + int(threadIdx.x) % 128] =
            b < s.B && j < s.H ? carried[int64_t(b) * s.H + j] : 0.0f;
    }
    r.template load<true>(
        s, min(how.steps, int(units) / GROUP - warp * how.steps),
        reinterpret_cast<uint4 *>(shared + how.rest_at) +
            warp * G * max(how.steps - STEPS, 0) * TILE_WORDS<T> / 4 * WARP,
        reinterpret_cast<T *>(parts + put), [&](int i, int k) {
            return tile_at{ gate, (warp * how.steps + k) * GROUP, columns + i * GROUP };
        });
    wl::cluster_sync();

    const wl::place from = row_of_states<T>();
    const unsigned told = unsigned(slices * G * GROUP * SLICE) * unsigned(sizeof(float));
    for (int64_t step = 0; step <= s.steps; step++) { /* the last only adds up */
        const int64_t t = s.reverse ? step : s.steps - 1 - step;
        const bool over = step == s.steps, begins = step + 1 >= s.steps;
        const int64_t before = begins ? -1 : s.reverse ? t + 1 : t - 1;
        if (step > 0) wl::mbarrier_wait(full, unsigned((step - 1) % 2));
        if (!over && threadIdx.x == 0) wl::mbarrier_arrive_expect(full, told);
        for (int slice = int(threadIdx.x) / 128; slice < slices; slice += 2) {
            const unit_at at = { t, before, slice * SLICE + e.n, own + e.unit };
            if (at.b >= s.B || at.j >= s.H) continue;
            float *kept = &carry[slice * 128 + int(threadIdx.x) % 128], dh = *kept, gates[G] = {};
            const float *sums = through + (slice * G * GROUP + e.unit) * ROW + e.n;
#pragma unroll
            for (int g = 0; g < G && step > 0; g++) dh += sums[g * GROUP * ROW];
            if (!over && t < s.lengths.of(at.b))
                dh = cell.run(at, cell.load(at), dh, gates);
            else if (!over)
                cell.end(at);
            *kept = dh;
            if (over) carried[int64_t(at.b) * s.H + at.j] = dh;
#pragma unroll
            for (int g = 0; g < G && !over; g++)
                from_float(&x.row(step, s.B, at.b)[g * units + at.j], gates[g]);
        }
        if (over) break;
        wl::grid_meet(x.count, unsigned(step + 1));
        fetch_slice(dz, x, s, step, 0, gate * units);
        wl::wait_all_copies();
        __syncthreads();
        for (int slice = 0; slice < slices; slice++) {
            const T *now = dz + slice % 2 * SLICE * how.pitch;
            float *sums = parts + slice % 2 * how.warps * G * GROUP * ROW;
            wl::fragment_c sum[G];
            if (slice + 1 < slices)
                fetch_slice(dz + (slice + 1) % 2 * SLICE * how.pitch, x, s, step,
                            (slice + 1) * SLICE, gate * units);
            r.multiply(sum, now + from.row * how.pitch + from.column + warp * how.steps * GROUP);
            put_sums(sums + put, sum);
            wl::wait_all_copies();
            __syncthreads();
            send_parts<G>(through + (slice * G + gate) * GROUP * ROW, sums, how, full);
        }
    }
}

/* How H units of B sequences fit, with `held` steps in registers; backward also has sums that come
 * and gradients that go round. blocks: of a cluster; 0 where they do not. */
template <class T> sharing share_grid(int64_t H, int64_t B, int gates, int held, bool backward)
{
    const int64_t slices = (B + SLICE - 1) / SLICE;
    sharing how = {};
    if (H > 1 << 16 || slices > 64) return how;
    const int tiles = int(padded(H)) / GROUP, of_sums = gates * GROUP * ROW * int(sizeof(float));
    how.groups = 1;
    how.parts = how.warps = MOST_WARPS;
    how.steps = (tiles + how.warps - 1) / how.warps;
    how.pitch = how.warps * how.steps * GROUP + IN_PACK<T>;
    how.sums_at = 2 * SLICE * how.pitch * int(sizeof(T));
    how.through_at = how.sums_at + 2 * how.warps * of_sums;
    how.carry_at = how.through_at + (backward ? int(slices) * of_sums : 0);
    how.rest_at = how.carry_at + (backward ? int(slices) * 128 * int(sizeof(float)) : 0);
    how.full_at = how.rest_at + rest_bytes<T>(how.warps, gates, how.steps, held);
    how.shared = how.full_at + int(sizeof(wl::mbarrier)) * 2;
    how.blocks = how.active = how.shared > MOST_SHARED ? 0 : backward ? gates : 1;
    return how;
}

/* A launch of so many clusters, all at once, with `exchange` rows of `pitch`, if the device has
 * room. */
template <class T, class... P, class... A>
wl_status launch_grid(wl_ctx *ctx, void (*kernel)(P...), const wl_recurrence &n,
                      const wl_recurrence_space &space, unsigned clusters, const sharing &how,
                      bool *ran, A... args)
{
    const int64_t pitch = padded(n.H) * (how.blocks > 1 ? how.blocks : 1);
    const grid_exchange<T> x = { (T *)space.exchange, (unsigned *)space.arrivals, pitch };
    const cluster_launch l(ctx, clusters, unsigned(how.blocks), unsigned(how.threads()),
                           size_t(how.shared), true);
    *ran = clusters_at_once(ctx, kernel, l) >= int64_t(clusters);
    if (!*ran) return WL_OK;
    wl_status status = copy_or_clear(ctx, x.rows, nullptr, size_t(2 * n.B * pitch) * sizeof(T));
    if (!status) status = copy_or_clear(ctx, x.count, nullptr, sizeof(unsigned));
    return status ? status : launch(ctx, kernel, l, args..., x);
}

/* As cluster_forward and cluster_backward, for more units. */
template <class Cell>
wl_status grid_forward(wl_ctx *ctx, const wl_recurrence &n, const wl_recurrence_space &space,
                       const Cell &cell, bool *ran)
{
    using T = typename Cell::stored;
    constexpr int held = steps_in<T>(144, Cell::gates);
    const sharing how = share_grid<T>(n.H, n.B, Cell::gates, held, false);
    if (!how.blocks) return WL_OK;
    const forward_states<T> states = { steps<T>(n.h), (T *)space.state };
    return launch_grid<T>(ctx, run_forward_grid<Cell, held>, n, space,
                          unsigned(padded(n.H) / GROUP), how, ran, sequence_of<T>(n, how), states,
                          cell);
}

template <class Cell>
wl_status grid_backward(wl_ctx *ctx, const wl_recurrence &n, const wl_recurrence_space &space,
                        const Cell &cell, bool *ran)
{
    using T = typename Cell::stored;
    constexpr int held = steps_in<T>(144, Cell::gates), units = Cell::gates * GROUP;
    const sharing how = share_grid<T>(n.H, n.B, Cell::gates, held, true);
    if (!how.blocks) return WL_OK;
    return launch_grid<T>(ctx, run_backward_grid<Cell, held>, n, space,
                          unsigned((n.H + units - 1) / units), how, ran, sequence_of<T>(n, how),
                          (float *)space.carry, cell);
}

#endif
