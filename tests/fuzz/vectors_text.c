/* Any bytes as word vectors, by content and as text without a first line: they load as a table of
 * the stated shape, or are a bad file. What loads reads back the same bits once written as text. */
#include "vectors.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    const char *path = memory_file(bytes, length);
    load_and_write(path, (wl_vectors_format)0, WL_VECTORS_TEXT);
    load_and_write(path, WL_VECTORS_GLOVE, WL_VECTORS_GLOVE);
    return 0;
}
