/* Ids ordered by row with a stable radix sort, eight bits a pass. */
#include "grouping.h"

/* keys and slots twice, for the passes to go back and forth, and the starts */
size_t WL_REF(grouping_bytes)(int64_t n) { return 5 * wl_part(n + 1, 8); }

static void radix_pass(const uint64_t *key, const int64_t *slot, uint64_t *key_out,
                       int64_t *slot_out, int64_t n, int shift)
{
    int64_t at[256] = { 0 }, sum = 0;
    for (int64_t i = 0; i < n; i++) at[key[i] >> shift & 255]++;
    for (int digit = 0; digit < 256; digit++) {
        const int64_t count = at[digit];
        at[digit] = sum;
        sum += count;
    }
    for (int64_t i = 0; i < n; i++) {
        const int64_t to = at[key[i] >> shift & 255]++;
        key_out[to] = key[i];
        slot_out[to] = slot[i];
    }
}

grouping WL_REF(group)(wl_ctx *ctx, uint32_t where, const wl_tensor *ids, int64_t n, int64_t V,
                       char *memory)
{
    const size_t part = wl_part(n + 1, 8);
    uint64_t *key[2] = { (uint64_t *)memory, (uint64_t *)(memory + part) };
    int64_t *slot[2] = { (int64_t *)(memory + 2 * part), (int64_t *)(memory + 3 * part) };
    int64_t *start = (int64_t *)(memory + 4 * part), slots = 0, groups = 0;
    for (int64_t i = 0; i < n; i++) {
        const int64_t id = checked_id(ctx, where, ids, i, V, true);
        if (id < 0) continue;
        key[0][slots] = (uint64_t)id;
        slot[0][slots++] = i;
    }
    int from = 0;
    for (int shift = 0; shift < 64 && (uint64_t)(V - 1) >> shift && V > 1; shift += 8, from ^= 1)
        radix_pass(key[from], slot[from], key[!from], slot[!from], slots, shift);
    for (int64_t i = 0; i < slots; i++)
        if (i == 0 || key[from][i] != key[from][i - 1]) start[groups++] = i;
    start[groups] = slots;
    return (grouping){ groups, key[from], slot[from], start };
}
