/* wordloom vectors analogy: the words that are to one word as a second is to a third. */
#include "neighbours.h"
#include "program.h"

#include <stdio.h>

static int answer(const neighbours *n, char **words, wl_analogy_method method, bool first)
{
    int64_t id[3], found;
    wl_error error;
    bool known = true;
    for (int k = 0; k < 3; k++) {
        id[k] = neighbours_find(n, words[k]);
        known = known && id[k] >= 0;
    }
    if (!known) return EXIT_FAILED;
    const wl_status status =
        wl_similar_analogy(n->similar, id, method, n->top, n->found, &found, &error);
    if (status) return fail(status, &error);
    printf("%s%s : %s :: %s : ?\n", first ? "" : "\n", words[0], words[1], words[2]);
    neighbours_print(n, found);
    return EXIT_DONE;
}

static int answer_all(const neighbours *n, int count, char **words, wl_analogy_method method)
{
    int code = EXIT_DONE, answered = 0;
    for (int i = 0; i < count; i += 3) {
        const int one = answer(n, words + i, method, answered == 0);
        answered += one == EXIT_DONE;
        if (one) code = one;
    }
    return code;
}

int run_vectors_analogy(int count, char **args)
{
    static const char *const methods[] = { "add", "multiply", NULL };
    static const wl_analogy_method method_of[] = { WL_ANALOGY_ADD, WL_ANALOGY_MULTIPLY };
    neighbours n;
    int method = 0;
    option_row rows[1 + NEIGHBOURS_ROWS] = {
        { .name = "method",
          .kind = OPTION_CHOICE,
          .value = &method,
          .choices = methods,
          .help = "how words score: 3CosAdd or 3CosMul" },
    };
    const subcommand command = {
        .name = "vectors analogy",
        .arguments = "VECTORS A B C [A B C...]",
        .summary =
            "Prints the words that best complete \"A is to B as C is to\", without A, B and C. By\n"
            "add, a word scores its cosine with B - A + C, each scaled to length 1; by multiply,\n"
            "the product of its cosines with B and C over that with A, all moved to 0..1, and\n"
            "0.001 added below. VECTORS is a file of any format that vectors convert reads, or of\n"
            "counts; a word that it does not know is looked up by its n-grams, where it has those.",
        .options = rows,
    };
    int first;
    neighbours_options(&n, rows + 1);
    int code = options_read(&command, count, args, &first);
    if (code != OPTIONS_READ) return code;
    const int words = count - first - 1;
    if (words < 3 || words % 3) {
        say("expected VECTORS and words by threes, A B C (see wordloom vectors analogy --help)");
        return EXIT_USAGE;
    }
    code = neighbours_open(&n, args[first], words, args + first + 1);
    if (!code) code = answer_all(&n, words, args + first + 1, method_of[method]);
    neighbours_close(&n);
    return code;
}
