/* Any bytes as word vectors: they load as a table of the stated shape, or are a bad file. What
 * loads as text reads back the same bits once written. */
#include "memory_file.h"

#include <string.h>
#include <wordloom/nn/vectors.h>

static void write_and_read_back(const wl_vectors *vectors)
{
    wl_vectors *copy;
    wl_error error;
    char path[64];
    snprintf(path, sizeof path, "/tmp/wordloom-fuzz.%ld", (long)getpid());
    if (wl_vectors_write(vectors, path, WL_VECTORS_TEXT, &error)) return; /* a space in a word */
    must(wl_vectors_read(&copy, path, 0, &error) == WL_OK);
    must(copy->V == vectors->V && copy->D == vectors->D);
    must(memcmp(copy->table, vectors->table, (size_t)(copy->V * copy->D) * sizeof(float)) == 0);
    wl_vectors_destroy(copy);
    unlink(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    wl_vectors *vectors;
    wl_error error = { "" };
    wl_status status = wl_vectors_read(&vectors, memory_file(bytes, length), 0, &error);
    if (status) {
        must(status == WL_BAD_FILE && strstr(error.text, "expected") != NULL);
        return 0;
    }
    must(vectors->V > 0 && vectors->D > 0 && wl_vocabulary_size(vectors->words) == vectors->V);
    static unsigned turn;
    if (turn++ % 64 == 0) write_and_read_back(vectors);
    wl_vectors_destroy(vectors);
    return 0;
}
