/* Mini-batches of skip-gram, as word2vec.c cuts them, but in parallel and reproducibly. */
#include "skipgram_batches.h"

#include "../core/alias.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 1 << 16, SEPARATOR = -1 };

/* A token that was read, or the end of a sentence. */
typedef struct token {
    int32_t id;    /* SEPARATOR after a sentence */
    int64_t place; /* among the epoch's in-vocabulary words */
} token;

/* A position of the planned batch. */
typedef struct plan {
    int32_t left, right; /* contexts on either side; none at a separator */
    int64_t first;       /* its first pair, counted from the batch's first */
} plan;

struct wl_skipgram {
    wl_skipgram_config config;
    const wl_vocabulary *words;
    const wl_noise *noise;
    double *keep; /* [V]: the probability that a token survives subsampling */

    wl_corpus *corpus;
    int64_t epoch, read; /* in-vocabulary words of the epoch that were read */
    int64_t pairs;       /* of the run, before the planned batch */
    bool ended;          /* the corpus has nothing more */

    token *raw;     /* [CHUNK]: read but not yet subsampled */
    bool *survives; /* [CHUNK] */
    token *kept;    /* [capacity]: the subsampled stream, of which the last `window` before */
    int64_t length; /* the next batch stay; no two separators follow each other */
    int64_t capacity, next;

    plan *plans; /* [2 batch + 1] */
    int64_t from, to, planned;
};

/* word2vec.c: (sqrt(f / sample) + 1) sample / f, f being the word's share of the text. (Mikolov
 * et al. 2013 print sqrt(sample / f).) */
static double keep_probability(double count, double total, double sample)
{
    const double f = count / total;
    if (sample <= 0 || f <= 0) return 1;
    return (sqrt(f / sample) + 1) * sample / f;
}

wl_status wl_skipgram_create(wl_skipgram **out, const wl_skipgram_config *config,
                             const wl_vocabulary *words, const wl_noise *noise, wl_error *error)
{
    *out = NULL;
    const int64_t V = wl_vocabulary_size(words);
    const double total = (double)wl_vocabulary_kept_tokens(words);
    wl_skipgram *s = calloc(1, sizeof *s);
    if (!s) return wl_error_set(error, WL_NO_MEMORY, "no memory for mini-batches");
    s->config = *config;
    s->words = words;
    s->noise = noise;
    s->capacity = CHUNK + 4 * config->batch + 4 * config->window + 4;
    s->keep = calloc((size_t)V + 1, sizeof *s->keep);
    s->raw = calloc(CHUNK, sizeof *s->raw);
    s->survives = calloc(CHUNK, sizeof *s->survives);
    s->kept = calloc((size_t)s->capacity, sizeof *s->kept);
    s->plans = calloc((size_t)(2 * config->batch + 1), sizeof *s->plans);
    if (!s->keep || !s->raw || !s->survives || !s->kept || !s->plans) {
        wl_skipgram_destroy(s);
        return wl_error_set(error, WL_NO_MEMORY, "no memory for mini-batches");
    }
    for (int64_t i = 0; i < V; i++)
        s->keep[i] = keep_probability((double)wl_vocabulary_count(words, i), total, config->sample);
    *out = s;
    return WL_OK;
}

void wl_skipgram_destroy(wl_skipgram *s)
{
    if (!s) return;
    free(s->keep);
    free(s->raw);
    free(s->survives);
    free(s->kept);
    free(s->plans);
    free(s);
}

void wl_skipgram_begin(wl_skipgram *s, wl_corpus *corpus, int64_t epoch)
{
    wl_corpus_rewind(corpus);
    s->corpus = corpus;
    s->epoch = epoch;
    s->pairs += s->planned;
    s->read = s->length = s->next = s->from = s->to = s->planned = 0;
    s->ended = false;
}

/* ------------------------------------------------------------------ reading */

/* Up to CHUNK known words and ends of sentences; unknown words leave no gap, as in word2vec.c. */
static wl_status read_chunk(wl_skipgram *s, int64_t *count, wl_error *error)
{
    *count = 0;
    while (*count < CHUNK) {
        wl_corpus_item item;
        const wl_status status = wl_corpus_next(s->corpus, &item, error);
        if (status) return status;
        if (item.kind == WL_CORPUS_END) {
            s->ended = true;
            return WL_OK;
        }
        token t = { SEPARATOR, 0 };
        if (item.kind == WL_CORPUS_TOKEN) {
            t.id = (int32_t)wl_vocabulary_find(s->words, item.word, item.length);
            if (t.id < 0) continue;
            t.place = s->read++;
        }
        s->raw[(*count)++] = t;
    }
    return WL_OK;
}

static bool survives(const wl_skipgram *s, token t)
{
    if (t.id == SEPARATOR || s->keep[t.id] >= 1) return true;
    const wl_random r =
        wl_philox(s->config.seed, (uint64_t)t.place, (uint32_t)s->epoch, WL_PURPOSE_SUBSAMPLING);
    return r.word[0] * 0x1p-32 < s->keep[t.id];
}

static void drop_what_is_behind(wl_skipgram *s)
{
    const int64_t behind = s->next > s->config.window ? s->next - s->config.window : 0;
    memmove(s->kept, s->kept + behind, (size_t)(s->length - behind) * sizeof *s->kept);
    s->length -= behind;
    s->next -= behind;
}

/* Reads and subsamples one more chunk onto the stream. */
static wl_status refill(wl_skipgram *s, wl_error *error)
{
    int64_t count;
    const wl_status status = read_chunk(s, &count, error);
    if (status) return status;
#pragma omp parallel for schedule(static)
    for (int64_t i = 0; i < count; i++) s->survives[i] = survives(s, s->raw[i]);
    drop_what_is_behind(s);
    for (int64_t i = 0; i < count; i++) {
        const bool needless =
            s->raw[i].id == SEPARATOR && (s->length == 0 || s->kept[s->length - 1].id == SEPARATOR);
        if (s->survives[i] && !needless) s->kept[s->length++] = s->raw[i];
    }
    return WL_OK;
}

/* ------------------------------------------------------------------ planning */

static int32_t reach(const wl_skipgram *s, token t)
{
    const wl_random r =
        wl_philox(s->config.seed, (uint64_t)t.place, (uint32_t)s->epoch, WL_PURPOSE_WINDOW);
    return 1 + (int32_t)((uint64_t)r.word[0] * (uint64_t)s->config.window >> 32);
}

/* How many words lie between `at` and the sentence's end on the side of `step`, `most` at most. */
static int32_t extent(const wl_skipgram *s, int64_t at, int64_t step, int32_t most)
{
    int32_t n = 0;
    for (int64_t i = at + step; n < most && i >= 0 && i < s->length; i += step, n++)
        if (s->kept[i].id == SEPARATOR) break;
    return n;
}

/* Takes positions until there are `batch` centres or no more; answers how many centres. */
static int64_t choose_centres(wl_skipgram *s)
{
    int64_t centres = 0;
    s->from = s->to = s->next;
    while (s->to < s->length && centres < s->config.batch)
        centres += s->kept[s->to++].id != SEPARATOR;
    s->next = s->to;
    return centres;
}

static int64_t count_pairs(wl_skipgram *s)
{
    int64_t pairs = 0;
#pragma omp parallel for schedule(static) if (s->to - s->from > 64)
    for (int64_t i = s->from; i < s->to; i++) {
        plan *p = &s->plans[i - s->from];
        const bool centre = s->kept[i].id != SEPARATOR;
        const int32_t most = centre ? reach(s, s->kept[i]) : 0;
        p->left = extent(s, i, -1, most);
        p->right = extent(s, i, 1, most);
    }
    for (int64_t i = 0; i < s->to - s->from; i++) {
        s->plans[i].first = pairs;
        pairs += s->plans[i].left + s->plans[i].right;
    }
    return pairs;
}

wl_status wl_skipgram_plan(wl_skipgram *s, wl_skipgram_batch *out, wl_error *error)
{
    *out = (wl_skipgram_batch){ 0 };
    s->pairs += s->planned;
    s->planned = 0;
    while (!s->ended && s->length - s->next < 2 * s->config.batch + s->config.window + 2) {
        const wl_status status = refill(s, error);
        if (status) return status;
    }
    out->centres = choose_centres(s);
    if (out->centres == 0) return WL_OK;
    out->pairs = s->planned = count_pairs(s);
    int64_t first = s->from, last = s->to - 1;
    while (s->kept[first].id == SEPARATOR) first++;
    while (s->kept[last].id == SEPARATOR) last--;
    out->begin = s->kept[first].place;
    out->end = s->ended && s->next >= s->length - 1 ? s->read : s->kept[last].place + 1;
    return WL_OK;
}

/* ------------------------------------------------------------------ writing */

/* The negatives of the pair at `place` in the run, two from every 128 random bits. */
static void draw_negatives(const wl_skipgram *s, int64_t place, int32_t centre, int32_t *out)
{
    const void *columns = wl_noise_columns(s->noise);
    const int64_t V = wl_vocabulary_size(s->words);
    for (int64_t k = 0; k < s->config.negative; k += 2) {
        int32_t drawn[2];
        wl_alias_pair(columns, V, s->config.seed, (uint64_t)place, (uint32_t)(k / 2), drawn);
        for (int64_t j = 0; j < 2 && k + j < s->config.negative; j++)
            out[k + j] = drawn[j] == centre ? -1 : drawn[j];
    }
}

void wl_skipgram_fill(wl_skipgram *s, int32_t *inputs, int32_t *samples)
{
    const int64_t K = 1 + s->config.negative;
#pragma omp parallel for schedule(static) if (s->to - s->from > 64)
    for (int64_t i = s->from; i < s->to; i++) {
        const plan *p = &s->plans[i - s->from];
        int64_t pair = p->first;
        for (int64_t c = i - p->left; c <= i + p->right; c++) {
            if (c == i) continue;
            inputs[pair] = s->kept[c].id;
            samples[pair * K] = s->kept[i].id;
            draw_negatives(s, s->pairs + pair, s->kept[i].id, samples + pair * K + 1);
            pair++;
        }
    }
}
