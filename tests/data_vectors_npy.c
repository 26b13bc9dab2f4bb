/* Word vectors as numpy's .npy with a file of words beside it: round trips, arrays as numpy and
 * others write them, and what is refused. */
#include "data_tables.h"

#include <unistd.h>

static void npy_reads_back_the_same_bits(void **state)
{
    (void)state;
    static const char *const odd[] = { "the", "two words", "\\n", " ", "\xff\r" };
    const char *const *lists[] = { words, odd };
    for (int i = 0; i < 2; i++) {
        wl_error error = { "" };
        wl_vectors *vectors = make(lists[i], WORDS, 1000);
        fill(vectors->table, vectors->V * vectors->D);
        if (wl_vectors_write(vectors, in_folder("bits.npy"), WL_VECTORS_NPY, &error))
            fail_msg("%s", error.text);
        wl_vectors *copy = load(in_folder("bits.npy"));
        assert_same(copy, vectors);
        wl_vectors_destroy(copy);
        wl_vectors_destroy(vectors);
    }
    assert_int_equal(files_in_folder(), 2);
}

static void npy_has_the_bytes_of_numpy_and_its_words_beside_it(void **state)
{
    (void)state;
    static const char *const two[] = { "a", "\xc3\xa9" };
    static const char header[] =
        "\x93NUMPY\x01\x00\x76\x00{'descr': '<f4', 'fortran_order': False, "
        "'shape': (2, 1), }";
    wl_vectors *vectors = make(two, 2, 1);
    vectors->table[0] = 1;
    vectors->table[1] = -2.5f;
    assert_int_equal(wl_vectors_write(vectors, in_folder("v.npy"), WL_VECTORS_NPY, NULL), WL_OK);
    assert_int_equal(wl_vectors_write(vectors, in_folder("other"), WL_VECTORS_NPY, NULL), WL_OK);
    size_t length, n;
    char *bytes = read_bytes(in_folder("v.npy"), &length);
    assert_int_equal(length, 128 + 8);
    assert_memory_equal(bytes, header, sizeof header - 1);
    for (size_t i = sizeof header - 1; i < 127; i++) assert_int_equal(bytes[i], ' ');
    assert_memory_equal(bytes + 127, "\n\x00\x00\x80\x3f\x00\x00\x20\xc0", 9);
    free(bytes);
    static const char *const sides[] = { "v.vocab", "other.vocab" };
    for (int i = 0; i < 2; i++) {
        bytes = read_bytes(in_folder(sides[i]), &n);
        assert_string_equal(bytes, "a\n\xc3\xa9\n");
        free(bytes);
    }
    wl_vectors *copy = load(in_folder("other"));
    assert_same(copy, vectors);
    wl_vectors_destroy(copy);
    wl_vectors_destroy(vectors);
}

/* A file of the version, with this dictionary and these elements, and its words. */
static void write_npy(const char *name, int version, const char *dictionary, const char *elements,
                      size_t bytes, const char *list)
{
    char file[512] = "\x93NUMPY", side[64];
    size_t n = strlen(dictionary), head = version == 1 ? 10 : 12;
    file[6] = (char)version;
    file[8] = (char)n;
    memcpy(file + head, dictionary, n);
    memcpy(file + head + n, elements, bytes);
    snprintf(side, sizeof side, "%s.vocab", name);
    write_bytes(in_folder(name), file, head + n + bytes);
    if (list) write_text(in_folder(side), list);
}

static void arrays_of_others_are_read(void **state)
{
    (void)state;
    static const char f2[] = "\x00\x3c\x00\xc0\x01\x00\xff\x7b";
    static const char f4[] = "\x00\x00\x80\x3f\x00\x00\x00\xc0\x00\x00\x80\x33\x00\xe0\x7f\x47";
    static const char f8[] = "\x00\x00\x00\x00\x00\x00\xf0\x3f\x00\x00\x00\x00\x00\x00\x00\xc0"
                             "\x00\x00\x00\x00\x00\x00\x70\x3e\x00\x00\x00\x00\x00\xfc\xef\x40";
    static const float values[] = { 1, -2, 0x1p-24f, 65504 };
    static const struct {
        int version;
        const char *dictionary, *elements;
        size_t bytes;
    } arrays[] = {
        { 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }\n", f4, 16 },
        { 1, "{'descr': '<f2', 'fortran_order': False, 'shape': (2, 2), }    \n", f2, 8 },
        { 2, "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 2), }\n", f8, 32 },
        { 3, "{\"shape\":(2,2),\"fortran_order\":False,\"descr\":\"<f4\"}", f4, 16 },
        { 1, " { 'fortran_order' :False ,'shape' : ( 2 , 2 , ) , 'descr':'<f2' , }", f2, 8 },
    };
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
        write_npy("a", arrays[i].version, arrays[i].dictionary, arrays[i].elements, arrays[i].bytes,
                  "one\ntwo\n");
        wl_vectors *vectors = load(in_folder("a"));
        assert_int_equal(vectors->V, 2);
        assert_int_equal(vectors->D, 2);
        assert_memory_equal(vectors->table, values, sizeof values);
        assert_int_equal(wl_vocabulary_find(vectors->words, "two", 3), 1);
        wl_vectors_destroy(vectors);
    }
}

static void bad_arrays_are_told(void **state)
{
    (void)state;
    static const char *const bad[][3] = {
        { "{'descr': '>f4', 'fortran_order': False, 'shape': (1, 1), }", "byte 8", "'>f4'" },
        { "{'descr': '<i4', 'fortran_order': False, 'shape': (1, 1), }", "byte 8", "'<i4'" },
        { "{'descr': '|O', 'fortran_order': False, 'shape': (1, 1), }", "byte 8", "'|O'" },
        { "{'descr': '<f4', 'fortran_order': True, 'shape': (1, 1), }", "byte 8", "Fortran" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", "byte 8", "found 1 axes" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (), }", "byte 8", "found 0 axes" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 1, 1), }", "byte 8",
          "at least 3 axes" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 1), }", "byte 8", "one row" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), }", "byte 69", "4 bytes" },
        { "{'descr': '<f2', 'fortran_order': False, 'shape': (1, 1), }", "byte 69", "4 bytes" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }",
          "byte 87", "4 bytes" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 99999999999999999999), }",
          "byte 82", "a size below 2^63" },
        { "{'descr': '<f4', 'fortran_order': 0, 'shape': (1, 1), }", "byte 44", "True or False" },
        { "{'descr': '<f4', 'fortran_order': False, }", "byte 52", "shape before" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1), 'x': 1}", "byte 72",
          "found \" 1}\"" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (1 1), }", "byte 63", "a comma" },
        { "{'descr': '<f4' 'fortran_order': False, 'shape': (1, 1), }", "byte 26", "a comma" },
        { "{'descr' '<f4', 'fortran_order': False, 'shape': (1, 1), }", "byte 19", "a colon" },
        { "{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (1, 1)}", "byte 20",
          "a short string" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1), } x", "byte 70", "nothing" },
        { "{'descr': '<f4", "byte 21", "string" },
        { "", "byte 10", "a dictionary" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        write_npy("bad", 1, bad[i][0], "\x00\x00\x80\x3f", 4, "a\n");
        assert_bad(in_folder("bad"), (wl_vectors_format)0, bad[i][1], bad[i][2]);
    }
    write_npy("bad", 4, "{}", "", 0, "a\n");
    assert_bad(in_folder("bad"), (wl_vectors_format)0, "byte 0", "version 4.0");
    write_bytes(in_folder("bad"), "\x93NUMPY\x02\x00\xff\xff\xff\x7f", 12);
    assert_bad(in_folder("bad"), (wl_vectors_format)0, "byte 8", "10000 bytes, found 2147483647");
    write_npy("bad", 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1), }",
              "\x00\x00\xc0\x7f", 4, "a\n");
    assert_bad(in_folder("bad"), (wl_vectors_format)0, "byte 69: row 0, column 0", "nan");
}

static void bad_words_beside_an_array_are_told_by_line(void **state)
{
    (void)state;
    static const char *const bad[][3] = {
        { "", "line 1", "expected 2 words" },        { "a\n", "line 2", "expected 2 words" },
        { "a\nb", "line 2", "a newline behind it" }, { "a\nb\nc\n", "line 3", "found more" },
        { "a\n\n", "line 2", "expected a word" },    { "a\na\n", "line 2", "a word that is new" },
    };
    static const char dictionary[] = "{'descr': '<f2', 'fortran_order': False, 'shape': (2, 1), }";
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        write_npy("bad", 1, dictionary, "\x00\x3c\x00\x3c", 4, bad[i][0]);
        assert_bad(in_folder("bad"), (wl_vectors_format)0, bad[i][1], bad[i][2]);
    }
    wl_vectors *vectors;
    wl_error error;
    unlink(in_folder("bad.vocab"));
    assert_int_equal(wl_vectors_read(&vectors, in_folder("bad"), 0, &error), WL_IO_ERROR);
    assert_error(&error, "bad.vocab: cannot open", NULL);
    pipe_into_stdin("\x93NUMPY\x01\x00", 8);
    assert_bad("-", (wl_vectors_format)0, "standard input", "a file beside it");
}

static void words_that_a_line_cannot_hold_are_not_written(void **state)
{
    (void)state;
    static const char *const bad[] = { "new\nline" };
    const char *path = in_folder("unwritten.npy");
    wl_vectors *vectors = make(bad, 1, 2);
    wl_error error;
    assert_int_equal(wl_vectors_write(vectors, path, WL_VECTORS_NPY, &error), WL_OUT_OF_RANGE);
    assert_error(&error, path, "word 0", "no newline in it", NULL);
    assert_int_equal(access(path, F_OK), -1);
    wl_vectors_destroy(vectors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(npy_reads_back_the_same_bits),
        cmocka_unit_test(npy_has_the_bytes_of_numpy_and_its_words_beside_it),
        cmocka_unit_test(arrays_of_others_are_read),
        cmocka_unit_test(bad_arrays_are_told),
        cmocka_unit_test(bad_words_beside_an_array_are_told_by_line),
        cmocka_unit_test(words_that_a_line_cannot_hold_are_not_written),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
