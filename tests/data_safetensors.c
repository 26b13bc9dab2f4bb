/* Reading and writing safetensors files. */
#include "data_files.h"

#include <math.h>
#include <wordloom/nn/safetensors.h>

static void write_file(const char *path, const wl_safetensors_entry *entries, int count,
                       const wl_safetensors_pair *pairs, int pair_count, const void *data,
                       size_t bytes)
{
    wl_safetensors_writer *writer;
    wl_error error = { "" };
    wl_status status =
        wl_safetensors_writer_open(&writer, path, entries, count, pairs, pair_count, &error);
    if (status) fail_msg("%s", error.text);
    for (size_t at = 0; at < bytes; at += 7) {
        size_t n = bytes - at < 7 ? bytes - at : 7;
        assert_int_equal(wl_safetensors_writer_append(writer, (const char *)data + at, n, NULL),
                         WL_OK);
    }
    assert_int_equal(wl_safetensors_writer_commit(writer, NULL), WL_OK);
    wl_safetensors_writer_close(writer);
}

/* A file with this header (padded with nothing) and so many bytes 0, 1, 2... behind it. */
static const char *raw_file(const char *header, size_t bytes)
{
    const char *path = in_folder("raw.safetensors");
    uint64_t length = strlen(header);
    char *all = malloc(8 + length + bytes);
    memcpy(all, &length, 8);
    memcpy(all + 8, header, length);
    for (size_t i = 0; i < bytes; i++) all[8 + length + i] = (char)i;
    write_bytes(path, all, 8 + length + bytes);
    free(all);
    return path;
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    const char *path = in_folder("all.safetensors");
    static const wl_safetensors_entry entries[] = {
        { "wide", WL_F64, 1, { 1 } },     { "b/\"\\\n\xc3\xa9", WL_F32, 2, { 2, 3 } },
        { "scalar", WL_I64, 0, { 0 } },   { "none", WL_F16, 3, { 4, 0, 2 } },
        { "words", WL_U8, 1, { 5 } },     { "deep", WL_I32, 8, { 1, 1, 1, 1, 1, 1, 1, 2 } },
        { "half", WL_BF16, 2, { 1, 1 } },
    };
    static const wl_safetensors_pair pairs[] = { { "format", "wordloom" },
                                                 { "config", "{\"dim\": 100}" },
                                                 { "", "\x01\xe2\x82\xac" } };
    char data[8 + 24 + 8 + 5 + 8 + 2];
    for (size_t i = 0; i < sizeof data; i++) data[i] = (char)(i * 5);
    write_file(path, entries, 7, pairs, 3, data, sizeof data);
    wl_safetensors *file;
    assert_int_equal(wl_safetensors_open(&file, path, NULL), WL_OK);
    assert_string_equal(wl_safetensors_name(file), path);
    assert_int_equal(wl_safetensors_count(file), 7);
    for (int i = 0; i < 3; i++)
        assert_string_equal(wl_safetensors_metadata(file, pairs[i].key), pairs[i].value);
    assert_null(wl_safetensors_metadata(file, "absent"));
    int64_t at = 0;
    for (int i = 0; i < 7; i++) {
        const wl_safetensor *tensor = wl_safetensors_find(file, entries[i].name);
        assert_non_null(tensor);
        assert_string_equal(tensor->name, entries[i].name);
        assert_int_equal(tensor->dtype, entries[i].dtype);
        assert_int_equal(tensor->ndim, entries[i].ndim);
        assert_memory_equal(tensor->shape, entries[i].shape, sizeof tensor->shape);
        char bytes[24];
        assert_int_equal(wl_safetensors_read(file, tensor, bytes, NULL), WL_OK);
        assert_memory_equal(bytes, data + at, (size_t)tensor->bytes);
        at += tensor->bytes;
    }
    assert_int_equal(at, sizeof data);
    assert_int_equal(wl_safetensors_at(file, 0)->offset % 8, 0);
    assert_string_equal(wl_safetensors_at(file, 0)->dtype_name, "F64");
    assert_null(wl_safetensors_at(file, 7));
    assert_null(wl_safetensors_at(file, -1));
    assert_null(wl_safetensors_find(file, "absent"));
    wl_safetensors_close(file);
    wl_safetensors_close(NULL);
}

static void a_file_may_hold_nothing(void **state)
{
    (void)state;
    const char *path = in_folder("empty.safetensors");
    wl_safetensors *file;
    write_file(path, NULL, 0, NULL, 0, NULL, 0);
    assert_int_equal(wl_safetensors_open(&file, path, NULL), WL_OK);
    assert_int_equal(wl_safetensors_count(file), 0);
    assert_null(wl_safetensors_find(file, "a"));
    assert_null(wl_safetensors_metadata(file, "a"));
    wl_safetensors_close(file);
}

/* As the reference implementation accepts: order of the header, white space, tensors without
 * bytes at any border, element types that wordloom does not know. */
static void headers_of_others_are_read(void **state)
{
    (void)state;
    wl_safetensors *file;
    const char *path =
        raw_file("{ \"b\":{\"shape\":[2] ,\"data_offsets\":[4,8],\"dtype\":\"F16\"},\n"
                 "\"a\" : {\"dtype\":\"I8\",\"shape\":[4],\"data_offsets\":[0,4]},"
                 "\"z\":{\"dtype\":\"F32\",\"shape\":[0,7],\"data_offsets\":[4,4]},"
                 "\"four\":{\"dtype\":\"F4\",\"shape\":[2,3],\"data_offsets\":[8,11]},"
                 "\"__metadata__\":{\"k\\u00e9y\":\"\\ud83d\\ude42\"}}   \n",
                 11);
    wl_error error;
    if (wl_safetensors_open(&file, path, &error)) fail_msg("%s", error.text);
    static const char *const order[] = { "a", "z", "b", "four" };
    for (int i = 0; i < 4; i++) assert_string_equal(wl_safetensors_at(file, i)->name, order[i]);
    assert_int_equal(wl_safetensors_find(file, "a")->dtype, 0);
    assert_string_equal(wl_safetensors_find(file, "a")->dtype_name, "I8");
    assert_int_equal(wl_safetensors_find(file, "b")->dtype, WL_F16);
    assert_string_equal(wl_safetensors_metadata(file, "k\xc3\xa9y"), "\xf0\x9f\x99\x82");
    wl_safetensors_close(file);
}

static void bad_headers_are_told(void **state)
{
    (void)state;
#define T(name, dtype, shape, offsets)                                                             \
    "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"
    static const struct {
        const char *header;
        size_t bytes;
        const char *place, *expected;
    } bad[] = {
        { "", 0, "byte 8", "expected { at the start of the header" },
        { " {}", 0, "byte 8", "found 0x20" },
        { "[]", 0, "byte 8", "found 0x5b" },
        { "{", 0, "byte 9", "found the end of the header" },
        { "{}x", 0, "byte 10", "expected the end of the header, found 0x78" },
        { "{}", 3, "byte 10", "found 3 more bytes" },
        { "{,}", 0, "byte 9", "expected the name of a tensor" },
        { "{\"a\"}", 0, "byte 12", "expected a colon" },
        { "{\"a\":1}", 0, "byte 13", "the description of a tensor" },
        { "{\"a\":{}}", 0, "tensor a", "expected dtype (a string), shape and data_offsets" },
        { "{\"a\":{\"dtype\":\"F32\"", 0, "byte ", "bad JSON" },
        { "{\"a\\u0000\":1}", 0, "byte ", "bad JSON" },
        { "{\"\xff\":1}", 0, "byte ", "unable to decode byte 0xff" },
        { "{" T("a", "F33", "[1]", "[0,4]") "}", 4, "tensor a", "expected a dtype" },
        { "{" T("a", "F32", "[1]", "[0,4],\"x\":1") "}", 4, "tensor a", "and no more" },
        { "{" T("a", "F32", "[1]", "[0,4],\"shape\":[1]") "}", 4, "byte ", "duplicate" },
        { "{" T("a", "F32", "1", "[0,4]") "}", 4, "tensor a", "expected a shape" },
        { "{" T("a", "F32", "[-1]", "[0,4]") "}", 4, "tensor a", "expected a shape" },
        { "{" T("a", "F32", "[1.0]", "[0,4]") "}", 4, "tensor a", "expected a shape" },
        { "{" T("a", "F32", "[1,1,1,1,1,1,1,1,1]", "[0,4]") "}", 4, "tensor a", "of up to 8" },
        { "{" T("a", "F32", "[18446744073709551616]", "[0,4]") "}", 4, "byte ", "bad JSON" },
        { "{" T("a", "F32", "[2]", "[0,4]") "}", 4, "tensor a", "found a span of 4 bytes" },
        { "{" T("a", "F4", "[1]", "[0,1]") "}", 1, "tensor a", "found a span of 1 bytes" },
        /* products that overflow to 4, to 0, and past 2^63 with the element size only */
        { "{" T("a", "U8", "[4611686018427387905,4]", "[0,4]") "}", 4, "tensor a", "span" },
        { "{" T("a", "F32", "[4294967296,4294967296]", "[0,0]") "}", 0, "tensor a", "span" },
        { "{" T("a", "F64", "[2305843009213693952]", "[0,0]") "}", 0, "tensor a", "span" },
        { "{" T("a", "F32", "[1]", "[4,0]") "}", 4, "tensor a", "expected data_offsets" },
        { "{" T("a", "F32", "[1]", "[-4,0]") "}", 4, "tensor a", "expected data_offsets" },
        { "{" T("a", "F32", "[1]", "[0]") "}", 4, "tensor a", "expected data_offsets" },
        { "{" T("a", "F32", "[1]", "[0,4,8]") "}", 4, "tensor a", "expected data_offsets" },
        { "{" T("a", "F32", "[1]", "[0,\"4\"]") "}", 4, "tensor a", "expected data_offsets" },
        { "{" T("a", "F32", "[1]", "[1,5]") "}", 5, "tensor a", "begin at 0" },
        { "{" T("a", "F32", "[1]", "[0,4]") "}", 3, "tensor a", "within the 3 bytes" },
        { "{" T("a", "F32", "[1]", "[0,4]") "}", 5, "byte ", "found 1 more bytes" },
        { "{" T("a", "U8", "[9223372036854775807]", "[0,9223372036854775807]") "}", 4, "tensor a",
          "span" },
        { "{" T("a", "U8", "[4]", "[0,4]") "," T("b", "U8", "[4]", "[5,9]") "}", 9, "tensor b",
          "begin at 4" },
        { "{" T("a", "U8", "[4]", "[0,4]") "," T("b", "U8", "[4]", "[3,7]") "}", 7, "tensor b",
          "begin at 4" },
        { "{" T("a", "U8", "[4]", "[0,4]") "," T("b", "U8", "[4]", "[0,4]") "}", 4, "tensor b",
          "begin at 4" },
        { "{" T("a", "U8", "[4]", "[0,4]") "," T("z", "U8", "[0]", "[2,2]") "}", 4, "tensor z",
          "begin at 4" },
        { "{" T("a", "U8", "[1]", "[0,1]") "," T("a", "U8", "[1]", "[1,2]") "}", 2, "tensor a",
          "expected each name once" },
        { "{" T("a", "U8", "[1]", "[0,1]") ",}", 1, "byte ", "expected the name of a tensor" },
        { "{" T("a", "U8", "[1]", "[0,1]") ";}", 1, "byte ", "expected a comma or }" },
        { "{\"__metadata__\":[]}", 0, "byte 24", "expected { after __metadata__" },
        { "{\"__metadata__\":{\"a\":1}}", 0, "byte 29", "expected a string of __metadata__" },
        { "{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}}", 0, "__metadata__ a", "each key once" },
        { "{\"__metadata__\":{},\"__metadata__\":{}}", 0, "byte ", "expected __metadata__ once" },
        { "{\"__metadata__\":{\"a\":\"1\"", 0, "byte ", "expected a comma or } in __metadata__" },
    };
#undef T
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *path = raw_file(bad[i].header, bad[i].bytes);
        wl_safetensors *file;
        wl_error error = { "" };
        wl_status status = wl_safetensors_open(&file, path, &error);
        if (status != WL_BAD_FILE) fail_msg("%s: %d %s", bad[i].header, status, error.text);
        assert_null(file);
        assert_error(&error, path, bad[i].place, bad[i].expected, NULL);
    }
}

static void a_header_longer_than_the_file_is_refused(void **state)
{
    (void)state;
    const char *path = in_folder("long.safetensors");
    static const uint64_t lengths[] = { 3, 100000001, 1ull << 32, 1ull << 63, UINT64_MAX };
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        char bytes[10] = "________{}";
        memcpy(bytes, &lengths[i], 8);
        write_bytes(path, bytes, sizeof bytes);
        wl_safetensors *file;
        wl_error error;
        assert_int_equal(wl_safetensors_open(&file, path, &error), WL_BAD_FILE);
        assert_error(&error, path, "byte 0", "within the 2 that follow", NULL);
    }
    write_bytes(path, "1234567", 7);
    wl_safetensors *file;
    wl_error error;
    assert_int_equal(wl_safetensors_open(&file, path, &error), WL_BAD_FILE);
    assert_error(&error, path, "byte 0", "expected 8 more bytes", NULL);
}

static void our_own_limits_are_told(void **state)
{
    (void)state;
    enum { N = 2 << 20 };
    char *header = malloc(N + 100);
    memset(header, ' ', N + 100);
    memcpy(header, "{\"a\":{", 6);
    strcpy(header + N, "}}");
    wl_safetensors *file;
    wl_error error;
    assert_int_equal(wl_safetensors_open(&file, raw_file(header, 0), &error), WL_BAD_FILE);
    assert_error(&error, "byte 13", "the description of a tensor of at most 65536 bytes", NULL);
    memset(header, 'x', N);
    memcpy(header, "{\"", 2);
    strcpy(header + N, "\":1}");
    assert_int_equal(wl_safetensors_open(&file, raw_file(header, 0), &error), WL_BAD_FILE);
    assert_error(&error, "byte 9", "at most 1048576 bytes", NULL);
    free(header);
}

static void every_float_type_becomes_float(void **state)
{
    (void)state;
    /* zero, minus zero, one, the smallest and greatest subnormal, the smallest and greatest
     * normal number, infinity, NaN */
    static const uint16_t f16[] = { 0, 0x8000, 0x3c00, 1, 0x83ff, 0x400, 0x7bff, 0xfc00, 0x7e00 };
    static const float from_f16[] = { 0,        -0.0f, 1,         0x1p-24f, -1023 * 0x1p-24f,
                                      0x1p-14f, 65504, -INFINITY, NAN };
    static const uint16_t bf16[] = { 0, 0x8000, 0x3f80, 1, 0x807f, 0x80, 0x7f7f, 0xff80, 0x7fc0 };
    static const float from_bf16[] = {
        0, -0.0f, 1, 0x1p-133f, -127 * 0x1p-133f, 0x1p-126f, 0x1.fep127f, -INFINITY, NAN
    };
    static const double f64[] = { 0, -0.0, 1, 0x1p-149, 1e-60, 0.1, 1e39, -INFINITY, NAN };
    static const float from_f64[] = { 0, -0.0f, 1, 0x1p-149f, 0, 0.1f, INFINITY, -INFINITY, NAN };
    static const wl_safetensors_entry entries[] = { { "f64", WL_F64, 2, { 3, 3 } },
                                                    { "f32", WL_F32, 1, { 9 } },
                                                    { "f16", WL_F16, 1, { 9 } },
                                                    { "bf16", WL_BF16, 1, { 9 } },
                                                    { "i32", WL_I32, 1, { 0 } } };
    const float *const expected[] = { from_f64, from_f64, from_f16, from_bf16 };
    char data[9 * (8 + 4 + 2 + 2)];
    memcpy(data, f64, 72);
    memcpy(data + 72, from_f64, 36);
    memcpy(data + 108, f16, 18);
    memcpy(data + 126, bf16, 18);
    const char *path = in_folder("types.safetensors");
    write_file(path, entries, 5, NULL, 0, data, sizeof data);
    wl_safetensors *file;
    wl_error error;
    float found[9];
    assert_int_equal(wl_safetensors_open(&file, path, NULL), WL_OK);
    for (int i = 0; i < 4; i++) {
        const wl_safetensor *tensor = wl_safetensors_find(file, entries[i].name);
        assert_int_equal(wl_safetensors_elements(tensor), 9);
        assert_int_equal(wl_safetensors_read_f32(file, tensor, found, &error), WL_OK);
        assert_memory_equal(found, expected[i], 8 * sizeof *found);
        assert_true(isnan(found[8]));
    }
    assert_int_equal(wl_safetensors_read_f32(file, wl_safetensors_find(file, "i32"), found, &error),
                     WL_BAD_FILE);
    assert_error(&error, path, "tensor i32", "expected F32, F16, BF16 or F64, found I32", NULL);
    wl_safetensors_close(file);
}

/* Every one of the 65536 halves is what its three fields say. */
static void every_half_is_read_exactly(void **state)
{
    (void)state;
    enum { N = 65536 };
    const char *path = in_folder("halves.safetensors");
    static const wl_safetensors_entry entry = { "h", WL_F16, 1, { N } };
    uint16_t *halves = malloc(N * sizeof *halves);
    float *found = malloc(N * sizeof *found);
    for (int i = 0; i < N; i++) halves[i] = (uint16_t)i;
    write_file(path, &entry, 1, NULL, 0, halves, N * sizeof *halves);
    wl_safetensors *file;
    assert_int_equal(wl_safetensors_open(&file, path, NULL), WL_OK);
    assert_int_equal(wl_safetensors_read_f32(file, wl_safetensors_at(file, 0), found, NULL), WL_OK);
    for (int i = 0; i < N; i++) {
        int exponent = i >> 10 & 31, mantissa = i & 1023;
        double value = exponent ? ldexp(1024 + mantissa, exponent - 25) : ldexp(mantissa, -24);
        if (exponent == 31 && mantissa)
            assert_true(isnan(found[i]));
        else if (exponent == 31)
            assert_true(isinf(found[i]));
        else if (fabs((double)found[i]) != value)
            fail_msg("half 0x%04x", i);
        assert_int_equal(!!signbit(found[i]), i >> 15);
    }
    wl_safetensors_close(file);
    free(found);
    free(halves);
}

static void what_cannot_be_read_back_is_not_written(void **state)
{
    (void)state;
    static const struct {
        wl_safetensors_entry entries[2];
        const char *told;
    } bad[] = {
        { { { "a", WL_F32, 1, { 1 } }, { "a", WL_F32, 1, { 1 } } }, "tensor a: expected a name" },
        { { { "b", WL_F32, 1, { 1 } }, { "", WL_F32, 1, { 1 } } }, "expected a name" },
        { { { "b", WL_F32, 1, { 1 } }, { "__metadata__", WL_F32, 1, { 1 } } }, "expected a name" },
        { { { "b", WL_F32, 1, { 1 } }, { "\xff", WL_F32, 1, { 1 } } }, "expected UTF-8" },
        { { { "b", 0, 1, { 1 } }, { "c", WL_F32, 1, { 1 } } }, "tensor b: expected a wl_dtype" },
        { { { "b", WL_F32, 9, { 1 } }, { "c", WL_F32, 1, { 1 } } }, "tensor b: expected" },
        { { { "b", WL_F32, 1, { -1 } }, { "c", WL_F32, 1, { 1 } } }, "tensor b: expected" },
        { { { "b", WL_F32, 2, { 1ll << 40, 1ll << 40 } }, { "c", WL_F32, 1, { 1 } } }, "tensor b" },
        { { { "b", WL_U8, 1, { 1ll << 59 } }, { "c", WL_U8, 1, { 1ll << 62 } } }, "tensor c" },
    };
    const char *path = in_folder("unwritten.safetensors");
    wl_safetensors_writer *writer;
    wl_error error;
    int files = files_in_folder();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(
            wl_safetensors_writer_open(&writer, path, bad[i].entries, 2, NULL, 0, &error),
            WL_OUT_OF_RANGE);
        assert_null(writer);
        assert_error(&error, path, bad[i].told, NULL);
    }
    static const wl_safetensors_pair twice[] = { { "k", "1" }, { "k", "2" } };
    assert_int_equal(wl_safetensors_writer_open(&writer, path, NULL, 0, twice, 2, &error),
                     WL_OUT_OF_RANGE);
    assert_error(&error, path, "__metadata__ k", NULL);
    char *longer = malloc((1 << 20) + 1);
    memset(longer, 'x', 1 << 20);
    longer[1 << 20] = 0;
    wl_safetensors_pair pair = { "k", longer };
    assert_int_equal(wl_safetensors_writer_open(&writer, path, NULL, 0, &pair, 1, &error),
                     WL_OUT_OF_RANGE);
    assert_error(&error, path, "at most 1048576 bytes", NULL);
    free(longer);
    assert_int_equal(files_in_folder(), files);
}

static void too_many_or_too_few_bytes_leave_the_old_file(void **state)
{
    (void)state;
    const char *path = in_folder("kept.safetensors");
    static const wl_safetensors_entry entry = { "a", WL_U8, 1, { 4 } };
    write_file(path, &entry, 1, NULL, 0, "old!", 4);
    int files = files_in_folder();
    wl_safetensors_writer *writer;
    wl_error error;
    assert_int_equal(wl_safetensors_writer_open(&writer, path, &entry, 1, NULL, 0, &error), WL_OK);
    assert_int_equal(wl_safetensors_writer_append(writer, "abc", 3, &error), WL_OK);
    assert_int_equal(wl_safetensors_writer_append(writer, "de", 2, &error), WL_OUT_OF_RANGE);
    assert_error(&error, path, "expected 4 bytes of tensors in all, found at least 1 more", NULL);
    assert_int_equal(wl_safetensors_writer_commit(writer, &error), WL_OUT_OF_RANGE);
    assert_error(&error, path, "expected 4 bytes of tensors, found 3", NULL);
    wl_safetensors_writer_close(writer);
    wl_safetensors_writer_close(NULL);
    wl_safetensors *file;
    char bytes[5] = "";
    assert_int_equal(wl_safetensors_open(&file, path, NULL), WL_OK);
    assert_int_equal(wl_safetensors_read(file, wl_safetensors_at(file, 0), bytes, NULL), WL_OK);
    assert_string_equal(bytes, "old!");
    wl_safetensors_close(file);
    assert_int_equal(files_in_folder(), files);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(a_file_may_hold_nothing),
        cmocka_unit_test(headers_of_others_are_read),
        cmocka_unit_test(bad_headers_are_told),
        cmocka_unit_test(a_header_longer_than_the_file_is_refused),
        cmocka_unit_test(our_own_limits_are_told),
        cmocka_unit_test(every_float_type_becomes_float),
        cmocka_unit_test(every_half_is_read_exactly),
        cmocka_unit_test(what_cannot_be_read_back_is_not_written),
        cmocka_unit_test(too_many_or_too_few_bytes_leave_the_old_file),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
