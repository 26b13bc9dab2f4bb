/* Any bytes as a vocabulary, in both of its forms: it loads, and is the same once written in the
 * form of models and read back, or it is a bad file. */
#include "memory_file.h"

#include <string.h>
#include <wordloom/nn/vocabulary.h>

static void encode_and_decode(const wl_vocabulary *vocabulary)
{
    char *bytes;
    size_t length;
    wl_vocabulary *copy;
    must(wl_vocabulary_encode(vocabulary, &bytes, &length) == WL_OK);
    must(wl_vocabulary_decode(&copy, bytes, length, "copy", NULL) == WL_OK);
    must(wl_vocabulary_size(copy) == wl_vocabulary_size(vocabulary));
    for (int64_t id = 0; id < wl_vocabulary_size(copy); id++) {
        size_t n;
        const char *word = wl_vocabulary_word(copy, id, &n);
        must(wl_vocabulary_find(vocabulary, word, n) == id);
    }
    wl_vocabulary_destroy(copy);
    free(bytes);
}

static void check(wl_status status, wl_vocabulary *vocabulary, const wl_error *error)
{
    if (status) must(status == WL_BAD_FILE && strstr(error->text, ": line "));
    if (status) return;
    encode_and_decode(vocabulary);
    must(wl_vocabulary_finish(vocabulary, 2, 3) == WL_OK);
    must(wl_vocabulary_size(vocabulary) <= 3);
    must(wl_vocabulary_kept_tokens(vocabulary) <= wl_vocabulary_all_tokens(vocabulary));
    wl_vocabulary_destroy(vocabulary);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    wl_vocabulary *vocabulary;
    wl_error error = { "" };
    wl_status status = wl_vocabulary_read(&vocabulary, memory_file(bytes, length), &error);
    check(status, vocabulary, &error);
    status = wl_vocabulary_decode(&vocabulary, (const char *)bytes, length, "bytes", &error);
    check(status, vocabulary, &error);
    return 0;
}
