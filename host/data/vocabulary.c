/* The vocabulary: words in one block of bytes, found through an open-addressed table of ids on
 * XXH3. The table's seed is drawn anew for each vocabulary, so that no file can be made whose
 * words collide; nothing that is visible depends on it. */
#include <wordloom/nn/vocabulary.h>

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <xxhash.h>

static const int64_t most_words = INT32_MAX;

struct wl_vocabulary {
    char *bytes;     /* the words, each followed by a 0 */
    int64_t *start;  /* [size + 1]: word i is bytes[start[i]] to bytes[start[i + 1] - 2] */
    int64_t *count;  /* [size] */
    uint32_t *hash;  /* [size] */
    uint32_t *slots; /* id + 1, or 0 for none; at most half are taken */
    size_t byte_room, word_room, slot_room;
    int64_t size, kept, all;
    uint64_t seed;
};

wl_status wl_vocabulary_create(wl_vocabulary **out)
{
    *out = NULL;
    wl_vocabulary *v = calloc(1, sizeof *v);
    if (!v) return WL_NO_MEMORY;
    v->start = calloc(1, sizeof *v->start);
    if (!v->start) {
        free(v);
        return WL_NO_MEMORY;
    }
    if (getentropy(&v->seed, sizeof v->seed)) v->seed = 0;
    *out = v;
    return WL_OK;
}

void wl_vocabulary_destroy(wl_vocabulary *v)
{
    if (!v) return;
    free(v->bytes);
    free(v->start);
    free(v->count);
    free(v->hash);
    free(v->slots);
    free(v);
}

/* Enlarges an array; where that fails it stays as it was. */
static int resize(void *array, size_t items, size_t item_size)
{
    void **pointer = array;
    void *larger = realloc(*pointer, items * item_size);
    if (!larger) return -1;
    *pointer = larger;
    return 0;
}

static wl_status room_for_word(wl_vocabulary *v, size_t length)
{
    size_t needed = (size_t)v->start[v->size] + length + 1;
    if (needed > v->byte_room) {
        size_t room = v->byte_room + v->byte_room / 2 + 64;
        if (room < needed) room = needed;
        if (resize(&v->bytes, room, 1)) return WL_NO_MEMORY;
        v->byte_room = room;
    }
    if ((size_t)v->size < v->word_room) return WL_OK;
    size_t room = v->word_room + v->word_room / 2 + 16;
    if (resize(&v->start, room + 1, sizeof *v->start)) return WL_NO_MEMORY;
    if (resize(&v->count, room, sizeof *v->count)) return WL_NO_MEMORY;
    if (resize(&v->hash, room, sizeof *v->hash)) return WL_NO_MEMORY;
    v->word_room = room;
    return WL_OK;
}

static void take_slot(wl_vocabulary *v, int64_t id)
{
    size_t mask = v->slot_room - 1;
    size_t slot = v->hash[id] & mask;
    while (v->slots[slot]) slot = (slot + 1) & mask;
    v->slots[slot] = (uint32_t)id + 1;
}

/* A table with at least twice as many slots as `words`. */
static wl_status room_for_slot(wl_vocabulary *v, int64_t words)
{
    if ((size_t)words * 2 <= v->slot_room) return WL_OK;
    size_t room = v->slot_room ? v->slot_room : 64;
    while (room < (size_t)words * 2) room *= 2;
    uint32_t *slots = calloc(room, sizeof *slots);
    if (!slots) return WL_NO_MEMORY;
    free(v->slots);
    v->slots = slots;
    v->slot_room = room;
    for (int64_t id = 0; id < v->size; id++) take_slot(v, id);
    return WL_OK;
}

static uint32_t hash_of(const wl_vocabulary *v, const char *word, size_t length)
{
    return (uint32_t)XXH3_64bits_withSeed(word, length, v->seed);
}

static int64_t find(const wl_vocabulary *v, const char *word, size_t length, uint32_t hash)
{
    if (v->slot_room == 0) return -1;
    size_t mask = v->slot_room - 1;
    for (size_t slot = hash & mask; v->slots[slot]; slot = (slot + 1) & mask) {
        int64_t id = (int64_t)v->slots[slot] - 1;
        if (v->hash[id] != hash) continue;
        size_t other;
        const char *bytes = wl_vocabulary_word(v, id, &other);
        if (other == length && memcmp(bytes, word, length) == 0) return id;
    }
    return -1;
}

/* Joins a new word with count 0. */
static wl_status join(wl_vocabulary *v, const char *word, size_t length, uint32_t hash)
{
    if (v->size >= most_words) return WL_OUT_OF_RANGE;
    wl_status status = room_for_word(v, length);
    if (!status) status = room_for_slot(v, v->size + 1);
    if (status) return status;
    int64_t id = v->size, start = v->start[id];
    memcpy(v->bytes + start, word, length);
    v->bytes[start + (int64_t)length] = 0;
    v->start[id + 1] = start + (int64_t)length + 1;
    v->count[id] = 0;
    v->hash[id] = hash;
    take_slot(v, id);
    v->size++;
    return WL_OK;
}

wl_status wl_vocabulary_add_count(wl_vocabulary *v, const char *word, size_t length, int64_t count,
                                  int64_t *id)
{
    if (length == 0 || count < 0 || count > INT64_MAX - v->all) return WL_OUT_OF_RANGE;
    uint32_t hash = hash_of(v, word, length);
    int64_t found = find(v, word, length, hash);
    if (found < 0) {
        wl_status status = join(v, word, length, hash);
        if (status) return status;
        found = v->size - 1;
    }
    v->count[found] += count;
    v->kept += count;
    v->all += count;
    if (id) *id = found;
    return WL_OK;
}

wl_status wl_vocabulary_add(wl_vocabulary *v, const char *word, size_t length)
{
    return wl_vocabulary_add_count(v, word, length, 1, NULL);
}

static int by_count_then_bytes(const void *left, const void *right, void *vocabulary)
{
    const wl_vocabulary *v = vocabulary;
    int64_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    if (v->count[a] != v->count[b]) return v->count[a] < v->count[b] ? 1 : -1;
    size_t n, m;
    const char *x = wl_vocabulary_word(v, a, &n), *y = wl_vocabulary_word(v, b, &m);
    int order = memcmp(x, y, n < m ? n : m);
    return order ? order : (n > m) - (n < m);
}

/* The ids that stay, in their new order, into order[size]; answers how many. */
static int64_t choose(wl_vocabulary *v, int64_t min_count, int64_t max_size, uint32_t *order)
{
    int64_t n = 0;
    for (int64_t id = 0; id < v->size; id++)
        if (v->count[id] >= min_count) order[n++] = (uint32_t)id;
    qsort_r(order, (size_t)n, sizeof *order, by_count_then_bytes, v);
    return max_size > 0 && n > max_size ? max_size : n;
}

wl_status wl_vocabulary_finish(wl_vocabulary *v, int64_t min_count, int64_t max_size)
{
    wl_vocabulary *kept;
    wl_status status = wl_vocabulary_create(&kept);
    if (status) return status;
    uint32_t *order = malloc((size_t)v->size * sizeof *order + 1);
    if (!order) status = WL_NO_MEMORY;
    int64_t n = order ? choose(v, min_count, max_size, order) : 0;
    for (int64_t i = 0; i < n && !status; i++) {
        size_t length;
        const char *word = wl_vocabulary_word(v, order[i], &length);
        status = wl_vocabulary_add_count(kept, word, length, v->count[order[i]], NULL);
    }
    free(order);
    if (!status) {
        wl_vocabulary old = *v;
        *v = *kept;
        v->all = old.all;
        *kept = old;
    }
    wl_vocabulary_destroy(kept);
    return status;
}

int64_t wl_vocabulary_size(const wl_vocabulary *v) { return v->size; }

int64_t wl_vocabulary_find(const wl_vocabulary *v, const char *word, size_t length)
{
    return find(v, word, length, hash_of(v, word, length));
}

const char *wl_vocabulary_word(const wl_vocabulary *v, int64_t id, size_t *length)
{
    if (length) *length = (size_t)(v->start[id + 1] - v->start[id] - 1);
    return v->bytes + v->start[id];
}

int64_t wl_vocabulary_count(const wl_vocabulary *v, int64_t id) { return v->count[id]; }

int64_t wl_vocabulary_kept_tokens(const wl_vocabulary *v) { return v->kept; }

int64_t wl_vocabulary_all_tokens(const wl_vocabulary *v) { return v->all; }
