/* See small_wordnet.h. */
#include "small_wordnet.h"

#include "data_files.h"

#include <stdio.h>

typedef struct synset {
    const char *words[3], *gloss;
    int above[3]; /* numbers from 1; 0: no more */
} synset;

static const synset nouns[] = {
    { { "entity" }, "what there is", { 0 } },
    { { "animal", "beast" }, "it lives; \"an animal\"", { 1 } },
    { { "tool" }, "it is used", { 1 } },
    { { "dog", "domestic_dog" }, "it barks", { 2 } },
    { { "cat" }, "it does not", { 2 } },
    { { "goose" }, "it hisses", { 2 } },
    { { "dog" }, "it holds a log", { 3 } },
    { { "ox" }, "it lives, and is used", { 2, 3 } },
};
static const synset verbs[] = {
    { { "move" }, "to be elsewhere", { 0 } },
    { { "run" }, "to move fast", { 1 } },
    { { "say" }, "to speak", { 0 } },
};
static const synset adjectives[] = { { { "big(p)", "large" }, "not small", { 0 } } };
static const synset adverbs[] = { { { "fast" }, "in a fast way", { 0 } } };

static const char head[] = "  1 A head, as WordNet's files have it.\n";

/* One line, given where each line begins. */
static int print_synset(char *to, const synset *s, char type, const int *at, int here)
{
    int n = 0, words = 0, above = 0;
    while (words < 3 && s->words[words]) words++;
    while (above < 3 && s->above[above]) above++;
    n += sprintf(to + n, "%08d 03 %c %02x", at[here], type, (unsigned)words);
    for (int i = 0; i < words; i++) n += sprintf(to + n, " %s 0", s->words[i]);
    n += sprintf(to + n, " %03d", above);
    for (int i = 0; i < above; i++)
        n += sprintf(to + n, " %s %08d %c 0000", i ? "@i" : "@", at[s->above[i] - 1], type);
    return n + sprintf(to + n, " | %s  \n", s->gloss);
}

static void write_data(const char *name, const synset *all, int count, char type, int *at)
{
    char text[4096];
    int length = 0;
    for (int pass = 0; pass < 2; pass++) { /* the first finds the places */
        length = sprintf(text, "%s", head);
        for (int i = 0; i < count; i++) {
            at[i] = length;
            length += print_synset(text + length, &all[i], type, at, i);
        }
    }
    write_bytes(in_folder(name), text, (size_t)length);
}

/* Lines of "word number number ...": numbers of synsets from 1. */
static void write_index(const char *name, char type, const int *at, const char *const *lines)
{
    char text[4096], word[32];
    int length = sprintf(text, "%s", head);
    for (; *lines; lines++) {
        int of[3], used = 0;
        const int senses =
            sscanf(*lines, "%31s%n %d %d %d", word, &used, &of[0], &of[1], &of[2]) - 1;
        length += sprintf(text + length, "%s %c %d 1 @ %d 0", word, type, senses, senses);
        for (int i = 0; i < senses; i++) length += sprintf(text + length, " %08d", at[of[i] - 1]);
        length += sprintf(text + length, "  \n");
    }
    write_bytes(in_folder(name), text, (size_t)length);
}

void write_small_wordnet(void)
{
    static const char *const noun_lines[] = { "animal 2",       "beast 2",  "cat 5",   "dog 4 7",
                                              "domestic_dog 4", "entity 1", "goose 6", "ox 8",
                                              "tool 3",         NULL };
    static const char *const verb_lines[] = { "move 1", "run 2", "say 3", NULL };
    static const char *const adjective_lines[] = { "big 1", "large 1", NULL };
    static const char *const adverb_lines[] = { "fast 1", NULL };
    int at[8] = { 0 };
    write_data("data.noun", nouns, 8, 'n', at);
    write_index("index.noun", 'n', at, noun_lines);
    write_data("data.verb", verbs, 3, 'v', at);
    write_index("index.verb", 'v', at, verb_lines);
    write_data("data.adj", adjectives, 1, 'a', at);
    write_index("index.adj", 'a', at, adjective_lines);
    write_data("data.adv", adverbs, 1, 'r', at);
    write_index("index.adv", 'r', at, adverb_lines);
    write_text(in_folder("noun.exc"), "geese goose\noxen ox\n");
}
