/* Forward by clusters. A cell is a struct of what it reads and writes but for R and h, with
 *   stored, gates     T, and the gates that h[t-1] enters
 *   loaded            what a unit needs at a step besides what R adds to its gates
 *   load(at)          reads that
 *   run(at, in, sum, before)   writes all but h; returns h, from h before and what R adds
 *   end(at, in)       the same where the sequence has ended
 * Moves: of R nothing after the first step; what the cell says.
 * Bound by: the latency of a step: products, the sum of their parts, the exchange of h. */
#ifndef WL_STATIONARY_FORWARD_CUH
#define WL_STATIONARY_FORWARD_CUH

#include "stationary.cuh"

template <class T> struct forward_states {
    steps_of<T> h;
    T *state; /* [B,H]: at the beginning, then at the end */
};

/* The states that enter the first step, of all units, and zeros around them. */
template <class T>
__device__ void fill_states(const sequence<T> &s, const T *state, T *h, int first)
{
    const int pitch = s.how.pitch;
    for (int i = int(threadIdx.x); i < 2 * SLICE * pitch; i += s.how.threads()) {
        const int n = i / pitch, j = i % pitch;
        from_float(&h[i], 0.0f);
        if (n < SLICE && first + n < s.B && j < s.H) h[i] = state[int64_t(first + n) * s.H + j];
    }
}

/* A warp's sums of its part, a gate after the other, to where the cells read them. */
template <int G> __device__ void put_sums(float *to, const wl::fragment_c (&sum)[G])
{
#pragma unroll
    for (int g = 0; g < G; g++)
#pragma unroll
        for (int e = 0; e < 4; e += 2) {
            const wl::place p = wl::place_in_c(lane_index(), e);
            *reinterpret_cast<float2 *>(to + (g * GROUP + p.row) * ROW + p.column) =
                make_float2(sum[g].values[e], sum[g].values[e + 1]);
        }
}

/* What R adds to a unit's gates: the parts in their order. */
template <int G>
__device__ void add_parts(float (&sum)[G], const float *parts, const sharing &how, const element &e)
{
    const float *from =
        parts + (e.unit / GROUP * how.parts * G * GROUP + e.unit % GROUP) * ROW + e.n;
#pragma unroll
    for (int g = 0; g < G; g++) {
        sum[g] = from[g * GROUP * ROW];
        for (int p = 1; p < how.parts; p++) sum[g] += from[(p * G + g) * GROUP * ROW];
    }
}

/* h of the block's own units to the other blocks: 16 bytes at a time. */
template <class T>
__device__ void tell_peers(const sharing &how, T *h, int mine, wl::mbarrier *full)
{
    const int row = how.units() / IN_PACK<T>, packs = SLICE * row;
    for (int i = int(threadIdx.x); i < packs * (how.active - 1); i += how.threads()) {
        const int peer = i / packs + (i / packs >= mine), n = i % packs / row;
        T *here = h + n * how.pitch + mine * how.units() + i % row * IN_PACK<T>;
        wl::store_async(here, *reinterpret_cast<const uint4 *>(here), full, unsigned(peer));
    }
}

/* A unit's cell: its outputs, and its state, h, from before to after. */
template <class Cell, class T = typename Cell::stored>
__device__ void step_cell(const Cell &cell, const sequence<T> &s, const forward_states<T> &states,
                          const unit_at &at, const typename Cell::loaded &in, const float *parts,
                          const element &e, T *state)
{
    T out;
    from_float(&out, 0.0f);
    if (at.t < s.lengths.of(at.b)) {
        float added[Cell::gates];
        add_parts(added, parts, s.how, e);
        from_float(state, cell.run(at, in, added, to_float(*state)));
        out = *state;
    } else {
        cell.end(at, in);
    }
    *states.h.at(at.t, at.b, at.j) = out;
}

/* A cluster owns eight sequences; a warp a part of the products of a group's units, and a thread
 * the cells of E of the block's units. */
template <class Cell, int STEPS, int E>
__global__ void __launch_bounds__(MOST_WARPS *WARP, 1)
    run_forward(sequence<typename Cell::stored> s, forward_states<typename Cell::stored> states,
                Cell cell)
{
    wl::await_earlier();
    using T = typename Cell::stored;
    constexpr int G = Cell::gates;
    WL_DYN_SHARED(unsigned char, shared);
    const sharing &how = s.how;
    T *h = reinterpret_cast<T *>(shared); /* [2,SLICE,pitch] */
    float *parts = reinterpret_cast<float *>(shared + how.sums_at);
    wl::mbarrier *full = reinterpret_cast<wl::mbarrier *>(shared + how.full_at);
    const int warp = int(threadIdx.x) / WARP, mine = int(wl::cluster_rank());
    const int first = int(blockIdx.x) / how.blocks * SLICE, own = mine * how.units();
    const int part = warp % how.parts, all = (s.H + GROUP - 1) / GROUP;
    float *put = parts + warp * G * GROUP * ROW;
    weights<T, G, STEPS> r;

    if (threadIdx.x == 0) {
        for (int i = 0; i < 2; i++) wl::mbarrier_init(&full[i], 1);
        wl::mbarrier_init_fence();
    }
    fill_states(s, states.state, h, first);
    r.template load<false>(
        s, min(how.steps, all - part * how.steps),
        reinterpret_cast<uint4 *>(shared + how.rest_at) +
            warp * G * max(how.steps - STEPS, 0) * TILE_WORDS<T> / 4 * WARP,
        reinterpret_cast<T *>(put), [&](int gate, int k) {
            return tile_at{ gate, own + warp / how.parts * GROUP, (part * how.steps + k) * GROUP };
        });
    wl::cluster_sync();
    if (mine >= how.active) return;

    const wl::place from = row_of_states<T>();
    const unsigned told = unsigned((how.active - 1) * SLICE * how.units() * int(sizeof(T)));
    for (int64_t step = 0; step < s.steps; step++) {
        const int64_t t = s.reverse ? s.steps - 1 - step : step;
        const int64_t before = step ? s.reverse ? t + 1 : t - 1 : -1;
        const bool last = step + 1 == s.steps;
        T *now = h + int(step % 2) * SLICE * how.pitch;
        T *next = h + int(1 - step % 2) * SLICE * how.pitch;
        typename Cell::loaded in[E]; /* on their way during the products */
        wl::fragment_c sum[G];
#pragma unroll
        for (int i = 0; i < E; i++) {
            const element e(int(threadIdx.x) + i * how.threads());
            const unit_at at = { t, before, first + e.n, own + e.unit };
            if (e.unit < how.units() && at.b < s.B && at.j < s.H) in[i] = cell.load(at);
        }
        if (how.active > 1 && threadIdx.x == 0 && !last)
            wl::mbarrier_arrive_expect(&full[1 - step % 2], told);
        if (how.active > 1 && step > 0)
            wl::mbarrier_wait(&full[step % 2], unsigned((step - 1) / 2 % 2));
        r.multiply(sum, now + from.row * how.pitch + from.column + part * how.steps * GROUP);
        put_sums(put, sum);
        __syncthreads();
#pragma unroll
        for (int i = 0; i < E; i++) {
            const element e(int(threadIdx.x) + i * how.threads());
            const unit_at at = { t, before, first + e.n, own + e.unit };
            if (e.unit >= how.units() || at.b >= s.B || at.j >= s.H) continue;
            const int place = e.n * how.pitch + at.j;
            T after = now[place];
            step_cell(cell, s, states, at, in[i], parts, e, &after);
            next[place] = after;
            if (last) states.state[int64_t(at.b) * s.H + at.j] = after;
        }
        __syncthreads();
        if (!last) tell_peers(how, next, mine, &full[1 - step % 2]);
    }
}

/* How H units fit, with `held` steps in registers and at most `each` units a thread. */
template <class T> sharing share_forward(int64_t H, int gates, int held, int each)
{
    return share_out(H, [&](int all, int groups, bool in_registers) {
        sharing how = {};
        const int parts = MOST_WARPS / groups < all ? MOST_WARPS / groups : all;
        const int steps = (all + parts - 1) / parts;
        if ((in_registers && steps > held) || parts * each < 4) return how;
        how.parts = parts;
        how.steps = steps;
        how.warps = groups * parts;
        how.pitch = (all + groups - 1) / groups * groups * GROUP + IN_PACK<T>;
        how.sums_at = 2 * SLICE * how.pitch * int(sizeof(T));
        how.rest_at = how.sums_at + how.warps * gates * GROUP * ROW * int(sizeof(float));
        how.full_at = how.rest_at + rest_bytes<T>(how.warps, gates, steps, held);
        how.shared = how.full_at + 2 * int(sizeof(wl::mbarrier));
        return how;
    });
}

template <int STEPS, int E, class Cell>
wl_status launch_forward(wl_ctx *ctx, const wl_recurrence &n, const wl_recurrence_space &space,
                         const Cell &cell, const sharing &how, bool *ran)
{
    using T = typename Cell::stored;
    const unsigned clusters = unsigned((n.B + SLICE - 1) / SLICE);
    const cluster_launch l(ctx, clusters, unsigned(how.blocks), unsigned(how.threads()),
                           size_t(how.shared));
    const forward_states<T> states = { steps<T>(n.h), (T *)space.state };
    *ran = clusters_at_once(ctx, run_forward<Cell, STEPS, E>, l) > 0;
    return *ran ? launch(ctx, run_forward<Cell, STEPS, E>, l, sequence_of<T>(n, how), states, cell)
                : WL_OK;
}

/* All steps, in registers first; *ran: whether H units fit, and the device has room. */
template <class Cell>
wl_status cluster_forward(wl_ctx *ctx, const wl_recurrence &n, const wl_recurrence_space &space,
                          const Cell &cell, bool *ran)
{
    using T = typename Cell::stored;
    constexpr int few = steps_in<T>(112, Cell::gates), many = steps_in<T>(144, Cell::gates);
    sharing how = share_forward<T>(n.H, Cell::gates, few, 4);
    if (how.blocks && how.steps <= few)
        return launch_forward<few, 4>(ctx, n, space, cell, how, ran);
    how = share_forward<T>(n.H, Cell::gates, many, 2);
    return how.blocks ? launch_forward<many, 2>(ctx, n, space, cell, how, ran) : WL_OK;
}

#endif
