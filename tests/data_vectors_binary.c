/* Word vectors as word2vec's binary files, with and without newlines: round trips, files of gensim,
 * how they are told from text, and what is refused. */
#include "data_tables.h"

#include <math.h>
#include <unistd.h>

static const wl_vectors_format both[] = { WL_VECTORS_BINARY, WL_VECTORS_BINARY_GENSIM };

static void binary_reads_back_the_same_bits(void **state)
{
    (void)state;
    static const int64_t widths[] = { 1, 2, 3, 100, 20000 };
    const char *path = in_folder("bits.bin");
    for (int i = 0; i < 2; i++)
        for (size_t k = 0; k < sizeof widths / sizeof *widths; k++) {
            wl_error error = { "" };
            wl_vectors *vectors = make(words, WORDS, widths[k]);
            fill(vectors->table, vectors->V * vectors->D);
            vectors->table[0] = -0.0f;
            if (wl_vectors_write(vectors, path, both[i], &error)) fail_msg("%s", error.text);
            wl_vectors *known = load(path), *other = load_as(path, both[1 - i]);
            assert_same(known, vectors);
            assert_same(other, vectors);
            wl_vectors_destroy(known);
            wl_vectors_destroy(other);
            wl_vectors_destroy(vectors);
        }
}

static void binary_has_the_bytes_of_word2vec_and_of_gensim(void **state)
{
    (void)state;
    static const char *const bytes[] = { "2 1\na \x00\x00\x80\x3f\nbc \x00\x00\x20\xc0\n",
                                         "2 1\na \x00\x00\x80\x3f"
                                         "bc \x00\x00\x20\xc0" };
    static const size_t lengths[] = { 19, 17 };
    static const char *const two[] = { "a", "bc" };
    const char *path = in_folder("bytes.bin");
    for (int i = 0; i < 2; i++) {
        wl_vectors *vectors = make(two, 2, 1);
        vectors->table[0] = 1;
        vectors->table[1] = -2.5f;
        assert_int_equal(wl_vectors_write(vectors, path, both[i], NULL), WL_OK);
        size_t length;
        char *found = read_bytes(path, &length);
        assert_int_equal(length, lengths[i]);
        assert_memory_equal(found, bytes[i], length);
        free(found);
        wl_vectors_destroy(vectors);
    }
}

static void files_of_gensim_load_with_equal_vectors(void **state)
{
    (void)state;
    static const float rows[5][3] = {
        { 0.1f, -2.5f, 1.0f / 3 },
        { 0x1p-149f, -0.0f, 0x1.fffffep127f },
        { 0x1p-126f, 16777216.0f, 1e-5f },
        { 123456.789f, -1e-30f, 0 },
        { 7, 8, 9 },
    };
    static const char *const keys[] = { "the", "\xc3\xa9t\xc3\xa9", "\xe6\x9d\xb1\xe4\xba\xac",
                                        "a\tb", "x" };
    wl_vectors *made = make(keys, 5, 3);
    memcpy(made->table, rows, sizeof rows);
    wl_vectors *text = load(in_files("gensim.txt")), *binary = load(in_files("gensim.bin"));
    assert_same(text, made);
    assert_same(binary, made);
    /* and what gensim wrote is what we write */
    const char *path = in_folder("gensim.bin");
    size_t n, m;
    assert_int_equal(wl_vectors_write(made, path, WL_VECTORS_BINARY_GENSIM, NULL), WL_OK);
    char *ours = read_bytes(path, &n), *theirs = read_bytes(in_files("gensim.bin"), &m);
    assert_int_equal(n, m);
    assert_memory_equal(ours, theirs, n);
    free(ours);
    free(theirs);
    wl_vectors_destroy(text);
    wl_vectors_destroy(binary);
    wl_vectors_destroy(made);
}

/* A file, and the first number that it holds. */
typedef struct sample {
    const char *bytes;
    size_t length;
    int64_t V, D;
    float first;
} sample;

static void assert_samples(const sample *samples, size_t count, wl_vectors_format format)
{
    const char *path = in_folder("sample");
    for (size_t i = 0; i < count; i++) {
        write_bytes(path, samples[i].bytes, samples[i].length);
        wl_vectors *vectors = load_as(path, format);
        if (vectors->V != samples[i].V || vectors->D != samples[i].D ||
            vectors->table[0] != samples[i].first)
            fail_msg("%zu: %d rows of %d, %g", i, (int)vectors->V, (int)vectors->D,
                     (double)vectors->table[0]);
        wl_vectors_destroy(vectors);
    }
}

/* Zeros are among the bytes. */
#define BYTES(text) text, sizeof text - 1

static void content_shows_text_or_binary(void **state)
{
    (void)state;
    static const sample samples[] = {
        { BYTES("1 1\na 1.5\n"), 1, 1, 1.5f },
        { BYTES("1 1\na \x00\x00\x80\x3f"), 1, 1, 1 },
        { BYTES("1 1\na \x00\x00\x80\x3f\n"), 1, 1, 1 },
        { BYTES("1 1 \r\na \x00\x00\x80\x3f\n"), 1, 1, 1 },
        { BYTES("1 1\na ffff"), 1, 1, 0x1.ccccccp77f }, /* letters begin no number */
        { BYTES("1 1\na 1\x80\x80\x3f\n"), 1, 1, 0x1.010062p0f },
        { BYTES("1 2\na 1 2\n"), 1, 2, 1 },           /* shorter than two floats */
        { BYTES("2 1\na 7\n\xff\xfe 8\n"), 2, 1, 7 }, /* a word that is not UTF-8 */
        { BYTES("1 1\na  5\n"), 1, 1, 5 },
        { BYTES("3 2 1\n4 5 6\n"), 2, 2, 2 }, /* three columns: no first line */
        { BYTES("a 1 2\n"), 1, 2, 1 },
        { BYTES("\xff 1 2\nb 3 4\n"), 2, 2, 1 },
        { BYTES("abcdefgh{ 7 8\n"), 1, 2, 7 },
    };
    assert_samples(samples, sizeof samples / sizeof *samples, (wl_vectors_format)0);
}

static void a_named_format_settles_what_content_does_not(void **state)
{
    (void)state;
    static const sample texts[] = { { BYTES("2 3\n4 5\n"), 2, 1, 3 }, { BYTES("a 1\n"), 1, 1, 1 } };
    static const sample binaries[] = {
        { BYTES("1 1\na 1 2 "), 1, 1, 0x1.644062p-63f },
        { BYTES("1 1\na 1\n\x80\x3f"), 1, 1, 0x1.001462p0f },
    };
    assert_samples(texts, 2, WL_VECTORS_GLOVE);
    assert_samples(binaries, 2, WL_VECTORS_BINARY);
    write_text(in_folder("columns"), "2 3\n4 5\n");
    assert_bad(in_folder("columns"), (wl_vectors_format)0, "line 2", "expected 3 numbers");
    wl_vectors *vectors;
    wl_error error;
    assert_int_equal(
        wl_vectors_read_as(&vectors, in_folder("columns"), (wl_vectors_format)8, 0, &error),
        WL_OUT_OF_RANGE);
    assert_null(vectors);
}

static void bad_binary_is_told_by_byte(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t length;
        const char *part, *other;
    } bad[] = {
        { BYTES("2 1\na \x00\x00\x80\x3f\nb \x00\x00\x80"), "byte 13",
          "expected 4 more bytes, found the end" },
        { BYTES("3 1\na \x00\x00\x80\x3f\nb \x00\x00\x80\x3f\n"), "byte 4", "3 words" },
        { BYTES("9223372036854775807 1\na \x00\x00\x80\x3f\n"), "line 1", "2^63" },
        { BYTES("1 2305843009213693951\na \x00\x00\x80\x3f\n"), "byte 22", "expected 1 words" },
        { BYTES("2 1\na \x00\x00\x80\x3f\nb \x00\x00\x80\x3f"), "byte 17",
          "expected a newline after the numbers of word \"b\"" },
        { BYTES("2 1\na \x00\x00\x80\x3f\nb \x00\x00\x80\x3fx"), "byte 17", "newline" },
        { BYTES("1 1\na \x00\x00\x80\x3f\n\n"), "byte 11", "found 1 more bytes" },
        { BYTES("2 1\na \x00\x00\x80\x3f\nbcdefgh"), "byte 11",
          "expected a word and a space, found \"bcdefgh\" and the end of the file" },
        { BYTES("2 1\na \x00\x00\x80\x3f\nb\nc \x00\x00\x80\x3f"), "byte 11", "a newline" },
        { BYTES("2 1\na \x00\x00\x80\x3f\n \x00\x00\x80\x3f\n "), "byte 11",
          "expected a word, found" },
        { BYTES("2 1\na \x00\x00\x80\x3f\na \x00\x00\x80\x3f\n"), "byte 11",
          "expected a word that is new, found \"a\"" },
        { BYTES("1 1\na \x00\x00\xc0\x7f\n"), "byte 6", "number 1 of word \"a\"" },
    };
    const char *path = in_folder("bad.bin");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        write_bytes(path, bad[i].bytes, bad[i].length);
        assert_bad(path, WL_VECTORS_BINARY, bad[i].part, bad[i].other);
    }
}

static void binary_that_is_not_finite_loads_on_request_only(void **state)
{
    (void)state;
    const char *path = in_folder("nan.bin");
    wl_vectors *vectors;
    write_bytes(path, BYTES("1 2\na \x00\x00\xc0\x7f\x00\x00\x80\xff"));
    assert_bad(path, (wl_vectors_format)0, "byte 6", "nan");
    assert_int_equal(wl_vectors_read(&vectors, path, WL_VECTORS_ALLOW_NONFINITE, NULL), WL_OK);
    assert_true(isnan(vectors->table[0]) && vectors->table[1] == -INFINITY);
    wl_vectors_destroy(vectors);
}

static void words_that_a_row_cannot_hold_are_not_written(void **state)
{
    (void)state;
    static const char *const bad[] = { "two words", "\nnewline", "new\nline" };
    static const wl_vectors_format formats[] = { WL_VECTORS_TEXT, WL_VECTORS_GLOVE,
                                                 WL_VECTORS_BINARY, WL_VECTORS_BINARY_GENSIM };
    const char *path = in_folder("unwritten");
    for (int i = 0; i < 3; i++) {
        wl_vectors *vectors = make(&bad[i], 1, 2);
        for (int k = 0; k < 4; k++) {
            wl_error error;
            assert_int_equal(wl_vectors_write(vectors, path, formats[k], &error), WL_OUT_OF_RANGE);
            assert_error(&error, path, "word 0", i ? "no newline in it" : "no space in it", NULL);
        }
        wl_vectors_destroy(vectors);
    }
    assert_int_equal(access(path, F_OK), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(binary_reads_back_the_same_bits),
        cmocka_unit_test(binary_has_the_bytes_of_word2vec_and_of_gensim),
        cmocka_unit_test(files_of_gensim_load_with_equal_vectors),
        cmocka_unit_test(content_shows_text_or_binary),
        cmocka_unit_test(a_named_format_settles_what_content_does_not),
        cmocka_unit_test(bad_binary_is_told_by_byte),
        cmocka_unit_test(binary_that_is_not_finite_loads_on_request_only),
        cmocka_unit_test(words_that_a_row_cannot_hold_are_not_written),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
