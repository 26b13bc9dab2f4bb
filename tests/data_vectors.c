/* Word vectors: round trips between memory and both formats, and what each refuses. */
#include "data_files.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wordloom/nn/safetensors.h>
#include <wordloom/nn/vectors.h>

static wl_vectors *make(const char *const *words, int64_t V, int64_t D)
{
    wl_vectors *vectors = calloc(1, sizeof *vectors);
    vectors->V = V;
    vectors->D = D;
    vectors->table = calloc((size_t)(V * D), sizeof(float));
    assert_int_equal(wl_vocabulary_create(&vectors->words), WL_OK);
    for (int64_t i = 0; i < V; i++)
        assert_int_equal(wl_vocabulary_add(vectors->words, words[i], strlen(words[i])), WL_OK);
    return vectors;
}

static wl_vectors *load(const char *path)
{
    wl_vectors *vectors;
    wl_error error = { "" };
    if (wl_vectors_read(&vectors, path, 0, &error)) fail_msg("%s", error.text);
    return vectors;
}

static void assert_same(const wl_vectors *a, const wl_vectors *b)
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

static float float_of(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Bit patterns from everywhere, and those at the borders. */
static void fill(wl_vectors *vectors)
{
    static const float borders[] = {
        0,    -0.0f,    FLT_MIN,  FLT_MAX,  -FLT_MAX,      0x1p-149f, -0x1p-149f, 0x1.fffffcp-127f,
        0.1f, 1.0f / 3, 16777216, 16777218, 0x1.000002p0f, 1e-5f,     123456.789f
    };
    uint32_t bits = 12345;
    for (int64_t i = 0; i < vectors->V * vectors->D; i++) {
        float value = NAN;
        while (!isfinite(value)) value = float_of(bits = bits * 1664525 + 1013904223);
        vectors->table[i] = i < 15 ? borders[i] : value;
    }
}

static const char *const words[] = { "the", "\xc3\xa9t\xc3\xa9", "a\tb", "\xff\xfe", "{" };

static void text_reads_back_the_same_bits(void **state)
{
    (void)state;
    const char *path = in_folder("bits.txt");
    wl_vectors *vectors = make(words, 5, 2000);
    fill(vectors);
    wl_error error;
    assert_int_equal(wl_vectors_write(vectors, path, WL_VECTORS_TEXT, &error), WL_OK);
    wl_vectors *copy = load(path);
    assert_same(copy, vectors);
    assert_null(copy->output);
    assert_null(copy->config);
    wl_vectors_destroy(copy);
    wl_vectors_destroy(vectors);
    wl_vectors_destroy(NULL);
}

/* Values of every size, those near a carry, those of few digits, and those of every kind. */
static float specimen(int64_t i, uint32_t *bits)
{
    *bits = *bits * 1664525 + 1013904223;
    float power = powf(10, (float)(i % 16 - 5)), sign = i & 1 ? -1.0f : 1.0f;
    if (i % 4 == 0) return sign * power * (1 + (float)((int)(*bits >> 28) - 8) * 6e-8f);
    if (i % 4 == 1) return sign * (float)(*bits >> 24) * power;
    if (i % 4 == 2) return sign * power * ((float)(*bits >> 8) * 0x1p-24f);
    float any = float_of(*bits);
    return isfinite(any) ? any : 0;
}

static void text_has_the_digits_that_printf_prints(void **state)
{
    (void)state;
    enum { D = 400000 };
    const char *path = in_folder("digits.txt");
    wl_vectors *vectors = make(words, 1, D);
    uint32_t bits = 1;
    for (int64_t i = 0; i < D; i++) vectors->table[i] = specimen(i, &bits);
    assert_int_equal(wl_vectors_write(vectors, path, WL_VECTORS_TEXT, NULL), WL_OK);
    size_t length;
    char *text = read_bytes(path, &length), number[32];
    const char *p = strchr(strchr(text, '\n') + 1, ' ');
    for (int64_t i = 0; i < D; i++) {
        int n = snprintf(number, sizeof number, " %.9g", (double)vectors->table[i]);
        if (strncmp(p, number, (size_t)n) != 0) fail_msg("%s: %.20s", number, p);
        p += n;
    }
    assert_string_equal(p, "\n");
    free(text);
    wl_vectors *copy = load(path);
    assert_same(copy, vectors);
    wl_vectors_destroy(copy);
    wl_vectors_destroy(vectors);
}

/* Makes the locale where the system lacks it. Its decimal point is a comma. */
static int use_german(void)
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

static void text_is_the_same_under_every_locale(void **state)
{
    (void)state;
    const char *path = in_folder("plain.txt"), *german = in_folder("german.txt");
    wl_vectors *vectors = make(words, 5, 100);
    fill(vectors);
    assert_int_equal(wl_vectors_write(vectors, path, WL_VECTORS_TEXT, NULL), WL_OK);
    if (!use_german()) {
        wl_vectors_destroy(vectors);
        print_message("skipped: no locale de_DE.UTF-8, and localedef cannot make it\n");
        skip();
    }
    char point[8];
    snprintf(point, sizeof point, "%.1f", 0.5);
    assert_string_equal(point, "0,5");
    assert_int_equal(wl_vectors_write(vectors, german, WL_VECTORS_TEXT, NULL), WL_OK);
    wl_vectors *copy = load(german);
    snprintf(point, sizeof point, "%.1f", 0.5);
    setlocale(LC_ALL, "C");
    assert_string_equal(point, "0,5"); /* the caller's locale is left alone */
    assert_same(copy, vectors);
    size_t n, m;
    char *one = read_bytes(path, &n), *two = read_bytes(german, &m);
    assert_int_equal(n, m);
    assert_memory_equal(one, two, n);
    free(one);
    free(two);
    wl_vectors_destroy(copy);
    wl_vectors_destroy(vectors);
}

static void safetensors_read_back_the_same(void **state)
{
    (void)state;
    static const char *const odd[] = { "a b", "\n", "\\", "\xff", "e" };
    const char *path = in_folder("model.safetensors");
    wl_vectors *vectors = make(odd, 5, 33);
    fill(vectors);
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

static void text_of_others_is_read(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "2 3\na 1 -2.5 3e2\nb 0 0 0\n",
        "2 3\na 1 -2.5 3e2 \nb 0 0 0 \n",                        /* word2vec.c, fastText */
        "2 3 \r\na 1 -2.5 3e2\r\nb 0 0 0\r\n",                   /* Windows */
        "2 3\na  1.0  -25e-1 +3.0E+02\nb 0.0 -.0 0e0\n",         /* columns, other spellings */
        "2 3\na 1.00000000000000000000000 -2.5 300\nb 0 0 0.\n", /* more digits than a float has */
        "2 3\na 0000000000000000000001 -2.5 300\nb 0 0 1e-9999\n",
    };
    static const float row[] = { 1, -2.5f, 300 };
    const char *path = in_folder("others.txt");
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        write_text(path, texts[i]);
        wl_vectors *vectors = load(path);
        assert_int_equal(vectors->V, 2);
        assert_int_equal(vectors->D, 3);
        assert_memory_equal(vectors->table, row, sizeof row);
        for (int k = 3; k < 6; k++) assert_true(vectors->table[k] == 0);
        wl_vectors_destroy(vectors);
    }
    /* a word that looks like the start of a safetensors header */
    write_text(path, "1 1\nabcd{ef 5\n");
    wl_vectors_destroy(load(path));
}

static void text_comes_from_standard_input_too(void **state)
{
    (void)state;
    pipe_into_stdin("1 2\na 1 2\n", 10);
    wl_vectors *vectors = load("-");
    assert_int_equal(vectors->D, 2);
    const char *path = in_folder("piped.safetensors");
    assert_int_equal(wl_vectors_write(vectors, path, WL_VECTORS_SAFETENSORS, NULL), WL_OK);
    size_t length;
    char *bytes = read_bytes(path, &length);
    pipe_into_stdin(bytes, length);
    wl_vectors *copy = load("-");
    assert_same(copy, vectors);
    free(bytes);
    wl_vectors_destroy(copy);
    wl_vectors_destroy(vectors);
}

static void bad_text_is_told_by_line(void **state)
{
    (void)state;
    static const char *const bad[][3] = {
        { "", "byte 0", "expected the numbers of words and of dimensions" },
        { "word 1 2\n", "byte 0", "found neither" },
        { "2", "line 1", "cut short" },
        { "2 3", "line 1", "cut short" },
        { "2\n", "line 1", "expected the number of words, a space and the number of dimensions" },
        { "2 \n", "line 1", "found \"2 \"" },
        { "2 3 4\n", "line 1", "found \"2 3 4\"" },
        { "2 -3\n", "line 1", "found \"2 -3\"" },
        { "0 3\n", "line 1", "found \"0 3\"" },
        { "3 0\n", "line 1", "found \"3 0\"" },
        { "9223372036854775808 1\na 1\n", "line 1", "expected the number of words" },
        { "4611686018427387904 4\na 1\n", "line 1", "expected a table of less than 2^63 bytes" },
        { "2305843009213693952 1\na 1\n", "line 1", "expected a table of less than 2^63 bytes" },
        { "1000000000000000 1\na 1\n", "line 3", "expected 1000000000000000 words, found the end" },
        { "1 1000000000000000\na 1\n", "line 2", "expected 1000000000000000 numbers, found 1" },
        { "2 2\na 1 2\n", "line 3", "expected 2 words, found the end of the file after 1" },
        { "2 2\na 1 2\nb 1 2\nc 1 2\n", "line 4", "expected the end of the file after 2 words" },
        { "1 2\na 1 2\n\n", "line 3", "found 1 more bytes" },
        { "1 2\na 1\n", "line 2", "expected 2 numbers, found 1" },
        { "1 2\na\n", "line 2", "expected 2 numbers, found 0" },
        { "1 2\na 1 2 3\n", "line 2", "expected 2 numbers, found 3 or more" },
        { "1 2\na 1 2", "line 2", "cut short" },
        { "1 2\na", "line 2", "cut short" },
        { "1 2\n 1 2\n", "line 2", "expected a word" },
        { "2 1\na 1\na 2\n", "line 3", "expected a word that no line before has, found \"a\"" },
        { "1 2\na 1 x\n", "line 2", "expected a number, found \"x\"" },
        { "1 2\na 1 2x\n", "line 2", "expected a number, found \"2x\"" },
        { "1 2\na 1 0x10\n", "line 2", "expected a number, found \"0x10\"" },
        { "1 2\na 1 1,5\n", "line 2", "expected a number, found \"1,5\"" },
        { "1 2\na 1 \t2\n", "line 2", "expected a number" },
        { "1 2\na 1 -\n", "line 2", "expected a number, found \"-\"" },
        { "1 2\na 1 .\n", "line 2", "expected a number, found \".\"" },
        { "1 2\na 1 1e\n", "line 2", "expected a number, found \"1e\"" },
        { "1 2\na 1 nan\n", "line 2", "expected a finite number, found \"nan\"" },
        { "1 2\na 1 -inf\n", "line 2", "expected a finite number, found \"-inf\"" },
        { "1 2\na 1 1e39\n", "line 2", "expected a finite number, found \"1e39\"" },
        { "1 2\na 1 3.4028236e38\n", "line 2", "expected a finite number" },
    };
    const char *path = in_folder("bad.txt");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        write_text(path, bad[i][0]);
        wl_vectors *vectors;
        wl_error error = { "" };
        wl_status status = wl_vectors_read(&vectors, path, 0, &error);
        if (status != WL_BAD_FILE) fail_msg("%s: %d %s", bad[i][0], status, error.text);
        assert_null(vectors);
        assert_error(&error, path, bad[i][1], bad[i][2], NULL);
    }
    write_bytes(path, "1 2\na 1 2\0003\n", 12);
    wl_vectors *vectors;
    assert_int_equal(wl_vectors_read(&vectors, path, 0, NULL), WL_BAD_FILE);
}

static void numbers_that_are_not_finite_load_on_request_only(void **state)
{
    (void)state;
    const char *path = in_folder("infinite.txt");
    write_text(path, "1 4\na nan -inf 1e39 Infinity\n");
    wl_vectors *vectors;
    wl_error error;
    assert_int_equal(wl_vectors_read(&vectors, path, WL_VECTORS_ALLOW_NONFINITE, &error), WL_OK);
    assert_true(isnan(vectors->table[0]));
    assert_true(vectors->table[1] == -INFINITY && vectors->table[2] == INFINITY);
    for (int format = WL_VECTORS_TEXT; format <= WL_VECTORS_SAFETENSORS; format++) {
        int files = files_in_folder();
        assert_int_equal(
            wl_vectors_write(vectors, in_folder("unwritten"), (wl_vectors_format)format, &error),
            WL_NOT_FINITE);
        assert_error(&error, "unwritten", "word \"a\", number 1", "nan", NULL);
        assert_int_equal(files_in_folder(), files);
    }
    wl_vectors_destroy(vectors);
}

static void what_is_no_table_of_words_is_not_written(void **state)
{
    (void)state;
    const char *path = in_folder("unwritten"), *folder_word[] = { "two words" };
    wl_vectors *vectors = make(words, 3, 2);
    wl_error error;
    vectors->V = 2;
    assert_int_equal(wl_vectors_write(vectors, path, WL_VECTORS_TEXT, &error), WL_OUT_OF_RANGE);
    assert_error(&error, path, "V = 2, D = 2 and 3 words", NULL);
    vectors->V = 3;
    assert_int_equal(wl_vectors_write(vectors, path, (wl_vectors_format)9, &error),
                     WL_OUT_OF_RANGE);
    wl_vectors_destroy(vectors);
    vectors = make(folder_word, 1, 2);
    assert_int_equal(wl_vectors_write(vectors, path, WL_VECTORS_TEXT, &error), WL_OUT_OF_RANGE);
    assert_error(&error, path, "word 0", "neither space nor newline", NULL);
    assert_int_equal(access(path, F_OK), -1);
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
        cmocka_unit_test(text_reads_back_the_same_bits),
        cmocka_unit_test(text_has_the_digits_that_printf_prints),
        cmocka_unit_test(text_is_the_same_under_every_locale),
        cmocka_unit_test(safetensors_read_back_the_same),
        cmocka_unit_test(a_half_precision_model_is_read),
        cmocka_unit_test(text_of_others_is_read),
        cmocka_unit_test(text_comes_from_standard_input_too),
        cmocka_unit_test(bad_text_is_told_by_line),
        cmocka_unit_test(numbers_that_are_not_finite_load_on_request_only),
        cmocka_unit_test(what_is_no_table_of_words_is_not_written),
        cmocka_unit_test(bad_models_are_told),
        cmocka_unit_test(a_model_with_nan_loads_on_request_only),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
