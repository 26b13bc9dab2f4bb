/* Sorted runs of counts: see count_runs.h. A run in the file is a row of blocks: as many keys as
 * there are, BLOCK at most, then their sums. */
#include "count_runs.h"

#include "../data/spool.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BLOCK = 1024, LEAST_SOURCES = 4, ENTRY = 2 * sizeof(int64_t) };

/* A run as merging reads it: what is at hand, and what the file still has. */
typedef struct source {
    const int64_t *key, *sum;
    int64_t entries, at;
    int64_t *block; /* memory of its own for a block of the file */
    int64_t place;  /* in the file, in bytes, */
    int64_t left;   /* and the entries from there on */
} source;

/* Runs, each by its first place and its entries. */
typedef struct run_list {
    int64_t *begin, *entries;
    int64_t count, room;
} run_list;

struct wl_count_runs {
    int64_t *key, *sum; /* [room] */
    int64_t room, held, most_in_file;
    run_list in_memory, in_file;
    int fd; /* -1: none */
    int64_t spilled;
    const volatile sig_atomic_t *stop;
};

static wl_status no_memory(wl_error *error)
{
    return wl_error_set(error, WL_NO_MEMORY, "no memory to count in");
}

static wl_status refused(const char *what, wl_error *error)
{
    return wl_error_set(error, errno == ENOMEM ? WL_NO_MEMORY : WL_IO_ERROR,
                        "counts: cannot %s their temporary file in $TMPDIR: %s", what,
                        strerror(errno));
}

static wl_status list_append(run_list *list, int64_t begin, int64_t entries, wl_error *error)
{
    if (list->count == list->room) {
        const int64_t room = 2 * list->room + 16;
        int64_t *more = realloc(list->begin, (size_t)room * sizeof *more);
        if (more) list->begin = more;
        int64_t *other = more ? realloc(list->entries, (size_t)room * sizeof *other) : NULL;
        if (!other) return no_memory(error);
        list->entries = other;
        list->room = room;
    }
    list->begin[list->count] = begin;
    list->entries[list->count++] = entries;
    return WL_OK;
}

/* ------------------------------------------------------------------ the file */

static wl_status read_block(int fd, source *s, wl_error *error)
{
    const int64_t n = s->left < BLOCK ? s->left : BLOCK;
    char *to = (char *)s->block;
    size_t bytes = (size_t)n * ENTRY;
    off_t at = (off_t)s->place;
    while (bytes > 0) {
        const ssize_t got = pread(fd, to, bytes, at);
        if (got < 0 && errno == EINTR) continue;
        if (got == 0) errno = EIO;
        if (got <= 0) return refused("read", error);
        to += got;
        at += got;
        bytes -= (size_t)got;
    }
    s->key = s->block;
    s->sum = s->block + n;
    s->entries = n;
    s->at = 0;
    s->left -= n;
    s->place += n * (int64_t)ENTRY;
    return WL_OK;
}

static wl_status write_part(void *file, const wl_count_run *part, wl_error *error)
{
    const int fd = *(const int *)file;
    const size_t bytes = (size_t)part->entries * sizeof *part->key;
    return wl_spool_write(fd, part->key, bytes) || wl_spool_write(fd, part->sum, bytes)
               ? refused("write", error)
               : WL_OK;
}

/* ------------------------------------------------------------------ merging
 * A heap of sources, the one with the least key at its root. */

typedef struct merger {
    source *heap;
    int64_t count;
    int fd;
    const volatile sig_atomic_t *stop;
} merger;

static int64_t key_at(const source *s) { return s->key[s->at]; }

static void sift(merger *m, int64_t at)
{
    const source here = m->heap[at];
    for (;;) {
        int64_t child = 2 * at + 1;
        if (child >= m->count) break;
        if (child + 1 < m->count && key_at(&m->heap[child + 1]) < key_at(&m->heap[child])) child++;
        if (key_at(&here) <= key_at(&m->heap[child])) break;
        m->heap[at] = m->heap[child];
        at = child;
    }
    m->heap[at] = here;
}

/* Takes the least entry from the root. */
static wl_status step(merger *m, wl_error *error)
{
    source *root = m->heap;
    wl_status status = WL_OK;
    if (++root->at == root->entries && root->left > 0) status = read_block(m->fd, root, error);
    if (status) return status;
    if (root->at == root->entries) *root = m->heap[--m->count];
    if (m->count > 1) sift(m, 0);
    return WL_OK;
}

/* The next part of the merged run, of BLOCK entries at most. */
static wl_status next_part(merger *m, wl_count_run *part, wl_error *error)
{
    part->entries = 0;
    while (m->count > 0) {
        const int64_t key = key_at(m->heap), sum = m->heap->sum[m->heap->at];
        const int64_t n = part->entries;
        if (n > 0 && part->key[n - 1] == key) {
            if (__builtin_add_overflow(part->sum[n - 1], sum, &part->sum[n - 1]))
                return wl_error_set(error, WL_OUT_OF_RANGE,
                                    "a pair of words counts more than can be summed exactly");
        } else if (n < BLOCK) {
            part->key[n] = key;
            part->sum[n] = sum;
            part->entries++;
        } else {
            break;
        }
        const wl_status status = step(m, error);
        if (status) return status;
    }
    return WL_OK;
}

static wl_status merge(merger *m, wl_count_sink *sink, void *user, wl_error *error)
{
    int64_t key[BLOCK], sum[BLOCK];
    wl_count_run part = { key, sum, 0 };
    for (int64_t at = m->count / 2; at-- > 0;) sift(m, at);
    while (m->count > 0) {
        wl_status status = next_part(m, &part, error);
        if (!status) status = sink(user, &part, error);
        if (status) return status;
        if (m->stop && *m->stop)
            return wl_error_set(error, WL_INTERRUPTED, "interrupted while counting");
    }
    return WL_OK;
}

static wl_status merge_memory(wl_count_runs *r, wl_count_sink *sink, void *user, wl_error *error)
{
    const run_list *list = &r->in_memory;
    source *heap = calloc((size_t)list->count + 1, sizeof *heap);
    if (!heap) return no_memory(error);
    merger m = { heap, 0, -1, r->stop };
    for (int64_t i = 0; i < list->count; i++)
        if (list->entries[i] > 0)
            heap[m.count++] = (source){ .key = r->key + list->begin[i],
                                        .sum = r->sum + list->begin[i],
                                        .entries = list->entries[i] };
    const wl_status status = merge(&m, sink, user, error);
    free(heap);
    return status;
}

static wl_status merge_file(wl_count_runs *r, wl_count_sink *sink, void *user, wl_error *error)
{
    const run_list *list = &r->in_file;
    source *heap = calloc((size_t)list->count + 1, sizeof *heap);
    int64_t *blocks = malloc(((size_t)list->count + 1) * BLOCK * ENTRY);
    merger m = { heap, 0, r->fd, r->stop };
    wl_status status = heap && blocks ? WL_OK : no_memory(error);
    for (int64_t i = 0; i < list->count && !status; i++) {
        source *s = &heap[m.count++];
        *s = (source){ .block = blocks + i * BLOCK * 2,
                       .place = list->begin[i],
                       .left = list->entries[i] };
        status = read_block(r->fd, s, error);
    }
    if (!status) status = merge(&m, sink, user, error);
    free(blocks);
    free(heap);
    return status;
}

/* ------------------------------------------------------------------ spilling */

/* Where a run of the file is written, and how long it has become. */
typedef struct file_run {
    int fd;
    int64_t entries;
} file_run;

static wl_status append_part(void *user, const wl_count_run *part, wl_error *error)
{
    file_run *to = user;
    to->entries += part->entries;
    return write_part(&to->fd, part, error);
}

/* All runs of the file become one in a new file. */
static wl_status collapse(wl_count_runs *r, wl_error *error)
{
    file_run to = { wl_spool_open(), 0 };
    if (to.fd < 0) return refused("make", error);
    const wl_status status = merge_file(r, append_part, &to, error);
    if (status) {
        close(to.fd);
        return status;
    }
    close(r->fd);
    r->fd = to.fd;
    r->in_file.count = 1;
    r->in_file.begin[0] = 0;
    r->in_file.entries[0] = to.entries;
    r->spilled = to.entries * (int64_t)ENTRY;
    return WL_OK;
}

/* All runs in memory become one of the file. */
static wl_status spill(wl_count_runs *r, wl_error *error)
{
    if (r->held == 0) return WL_OK;
    if (r->fd < 0) r->fd = wl_spool_open();
    if (r->fd < 0) return refused("make", error);
    file_run to = { r->fd, 0 };
    wl_status status = merge_memory(r, append_part, &to, error);
    if (!status) status = list_append(&r->in_file, r->spilled, to.entries, error);
    if (status) return status;
    r->spilled += to.entries * (int64_t)ENTRY;
    r->in_memory.count = r->held = 0;
    return r->in_file.count < r->most_in_file ? WL_OK : collapse(r, error);
}

/* ------------------------------------------------------------------ the whole */

wl_status wl_count_runs_create(wl_count_runs **out, int64_t bytes, int64_t longest,
                               const volatile sig_atomic_t *stop, wl_error *error)
{
    const int64_t sources = bytes / 8 / (BLOCK * (int64_t)ENTRY);
    *out = NULL;
    if ((bytes - bytes / 8) / (int64_t)ENTRY < longest || sources < LEAST_SOURCES)
        return wl_error_set(error, WL_OUT_OF_RANGE,
                            "%" PRId64 " bytes are too little to keep counts in", bytes);
    wl_count_runs *r = calloc(1, sizeof *r);
    if (!r) return no_memory(error);
    r->fd = -1;
    r->stop = stop;
    r->most_in_file = sources;
    r->room = (bytes - bytes / 8) / (int64_t)ENTRY;
    r->key = malloc((size_t)r->room * sizeof *r->key);
    r->sum = malloc((size_t)r->room * sizeof *r->sum);
    if (r->key && r->sum) {
        *out = r;
        return WL_OK;
    }
    wl_count_runs_destroy(r);
    return no_memory(error);
}

void wl_count_runs_destroy(wl_count_runs *r)
{
    if (!r) return;
    if (r->fd >= 0) close(r->fd);
    free(r->in_memory.begin), free(r->in_memory.entries);
    free(r->in_file.begin), free(r->in_file.entries);
    free(r->key);
    free(r->sum);
    free(r);
}

wl_status wl_count_runs_add(wl_count_runs *r, int64_t entries, wl_count_run *to, wl_error *error)
{
    wl_status status = entries > r->room - r->held ? spill(r, error) : WL_OK;
    if (!status) status = list_append(&r->in_memory, r->held, entries, error);
    if (status) return status;
    *to = (wl_count_run){ r->key + r->held, r->sum + r->held, entries };
    r->held += entries;
    return WL_OK;
}

int64_t wl_count_runs_entries(const wl_count_runs *r)
{
    return r->held + r->spilled / (int64_t)ENTRY;
}

int64_t wl_count_runs_spilled(const wl_count_runs *r) { return r->spilled; }

wl_status wl_count_runs_merge(wl_count_runs *r, wl_count_sink *sink, void *user, wl_error *error)
{
    if (r->fd < 0) return merge_memory(r, sink, user, error);
    const wl_status status = spill(r, error);
    if (status) return status;
    free(r->key), free(r->sum); /* the matrix is to have the room */
    r->key = r->sum = NULL;
    return merge_file(r, sink, user, error);
}
