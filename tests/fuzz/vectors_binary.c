/* Any bytes as word2vec's binary vectors, which read back the same once written with newlines. */
#include "vectors.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    load_and_write(memory_file(bytes, length), WL_VECTORS_BINARY, WL_VECTORS_BINARY);
    return 0;
}
