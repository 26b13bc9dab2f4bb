/* Word vectors as safetensors: round trips, models as others write them, and what is refused. */
#include "data_tables.h"

#include <math.h>
#include <wordloom/nn/safetensors.h>

static void safetensors_read_back_the_same(void **state)
{
    (void)state;
    static const char *const odd[] = { "a b", "\n", "\\", "\xff", "e" };
    const char *path = in_folder("model.safetensors");
    wl_vectors *vectors = make(odd, 5, 33);
    fill(vectors->table, vectors->V * vectors->D);
    vectors->output = malloc(5 * 33 * sizeof(float));
    for (int i = 0; i < 5 * 33; i++) vectors->output[i] = (float)i / 7;
    vectors->config = strdup("{\"dim\": 33, \"word\": \"\xc3\xa9\"}");
    assert_int_equal(wl_vectors_write(vectors, path, WL_VECTORS_SAFETENSORS, NULL), WL_OK);
    wl_vectors *copy = load(path);
    assert_same(copy, vectors);
    assert_memory_equal(copy->output, vectors->output, 5 * 33 * sizeof(float));
    assert_string_equal(copy->config, vectors->config);
    wl_vectors_destroy(copy);
    wl_vectors_destroy(vectors);
}

/* As others write it: half precision, other order, tensors that vectors do not have. */
static void a_half_precision_model_is_read(void **state)
{
    (void)state;
    const char *path = in_folder("half.safetensors");
    static const wl_safetensors_entry entries[] = { { "extra", WL_I64, 1, { 1 } },
                                                    { "vocabulary", WL_U8, 1, { 4 } },
                                                    { "output.weight", WL_BF16, 2, { 2, 1 } },
                                                    { "embedding.weight", WL_F16, 2, { 2, 1 } } };
    static const wl_safetensors_pair pairs[] = { { "model", "word2vec" },
                                                 { "format", "wordloom" } };
    static const char data[] = "12345678a\nb\n\x80\x3f\x00\xc0\x00\x3c\x00\xbc";
    wl_safetensors_writer *writer;
    assert_int_equal(wl_safetensors_writer_open(&writer, path, entries, 4, pairs, 2, NULL), WL_OK);
    assert_int_equal(wl_safetensors_writer_append(writer, data, 20, NULL), WL_OK);
    assert_int_equal(wl_safetensors_writer_commit(writer, NULL), WL_OK);
    wl_safetensors_writer_close(writer);
    wl_vectors *vectors = load(path);
    assert_true(vectors->table[0] == 1 && vectors->table[1] == -1);
    assert_true(vectors->output[0] == 1 && vectors->output[1] == -2);
    wl_vectors_destroy(vectors);
}

typedef struct model {
    const char *format, *model, *words;
    wl_safetensors_entry embedding, output;
} model;

static void write_model(const char *path, const model *m)
{
    wl_safetensors_entry entries[3] = { m->embedding, m->output };
    int n = m->output.name ? 2 : 1;
    if (m->words)
        entries[n++] =
            (wl_safetensors_entry){ "vocabulary", WL_U8, 1, { (int64_t)strlen(m->words) } };
    wl_safetensors_pair pairs[] = { { "format", m->format }, { "model", m->model } };
    wl_safetensors_writer *writer;
    wl_error error;
    if (wl_safetensors_writer_open(&writer, path, entries, n, pairs, 2, &error))
        fail_msg("%s", error.text);
    int tables = n - (m->words != NULL);
    for (int i = 0; i < tables; i++) {
        static const float ones[64] = { 1, 1, 1 };
        size_t bytes = entries[i].dtype == WL_F32 ? 4 : 1;
        for (int k = 0; k < entries[i].ndim; k++) bytes *= (size_t)entries[i].shape[k];
        assert_int_equal(wl_safetensors_writer_append(writer, ones, bytes, NULL), WL_OK);
    }
    if (m->words)
        assert_int_equal(wl_safetensors_writer_append(writer, m->words, strlen(m->words), NULL),
                         WL_OK);
    assert_int_equal(wl_safetensors_writer_commit(writer, NULL), WL_OK);
    wl_safetensors_writer_close(writer);
}

static void bad_models_are_told(void **state)
{
    (void)state;
#define GOOD                                                                                       \
    {                                                                                              \
        "embedding.weight", WL_F32, 2, { 2, 1 }                                                    \
    }
    static const struct {
        model model;
        const char *told;
    } bad[] = {
        { { "pt", "word2vec", "a\nb\n", GOOD, { 0 } },
          "__metadata__ format: expected \"wordloom\", found \"pt\"" },
        { { "wordloom", "lm", "a\nb\n", GOOD, { 0 } },
          "__metadata__ model: expected \"word2vec\", found \"lm\"" },
        { { "wordloom", "word2vec", NULL, GOOD, { 0 } }, "expected a tensor vocabulary" },
        { { "wordloom", "word2vec", "a\n", GOOD, { 0 } },
          "tensor vocabulary: expected 2 words, one for each row of embedding.weight, found 1" },
        { { "wordloom", "word2vec", "a\na\n", GOOD, { 0 } }, "tensor vocabulary: line 2" },
        { { "wordloom", "word2vec", "a\nb", GOOD, { 0 } }, "tensor vocabulary: line 2, byte 3" },
        { { "wordloom", "word2vec", "a\n", { "other", WL_F32, 2, { 1, 1 } }, { 0 } },
          "expected a tensor embedding.weight" },
        { { "wordloom", "word2vec", "a\n", { "embedding.weight", WL_F32, 1, { 1 } }, { 0 } },
          "tensor embedding.weight: expected 2 axes, found 1" },
        { { "wordloom", "word2vec", "", { "embedding.weight", WL_F32, 2, { 0, 1 } }, { 0 } },
          "tensor embedding.weight: expected at least one row" },
        { { "wordloom", "word2vec", "a\n", { "embedding.weight", WL_U8, 2, { 1, 1 } }, { 0 } },
          "tensor embedding.weight: expected F32, F16, BF16 or F64, found U8" },
        { { "wordloom", "word2vec", "a\nb\n", GOOD, { "output.weight", WL_F32, 2, { 1, 2 } } },
          "tensor output.weight: expected the shape [2,1], found [1,2]" },
    };
#undef GOOD
    const char *path = in_folder("bad.safetensors");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        write_model(path, &bad[i].model);
        wl_vectors *vectors;
        wl_error error = { "" };
        assert_int_equal(wl_vectors_read(&vectors, path, 0, &error), WL_BAD_FILE);
        assert_null(vectors);
        assert_error(&error, path, bad[i].told, NULL);
    }
}

static void a_model_with_nan_loads_on_request_only(void **state)
{
    (void)state;
    const char *path = in_folder("nan.safetensors");
    wl_vectors *vectors = make(words, 2, 3);
    assert_int_equal(wl_vectors_write(vectors, path, WL_VECTORS_SAFETENSORS, NULL), WL_OK);
    wl_vectors_destroy(vectors);
    size_t length;
    char *bytes = read_bytes(path, &length);
    uint64_t header;
    memcpy(&header, bytes, 8);
    static const float bad = INFINITY;
    memcpy(bytes + 8 + header + 4 * sizeof bad, &bad, sizeof bad);
    write_bytes(path, bytes, length);
    free(bytes);
    wl_error error;
    assert_int_equal(wl_vectors_read(&vectors, path, 0, &error), WL_BAD_FILE);
    assert_error(&error, path, "tensor embedding.weight: row 1, column 1", "found inf", NULL);
    assert_int_equal(wl_vectors_read(&vectors, path, WL_VECTORS_ALLOW_NONFINITE, &error), WL_OK);
    wl_vectors_destroy(vectors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(safetensors_read_back_the_same),
        cmocka_unit_test(a_half_precision_model_is_read),
        cmocka_unit_test(bad_models_are_told),
        cmocka_unit_test(a_model_with_nan_loads_on_request_only),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
