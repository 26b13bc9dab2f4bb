/* Recurrences whose recurrent weights stay on chip for a whole sequence, in registers first and
 * then in shared memory: on sm_90. What the arrangements share: a cluster of blocks
 * has eight sequences and all of R (stationary_forward.cuh, stationary_backward.cuh); or all blocks
 * have all sequences (stationary_grid.cuh). */
#ifndef WL_STATIONARY_CUH
#define WL_STATIONARY_CUH

#include "cluster.cuh"
#include "mma_float.cuh"
#include "recurrence.cuh"

constexpr int SLICE = 8;      /* sequences of a cluster: the columns of a product */
constexpr int GROUP = 16;     /* units: the rows of a product, or what it sums over */
constexpr int MOST_WARPS = 8; /* of a block */
constexpr int MOST_BLOCKS = 16;
constexpr int ROW = 12; /* floats: eight sums of a unit, so far apart that neither the lanes that
                           write them nor those that read them meet in a bank */
constexpr int TILE_PITCH = 24; /* of 16 weights, on their way through shared memory */
constexpr int MOST_SHARED = 227 * 1024;

/* Words of a lane for 16 x 16 weights, and elements of 16 bytes. */
template <class T> constexpr int TILE_WORDS = int(sizeof(wl::fragment_a<T>) / sizeof(unsigned));
template <class T> constexpr int IN_PACK = int(16 / sizeof(T));

/* How a cluster shares out H units, and a block its shared memory. Block n of the cluster owns
 * groups n * groups and following; those that own none have nothing to do. */
struct sharing {
    int blocks; /* of the cluster; 0: it does not fit */
    int active; /* of these: that own units */
    int groups; /* of a block */
    int warps;  /* of a block */
    int parts;  /* forward: warps that share a group, each with a part of the units of h */
    int steps;  /* products of a warp one after the other, each over 16 of what it sums over */
    int pitch;  /* elements between sequences of what is multiplied: 16 bytes more than whole packs,
                   so that they lie in different banks */
    /* bytes from the start of shared memory, where that begins with what is multiplied, twice */
    int sums_at, through_at, carry_at, rest_at, full_at, shared;

    __host__ __device__ int threads() const { return warps * WARP; }
    __host__ __device__ int units() const { return groups * GROUP; }
};

/* What both directions read and write, and how. */
template <class T> struct sequence {
    const T *r; /* [GH,H] */
    lengths_of lengths;
    int64_t steps;
    int B, H;
    bool reverse, packed; /* packed: rows of r are whole packs */
    sharing how;
};

template <class T> sequence<T> sequence_of(const wl_recurrence &n, const sharing &how)
{
    return { (const T *)n.r->data,
             lengths(&n),
             n.T,
             int(n.B),
             int(n.H),
             n.reverse,
             n.H % IN_PACK<T> == 0 && in_packs(*n.r),
             how };
}

/* A unit of a sequence at a step. */
struct unit_at {
    int64_t t, before; /* the step whose state enters it; -1: the initial one does */
    int b, j;
    __device__ int64_t row(int B) const { return t * B + b; }
};

/* Element e of a block: so that neighbours are units first, four sequences at a time. */
struct element {
    int unit, n; /* of the block, of the slice */
    __device__ explicit element(int e)
        : unit(e / 128 * GROUP + e / 32 % 2 * 8 + e % 8), n(e / 64 % 2 * 4 + e % 32 / 8)
    {
    }
};

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

/* Where 16 x 16 weights lie in R: rows of a gate from a unit on, and columns. */
struct tile_at {
    int gate, unit, column;
};

/* A tile of 16 bits, 16 bytes at a time, by shared memory [16,TILE_PITCH]. */
template <bool transposed, class T>
__device__ void fetch_halves(wl::fragment_a<T> &a, const sequence<T> &s, T *tile, const tile_at &at)
{
    const int row = lane_index() / 2, half = lane_index() % 2 * 8;
    const wl::place p = transposed ? wl::row_of_a_trans(lane_index()) : wl::row_of_a(lane_index());
    load_weights(tile + row * TILE_PITCH + half, s, at.gate, at.unit + row, at.column + half);
    __syncwarp();
    if (transposed)
        wl::ldmatrix_trans(a.words, tile + p.row * TILE_PITCH + p.column);
    else
        wl::ldmatrix(a.words, tile + p.row * TILE_PITCH + p.column);
    __syncwarp();
}

/* A tile of floats, which ldmatrix cannot transpose: as they are. */
template <bool transposed>
__device__ void fetch_floats(wl::fragment_a<float> &a, const sequence<float> &s, const tile_at &at)
{
#pragma unroll
    for (int i = 0; i < 8; i++) {
        const wl::place p = wl::place_in_a_float(lane_index(), i);
        const int unit = at.unit + (transposed ? p.column : p.row);
        const int column = at.column + (transposed ? p.row : p.column);
        const bool there = unit < s.H && column < s.H;
        const float *from = s.r + (int64_t(at.gate) * s.H + unit) * s.H + column;
        a.words[i] = there ? __float_as_uint(*from) : 0;
    }
}

/* Where the row begins that a lane hands to ldmatrix, of a B of 16 by eight. */
template <class T> __device__ wl::place row_of_states()
{
    return sizeof(T) == 4 ? wl::row_of_b_float(lane_index()) : wl::row_of_b(lane_index());
}

/* The weights of a warp: of TILES products side by side, each summed over `steps` tiles, of which
 * STEPS are in registers. */
template <class T, int TILES, int STEPS> struct weights {
    /* sums that do not wait for each other, where tiles are few */
    static constexpr int CHAINS = TILES == 1 ? 4 : TILES == 2 ? 2 : 1;
    static constexpr int WORDS = TILE_WORDS<T>;
    wl::fragment_a<T> held[TILES][STEPS];
    uint4 *rest; /* this lane's words of the others, WARP apart */
    int steps;

    /* By a tile in shared memory, [16,TILE_PITCH], that is the warp's alone. place(i, k): where
     * the tile of product i at step k lies. Transposed: the products are with columns of R. */
    template <bool transposed, class F>
    __device__ void load(const sequence<T> &s, int count, uint4 *more, T *tile, F place)
    {
        steps = count;
        rest = more + lane_index();
#pragma unroll
        for (int k = 0; k < STEPS; k++) {
            if (k >= count) break;
#pragma unroll
            for (int i = 0; i < TILES; i++) fetch<transposed>(held[i][k], s, tile, place(i, k));
        }
#pragma unroll 1
        for (int k = STEPS; k < count; k++)
#pragma unroll 1
            for (int i = 0; i < TILES; i++) {
                wl::fragment_a<T> a;
                fetch<transposed>(a, s, tile, place(i, k));
#pragma unroll
                for (int w = 0; w < WORDS; w += 4)
                    *in_rest(i, k, w) =
                        make_uint4(a.words[w], a.words[w + 1], a.words[w + 2], a.words[w + 3]);
            }
    }

    /* sum[i] = product i with b, whose row for this lane begins there, 16 elements a step. */
    __device__ void multiply(wl::fragment_c (&sum)[TILES], const T *b) const
    {
        wl::fragment_c chain[CHAINS][TILES] = {};
#pragma unroll
        for (int k = 0; k < STEPS; k++) {
            wl::fragment_b<T> with;
            if (k >= steps) break;
            wl::ldmatrix(with.words, b + k * 16);
            const auto &split = wl::split(with);
#pragma unroll
            for (int i = 0; i < TILES; i++)
                chain[k % CHAINS][i] = wl::mma(held[i][k], split, chain[k % CHAINS][i]);
        }
#pragma unroll 1
        for (int k = STEPS; k < steps; k++) {
            wl::fragment_b<T> with;
            wl::ldmatrix(with.words, b + k * 16);
            const auto &split = wl::split(with);
#pragma unroll
            for (int i = 0; i < TILES; i++) {
                wl::fragment_a<T> a;
#pragma unroll
                for (int w = 0; w < WORDS; w += 4) {
                    const uint4 four = *in_rest(i, k, w);
                    a.words[w] = four.x, a.words[w + 1] = four.y;
                    a.words[w + 2] = four.z, a.words[w + 3] = four.w;
                }
                chain[0][i] = wl::mma(a, split, chain[0][i]);
            }
        }
#pragma unroll
        for (int i = 0; i < TILES; i++) {
            sum[i] = chain[0][i];
#pragma unroll
            for (int c = 1; c < CHAINS; c++)
#pragma unroll
                for (int e = 0; e < 4; e++) sum[i].values[e] += chain[c][i].values[e];
        }
    }

  private:
    /* Four words of tile i at a step that registers do not hold. */
    __device__ uint4 *in_rest(int i, int k, int word) const
    {
        return rest + (((k - STEPS) * TILES + i) * (WORDS / 4) + word / 4) * WARP;
    }
    template <bool transposed>
    static __device__ void fetch(wl::fragment_a<T> &a, const sequence<T> &s, T *tile,
                                 const tile_at &at)
    {
        if constexpr (sizeof(T) == 4)
            fetch_floats<transposed>(a, s, at);
        else
            fetch_halves<transposed>(a, s, tile, at);
    }
};

/* Steps of so many tiles that so many registers hold, of which floats leave some for their parts.
 */
template <class T> constexpr int steps_in(int registers, int tiles)
{
    return (registers - (sizeof(T) == 4 ? 40 : 0)) / (tiles * TILE_WORDS<T>);
}

/* Bytes of the weights that registers do not hold, of a block. */
template <class T> int rest_bytes(int warps, int tiles, int steps, int held)
{
    const int of_tile = WARP * TILE_WORDS<T> * int(sizeof(unsigned));
    return steps > held ? warps * tiles * (steps - held) * of_tile : 0;
}

/* The fewest blocks among which H units fit; fit(blocks, groups) says how, if they do. */
template <class F> sharing share_out(int64_t H, F fit)
{
    for (int in_registers = 1; in_registers >= 0; in_registers--)
        for (int blocks = 1; blocks <= MOST_BLOCKS; blocks *= 2) {
            const int64_t all = (H + GROUP - 1) / GROUP, groups = (all + blocks - 1) / blocks;
            if (groups > MOST_WARPS) continue;
            sharing how = fit(int(all), int(groups), in_registers != 0);
            if (!how.warps || how.shared > MOST_SHARED) continue;
            how.blocks = blocks;
            how.groups = int(groups);
            how.active = int((all + groups - 1) / groups);
            return how;
        }
    return {};
}

#endif
