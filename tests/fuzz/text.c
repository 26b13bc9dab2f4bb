/* Any bytes as a text of words and of characters: its ids are of its own vocabulary, by which it
 * reads the same again, from memory too; or it is bad or empty. */
#include "memory_file.h"

#include <string.h>
#include <wordloom/nn/text.h>

static void must_be_refused(wl_status status, const wl_error *error)
{
    const char *part = status == WL_BAD_FILE ? ": line " : "is empty";
    must(status == WL_BAD_FILE || status == WL_OUT_OF_RANGE);
    must(strstr(error->text, part) != NULL);
}

/* Characters, one after the other, are the bytes. */
static void must_spell(const wl_text *text, const wl_vocabulary *words, const char *string)
{
    for (int64_t i = 0; i < wl_text_size(text); i++) {
        size_t length;
        const char *word = wl_vocabulary_word(words, wl_text_ids(text)[i], &length);
        must(strncmp(string, word, length) == 0);
        string += length;
    }
    must(*string == 0);
}

/* The string reads as the file did, but that its last line does not end. */
static void must_parse(const wl_text *text, const wl_vocabulary *words, const char *string,
                       int32_t level)
{
    const size_t length = strlen(string);
    const int64_t open = level == WL_TEXT_WORD && length > 0 && string[length - 1] != '\n';
    wl_text *copy;
    wl_error error = { "" };
    const wl_status status = wl_text_parse(&copy, string, "string", level, words, &error);
    if (status) {
        must_be_refused(status, &error);
        must(wl_text_size(text) == open);
        return;
    }
    must(wl_text_size(copy) == wl_text_size(text) - open);
    must(memcmp(wl_text_ids(copy), wl_text_ids(text),
                (size_t)wl_text_size(copy) * sizeof(int32_t)) == 0);
    wl_text_destroy(copy);
}

/* With a vocabulary of three the text is as long. */
static void must_be_as_long(const wl_text *text, const char *path, int32_t level)
{
    wl_text *other;
    wl_vocabulary *few;
    must(wl_text_count(&other, &few, path, level, 2, 3, NULL) == WL_OK);
    must(wl_vocabulary_size(few) <= 3 && wl_text_size(other) == wl_text_size(text));
    wl_text_destroy(other);
    wl_vocabulary_destroy(few);
}

static void read_as(const char *path, const char *string, int32_t level)
{
    wl_text *text, *again;
    wl_vocabulary *words;
    wl_error error = { "" };
    const wl_status status = wl_text_count(&text, &words, path, level, 1, 0, &error);
    if (status) {
        must_be_refused(status, &error);
        return;
    }
    for (int64_t i = 0; i < wl_text_size(text); i++) {
        const int32_t id = wl_text_ids(text)[i];
        must(id >= 0 && id < wl_vocabulary_size(words));
    }
    must(wl_text_read(&again, path, level, words, &error) == WL_OK);
    must(wl_text_size(again) == wl_text_size(text) && wl_text_hash(again) == wl_text_hash(text));
    if (level == WL_TEXT_CHAR) must_spell(text, words, string);
    must_parse(text, words, string, level);
    must_be_as_long(text, path, level);
    wl_text_destroy(again);
    wl_text_destroy(text);
    wl_vocabulary_destroy(words);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    const char *path = memory_file(bytes, length);
    const size_t mark = length >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    char *string = malloc(length - mark + 1);
    must(string != NULL);
    memcpy(string, bytes + mark, length - mark);
    string[length - mark] = 0;
    read_as(path, string, WL_TEXT_WORD);
    read_as(path, string, WL_TEXT_CHAR);
    free(string);
    return 0;
}
