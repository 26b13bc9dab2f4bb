/* Any bytes as the nouns of a thesaurus, its three files apart by the byte 30: it opens, and tells
 * of all its synsets and how alike some are, or it is a bad file. */
#include "memory_file.h"

#include <string.h>
#include <wordloom/nn/thesaurus.h>

static char folder[64];

static const char *in_folder(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const void *bytes, size_t length)
{
    FILE *file = fopen(in_folder(name), "wb");
    if (!file || fwrite(bytes, 1, length, file) != length || fclose(file)) abort();
}

static void remove_folder(void)
{
    static const char *const names[] = { "data.noun", "data.verb",  "data.adj",
                                         "data.adv",  "index.noun", "index.verb",
                                         "index.adj", "index.adv",  "noun.exc" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) unlink(in_folder(names[i]));
    rmdir(folder);
}

/* The folder, with the other parts of speech. */
static void make_folder(void)
{
    static const char *const parts[] = { "verb", "adj", "adv" };
    static const char types[] = "var";
    if (*folder) return;
    strcpy(folder, "/tmp/fuzz_thesaurus.XXXXXX");
    if (!mkdtemp(folder)) abort();
    for (int i = 0; i < 3; i++) {
        char name[32], text[128];
        snprintf(name, sizeof name, "data.%s", parts[i]);
        const int data = snprintf(text, sizeof text, "00000000 00 %c 01 a 0 000 | b\n", types[i]);
        write_file(name, text, (size_t)data);
        snprintf(name, sizeof name, "index.%s", parts[i]);
        const int index = snprintf(text, sizeof text, "a %c 1 0 1 0 00000000\n", types[i]);
        write_file(name, text, (size_t)index);
    }
    atexit(remove_folder);
}

static void write_parts(const uint8_t *bytes, size_t length)
{
    static const char *const names[] = { "data.noun", "index.noun", "noun.exc" };
    for (int i = 0; i < 3; i++) {
        const uint8_t *end = i < 2 && length ? memchr(bytes, 30, length) : NULL;
        const size_t part = end ? (size_t)(end - bytes) : length, gone = end ? part + 1 : part;
        write_file(names[i], bytes, part);
        bytes += gone;
        length -= gone;
    }
}

static void look_at(wl_thesaurus *t)
{
    wl_climb first, climb;
    char word[64];
    size_t length;
    must(wl_thesaurus_climb(t, 0, &first) == WL_OK);
    for (int32_t i = 0; i < wl_thesaurus_size(t, WL_NOUN); i++) {
        must(wl_thesaurus_part(t, i) == WL_NOUN);
        wl_thesaurus_gloss(t, i, &length);
        for (int64_t k = 0; k < wl_thesaurus_synonyms(t, i) && k < 100; k++)
            wl_thesaurus_synonym(t, i, k, word);
        must(wl_thesaurus_climb(t, i, &climb) == WL_OK);
        const wl_likeness l = wl_thesaurus_likeness(t, &first, &climb);
        must(l.path >= 0 && l.path <= 1 && l.wu_palmer >= 0 && l.wu_palmer <= 1);
        must(i > 0 || (l.path == 1 && l.wu_palmer == 1));
        free(climb.ids);
    }
    free(first.ids);
    wl_thesaurus_base(t, "dogs", WL_NOUN, word);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    wl_thesaurus *t;
    wl_error error = { "" };
    make_folder();
    write_parts(bytes, length);
    const wl_status status = wl_thesaurus_open(&t, folder, &error);
    if (status) {
        must(status == WL_BAD_FILE && strstr(error.text, ": line ") != NULL);
        must(strstr(error.text, "expected") != NULL);
        return 0;
    }
    look_at(t);
    wl_thesaurus_close(t);
    return 0;
}
