/* See data_tables.h. */
#include "data_tables.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <unistd.h>

const char *const words[WORDS] = { "the", "\xc3\xa9t\xc3\xa9", "a\tb", "\xff\xfe", "{" };

wl_vectors *make(const char *const *list, int64_t V, int64_t D)
{
    wl_vectors *vectors = calloc(1, sizeof *vectors);
    vectors->V = V;
    vectors->D = D;
    vectors->table = calloc((size_t)(V * D), sizeof(float));
    assert_int_equal(wl_vocabulary_create(&vectors->words), WL_OK);
    for (int64_t i = 0; i < V; i++)
        assert_int_equal(wl_vocabulary_add(vectors->words, list[i], strlen(list[i])), WL_OK);
    return vectors;
}

float float_of(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

void fill(float *table, int64_t n)
{
    static const float borders[] = {
        0,    -0.0f,    FLT_MIN,  FLT_MAX,  -FLT_MAX,      0x1p-149f, -0x1p-149f, 0x1.fffffcp-127f,
        0.1f, 1.0f / 3, 16777216, 16777218, 0x1.000002p0f, 1e-5f,     123456.789f
    };
    uint32_t bits = 12345;
    for (int64_t i = 0; i < n; i++) {
        float value = NAN;
        while (!isfinite(value)) value = float_of(bits = bits * 1664525 + 1013904223);
        table[i] = i < 15 ? borders[i] : value;
    }
}

wl_vectors *load_as(const char *path, wl_vectors_format format)
{
    wl_vectors *vectors;
    wl_error error = { "" };
    if (wl_vectors_read_as(&vectors, path, format, 0, &error)) fail_msg("%s", error.text);
    return vectors;
}

wl_vectors *load(const char *path) { return load_as(path, (wl_vectors_format)0); }

void assert_bad(const char *path, wl_vectors_format format, const char *part, const char *other)
{
    wl_vectors *vectors;
    wl_error error = { "" };
    wl_status status = wl_vectors_read_as(&vectors, path, format, 0, &error);
    if (status != WL_BAD_FILE) fail_msg("%s: %d %s", part, status, error.text);
    assert_null(vectors);
    assert_error(&error, "expected", part, other, NULL);
}

void assert_same(const wl_vectors *a, const wl_vectors *b)
{
    assert_int_equal(a->V, b->V);
    assert_int_equal(a->D, b->D);
    assert_int_equal(wl_vocabulary_size(a->words), a->V);
    assert_memory_equal(a->table, b->table, (size_t)(a->V * a->D) * sizeof(float));
    for (int64_t i = 0; i < a->V; i++) {
        size_t length;
        const char *word = wl_vocabulary_word(a->words, i, &length);
        assert_int_equal(wl_vocabulary_find(b->words, word, length), i);
    }
}

int use_german(void)
{
    if (setlocale(LC_ALL, "de_DE.UTF-8")) return 1;
    char *folder = strdup(getenv("TMPDIR")), command[512];
    snprintf(command, sizeof command,
             "localedef -i de_DE -f UTF-8 '%s/de_DE.UTF-8' >/dev/null 2>&1", folder);
    int made = system(command);
    setenv("LOCPATH", folder, 1);
    free(folder);
    return made >= 0 && setlocale(LC_ALL, "de_DE.UTF-8");
}

const char *in_files(const char *name)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/tests/files/%s", WORDLOOM_SOURCE_DIR, name);
    return path;
}

const char *shared_data(const char *name)
{
    static char path[4096];
    snprintf(path, sizeof path, "%s/../shared/data/%s", WORDLOOM_SOURCE_DIR, name);
    if (access(path, R_OK)) {
        print_message("skipped: %s is not there\n", path);
        skip();
    }
    return path;
}
