/* The formats of vectors by their names, and by the ends of names of files. */
#include "vectors_format.h"
#include "program.h"

#include <string.h>

const char *const format_choices[] = { "name",  "text", "binary",      "binary-gensim",
                                       "glove", "npy",  "safetensors", NULL };

static const wl_vectors_format formats[] = { 0,
                                             WL_VECTORS_TEXT,
                                             WL_VECTORS_BINARY,
                                             WL_VECTORS_BINARY_GENSIM,
                                             WL_VECTORS_GLOVE,
                                             WL_VECTORS_NPY,
                                             WL_VECTORS_SAFETENSORS };

static const struct {
    const char *end;
    wl_vectors_format format;
} ends[] = {
    { ".txt", WL_VECTORS_TEXT },   { ".vec", WL_VECTORS_TEXT },
    { ".bin", WL_VECTORS_BINARY }, { ".glove", WL_VECTORS_GLOVE },
    { ".npy", WL_VECTORS_NPY },    { ".safetensors", WL_VECTORS_SAFETENSORS },
};

static int ends_with(const char *text, const char *end)
{
    const size_t length = strlen(text), n = strlen(end);
    return length >= n && !strcmp(text + length - n, end);
}

int format_choose(const char *what, const char *path, int choice, wl_vectors_format *out)
{
    if (!strcmp(path, "-")) {
        say("%s: expected a file, found \"-\"; /dev/stdout is standard output", what);
        return EXIT_USAGE;
    }
    *out = formats[choice];
    for (size_t i = 0; i < sizeof ends / sizeof *ends && !*out; i++)
        if (ends_with(path, ends[i].end)) *out = ends[i].format;
    if (*out) return EXIT_DONE;
    say("%s: \"%s\" ends in none of .txt .vec .bin .glove .npy .safetensors; --format names one",
        what, path);
    return EXIT_USAGE;
}
