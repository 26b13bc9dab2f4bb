/* Backward by clusters. A block multiplies the gradients at the gates of its own
 * units, which nobody else needs, with its rows of R; what comes of it for other blocks' units goes
 * to these, who add up what all have sent, in the order of the blocks. A cell is a struct with
 *   stored, gates     T, and the gates that h[t-1] enters
 *   loaded            what a unit needs at a step besides the gradient at h from the steps after
 *   load(at)          reads that
 *   run(at, in, dh, dz)   writes the gradients at the gates; dz: those that R is multiplied with;
 *                     returns what of dh, that gradient at h, goes round R
 *   end(at)           the sequence has ended: gradients of 0
 * Moves: of R nothing after the first step; what the cell says.
 * Bound by: the latency of a step: products, the exchange of their sums, the cell. */
#ifndef WL_STATIONARY_BACKWARD_CUH
#define WL_STATIONARY_BACKWARD_CUH

#include "stationary.cuh"

/* Sums of 16 units by eight sequences to their owner, 16 bytes at a time: neighbouring lanes put
 * together four sequences of a unit. */
template <class Bar>
__device__ void send_sums(float *to, const wl::fragment_c &sum, Bar *full, unsigned owner)
{
    const int lane = lane_index(), odd = lane % 2;
    const float *v = sum.values;
    const float there[2] = { __shfl_xor_sync(~0u, odd ? v[0] : v[2], 1),
                             __shfl_xor_sync(~0u, odd ? v[1] : v[3], 1) };
    const float4 four = odd ? make_float4(there[0], there[1], v[2], v[3])
                            : make_float4(v[0], v[1], there[0], there[1]);
    float *row = to + (lane / 4 + odd * 8) * ROW + lane % 4 / 2 * 4;
    wl::store_async(row, four, full, owner);
}

/* The gradient at h of one of the block's elements through R: the blocks' sums in their order. */
__device__ inline float add_blocks(const float *sums, const sharing &how, const element &e)
{
    float sum = 0;
    for (int n = 0; n < how.active; n++) sum += sums[(n * how.units() + e.unit) * ROW + e.n];
    return sum;
}

/* A cluster owns eight sequences; a warp some of the products' rows, 16 units each, and a thread
 * the cells of E of the block's units. */
template <class Cell, int TILES, int STEPS, int E>
__global__ void __launch_bounds__(MOST_WARPS *WARP, 1)
    run_backward(sequence<typename Cell::stored> s, float *carried, Cell cell)
{
    wl::await_earlier();
    using T = typename Cell::stored;
    constexpr int G = Cell::gates;
    WL_DYN_SHARED(unsigned char, shared);
    const sharing &how = s.how;
    T *dz = reinterpret_cast<T *>(shared); /* [2,SLICE,pitch], a group's gates side by side */
    float *sums = reinterpret_cast<float *>(shared + how.sums_at); /* [2,active,units,ROW] */
    float *carry = reinterpret_cast<float *>(shared + how.carry_at);
    wl::mbarrier *full = reinterpret_cast<wl::mbarrier *>(shared + how.full_at);
    const int warp = int(threadIdx.x) / WARP, mine = int(wl::cluster_rank());
    const int first = int(blockIdx.x) / how.blocks * SLICE, own = mine * how.units();
    const int all = (s.H + GROUP - 1) / GROUP, each = how.active * how.units() * ROW;
    weights<T, TILES, STEPS> r;

    if (threadIdx.x == 0) {
        for (int i = 0; i < 2; i++) wl::mbarrier_init(&full[i], 1);
        wl::mbarrier_init_fence();
    }
    for (int i = int(threadIdx.x); i < 2 * SLICE * how.pitch; i += how.threads())
        from_float(&dz[i], 0.0f);
    for (int i = int(threadIdx.x); i < how.groups * 128; i += how.threads()) {
        const element e(i);
        const bool there = first + e.n < s.B && own + e.unit < s.H;
        carry[i] = there ? carried[int64_t(first + e.n) * s.H + own + e.unit] : 0.0f;
    }
    r.template load<true>(
        s, how.steps,
        reinterpret_cast<uint4 *>(shared + how.rest_at) +
            warp * TILES * max(how.steps - STEPS, 0) * TILE_WORDS<T> / 4 * WARP,
        reinterpret_cast<T *>(sums) + warp * GROUP * TILE_PITCH, [&](int i, int k) {
            return tile_at{ k % G, own + k / G * GROUP, (warp + i * how.warps) * GROUP };
        });
    wl::cluster_sync();
    if (mine >= how.active) return;

    const wl::place from = row_of_states<T>();
    const int tiles = min(how.groups, all - mine * how.groups);
    const unsigned told = unsigned(how.active * tiles * GROUP * SLICE * int(sizeof(float)));
    for (int64_t step = 0; step <= s.steps; step++) { /* the last only adds up */
        const int64_t t = s.reverse ? step : s.steps - 1 - step;
        const bool over = step == s.steps, begins = step + 1 >= s.steps;
        const int64_t before = begins ? -1 : s.reverse ? t + 1 : t - 1;
        T *now = dz + int(step % 2) * SLICE * how.pitch;
        typename Cell::loaded in[E] = {}; /* on their way during the exchange */
#pragma unroll
        for (int i = 0; i < E; i++) {
            const element e(int(threadIdx.x) + i * how.threads());
            const unit_at at = { t, before, first + e.n, own + e.unit };
            if (!over && e.unit < how.units() && at.b < s.B && at.j < s.H) in[i] = cell.load(at);
        }
        if (threadIdx.x == 0 && !over) wl::mbarrier_arrive_expect(&full[step % 2], told);
        if (step > 0) wl::mbarrier_wait(&full[(step - 1) % 2], unsigned((step - 1) / 2 % 2));
#pragma unroll
        for (int i = 0; i < E; i++) {
            const int n = int(threadIdx.x) + i * how.threads();
            const element e(n);
            const unit_at at = { t, before, first + e.n, own + e.unit };
            if (e.unit >= how.units() || at.b >= s.B || at.j >= s.H) continue;
            float dh = carry[n], gates[G] = {};
            if (step > 0) dh += add_blocks(sums + int((step - 1) % 2) * each, how, e);
            if (!over && t < s.lengths.of(at.b))
                dh = cell.run(at, in[i], dh, gates);
            else if (!over)
                cell.end(at);
            carry[n] = dh;
            T *row = now + e.n * how.pitch + e.unit / GROUP * G * GROUP + e.unit % GROUP;
#pragma unroll
            for (int g = 0; g < G; g++) from_float(&row[g * GROUP], gates[g]);
            if (over) carried[int64_t(at.b) * s.H + at.j] = dh;
        }
        if (over) break;
        __syncthreads();
        wl::fragment_c sum[TILES];
        r.multiply(sum, now + from.row * how.pitch + from.column);
#pragma unroll
        for (int i = 0; i < TILES; i++) {
            const int tile = warp + i * how.warps, owner = tile / how.groups;
            float *to = sums + int(step % 2) * each +
                        (mine * how.units() + tile % how.groups * GROUP) * ROW;
            if (tile < all) send_sums(to, sum[i], &full[step % 2], unsigned(owner));
        }
    }
}

/* How H units fit, with `tiles` rows of products a warp, `held` steps in registers and at most
 * `each` units a thread. */
template <class T> sharing share_backward(int64_t H, int gates, int tiles, int held, int each)
{
    return share_out(H, [&](int all, int groups, bool in_registers) {
        sharing how = {};
        const int wanted = all > 4 / each * groups ? all : 4 / each * groups;
        const int warps = MOST_WARPS < wanted ? MOST_WARPS : wanted, steps = groups * gates;
        if ((in_registers && steps > held) || warps * tiles < all || groups * 4 > warps * each)
            return how;
        const int active = (all + groups - 1) / groups;
        how.warps = warps;
        how.steps = steps;
        how.pitch = steps * GROUP + IN_PACK<T>;
        how.sums_at = 2 * SLICE * how.pitch * int(sizeof(T));
        how.carry_at = how.sums_at + 2 * active * groups * GROUP * ROW * int(sizeof(float));
        how.rest_at = how.carry_at + groups * 128 * int(sizeof(float));
        how.full_at = how.rest_at + rest_bytes<T>(warps, tiles, steps, held);
        how.shared = how.full_at + 2 * int(sizeof(wl::mbarrier));
        return how;
    });
}

template <int TILES, int REGISTERS, int E, class Cell>
wl_status launch_backward(wl_ctx *ctx, const wl_recurrence &n, const wl_recurrence_space &space,
                          const Cell &cell, bool *ran)
{
    using T = typename Cell::stored;
    constexpr int STEPS = steps_in<T>(REGISTERS, TILES);
    const sharing how = share_backward<T>(n.H, Cell::gates, TILES, STEPS, E);
    if (!how.blocks) return WL_OK;
    const unsigned clusters = unsigned((n.B + SLICE - 1) / SLICE);
    const cluster_launch l(ctx, clusters, unsigned(how.blocks), unsigned(how.threads()),
                           size_t(how.shared));
    *ran = clusters_at_once(ctx, run_backward<Cell, TILES, STEPS, E>, l) > 0;
    if (!*ran) return WL_OK;
    return launch(ctx, run_backward<Cell, TILES, STEPS, E>, l, sequence_of<T>(n, how),
                  (float *)space.carry, cell);
}

/* All steps; *ran: whether H units fit, and the device has room. */
template <class Cell>
wl_status cluster_backward(wl_ctx *ctx, const wl_recurrence &n, const wl_recurrence_space &space,
                           const Cell &cell, bool *ran)
{
    constexpr bool floats = sizeof(typename Cell::stored) == 4;
    const int64_t all = (n.H + GROUP - 1) / GROUP;
    if (all <= MOST_WARPS) return launch_backward<1, 72, 2>(ctx, n, space, cell, ran);
    if (all <= 2 * MOST_WARPS) return launch_backward<2, 128, 2>(ctx, n, space, cell, ran);
    if (all <= 4 * MOST_WARPS)
        return launch_backward < 4, 136, floats ? 1 : 2 > (ctx, n, space, cell, ran);
    if constexpr (!floats) return launch_backward<6, 144, 2>(ctx, n, space, cell, ran);
    return WL_OK; /* so many floats fit no cluster */
}

#endif
