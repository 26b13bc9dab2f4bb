/* Ids ordered by row: as many as a cluster holds in one launch, more by CUB.
 * Moves: 12 bytes a slot, and 16 for each pass over some of a row's bits, most of it in L2.
 * Bound by: its latency; the meetings of a cluster, two a pass. */
#include "grouping.cuh"

#include "algorithms.cuh"
#include "cluster.cuh"

namespace
{

constexpr int ITEMS = 8;       /* slots of a thread, a warp apart */
constexpr int DIGITS = 256;    /* most values of a pass's bits; as many as a block has threads */
constexpr unsigned BLOCKS = 8; /* of a cluster */
constexpr int64_t BLOCK_SLOTS = THREADS * ITEMS, CLUSTER_SLOTS = BLOCKS * BLOCK_SLOTS;
static_assert(DIGITS == THREADS, "a thread has a digit");

/* The parts of the workspace. */
struct parts {
    uint32_t *counts;
    void *memory;
    size_t bytes;
    int64_t *flag, *number;
    void *row[2], *slot[2];
};

parts parts_of(void *workspace, int64_t n)
{
    const size_t bytes = algorithms_bytes(n + 1), part = wl_part(n + 1, 8);
    char *at = (char *)workspace, *memory = at + wl_part(BLOCKS * DIGITS, 4);
    char *flag = memory + wl_part(int64_t(bytes), 1);
    return { (uint32_t *)at,
             memory,
             bytes,
             (int64_t *)flag,
             (int64_t *)(flag + part),
             { flag + 2 * part, flag + 3 * part },
             { flag + 4 * part, flag + 5 * part } };
}

/* ------------------------------------------------------------------ by one cluster */

/* What a cluster of C blocks orders, by so many bits in so many passes. */
struct ordering {
    ids_of ids;
    uint32_t *row[2], *slot[2], *counts;
    int64_t *number, *count; /* null: groups need no numbers */
    uint32_t n;
    int bits, passes;
};

template <int C> __device__ inline unsigned block_rank()
{
    if constexpr (C > 1)
        return wl::cluster_rank();
    else
        return 0;
}

template <int C> __device__ inline void meet()
{
    if constexpr (C > 1)
        wl::cluster_sync();
    else
        __syncthreads();
}

/* The places of a thread: a warp has neighbouring ones. */
template <int C> __device__ inline uint32_t place_of(const ordering &o, int item)
{
    const uint32_t warps = C * WARPS, warp = block_rank<C>() * WARPS + threadIdx.x / WARP;
    const uint32_t share = ((o.n + warps - 1) / warps + WARP - 1) / WARP * WARP;
    const uint32_t within = uint32_t(item * WARP + lane_index());
    return within < share && warp * share + within < o.n ? warp * share + within : o.n;
}

/* rank = how many items of the warp with the same digit come before each of a thread's; `seen`
 * receives the warp's number of each digit. Items that are not there have digit DIGITS. */
__device__ inline void rank_in_warp(uint32_t (&rank)[ITEMS], uint32_t (&seen)[DIGITS],
                                    const uint32_t (&digit)[ITEMS])
{
    for (int d = lane_index(); d < DIGITS; d += WARP) seen[d] = 0;
    __syncwarp();
#pragma unroll
    for (int j = 0; j < ITEMS; j++) {
        const bool there = digit[j] < DIGITS;
        const unsigned same = __match_any_sync(~0u, digit[j]);
        const int before = __popc(same & ((1u << lane_index()) - 1));
        const uint32_t old = there ? seen[digit[j]] : 0;
        rank[j] = old + uint32_t(before);
        __syncwarp();
        if (there && before == 0) seen[digit[j]] = old + uint32_t(__popc(same));
        __syncwarp();
    }
}

/* The sum of v over the threads before this one. */
__device__ inline uint32_t sum_before(uint32_t v)
{
    WL_SHARED(uint32_t, warps, [WARPS]);
    uint32_t sum = v;
    for (int step = 1; step < WARP; step *= 2) {
        const uint32_t lower = __shfl_up_sync(~0u, sum, unsigned(step));
        if (lane_index() >= step) sum += lower;
    }
    if (lane_index() == WARP - 1) warps[threadIdx.x / WARP] = sum;
    __syncthreads();
    for (unsigned w = 0; w < threadIdx.x / WARP; w++) sum += warps[w];
    return sum - v;
}

/* to = where a thread's items go when the cluster's are ordered by digit, stably. Returns how many
 * of the cluster's have the digit threadIdx.x. All threads of the cluster call. */
template <int C>
__device__ inline uint32_t place_by_digit(uint32_t (&to)[ITEMS], const uint32_t (&digit)[ITEMS],
                                          uint32_t *counts)
{
    WL_SHARED(uint32_t, seen, [WARPS][DIGITS]);
    WL_SHARED(uint32_t, base, [DIGITS]);
    const unsigned d = threadIdx.x, warp = threadIdx.x / WARP;
    uint32_t block = 0, below = 0, all = 0;
    rank_in_warp(to, seen[warp], digit);
    __syncthreads();
    for (int w = 0; w < WARPS; w++) {
        const uint32_t some = seen[w][d];
        seen[w][d] = block;
        block += some;
    }
    counts[block_rank<C>() * DIGITS + d] = block;
    meet<C>();
    for (unsigned b = 0; b < C; b++) {
        const uint32_t some = counts[b * DIGITS + d];
        below += b < block_rank<C>() ? some : 0;
        all += some;
    }
    base[d] = below + sum_before(all);
    __syncthreads();
#pragma unroll
    for (int j = 0; j < ITEMS; j++)
        if (digit[j] < DIGITS) to[j] += base[digit[j]] + seen[warp][digit[j]];
    return all;
}

/* The slots of one pass: the first reads ids, and reports them. */
template <int C> __device__ inline void order_by_bits(const ordering &o, int pass)
{
    const bool odd = pass % 2 == 1;
    const uint32_t *const rows = odd ? o.row[1] : o.row[0];
    const uint32_t *const slots = odd ? o.slot[1] : o.slot[0];
    uint32_t *const to_rows = odd ? o.row[0] : o.row[1];
    uint32_t *const to_slots = odd ? o.slot[0] : o.slot[1];
    const int width = (o.bits + o.passes - 1) / o.passes;
    uint32_t row[ITEMS], slot[ITEMS], digit[ITEMS], to[ITEMS];
#pragma unroll
    for (int j = 0; j < ITEMS; j++) {
        const uint32_t place = place_of<C>(o, j);
        if (pass == 0) {
            const int64_t id = place < o.n ? o.ids.at(place) : -1;
            row[j] = uint32_t(id < 0 ? o.ids.V : id);
            slot[j] = place;
        } else {
            row[j] = place < o.n ? rows[place] : 0;
            slot[j] = place < o.n ? slots[place] : 0;
        }
        digit[j] = place < o.n ? row[j] >> (pass * width) & ((1u << width) - 1) : DIGITS;
    }
    for (int j = 0; pass == 0 && j < ITEMS; j++)
        if (place_of<C>(o, j) < o.n) o.ids.check(place_of<C>(o, j));
    place_by_digit<C>(to, digit, o.counts);
#pragma unroll
    for (int j = 0; j < ITEMS; j++) {
        if (digit[j] == DIGITS) continue;
        to_rows[to[j]] = row[j];
        to_slots[to[j]] = slot[j];
    }
    meet<C>();
}

/* Numbers groups: what begins one is ordered before what does not. */
template <int C> __device__ inline void number_groups(const ordering &o)
{
    const uint32_t *const rows = o.passes % 2 ? o.row[1] : o.row[0];
    const grouping by = { rows, nullptr, nullptr, o.n, o.ids.V, false };
    uint32_t digit[ITEMS], number[ITEMS];
    for (int j = 0; j < ITEMS; j++) {
        const uint32_t place = place_of<C>(o, j);
        digit[j] = place == o.n ? DIGITS : by.begins(place) ? 0 : 1;
    }
    const uint32_t all = place_by_digit<C>(number, digit, o.counts);
    for (int j = 0; j < ITEMS; j++)
        if (digit[j] == 0) o.number[place_of<C>(o, j)] = number[j];
    if (block_rank<C>() == 0 && threadIdx.x == 0) o.count[0] = all;
}

/* A thread owns up to 8 places of the order, before and after each pass. */
template <int C> __global__ void order(ordering o)
{
    wl::await_earlier();
    for (int pass = 0; pass < o.passes; pass++) order_by_bits<C>(o, pass);
    if (o.count) number_groups<C>(o);
}

/* *ran: whether this device has such a way. */
wl_status order_at_once(wl_ctx *ctx, const ids_of &ids, int64_t n, int bits, const parts &p,
                        int64_t *count, grouping *out, bool *ran)
{
    const cluster_launch cluster(ctx, 1, BLOCKS, THREADS, 0);
    const int passes = (bits + 7) / 8;
    const ordering o = { ids,
                         { (uint32_t *)p.row[0], (uint32_t *)p.row[1] },
                         { (uint32_t *)p.slot[0], (uint32_t *)p.slot[1] },
                         p.counts,
                         p.number,
                         count,
                         uint32_t(n),
                         bits,
                         passes };
    *out = { p.row[passes % 2], p.slot[passes % 2], p.number, n, ids.V, false };
    *ran = n <= BLOCK_SLOTS ||
           (n <= CLUSTER_SLOTS && clusters_at_once(ctx, order<int(BLOCKS)>, cluster) > 0);
    if (!*ran) return WL_OK;
    if (n <= BLOCK_SLOTS) return launch(ctx, order<1>, 1, THREADS, o);
    return launch(ctx, order<int(BLOCKS)>, cluster, o);
}

/* ------------------------------------------------------------------ by the device */

/* A thread owns a slot: its row, or V where there is none. */
template <class R, class S> __global__ void make_keys(R *row, S *slot, ids_of ids, int64_t n)
{
    wl::await_earlier();
    const int64_t step = int64_t(gridDim.x) * blockDim.x;
    for (int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < n; i += step) {
        const int64_t id = ids.at(i);
        ids.check(i);
        row[i] = R(id < 0 ? ids.V : id);
        slot[i] = S(i);
    }
}

/* A thread owns a place, and one is past the end: 1 where a group begins. */
__global__ void mark_groups(int64_t *flag, grouping by)
{
    wl::await_earlier();
    const int64_t step = int64_t(gridDim.x) * blockDim.x;
    for (int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i <= by.slots; i += step)
        flag[i] = i < by.slots && by.begins(i) ? 1 : 0;
}

template <class R, class S>
wl_status order_by_sorting(wl_ctx *ctx, const ids_of &ids, int64_t n, int bits, const parts &p,
                           grouping *out)
{
    R *const row[2] = { (R *)p.row[0], (R *)p.row[1] };
    S *const slot[2] = { (S *)p.slot[0], (S *)p.slot[1] };
    int result = 0;
    wl_status status =
        launch(ctx, make_keys<R, S>, blocks_for(n, THREADS), THREADS, row[0], slot[0], ids, n);
    if (!status) status = sort_pairs(ctx, row, slot, n, bits, p.memory, p.bytes, &result);
    *out = { row[result], slot[result], p.number, n, ids.V, sizeof(R) == 8 };
    return status;
}

wl_status number_sorted(wl_ctx *ctx, const grouping &by, const parts &p, int64_t *count)
{
    wl_status status =
        launch(ctx, mark_groups, blocks_for(by.slots + 1, THREADS), THREADS, p.flag, by);
    if (!status) status = running_sums(ctx, p.flag, p.number, by.slots + 1, p.memory, p.bytes);
    if (status) return status;
    return status_of(ctx, cudaMemcpyAsync(count, p.number + by.slots, sizeof *count,
                                          cudaMemcpyDefault, cudaStream_t(ctx->stream)));
}

} // namespace

size_t grouping_bytes(int64_t n)
{
    const size_t more = algorithms_bytes(n + 1);
    if (more == SIZE_MAX) return SIZE_MAX;
    return wl_part(BLOCKS * DIGITS, 4) + wl_part(int64_t(more), 1) + 6 * wl_part(n + 1, 8);
}

wl_status group(wl_ctx *ctx, const ids_of &ids, int64_t n, void *workspace, grouping *out,
                int64_t *count)
{
    const parts p = parts_of(workspace, n);
    const bool wide = ids.V > int64_t(UINT32_MAX) || n > int64_t(UINT32_MAX);
    bool ran = false;
    int bits = 1;
    *out = { p.row[0], p.slot[0], p.number, n, ids.V, false };
    if (n == 0 && count)
        return status_of(ctx, cudaMemsetAsync(count, 0, sizeof *count, cudaStream_t(ctx->stream)));
    if (n == 0) return WL_OK;
    while (bits < 64 && uint64_t(ids.V) >> bits) bits++;
    wl_status status = WL_OK;
    if (!wide) status = order_at_once(ctx, ids, n, bits, p, count, out, &ran);
    if (status || ran) return status;
    status = wide ? order_by_sorting<uint64_t, int64_t>(ctx, ids, n, bits, p, out)
                  : order_by_sorting<uint32_t, uint32_t>(ctx, ids, n, bits, p, out);
    return status || !count ? status : number_sorted(ctx, *out, p, count);
}
