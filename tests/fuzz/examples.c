/* Any bytes as examples: they load, split in two and become pairs of ids that spell them again, or
 * they are a bad file. */
#include "memory_file.h"

#include <string.h>
#include <wordloom/nn/pairs.h>

static void must_be_a_string(const char *string, size_t length)
{
    must(strlen(string) == length && strchr(string, '\n') == NULL);
}

static void must_split(const wl_examples *all)
{
    wl_examples *kept, *held;
    const int64_t size = wl_examples_size(all);
    const wl_status status = wl_examples_split(&kept, &held, all, size / 2, 1, NULL);
    must(status == (size > 1 ? WL_OK : WL_OUT_OF_RANGE));
    if (status) return;
    must(wl_examples_size(held) == size / 2);
    must(wl_examples_size(kept) == size - size / 2);
    wl_examples_destroy(kept);
    wl_examples_destroy(held);
}

/* Characters spell the line; words do too, but for what is between them and for marks. */
static void must_spell(const int32_t *ids, int64_t count, int32_t level, const wl_vocabulary *words,
                       const char *line, size_t length)
{
    int32_t *again;
    int64_t same, unknown;
    char *text;
    must(wl_line_ids(&again, &same, &unknown, line, length, level, words, "line", NULL) == WL_OK);
    must(same == count && memcmp(ids, again, (size_t)count * sizeof *ids) == 0);
    must(wl_line_text(&text, ids, count, level, words, NULL) == WL_OK);
    if (level == WL_TEXT_CHAR)
        must(unknown == 0 && strcmp(text, line) == 0);
    else if (unknown == 0)
        must(strlen(text) <= length && (count == 0) == (*text == 0));
    free(again);
    free(text);
}

static void must_pair(const wl_examples *examples, int32_t level, int32_t shared)
{
    wl_vocabulary *source, *target;
    wl_pairs *p;
    must(wl_pairs_vocabularies(&source, &target, examples, level, 1, 0, shared, NULL) == WL_OK);
    must(wl_pairs_create(&p, examples, level, source, target, NULL) == WL_OK);
    must(wl_pairs_size(p) == wl_examples_size(examples));
    for (int64_t i = 0; i < wl_pairs_size(p); i++) {
        size_t length;
        int64_t count;
        const int32_t *ids = wl_pairs_source(p, i, &count);
        const char *line = wl_examples_source(examples, i, &length);
        must(count <= wl_pairs_longest_source(p));
        must_spell(ids, count, level, source, line, length);
        ids = wl_pairs_target(p, i, &count);
        line = wl_examples_target(examples, i, &length);
        must(count <= wl_pairs_longest_target(p));
        must_spell(ids, count, level, target, line, length);
    }
    wl_pairs_destroy(p);
    wl_vocabulary_destroy(source);
    if (!shared) wl_vocabulary_destroy(target);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    wl_examples *examples;
    wl_error error = { "" };
    const wl_status status = wl_examples_read(&examples, memory_file(bytes, length), &error);
    if (status) {
        must(status == WL_BAD_FILE && strstr(error.text, ": line ") != NULL);
        must(strstr(error.text, "expected") != NULL);
        return 0;
    }
    must(wl_examples_size(examples) > 0);
    for (int64_t i = 0; i < wl_examples_size(examples); i++) {
        size_t n, m;
        const char *source = wl_examples_source(examples, i, &n);
        const char *target = wl_examples_target(examples, i, &m);
        must_be_a_string(source, n);
        must_be_a_string(target, m);
        must(n + m > 0);
    }
    must_split(examples);
    for (int32_t level = WL_TEXT_WORD; level <= WL_TEXT_CHAR; level++)
        for (int32_t shared = 0; shared < 2; shared++) must_pair(examples, level, shared);
    wl_examples_destroy(examples);
    return 0;
}
