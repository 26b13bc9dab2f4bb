/* Ids ordered by row. */
#include "grouping.cuh"

#include "algorithms.cuh"

namespace
{

/* The parts of the workspace. */
struct parts {
    uint64_t *key[2];
    int64_t *slot[2], *begins;
    uint8_t *flag;
    void *memory;
    size_t bytes;
};

parts parts_of(void *workspace, int64_t n)
{
    char *at = (char *)workspace;
    const size_t part = wl_part(n, 8);
    return { { (uint64_t *)at, (uint64_t *)(at + part) },
             { (int64_t *)(at + 2 * part), (int64_t *)(at + 3 * part) },
             (int64_t *)(at + 4 * part),
             (uint8_t *)(at + 5 * part),
             at + 6 * part,
             algorithms_bytes(n) };
}

/* A thread owns a slot: its row, or V where there is none. */
__global__ void make_keys(uint64_t *key, int64_t *slot, ids_of ids, int64_t n)
{
    const int64_t step = int64_t(gridDim.x) * blockDim.x;
    for (int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < n; i += step) {
        const int64_t id = ids.at(i);
        ids.check(i);
        key[i] = uint64_t(id < 0 ? ids.V : id);
        slot[i] = i;
    }
}

/* A thread owns a place: 1 where a group begins. */
__global__ void mark_groups(uint8_t *flag, grouping by)
{
    const int64_t step = int64_t(gridDim.x) * blockDim.x;
    for (int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < by.slots; i += step)
        flag[i] = by.begins(i) ? 1 : 0;
}

} // namespace

size_t grouping_bytes(int64_t n)
{
    const size_t more = algorithms_bytes(n);
    return more == SIZE_MAX ? SIZE_MAX : 6 * wl_part(n, 8) + more;
}

wl_status group(wl_ctx *ctx, const ids_of &ids, int64_t n, void *workspace, grouping *out)
{
    const parts p = parts_of(workspace, n);
    int bits = 1, result = 0;
    while (bits < 64 && uint64_t(ids.V) >> bits) bits++;
    wl_status status =
        launch(ctx, make_keys, blocks_for(n, THREADS), THREADS, p.key[0], p.slot[0], ids, n);
    if (!status && n > 0)
        status = sort_pairs(ctx, p.key, p.slot, n, bits, p.memory, p.bytes, &result);
    *out = { p.key[result], p.slot[result], n, ids.V };
    return status;
}

wl_status list_groups(wl_ctx *ctx, const grouping &by, void *workspace, const int64_t **begins,
                      int64_t *count)
{
    const parts p = parts_of(workspace, by.slots);
    *begins = p.begins;
    if (by.slots == 0)
        return status_of(ctx, cudaMemsetAsync(count, 0, sizeof *count, cudaStream_t(ctx->stream)));
    const wl_status status =
        launch(ctx, mark_groups, blocks_for(by.slots, THREADS), THREADS, p.flag, by);
    if (status) return status;
    return select_flagged(ctx, p.flag, by.slots, p.begins, count, p.memory, p.bytes);
}
