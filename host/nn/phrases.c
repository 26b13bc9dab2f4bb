/* Phrases of <wordloom/nn/phrases.h>: the text is read three times, to count its words, to count
 * its pairs as sorted runs of keys, and to write it. */
#include <wordloom/nn/phrases.h>

#include "count_runs.h"

#include <wordloom/nn/file.h>
#include <wordloom/nn/vocabulary.h>

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

enum { LEAST_MEMORY = 1 << 20, MOST_PAIRS = 1 << 20, LISTEN = 1 << 14 };

typedef struct job {
    wl_corpus *corpus;
    const wl_phrases_config *config;
    wl_vocabulary *words;
    wl_count_runs *runs;
    int64_t *pair; /* [room]: keys that are not yet in a run */
    int64_t room, held;
    int64_t *phrase; /* keys of phrases, rising */
    int64_t phrases, phrase_room;
    wl_phrases_joined *out;
    wl_phrases_report *report;
    void *user;
    const volatile sig_atomic_t *stop;
    wl_error *error;
} job;

wl_phrases_config wl_phrases_defaults(void)
{
    return (wl_phrases_config){
        .min_count = 5, .discount = 5, .threshold = 100, .memory = (int64_t)1 << 30
    };
}

static wl_status check(const wl_phrases_config *c, wl_error *error)
{
    if (c->min_count < 1)
        return wl_error_set(error, WL_OUT_OF_RANGE,
                            "phrases: min_count is %" PRId64 ", expected 1 or more", c->min_count);
    if (!(c->discount >= 0) || !(c->threshold >= 0) || !isfinite(c->discount))
        return wl_error_set(error, WL_OUT_OF_RANGE,
                            "phrases: discount is %g and threshold %g, expected 0 or more",
                            c->discount, c->threshold);
    if (c->memory < LEAST_MEMORY)
        return wl_error_set(error, WL_OUT_OF_RANGE,
                            "phrases: memory is %" PRId64 " bytes, expected %d or more", c->memory,
                            LEAST_MEMORY);
    return WL_OK;
}

static wl_status no_memory(wl_error *error)
{
    return wl_error_set(error, WL_NO_MEMORY, "no memory to count pairs of words");
}

/* ------------------------------------------------------------------ a reading */

/* Takes item after item; of a sentence's end the word is null. */
typedef wl_status take_item(void *to, const char *word, size_t length);

static wl_status listen(const job *j, int reading)
{
    if (j->stop && *j->stop)
        return wl_error_set(j->error, WL_INTERRUPTED, "interrupted while joining phrases");
    if (j->report)
        j->report(j->user, reading, wl_corpus_position(j->corpus), wl_corpus_size(j->corpus));
    return WL_OK;
}

static wl_status read_all(const job *j, int reading, take_item *take, void *to)
{
    wl_corpus_item item;
    wl_status status = WL_OK;
    wl_corpus_rewind(j->corpus);
    for (int64_t n = 0; !status; n++) {
        if (n % LISTEN == 0) status = listen(j, reading);
        if (!status) status = wl_corpus_next(j->corpus, &item, j->error);
        if (status || item.kind == WL_CORPUS_END) break;
        status = take(to, item.kind == WL_CORPUS_TOKEN ? item.word : NULL, item.length);
    }
    return status;
}

/* ------------------------------------------------------------------ words */

static wl_status count_word(void *to, const char *word, size_t length)
{
    const job *j = to;
    const wl_status status = word ? wl_vocabulary_add(j->words, word, length) : WL_OK;
    return status ? wl_error_set(j->error, status, "no room to count the words of the text")
                  : WL_OK;
}

/* ------------------------------------------------------------------ pairs */

static int by_key(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static wl_status end_run(job *j)
{
    wl_count_run run;
    int64_t different = 0, at = -1;
    qsort(j->pair, (size_t)j->held, sizeof *j->pair, by_key);
    for (int64_t i = 0; i < j->held; i++) different += i == 0 || j->pair[i] != j->pair[i - 1];
    const wl_status status = wl_count_runs_add(j->runs, different, &run, j->error);
    for (int64_t i = 0; i < j->held && !status; i++) {
        if (i == 0 || j->pair[i] != j->pair[i - 1]) {
            run.key[++at] = j->pair[i];
            run.sum[at] = 0;
        }
        run.sum[at]++;
    }
    j->held = 0;
    return status;
}

/* The key of a pair of ids, or -1 where either is not known. */
static int64_t key_of(const job *j, int64_t a, int64_t b)
{
    return a >= 0 && b >= 0 ? a * wl_vocabulary_size(j->words) + b : -1;
}

/* A reading that knows the word before. */
typedef struct walk {
    job *job;
    int64_t before; /* its id, or -1 */
    wl_writer *to;  /* of writing */
    int begun;      /* the line has a word */
} walk;

static wl_status count_pair(void *user, const char *word, size_t length)
{
    walk *w = user;
    job *j = w->job;
    const int64_t id = word ? wl_vocabulary_find(j->words, word, length) : -1;
    const int64_t key = key_of(j, w->before, id);
    w->before = id;
    if (key < 0) return WL_OK;
    j->pair[j->held++] = key;
    return j->held == j->room ? end_run(j) : WL_OK;
}

static int is_phrase(const job *j, int64_t key, int64_t count)
{
    const int64_t V = wl_vocabulary_size(j->words);
    const double a = (double)wl_vocabulary_count(j->words, key / V);
    const double b = (double)wl_vocabulary_count(j->words, key % V);
    return ((double)count - j->config->discount) / a / b * (double)j->out->words >
           j->config->threshold;
}

static wl_status keep_phrases(void *user, const wl_count_run *part, wl_error *error)
{
    job *j = user;
    j->out->pairs += part->entries;
    if (j->phrases + part->entries > j->phrase_room) {
        const int64_t room = 2 * j->phrase_room + part->entries;
        int64_t *more = realloc(j->phrase, (size_t)room * sizeof *more);
        if (!more) return no_memory(error);
        j->phrase = more;
        j->phrase_room = room;
    }
    for (int64_t i = 0; i < part->entries; i++)
        if (is_phrase(j, part->key[i], part->sum[i])) j->phrase[j->phrases++] = part->key[i];
    return WL_OK;
}

static wl_status find_phrases(job *j)
{
    walk w = { .job = j, .before = -1 };
    const int64_t most = j->config->memory / 64;
    j->room = most < MOST_PAIRS ? most : MOST_PAIRS;
    j->pair = malloc((size_t)j->room * sizeof *j->pair);
    if (!j->pair) return no_memory(j->error);
    wl_status status =
        wl_count_runs_create(&j->runs, j->config->memory - 8 * j->room, j->room, j->stop, j->error);
    if (!status) status = read_all(j, 1, count_pair, &w);
    if (!status && j->held > 0) status = end_run(j);
    if (!status) status = wl_count_runs_merge(j->runs, keep_phrases, j, j->error);
    return status;
}

/* ------------------------------------------------------------------ writing */

static wl_status write_word(void *user, const char *word, size_t length)
{
    walk *w = user;
    job *j = w->job;
    if (!word) {
        w->begun = 0;
        w->before = -1;
        return wl_writer_write(w->to, "\n", 1, j->error);
    }
    const int64_t id = wl_vocabulary_find(j->words, word, length), key = key_of(j, w->before, id);
    const int joins = key >= 0 && j->phrases > 0 &&
                      bsearch(&key, j->phrase, (size_t)j->phrases, sizeof key, by_key) != NULL;
    wl_status status = w->begun ? wl_writer_write(w->to, joins ? "_" : " ", 1, j->error) : WL_OK;
    w->begun = 1;
    w->before = joins ? -1 : id;
    j->out->joins += joins;
    return status ? status : wl_writer_write(w->to, word, length, j->error);
}

static wl_status write_text(job *j, const char *path)
{
    walk w = { .job = j, .before = -1 };
    wl_status status = wl_writer_open(&w.to, path, j->error);
    if (status) return status;
    status = read_all(j, 2, write_word, &w);
    if (!status) status = wl_writer_commit(w.to, j->error);
    wl_writer_close(w.to);
    return status;
}

wl_status wl_phrases_join(wl_corpus *corpus, const char *path, const wl_phrases_config *config,
                          wl_phrases_joined *out, wl_phrases_report *report, void *user,
                          const volatile sig_atomic_t *stop, wl_error *error)
{
    job j = { .corpus = corpus,
              .config = config,
              .out = out,
              .report = report,
              .user = user,
              .stop = stop,
              .error = error };
    *out = (wl_phrases_joined){ 0 };
    wl_status status = check(config, error);
    if (!status && wl_vocabulary_create(&j.words)) status = no_memory(error);
    if (!status) status = read_all(&j, 0, count_word, &j);
    if (!status) {
        out->words = wl_vocabulary_all_tokens(j.words);
        if (wl_vocabulary_finish(j.words, config->min_count, 0)) status = no_memory(error);
    }
    if (!status) status = find_phrases(&j);
    out->phrases = j.phrases;
    if (!status) status = write_text(&j, path);
    wl_vocabulary_destroy(j.words);
    wl_count_runs_destroy(j.runs);
    free(j.pair);
    free(j.phrase);
    return status;
}
