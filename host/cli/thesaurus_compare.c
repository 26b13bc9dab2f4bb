/* wordloom thesaurus similarity: how alike two words are by WordNet. */
#include "program.h"
#include "thesaurus.h"

#include <stdio.h>

/* A sense by its first word, its part of speech, and what it means. */
static void print_sense(const wl_thesaurus *t, const char *word, int32_t synset)
{
    char first[64];
    size_t length;
    const char *gloss = wl_thesaurus_gloss(t, synset, &length);
    wl_thesaurus_synonym(t, synset, 0, first);
    printf("  %s: %s (%s)\n", word, first, wl_parts_of_speech[wl_thesaurus_part(t, synset)]);
    thesaurus_print_wrapped(gloss, length, 6);
}

static void print_likeness(const wl_thesaurus *t, const char *const words[2],
                           const wl_word_likeness *l)
{
    char common[64] = "a root that is thought above all verbs";
    printf("path        %.4f\nWu-Palmer   %.4f\n", l->path, l->wu_palmer);
    if (l->senses[0] < 0) return;
    printf("\n");
    for (int i = 0; i < 2; i++) print_sense(t, words[i], l->senses[i]);
    if (l->common >= 0) wl_thesaurus_synonym(t, l->common, 0, common);
    if (l->senses[0] == l->senses[1])
        printf("\nThey are the same.\n");
    else
        printf("\nAbove both stands: %s\n", common);
}

static int compare(wl_thesaurus *t, const char *const words[2])
{
    wl_error error;
    wl_word_likeness likeness;
    const wl_status status = wl_thesaurus_compare(t, words[0], words[1], &likeness, &error);
    if (status == WL_OUT_OF_RANGE) {
        say("%s", error.text);
        return EXIT_FAILED;
    }
    if (status) return fail(status, &error);
    print_likeness(t, words, &likeness);
    return EXIT_DONE;
}

int run_thesaurus_similarity(int count, char **args)
{
    const char *directory = NULL;
    const option_row rows[] = { thesaurus_option(&directory), { 0 } };
    const subcommand command = {
        .name = "thesaurus similarity",
        .arguments = "WORD WORD",
        .summary =
            "Prints how alike two words are by what stands above them in WordNet, from 0 to 1: 1\n"
            "over one more than the steps of the shortest path between them, and the measure of "
            "Wu\n"
            "and Palmer, which also asks how deep it is where they meet. Of words with several\n"
            "senses, those count that are the most alike; of the second measure they are shown.",
        .options = rows,
    };
    int first;
    wl_thesaurus *t;
    int code = options_read(&command, count, args, &first);
    if (code != OPTIONS_READ) return code;
    if (count - first != 2) {
        say("expected two words (see wordloom thesaurus similarity --help)");
        return EXIT_USAGE;
    }
    code = thesaurus_open(&t, directory);
    if (code) return code;
    code = compare(t, (const char *const[2]){ args[first], args[first + 1] });
    wl_thesaurus_close(t);
    return code;
}
