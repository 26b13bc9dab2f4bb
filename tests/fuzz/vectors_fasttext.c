/* Any bytes as a model of fastText, of which also the vectors of unknown words are asked for. */
#include "vectors.h"

static void compose(const wl_vectors *vectors)
{
    static const char *const words[] = { "a", "\xc3\xa9t\xc3\xa9", "</s>", "\x80", "" };
    float *row = malloc((size_t)vectors->D * sizeof *row);
    must(row != NULL);
    for (int i = 0; i < 5; i++) {
        wl_status status = wl_vectors_compose(vectors, words[i], strlen(words[i]), row, NULL);
        must(status == WL_OK || status == WL_OUT_OF_RANGE);
    }
    free(row);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    wl_vectors *vectors;
    const char *path = memory_file(bytes, length);
    load_and_write(path, WL_VECTORS_FASTTEXT, WL_VECTORS_SAFETENSORS);
    if (wl_vectors_read_as(&vectors, path, WL_VECTORS_FASTTEXT, 0, NULL)) return 0;
    compose(vectors);
    wl_vectors_destroy(vectors);
    return 0;
}
