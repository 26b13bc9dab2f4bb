/* Vectors opened to be searched: see neighbours.h. */
#include "neighbours.h"

#include "devices.h"
#include "program.h"
#include "spelling.h"
#include "text_width.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CLOSE = 2, SUGGESTIONS = 3 };

void neighbours_options(neighbours *n, option_row rows[NEIGHBOURS_ROWS])
{
    *n = (neighbours){ .top = 10 };
    const option_row table[NEIGHBOURS_ROWS] = {
        { .name = "top",
          .kind = OPTION_INTEGER,
          .value = &n->top,
          .low = 1,
          .high = WL_SIMILARITY_MOST,
          .help = "words found at most" },
        { .name = "threads",
          .kind = OPTION_INTEGER,
          .value = &n->threads,
          .high = 4096,
          .help = "CPU threads, 0 for all" },
        { .name = "device",
          .kind = OPTION_CHOICE,
          .value = &n->device,
          .choices = device_choices,
          .help = "where to search; auto: CUDA if there is a GPU" },
        { 0 },
    };
    memcpy(rows, table, sizeof table);
}

/* The word, if the vectors have n-grams of it, becomes one more row behind those of the table. */
static wl_status join(wl_vectors *v, const char *word, wl_error *error)
{
    const size_t length = strlen(word);
    const int64_t rows = wl_vocabulary_size(v->words);
    if (!v->subwords || wl_vocabulary_find(v->words, word, length) >= 0) return WL_OK;
    float *table = realloc(v->table, (size_t)((rows + 1) * v->D) * sizeof *table);
    if (!table) return wl_error_set(error, WL_NO_MEMORY, "no memory for another word");
    v->table = table;
    if (wl_vectors_compose(v, word, length, table + rows * v->D, NULL)) return WL_OK;
    if (wl_vocabulary_add(v->words, word, length))
        return wl_error_set(error, WL_NO_MEMORY, "no memory for another word");
    return WL_OK;
}

static wl_status open_vectors(neighbours *n, const char *path, int count, char **words,
                              wl_error *error)
{
    opened_vectors *o = &n->opened;
    wl_status status = vectors_open(o, path, error);
    for (int i = 0; i < count && o->vectors && !status; i++)
        status = join(o->vectors, words[i], error);
    if (!status) status = vectors_similar(&n->similar, n->ctx, o, error);
    if (status) return status;
    wl_similar_search_first(n->similar, o->V);
    if (n->top > o->V) n->top = o->V;
    n->found = calloc((size_t)n->top, sizeof *n->found);
    return n->found ? WL_OK : wl_error_set(error, WL_NO_MEMORY, "no memory for the neighbours");
}

int neighbours_open(neighbours *n, const char *path, int count, char **words)
{
    wl_error error;
    options_apply_threads(n->threads);
    const int code = device_open(n->device, &n->ctx);
    if (code) return code;
    const wl_status status = open_vectors(n, path, count, words, &error);
    return status ? fail(status, &error) : EXIT_DONE;
}

void neighbours_close(neighbours *n)
{
    free(n->found);
    wl_similar_destroy(n->similar);
    vectors_close(&n->opened);
    wl_ctx_destroy(n->ctx);
}

static void say_unknown(const wl_vocabulary *words, const char *word)
{
    char text[256] = "";
    size_t at = 0;
    int given = 0;
    for (int distance = 1; distance <= CLOSE; distance++) {
        for (int64_t i = 0; i < wl_vocabulary_size(words) && given < SUGGESTIONS; i++) {
            const char *other = wl_vocabulary_word(words, i, NULL);
            if (strlen(other) > 63 || spelling_distance(word, other, CLOSE) != distance) continue;
            at += (size_t)snprintf(text + at, sizeof text - at, "%s%s",
                                   given++ ? ", " : "; close to it: ", other);
        }
    }
    say("the vectors have no word \"%s\"%s", word, text);
}

int64_t neighbours_find(const neighbours *n, const char *word)
{
    const int64_t id = wl_vocabulary_find(n->opened.words, word, strlen(word));
    if (id < 0) say_unknown(n->opened.words, word);
    return id;
}

void neighbours_print(const neighbours *n, int64_t count)
{
    int widest = 0;
    for (int64_t i = 0; i < count; i++) {
        const int w = text_width(wl_vocabulary_word(n->opened.words, n->found[i].id, NULL));
        if (w > widest) widest = w;
    }
    for (int64_t i = 0; i < count; i++) {
        const char *other = wl_vocabulary_word(n->opened.words, n->found[i].id, NULL);
        printf("%4" PRId64 "  %s%*s  %6.3f\n", i + 1, other, widest - text_width(other), "",
               (double)n->found[i].cosine);
    }
}
