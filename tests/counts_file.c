/* Model files of counts: written, read back, and damaged. */
#include "model_files.h"

#include <wordloom/nn/counts.h>

#include <math.h>

/* Three words: 0 1.5 0 / 2 0 3 / 0 0 0 */
static void write_small(const char *name)
{
    int64_t offsets[] = { 0, 1, 3, 3 };
    int32_t columns[] = { 1, 0, 2 };
    float values[] = { 1.5f, 2, 3 };
    char config[] = "{\"method\":\"count\"}";
    wl_error error = { "" };
    wl_counts counts = { .matrix = { 3, 3, 3, offsets, columns, values }, .config = config };
    assert_int_equal(wl_vocabulary_create(&counts.words), WL_OK);
    for (const char *w = "abc"; *w; w++)
        assert_int_equal(wl_vocabulary_add(counts.words, w, 1), WL_OK);
    if (wl_counts_write(&counts, in_folder(name), &error)) fail_msg("%s", error.text);
    wl_vocabulary_destroy(counts.words);
}

static wl_status open_counts(wl_ctx *ctx, const char *path, wl_error *error)
{
    wl_counts counts;
    (void)ctx;
    const wl_status status = wl_counts_read(&counts, path, error);
    wl_counts_destroy(&counts);
    return status;
}

static void what_is_written_reads_back(void **state)
{
    wl_counts c;
    wl_error error = { "" };
    (void)state;
    write_small("small");
    if (wl_counts_read(&c, in_folder("small"), &error)) fail_msg("%s", error.text);
    assert_int_equal(c.matrix.rows, 3);
    assert_int_equal(c.matrix.columns, 3);
    assert_int_equal(c.matrix.count, 3);
    assert_memory_equal(c.matrix.offsets, ((int64_t[]){ 0, 1, 3, 3 }), 4 * sizeof(int64_t));
    assert_memory_equal(c.matrix.column, ((int32_t[]){ 1, 0, 2 }), 3 * sizeof(int32_t));
    assert_memory_equal(c.matrix.value, ((float[]){ 1.5f, 2, 3 }), 3 * sizeof(float));
    assert_int_equal(wl_vocabulary_find(c.words, "b", 1), 1);
    assert_string_equal(c.config, "{\"method\":\"count\"}");
    assert_int_equal(wl_counts_write(&c, in_folder("again"), &error), WL_OK);
    assert_same_files("small", "again");
    wl_counts_destroy(&c);
}

static void an_empty_matrix_reads_back(void **state)
{
    int64_t offsets[] = { 0, 0 };
    wl_counts counts = { .matrix = { 1, 1, 0, offsets, NULL, NULL } };
    wl_error error = { "" };
    (void)state;
    assert_int_equal(wl_vocabulary_create(&counts.words), WL_OK);
    assert_int_equal(wl_vocabulary_add(counts.words, "a", 1), WL_OK);
    assert_int_equal(wl_counts_write(&counts, in_folder("empty"), &error), WL_OK);
    wl_vocabulary_destroy(counts.words);
    if (wl_counts_read(&counts, in_folder("empty"), &error)) fail_msg("%s", error.text);
    assert_int_equal(counts.matrix.rows, 1);
    assert_int_equal(counts.matrix.count, 0);
    assert_null(counts.config);
    wl_counts_destroy(&counts);
}

/* ------------------------------------------------------------------ damage */

/* The small file with other bytes in a tensor is bad, and the message says where. */
static void bad(const char *tensor, const void *bytes, size_t length, const char *part)
{
    wl_error error = { "" };
    write_small("small");
    held_file f = hold_file("small");
    held_tensor *t = held(&f, tensor);
    assert_true(length <= t->length);
    memcpy(t->bytes, bytes, length);
    put_file(&f, "bad");
    release_file(&f);
    assert_int_equal(open_counts(NULL, in_folder("bad"), &error), WL_BAD_FILE);
    assert_error(&error, tensor, part, NULL);
}

static void offsets_rise_from_0_to_the_entries(void **state)
{
    const int64_t wrong[][4] = { { 1, 1, 3, 3 }, { -1, 1, 3, 3 },       { 0, 2, 1, 3 },
                                 { 0, 1, 4, 3 }, { 0, 1, 3, 2 },        { 0, INT64_MIN, 3, 3 },
                                 { 0, 0, 0, 0 }, { 0, 1, INT64_MAX, 3 } };
    const char *const parts[] = { "number 0", "number 0", "number 2", "number 2",
                                  "number 3", "number 1", "at last",  "number 2" };
    (void)state;
    for (int i = 0; i < 8; i++) bad("matrix.offsets", wrong[i], sizeof wrong[i], parts[i]);
}

static void columns_ascend_within_their_bounds(void **state)
{
    const int32_t wrong[][3] = { { 3, 0, 2 }, { -1, 0, 2 }, { 1, 2, 0 },
                                 { 1, 2, 2 }, { 1, 0, 3 },  { 1, 0, INT32_MIN } };
    const char *const parts[] = { "number 0", "number 0", "number 2",
                                  "number 2", "number 2", "number 2" };
    (void)state;
    for (int i = 0; i < 6; i++) bad("matrix.columns", wrong[i], sizeof wrong[i], parts[i]);
}

static void values_are_finite(void **state)
{
    const float wrong[][3] = { { NAN, 1, 1 }, { 1, 1, INFINITY } };
    (void)state;
    bad("matrix.values", wrong[0], sizeof wrong[0], "number 0");
    bad("matrix.values", wrong[1], sizeof wrong[1], "number 2");
}

/* The small file with a tensor of so many numbers (0: as it was) that are said to be of a type (0:
 * as they were), or without it where both are 0. */
static void changed(const char *tensor, int64_t numbers, int32_t dtype, const char *part)
{
    wl_error error = { "" };
    write_small("small");
    held_file f = hold_file("small");
    if (numbers) reshape(held(&f, tensor), numbers, 0);
    if (dtype) held(&f, tensor)->entry.dtype = dtype;
    if (!numbers && !dtype) drop_tensor(&f, tensor);
    put_file(&f, "bad");
    release_file(&f);
    assert_int_equal(open_counts(NULL, in_folder("bad"), &error), WL_BAD_FILE);
    assert_error(&error, tensor, part, NULL);
}

static void tensors_are_there_and_belong_together(void **state)
{
    static const char *const names[] = { "matrix.offsets", "matrix.columns", "matrix.values",
                                         "vocabulary" };
    (void)state;
    for (int i = 0; i < 4; i++) changed(names[i], 0, 0, "found none");
    changed("matrix.offsets", 0, WL_F64, "expected I64, found F64");
    changed("matrix.columns", 0, WL_F32, "expected I32, found F32");
    changed("matrix.values", 0, WL_I32, "found I32");
    changed("matrix.values", 2, 0, "expected 3 of them");
    changed("matrix.offsets", 1, 0, "expected 2 to 2^31 of them, found 1");
    changed("matrix.offsets", 5, 0, "number 4");
    changed("vocabulary", 4, 0, "expected 3 words");
}

static void of_another_kind_is_refused(void **state)
{
    wl_error error = { "" };
    (void)state;
    write_small("small");
    held_file f = hold_file("small");
    f.metadata[HELD_MODEL].value = "lm";
    put_file(&f, "bad");
    release_file(&f);
    assert_int_equal(open_counts(NULL, in_folder("bad"), &error), WL_BAD_FILE);
    assert_error(&error, "expected \"counts\", found \"lm\"", NULL);
}

static void any_damage_is_survived(void **state)
{
    (void)state;
    write_small("small");
    assert_survives_damage("small", NULL, open_counts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_reads_back),
        cmocka_unit_test(an_empty_matrix_reads_back),
        cmocka_unit_test(offsets_rise_from_0_to_the_entries),
        cmocka_unit_test(columns_ascend_within_their_bounds),
        cmocka_unit_test(values_are_finite),
        cmocka_unit_test(tensors_are_there_and_belong_together),
        cmocka_unit_test(of_another_kind_is_refused),
        cmocka_unit_test(any_damage_is_survived),
    };
    return cmocka_run_group_tests_name("counts_file", tests, make_folder, remove_folder);
}
