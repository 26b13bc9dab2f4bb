/* wordloom vectors similar: the nearest words of a word by cosine. */
#include "options.h"
#include "program.h"
#include "spelling.h"

#include <wordloom/nn/similar.h>
#include <wordloom/nn/vectors.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct query {
    wl_vectors *vectors;
    wl_similar *similar;
    wl_neighbour *found; /* [top] */
    int64_t top;
} query;

enum { CLOSE = 2, SUGGESTIONS = 3 };

/* Words at most two letters away, the closest first and of equals the more frequent, which stands
 * first in the vocabulary. */
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

/* Bytes that begin a character, which is about how many columns a word takes. */
static int width(const char *text)
{
    int n = 0;
    for (; *text; text++) n += (*text & 0xc0) != 0x80;
    return n;
}

static void print_neighbours(const query *q, const char *word, int64_t found)
{
    int widest = 0;
    for (int64_t i = 0; i < found; i++) {
        const int w = width(wl_vocabulary_word(q->vectors->words, q->found[i].id, NULL));
        if (w > widest) widest = w;
    }
    printf("%s\n", word);
    for (int64_t i = 0; i < found; i++) {
        const char *other = wl_vocabulary_word(q->vectors->words, q->found[i].id, NULL);
        printf("%4" PRId64 "  %s%*s  %6.3f\n", i + 1, other, widest - width(other), "",
               (double)q->found[i].cosine);
    }
}

static int answer(const query *q, const char *word, bool first)
{
    int64_t found;
    wl_error error;
    const int64_t id = wl_vocabulary_find(q->vectors->words, word, strlen(word));
    if (id < 0) {
        say_unknown(q->vectors->words, word);
        return EXIT_FAILED;
    }
    const wl_status status = wl_similar_nearest(q->similar, wl_similar_row(q->similar, id), id,
                                                q->top, q->found, &found, &error);
    if (status) return fail(status, &error);
    if (!first) printf("\n");
    print_neighbours(q, word, found);
    return EXIT_DONE;
}

static wl_status open_vectors(query *q, const char *path, wl_error *error)
{
    wl_status status = wl_vectors_read(&q->vectors, path, 0, error);
    if (status) return status;
    status = wl_similar_create(&q->similar, q->vectors->table, q->vectors->V, q->vectors->D, error);
    if (status) return status;
    if (q->top > q->vectors->V) q->top = q->vectors->V;
    q->found = calloc((size_t)q->top, sizeof *q->found);
    return q->found ? WL_OK : wl_error_set(error, WL_NO_MEMORY, "no memory for the neighbours");
}

static int answer_all(query *q, int count, char **words)
{
    int code = EXIT_DONE, answered = 0;
    for (int i = 0; i < count; i++) {
        const int one = answer(q, words[i], answered == 0);
        answered += one == EXIT_DONE;
        if (one) code = one;
    }
    return code;
}

int run_vectors_similar(int count, char **args)
{
    query q = { .top = 10 };
    int64_t threads = 0;
    const option_row rows[] = {
        { .name = "top",
          .kind = OPTION_INTEGER,
          .value = &q.top,
          .low = 1,
          .high = 0x1p62,
          .help = "neighbours a word" },
        { .name = "threads",
          .kind = OPTION_INTEGER,
          .value = &threads,
          .high = 4096,
          .help = "CPU threads, 0 for all" },
        { 0 },
    };
    const subcommand command = {
        .name = "vectors similar",
        .arguments = "VECTORS WORD...",
        .summary =
            "Prints the nearest words of each WORD by the cosine of their vectors. VECTORS is a\n"
            "file of any format that vectors convert reads.",
        .options = rows,
    };
    int first;
    int code = options_read(&command, count, args, &first);
    if (code != OPTIONS_READ) return code;
    if (count - first < 2) {
        say("expected VECTORS and at least one WORD (see wordloom vectors similar --help)");
        return EXIT_USAGE;
    }
    options_apply_threads(threads);
    wl_error error;
    const wl_status status = open_vectors(&q, args[first], &error);
    code = status ? fail(status, &error) : answer_all(&q, count - first - 1, args + first + 1);
    free(q.found);
    wl_similar_destroy(q.similar);
    wl_vectors_destroy(q.vectors);
    return code;
}
