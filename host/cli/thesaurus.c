/* wordloom thesaurus WORD: what words mean, their synonyms, and what stands above them. */
#include "thesaurus.h"

#include "program.h"
#include "text_width.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char debian[] = "/usr/share/wordnet";

option_row thesaurus_option(const char **directory)
{
    return (option_row){ .name = "wordnet",
                         .kind = OPTION_TEXT,
                         .value = directory,
                         .placeholder = "DIR",
                         .help = "WordNet 3.0's files; else $WNSEARCHDIR, or as Debian has them" };
}

int thesaurus_open(wl_thesaurus **out, const char *directory)
{
    wl_error error;
    const char *named = directory ? directory : getenv("WNSEARCHDIR");
    const wl_status status = wl_thesaurus_open(out, named ? named : debian, &error);
    if (!status) return EXIT_DONE;
    if (status == WL_IO_ERROR && !named)
        say("WordNet is in Debian's package wordnet-base; --wordnet names another place");
    return fail(status, &error);
}

/* ------------------------------------------------------------------ printing */

/* How much of a text fits into a line of so many columns: up to a space, if there is one. */
static size_t line_of(const char *text, size_t length, int columns)
{
    size_t at = 0, last = 0;
    int used = 0;
    while (at < length) {
        int wide;
        const size_t bytes = text_character(text + at, &wide);
        if (bytes == 0 || at + bytes > length) return length;
        if (used + wide > columns) return last ? last : at ? at : bytes;
        if (text[at] == ' ') last = at;
        used += wide;
        at += bytes;
    }
    return length;
}

void thesaurus_print_wrapped(const char *text, size_t length, int indent)
{
    const int columns = terminal_width(STDOUT_FILENO) - indent;
    while (length > 0) {
        const size_t line = line_of(text, length, columns < 20 ? 20 : columns);
        printf("%*s%.*s\n", indent, "", (int)line, text);
        const size_t gap = line < length && text[line] == ' ' ? 1 : 0;
        text += line + gap;
        length -= line + gap;
    }
}

/* "dog, domestic dog, Canis familiaris"; the caller frees it. Null: no memory. */
static char *synonyms_of(const wl_thesaurus *t, int32_t synset)
{
    char *text = NULL, word[64];
    size_t length;
    FILE *to = open_memstream(&text, &length);
    if (!to) return NULL;
    for (int64_t i = 0; i < wl_thesaurus_synonyms(t, synset); i++) {
        wl_thesaurus_synonym(t, synset, i, word);
        fprintf(to, "%s%s", i ? ", " : "", word);
    }
    return fclose(to) ? free(text), NULL : text;
}

/* "canine < carnivore < ... < entity", by the first hypernym of each; the caller frees it. */
static char *way_up(const wl_thesaurus *t, int32_t synset)
{
    char *text = NULL, word[64];
    size_t length;
    const int32_t *above;
    FILE *to = open_memstream(&text, &length);
    if (!to) return NULL;
    for (bool more = false; wl_thesaurus_hypernyms(t, synset, &above) > 0; more = true) {
        synset = above[0];
        wl_thesaurus_synonym(t, synset, 0, word);
        fprintf(to, "%s< %s", more ? " " : "", word);
    }
    return fclose(to) ? free(text), NULL : text;
}

static void print_sense(const wl_thesaurus *t, int32_t synset, int64_t number)
{
    size_t length;
    const char *gloss = wl_thesaurus_gloss(t, synset, &length);
    char *synonyms = synonyms_of(t, synset), *up = way_up(t, synset);
    char head[32];
    const int width = snprintf(head, sizeof head, "%3" PRId64 "  ", number);
    printf("%s", head);
    if (synonyms) { /* the first line stands behind the number */
        const size_t all = strlen(synonyms);
        const size_t line = line_of(synonyms, all, terminal_width(STDOUT_FILENO) - width);
        printf("%.*s\n", (int)line, synonyms);
        if (line < all) thesaurus_print_wrapped(synonyms + line + 1, all - line - 1, width);
    }
    thesaurus_print_wrapped(gloss, length, width + 2);
    if (up) thesaurus_print_wrapped(up, strlen(up), width + 2);
    free(synonyms);
    free(up);
}

/* Answers how many senses there are. */
static int64_t print_part(const wl_thesaurus *t, const char *word, int32_t part, bool first)
{
    char base[64];
    const int32_t *ids;
    if (!wl_thesaurus_base(t, word, part, base)) return 0;
    const int64_t count = wl_thesaurus_senses(t, base, part, &ids);
    printf("%s%s, %s\n", first ? "" : "\n", base, wl_parts_of_speech[part]);
    for (int64_t i = 0; i < count; i++) print_sense(t, ids[i], i + 1);
    return count;
}

static int print_word(const wl_thesaurus *t, const char *word, bool *first)
{
    int64_t senses = 0;
    for (int32_t part = 0; part < WL_PARTS_OF_SPEECH; part++) {
        const int64_t here = print_part(t, word, part, *first);
        if (here > 0) *first = false;
        senses += here;
    }
    if (senses > 0) return EXIT_DONE;
    say("\"%s\": the thesaurus has no such word", word);
    return EXIT_FAILED;
}

int run_thesaurus(int count, char **args)
{
    const char *directory = NULL;
    const option_row rows[] = { thesaurus_option(&directory), { 0 } };
    const subcommand command = {
        .name = "thesaurus",
        .arguments = "WORD...",
        .summary =
            "Prints the senses of each WORD that WordNet has: the synonyms, what they mean, and\n"
            "what stands above them, up to the top. A WORD may be inflected, and have spaces.\n"
            "(wordloom thesaurus -- similarity looks that word up.)",
        .options = rows,
    };
    int first;
    wl_thesaurus *t;
    bool nothing_yet = true;
    int code = options_read(&command, count, args, &first);
    if (code != OPTIONS_READ) return code;
    if (first == count) {
        say("expected a WORD at least (see wordloom thesaurus --help)");
        return EXIT_USAGE;
    }
    code = thesaurus_open(&t, directory);
    if (code) return code;
    for (int i = first; i < count; i++) {
        const int one = print_word(t, args[i], &nothing_yet);
        if (one) code = one;
    }
    wl_thesaurus_close(t);
    return code;
}
