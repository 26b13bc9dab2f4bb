/* Batches of pairs: which are read together, and in what order. */
#include "seq2seq.h"

#include "../nn/shuffle.h"

#include <stdlib.h>

/* What pairs are sorted by. */
typedef struct key {
    uint64_t random;
    int64_t source, target; /* tokens */
    int64_t pair;
} key;

static int by_chance(const void *one, const void *other)
{
    const key *a = one, *b = other;
    if (a->random != b->random) return a->random < b->random ? -1 : 1;
    return a->pair < b->pair ? -1 : a->pair > b->pair;
}

static int by_length(const void *one, const void *other)
{
    const key *a = one, *b = other;
    if (a->source != b->source) return a->source < b->source ? -1 : 1;
    if (a->target != b->target) return a->target < b->target ? -1 : 1;
    return by_chance(one, other);
}

static uint64_t chance(uint64_t seed, int64_t index, int64_t epoch)
{
    const wl_random r = wl_philox(seed, (uint64_t)index, (uint32_t)epoch, WL_PURPOSE_ORDER);
    return (uint64_t)r.word[0] << 32 | r.word[1];
}

wl_status wl_seq2seq_batches_create(wl_seq2seq_batches *out, const wl_pairs *pairs, int64_t batch,
                                    wl_error *error)
{
    const int64_t n = wl_pairs_size(pairs), count = (n + batch - 1) / batch;
    *out = (wl_seq2seq_batches){ .pairs = pairs, .batch = batch, .count = count };
    out->order = malloc((size_t)n * sizeof *out->order);
    out->first = malloc((size_t)count * sizeof *out->first);
    out->keys = malloc((size_t)n * sizeof(key));
    if (out->order && out->first && out->keys) return WL_OK;
    wl_seq2seq_batches_destroy(out);
    return wl_error_set(error, WL_NO_MEMORY, "no memory to order %lld pairs", (long long)n);
}

void wl_seq2seq_batches_destroy(wl_seq2seq_batches *b)
{
    free(b->order);
    free(b->first);
    free(b->keys);
    *b = (wl_seq2seq_batches){ 0 };
}

static void fill_keys(wl_seq2seq_batches *b, uint64_t seed, int64_t epoch)
{
    key *keys = b->keys;
    for (int64_t i = 0; i < wl_pairs_size(b->pairs); i++) {
        keys[i] = (key){ .random = chance(seed, i, epoch), .pair = i };
        wl_pairs_source(b->pairs, i, &keys[i].source);
        wl_pairs_target(b->pairs, i, &keys[i].target);
    }
}

static void take_order(wl_seq2seq_batches *b)
{
    const key *keys = b->keys;
    for (int64_t i = 0; i < wl_pairs_size(b->pairs); i++) b->order[i] = keys[i].pair;
    for (int64_t i = 0; i < b->count; i++) b->first[i] = i * b->batch;
}

void wl_seq2seq_batches_shuffle(wl_seq2seq_batches *b, int64_t batches, uint64_t seed,
                                int64_t epoch)
{
    const int64_t n = wl_pairs_size(b->pairs), pool = batches * b->batch;
    key *keys = b->keys;
    fill_keys(b, seed, epoch);
    qsort(keys, (size_t)n, sizeof *keys, by_chance);
    for (int64_t i = 0; i < n; i += pool)
        qsort(keys + i, (size_t)(n - i < pool ? n - i : pool), sizeof *keys, by_length);
    take_order(b);
    /* the batches themselves at random: else each pool would go from short to long */
    wl_shuffle(b->first, b->count, seed, epoch, WL_PURPOSE_BATCHES);
}

void wl_seq2seq_batches_sort(wl_seq2seq_batches *b)
{
    key *keys = b->keys;
    fill_keys(b, 0, 0);
    qsort(keys, (size_t)wl_pairs_size(b->pairs), sizeof *keys, by_length);
    take_order(b);
}

void wl_seq2seq_take_batch(const wl_seq2seq_batches *b, int64_t i, wl_seq2seq_pair *to,
                           int64_t *count)
{
    const int64_t left = wl_pairs_size(b->pairs) - b->first[i];
    const int64_t *numbers = b->order + b->first[i];
    *count = left < b->batch ? left : b->batch;
    for (int64_t k = 0; k < *count; k++) {
        to[k].source = wl_pairs_source(b->pairs, numbers[k], &to[k].source_length);
        to[k].target = wl_pairs_target(b->pairs, numbers[k], &to[k].target_length);
    }
}
