/* The corpus as numbers, spooled: see <wordloom/nn/tokens.h>. */
#include <wordloom/nn/tokens.h>

#include "spool.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

enum { ROOM = 1 << 16, REPORT = 1 << 16, END = -1, UNKNOWN = -2 };

struct wl_tokens {
    int fd;
    int64_t size, words, all;
    uint64_t hash;
};

static wl_status refused(const char *what, wl_error *error)
{
    return wl_error_set(error, errno == ENOMEM ? WL_NO_MEMORY : WL_IO_ERROR,
                        "the text as numbers: cannot %s its temporary file in $TMPDIR: %s", what,
                        strerror(errno));
}

static wl_status no_memory(wl_error *error)
{
    return wl_error_set(error, WL_NO_MEMORY, "no memory to number the words of the text");
}

/* ------------------------------------------------------------------ writing */

/* Ids on their way into a file: the first sentence's end and one that follows another are left
 * out, and so is what is UNKNOWN. */
typedef struct sink {
    int fd;
    int64_t size, words;
    int32_t last;
    XXH3_state_t *hash;
    int64_t held;
    int32_t ids[ROOM];
} sink;

static sink *sink_create(int fd)
{
    sink *s = malloc(sizeof *s);
    if (!s) return NULL;
    s->fd = fd;
    s->size = s->words = s->held = 0;
    s->last = END;
    s->hash = XXH3_createState();
    if (s->hash && XXH3_64bits_reset(s->hash) == XXH_OK) return s;
    XXH3_freeState(s->hash);
    free(s);
    return NULL;
}

static void sink_destroy(sink *s)
{
    if (!s) return;
    XXH3_freeState(s->hash);
    free(s);
}

static wl_status sink_flush(sink *s, wl_error *error)
{
    const size_t bytes = (size_t)s->held * sizeof *s->ids;
    s->held = 0;
    if (XXH3_64bits_update(s->hash, s->ids, bytes) != XXH_OK) return no_memory(error);
    return wl_spool_write(s->fd, s->ids, bytes) ? refused("write", error) : WL_OK;
}

static wl_status sink_put(sink *s, int32_t id, wl_error *error)
{
    if (id == UNKNOWN || (id == END && s->last == END)) return WL_OK;
    s->ids[s->held++] = s->last = id;
    s->size++;
    s->words += id != END;
    return s->held == ROOM ? sink_flush(s, error) : WL_OK;
}

/* ------------------------------------------------------------------ parsing */

/* How a word becomes a number. */
typedef wl_status number_word(void *vocabulary, const wl_corpus_item *item, int32_t *id);

static wl_status count_word(void *vocabulary, const wl_corpus_item *item, int32_t *id)
{
    int64_t found = UNKNOWN;
    const wl_status status =
        wl_vocabulary_add_count(vocabulary, item->word, item->length, 1, &found);
    *id = (int32_t)found;
    return status;
}

static wl_status find_word(void *vocabulary, const wl_corpus_item *item, int32_t *id)
{
    const int64_t found = wl_vocabulary_find(vocabulary, item->word, item->length);
    *id = found < 0 ? UNKNOWN : (int32_t)found;
    return WL_OK;
}

/* The corpus, and who listens. */
typedef struct source {
    wl_corpus *corpus;
    wl_tokens_progress *progress;
    void *user;
    const volatile sig_atomic_t *stop;
    int64_t all; /* words read */
} source;

static wl_status listen(const source *from, wl_error *error)
{
    if (from->stop && *from->stop)
        return wl_error_set(error, WL_INTERRUPTED, "interrupted while reading the text");
    if (from->progress)
        from->progress(from->user, from->all, wl_corpus_position(from->corpus),
                       wl_corpus_size(from->corpus));
    return WL_OK;
}

static wl_status parse(source *from, sink *to, number_word *number, void *vocabulary,
                       wl_error *error)
{
    wl_corpus_item item;
    wl_corpus_rewind(from->corpus);
    for (int64_t n = 0;; n++) {
        wl_status status = n % REPORT ? WL_OK : listen(from, error);
        if (!status) status = wl_corpus_next(from->corpus, &item, error);
        if (status) return status;
        if (item.kind == WL_CORPUS_END) return sink_flush(to, error);
        int32_t id = END;
        if (item.kind == WL_CORPUS_TOKEN) {
            from->all++;
            if (number(vocabulary, &item, &id)) return no_memory(error);
        }
        status = sink_put(to, id, error);
        if (status) return status;
    }
}

/* ------------------------------------------------------------------ numbering anew */

static wl_status read_ids(int fd, int64_t place, int32_t *to, int64_t n, wl_error *error)
{
    char *next = (char *)to;
    size_t bytes = (size_t)n * sizeof *to;
    off_t at = (off_t)place * (off_t)sizeof *to;
    while (bytes > 0) {
        const ssize_t got = pread(fd, next, bytes < 1 << 30 ? bytes : 1 << 30, at);
        if (got < 0 && errno == EINTR) continue;
        if (got == 0) errno = EIO;
        if (got <= 0) return refused("read", error);
        next += got;
        at += got;
        bytes -= (size_t)got;
    }
    return WL_OK;
}

/* Numbers the whole file anew in place, which it can since nothing gets longer. */
static wl_status renumber(int fd, int64_t size, const int32_t *new_id, sink *to, wl_error *error)
{
    int32_t *ids = malloc(ROOM * sizeof *ids);
    wl_status status = ids ? WL_OK : no_memory(error);
    if (!status && lseek(fd, 0, SEEK_SET) < 0) status = refused("rewind", error);
    for (int64_t place = 0; !status && place < size; place += ROOM) {
        const int64_t n = size - place < ROOM ? size - place : ROOM;
        status = read_ids(fd, place, ids, n, error);
        for (int64_t i = 0; !status && i < n; i++)
            status = sink_put(to, ids[i] < 0 ? ids[i] : new_id[ids[i]], error);
    }
    free(ids);
    if (!status) status = sink_flush(to, error);
    if (!status && ftruncate(fd, (off_t)to->size * (off_t)sizeof *ids))
        status = refused("shorten", error);
    return status;
}

/* The words counted often enough, in order. */
static wl_status keep_words(const wl_vocabulary *all, int64_t min_count, int64_t max_size,
                            wl_vocabulary *kept, wl_error *error)
{
    for (int64_t id = 0; id < wl_vocabulary_size(all); id++) {
        size_t length;
        const int64_t count = wl_vocabulary_count(all, id);
        const char *word = wl_vocabulary_word(all, id, &length);
        if (count < min_count) continue;
        if (wl_vocabulary_add_count(kept, word, length, count, NULL)) return no_memory(error);
    }
    if (wl_vocabulary_finish(kept, 0, max_size)) return no_memory(error);
    if (wl_vocabulary_size(kept) > 0) return WL_OK;
    return wl_error_set(error, WL_OUT_OF_RANGE,
                        "none of the corpus's %" PRId64 " different words occurs %" PRId64
                        " times (min_count)",
                        wl_vocabulary_size(all), min_count);
}

/* For every id of `all` that of the same word in `kept`; null: no memory. */
static int32_t *match(const wl_vocabulary *all, const wl_vocabulary *kept)
{
    const int64_t V = wl_vocabulary_size(all);
    int32_t *to = malloc((size_t)(V + 1) * sizeof *to);
    for (int64_t id = 0; to && id < V; id++) {
        size_t length;
        const char *word = wl_vocabulary_word(all, id, &length);
        const int64_t found = wl_vocabulary_find(kept, word, length);
        to[id] = found < 0 ? UNKNOWN : (int32_t)found;
    }
    return to;
}

/* ------------------------------------------------------------------ making */

static void adopt(wl_tokens *t, const sink *from, int64_t all)
{
    t->size = from->size;
    t->words = from->words;
    t->hash = XXH3_64bits_digest(from->hash);
    t->all = all;
}

/* Parses the corpus into the file by what `number` answers. */
static wl_status spool(wl_tokens *t, source *from, number_word *number, void *vocabulary,
                       wl_error *error)
{
    sink *to = sink_create(t->fd);
    const wl_status status = to ? parse(from, to, number, vocabulary, error) : no_memory(error);
    if (!status) adopt(t, to, from->all);
    sink_destroy(to);
    return status;
}

static wl_status spool_again(wl_tokens *t, const int32_t *new_id, wl_error *error)
{
    sink *to = sink_create(t->fd);
    const wl_status status = to ? renumber(t->fd, t->size, new_id, to, error) : no_memory(error);
    if (!status) adopt(t, to, t->all);
    sink_destroy(to);
    return status;
}

static wl_status count_all(wl_tokens *t, wl_vocabulary *kept, source *from, int64_t min_count,
                           int64_t max_size, wl_error *error)
{
    wl_vocabulary *all;
    int32_t *new_id = NULL;
    if (wl_vocabulary_create(&all)) return no_memory(error);
    wl_status status = spool(t, from, count_word, all, error);
    if (!status) status = keep_words(all, min_count, max_size, kept, error);
    if (!status && !(new_id = match(all, kept))) status = no_memory(error);
    wl_vocabulary_destroy(all);
    if (!status) status = spool_again(t, new_id, error);
    free(new_id);
    return status;
}

static wl_status create(wl_tokens **out, wl_error *error)
{
    wl_tokens *t = calloc(1, sizeof *t);
    if (!t) return no_memory(error);
    t->fd = wl_spool_open();
    if (t->fd < 0) {
        free(t);
        return refused("make", error);
    }
    *out = t;
    return WL_OK;
}

void wl_tokens_destroy(wl_tokens *t)
{
    if (!t) return;
    close(t->fd);
    free(t);
}

static wl_status finish(wl_tokens **out, wl_tokens *t, wl_status status)
{
    if (status)
        wl_tokens_destroy(t);
    else
        *out = t;
    return status;
}

wl_status wl_tokens_count(wl_tokens **out, wl_vocabulary **words, wl_corpus *corpus,
                          int64_t min_count, int64_t max_size, wl_tokens_progress *progress,
                          void *user, const volatile sig_atomic_t *stop, wl_error *error)
{
    *out = NULL;
    *words = NULL;
    source from = { corpus, progress, user, stop, 0 };
    wl_vocabulary *kept;
    wl_tokens *t = NULL;
    if (wl_vocabulary_create(&kept)) return no_memory(error);
    wl_status status = create(&t, error);
    if (!status) status = count_all(t, kept, &from, min_count, max_size, error);
    if (status)
        wl_vocabulary_destroy(kept);
    else
        *words = kept;
    return finish(out, t, status);
}

wl_status wl_tokens_encode(wl_tokens **out, wl_corpus *corpus, const wl_vocabulary *words,
                           wl_tokens_progress *progress, void *user,
                           const volatile sig_atomic_t *stop, wl_error *error)
{
    *out = NULL;
    source from = { corpus, progress, user, stop, 0 };
    wl_tokens *t = NULL;
    wl_status status = create(&t, error);
    /* find_word changes nothing of the vocabulary */
    if (!status) status = spool(t, &from, find_word, (wl_vocabulary *)words, error);
    if (!status && t->words == 0)
        status = wl_error_set(error, WL_OUT_OF_RANGE,
                              "none of the vocabulary's %" PRId64 " words is among the %" PRId64
                              " of the corpus",
                              wl_vocabulary_size(words), from.all);
    return finish(out, t, status);
}

/* ------------------------------------------------------------------ reading */

int64_t wl_tokens_size(const wl_tokens *t) { return t->size; }
int64_t wl_tokens_words(const wl_tokens *t) { return t->words; }
int64_t wl_tokens_all(const wl_tokens *t) { return t->all; }
uint64_t wl_tokens_hash(const wl_tokens *t) { return t->hash; }

wl_status wl_tokens_read(const wl_tokens *t, int64_t place, int32_t *to, int64_t room, int64_t *n,
                         wl_error *error)
{
    const int64_t left = place < t->size ? t->size - place : 0;
    *n = left < room ? left : room;
    return read_ids(t->fd, place, to, *n, error);
}
