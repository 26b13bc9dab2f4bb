/* wordloom vectors similar: the nearest words of a word by cosine. */
#include "neighbours.h"
#include "program.h"

#include <stdio.h>

static int answer(const neighbours *n, const char *word, bool first)
{
    int64_t found;
    wl_error error;
    const int64_t id = neighbours_find(n, word);
    if (id < 0) return EXIT_FAILED;
    const wl_status status =
        wl_similar_nearest_row(n->similar, id, n->top, n->found, &found, &error);
    if (status) return fail(status, &error);
    printf("%s%s\n", first ? "" : "\n", word);
    neighbours_print(n, found);
    return EXIT_DONE;
}

static int answer_all(const neighbours *n, int count, char **words)
{
    int code = EXIT_DONE, answered = 0;
    for (int i = 0; i < count; i++) {
        const int one = answer(n, words[i], answered == 0);
        answered += one == EXIT_DONE;
        if (one) code = one;
    }
    return code;
}

int run_vectors_similar(int count, char **args)
{
    neighbours n;
    option_row rows[NEIGHBOURS_ROWS];
    const subcommand command = {
        .name = "vectors similar",
        .arguments = "VECTORS WORD...",
        .summary =
            "Prints the nearest words of each WORD by the cosine of their vectors. VECTORS is a\n"
            "file of any format that vectors convert reads, or of counts; a WORD that it does not\n"
            "know is looked up by its n-grams, where it has those.",
        .options = rows,
    };
    int first;
    neighbours_options(&n, rows);
    int code = options_read(&command, count, args, &first);
    if (code != OPTIONS_READ) return code;
    if (count - first < 2) {
        say("expected VECTORS and at least one WORD (see wordloom vectors similar --help)");
        return EXIT_USAGE;
    }
    code = neighbours_open(&n, args[first], count - first - 1, args + first + 1);
    if (!code) code = answer_all(&n, count - first - 1, args + first + 1);
    neighbours_close(&n);
    return code;
}
