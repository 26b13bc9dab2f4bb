/* Any bytes as numpy's array, with three words beside it. */
#include "vectors.h"

static char array[64], words[64]; /* paths */

static void remove_both(void)
{
    unlink(array);
    unlink(words);
}

/* A name for the input, which has a file beside it. */
static const char *named(const char *input)
{
    if (*array) return array;
    snprintf(array, sizeof array, "/tmp/wordloom-fuzz.%ld.npy", (long)getpid());
    snprintf(words, sizeof words, "/tmp/wordloom-fuzz.%ld.vocab", (long)getpid());
    FILE *file = fopen(words, "w");
    must(file && fputs("a\nb\nc\n", file) >= 0 && fclose(file) == 0);
    unlink(array);
    must(symlink(input, array) == 0 && atexit(remove_both) == 0);
    return array;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    load_and_write(named(memory_file(bytes, length)), WL_VECTORS_NPY, WL_VECTORS_TEXT);
    return 0;
}
