/* Subwords: fastText's n-grams, its models as it wrote them, vectors of words that it does not
 * know, and all of that in safetensors. */
#include "data_tables.h"

#include <math.h>
#include <wordloom/nn/safetensors.h>

/* Numbers by gensim's compute_ngrams_bytes and ft_hash_bytes, another copy of fastText's rules. */
static void ngrams_have_the_numbers_of_fasttext(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        wl_subword subword;
        int32_t rows[16];
    } cases[] = {
        { "cat", { 3, 6, 2000000 }, { 916747, 1988973, 1428137, 289031, 1127995, 351106, -1 } },
        { "\xc3\xa9t\xc3\xa9",
          { 3, 6, 2000000 },
          { 1908133, 59617, 999949, 187927, 196363, 1291535, -1 } },
        { "\xe6\x9d\xb1\xe4\xba\xac", { 3, 6, 2000000 }, { 473661, 106169, 163715, -1 } },
        { "\xd0\xba\xd0\xbe\xd1\x88\xd0\xba\xd0\xb0",
          { 3, 6, 2000000 },
          { 469847, 1862926, 807872, 222976, 17888, 467486, 959502, 137616, 1444044, 321324, 791766,
            1688490, 1108860, 933339, -1 } },
        { "a", { 3, 6, 2000000 }, { 1087600, -1 } },
        { "cat", { 1, 2, 1000 }, { 512, 458, 945, 220, 136, 267, 615, -1 } },
        { "cat", { 0, 2, 1000 }, { 512, 458, 945, 220, 136, 267, 615, -1 } },
        { "\xc3\xa9t\xc3\xa9", { 1, 2, 1000 }, { 627, 777, 975, 267, 387, 777, 781, -1 } },
        { "a", { 1, 2, 1000 }, { 750, 220, 806, -1 } },
        { "cat", { 3, 2, 1000 }, { -1 } },
        { "cat", { 0, 0, 1000 }, { -1 } },
        { "cat", { 6, 9, 1000 }, { -1 } },
        { "cat", { 0 }, { -1 } },
        { "</s>", { 1, 6, 1000 }, { -1 } },
        { "cat", { 3, 6, 1 }, { 0, 0, 0, 0, 0, 0, -1 } },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int32_t rows[20], n = 0;
        const char *word = cases[i].word;
        while (cases[i].rows[n] >= 0) n++;
        assert_int_equal(wl_subword_rows(&cases[i].subword, word, strlen(word), rows, 20), n);
        for (int k = 0; k < n; k++)
            if (rows[k] != cases[i].rows[k]) fail_msg("%s: %d: %d", word, k, rows[k]);
        rows[1] = -7;
        assert_int_equal(wl_subword_rows(&cases[i].subword, word, strlen(word), rows, 1), n);
        assert_int_equal(rows[1], -7);
        assert_int_equal(wl_subword_rows(&cases[i].subword, word, strlen(word), NULL, 0), n);
    }
}

/* Bytes that begin in the middle of a character, and the empty word. */
static void ngrams_of_any_bytes_are_borne(void **state)
{
    (void)state;
    static const wl_subword all = { 1, 4, 100 };
    int32_t rows[8];
    assert_int_equal(wl_subword_rows(&all, "", 0, rows, 8), 1); /* <> */
    assert_int_equal(wl_subword_rows(&all, "\x80", 1, rows, 8), 1);
    assert_int_equal(wl_subword_rows(&all, "\xe6\x9d", 2, rows, 8), 4); /* as of one character */
    assert_int_equal(wl_subword_rows(&all, "\xff", 1, rows, 8), 4);
}

/* Whether the value is what fastText prints with five significant digits. */
static int prints_as(float value, const char *text)
{
    char ours[32];
    snprintf(ours, sizeof ours, "%.5g", (double)value);
    return strcmp(ours, text) == 0;
}

/* The next of the words of a text that is taken apart, or null. */
static char *next(char **rest) { return strtok_r(NULL, " \n", rest); }

static void assert_row(const float *row, int64_t D, char **rest, const char *word)
{
    for (int64_t d = 0; d < D; d++) {
        const char *number = next(rest);
        if (!prints_as(row[d], number)) fail_msg("%s: %.9g, %s", word, (double)row[d], number);
    }
}

static void a_model_of_fasttext_loads_with_equal_vectors(void **state)
{
    (void)state;
    size_t length;
    wl_vectors *v = load(in_files("fasttext.bin"));
    char *text = read_bytes(in_files("fasttext.vec"), &length), *rest;
    assert_int_equal(v->V, atoi(strtok_r(text, " \n", &rest)));
    assert_int_equal(v->D, atoi(next(&rest)));
    for (int64_t id = 0; id < v->V; id++) {
        const char *word = next(&rest);
        assert_int_equal(wl_vocabulary_find(v->words, word, strlen(word)), id);
        assert_row(v->table + id * v->D, v->D, &rest, word);
    }
    assert_null(next(&rest));
    free(text);
    assert_true(v->subword.min == 1 && v->subword.max == 4 && v->subword.buckets == 40);
    assert_non_null(v->output);
    assert_int_equal(wl_vocabulary_count(v->words, wl_vocabulary_find(v->words, "the", 3)), 5);
    assert_int_equal(wl_vocabulary_count(v->words, wl_vocabulary_find(v->words, "</s>", 4)), 4);
    wl_vectors_destroy(v);
}

static void unknown_words_have_the_vectors_of_fasttext(void **state)
{
    (void)state;
    size_t length;
    wl_vectors *v = load(in_files("fasttext.bin"));
    char *text = read_bytes(in_files("fasttext.oov"), &length), *rest;
    int unknown = 0;
    float row[4];
    for (char *word = strtok_r(text, " \n", &rest); word; word = next(&rest)) {
        wl_error error = { "" };
        if (wl_vectors_compose(v, word, strlen(word), row, &error)) fail_msg("%s", error.text);
        unknown += wl_vocabulary_find(v->words, word, strlen(word)) < 0;
        assert_row(row, v->D, &rest, word);
    }
    assert_int_equal(unknown, 8);
    free(text);
    wl_vectors_destroy(v);
}

/* Lines "WORD NGRAM numbers", of which a word's first is its own row where it is known. */
static void the_rows_of_ngrams_are_those_of_fasttext(void **state)
{
    (void)state;
    size_t length;
    wl_vectors *v = load(in_files("fasttext.bin"));
    char *text = read_bytes(in_files("fasttext.ngrams"), &length), *rest, last[16] = "";
    int32_t rows[64];
    int64_t at = 0, count = 0;
    for (char *word = strtok_r(text, " \n", &rest); word; word = next(&rest)) {
        int64_t id = wl_vocabulary_find(v->words, word, strlen(word));
        next(&rest);
        if (strcmp(word, last) != 0) {
            assert_int_equal(at, count);
            snprintf(last, sizeof last, "%s", word);
            count = wl_subword_rows(&v->subword, word, strlen(word), rows, 64);
            at = id < 0 ? 0 : -1;
        }
        const float *row = at < 0 ? v->own + id * v->D : v->subwords + rows[at] * v->D;
        assert_row(row, v->D, &rest, word);
        at++;
    }
    assert_int_equal(at, count);
    free(text);
    wl_vectors_destroy(v);
}

static void ngrams_survive_safetensors_bit_for_bit(void **state)
{
    (void)state;
    const char *path = in_folder("subword.safetensors");
    wl_error error = { "" };
    wl_vectors *v = load(in_files("fasttext.bin"));
    for (int own = 1; own >= 0; own--) {
        if (wl_vectors_write(v, path, WL_VECTORS_SAFETENSORS, &error)) fail_msg("%s", error.text);
        wl_vectors *copy = load(path);
        size_t row = (size_t)v->D * sizeof(float);
        assert_same(copy, v);
        assert_memory_equal(&copy->subword, &v->subword, sizeof v->subword);
        assert_memory_equal(copy->subwords, v->subwords, 40 * row);
        assert_memory_equal(copy->output, v->output, (size_t)v->V * row);
        if (own) assert_memory_equal(copy->own, v->own, (size_t)v->V * row);
        if (!own) assert_null(copy->own);
        wl_vectors_destroy(copy);
        free(v->own);
        v->own = NULL;
    }
    wl_vectors_destroy(v);
}

static void what_cannot_be_composed_is_out_of_range(void **state)
{
    (void)state;
    float row[4] = { 1, 1, 1, 1 };
    wl_error error;
    wl_vectors *v = load(in_files("fasttext.bin")), *plain = make(words, 2, 2);
    v->subword.min = v->subword.max = 4;
    assert_int_equal(wl_vectors_compose(v, "z", 1, row, &error), WL_OUT_OF_RANGE);
    assert_error(&error, "n-grams of 4 to 4 characters, found \"z\"", NULL);
    for (int d = 0; d < 4; d++) assert_true(row[d] == 0);
    assert_int_equal(wl_vectors_compose(plain, "z", 1, row, &error), WL_OUT_OF_RANGE);
    assert_error(&error, "have no n-grams, found \"z\"", NULL);
    assert_int_equal(wl_vectors_compose(plain, "the", 3, row, &error), WL_OK);
    plain->subword = (wl_subword){ 3, 6, 10 };
    assert_int_equal(
        wl_vectors_write(plain, in_folder("unwritten"), WL_VECTORS_SAFETENSORS, &error),
        WL_OUT_OF_RANGE);
    assert_error(&error, "10 buckets without rows", NULL);
    assert_int_equal(wl_vectors_write(v, in_folder("unwritten"), WL_VECTORS_FASTTEXT, &error),
                     WL_OUT_OF_RANGE);
    wl_vectors_destroy(v);
    wl_vectors_destroy(plain);
}

static void bad_ngrams_in_safetensors_are_told(void **state)
{
    (void)state;
    static const struct {
        const char *range;
        int64_t rows, columns, own; /* 0: no such tensor */
        const char *told;
    } bad[] = {
        { NULL, 2, 1, 0, "__metadata__ subword: expected \"MIN-MAX\"" },
        { "3", 2, 1, 0, "found \"3\"" },
        { "3-", 2, 1, 0, "found \"3-\"" },
        { "-6", 2, 1, 0, "found \"-6\"" },
        { "3-6 ", 2, 1, 0, "found \"3-6 \"" },
        { "3-65", 2, 1, 0, "found \"3-65\"" },
        { "3-6", 0, 0, 0, "expected a tensor subword.weight" },
        { "3-6", 2, 2, 0, "tensor subword.weight: expected the shape [2,1], found [2,2]" },
        { "3-6", 2, 1, 2, "tensor subword.own: expected the shape [1,1], found [2,1]" },
    };
    static const float ones[8] = { 1, 1, 1, 1 };
    const char *path = in_folder("bad.safetensors");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        wl_safetensors_entry entries[4] = { { "embedding.weight", WL_F32, 2, { 1, 1 } } };
        wl_safetensors_pair pairs[] = { { "format", "wordloom" },
                                        { "model", "word2vec" },
                                        { "subword", bad[i].range } };
        wl_safetensors_writer *writer;
        int64_t n = 1, all = 1 + bad[i].rows * bad[i].columns + bad[i].own;
        if (bad[i].rows)
            entries[n++] = (wl_safetensors_entry){
                "subword.weight", WL_F32, 2, { bad[i].rows, bad[i].columns }
            };
        if (bad[i].own)
            entries[n++] = (wl_safetensors_entry){ "subword.own", WL_F32, 2, { bad[i].own, 1 } };
        entries[n++] = (wl_safetensors_entry){ "vocabulary", WL_U8, 1, { 2 } };
        assert_int_equal(wl_safetensors_writer_open(&writer, path, entries, n, pairs,
                                                    bad[i].range ? 3 : 2, NULL),
                         WL_OK);
        wl_safetensors_writer_append(writer, ones, (size_t)all * sizeof *ones, NULL);
        wl_safetensors_writer_append(writer, "a\n", 2, NULL);
        assert_int_equal(wl_safetensors_writer_commit(writer, NULL), WL_OK);
        wl_safetensors_writer_close(writer);
        assert_bad(path, (wl_vectors_format)0, bad[i].told, NULL);
    }
}

/* Where what lies in fasttext.bin, whose words begin at byte 92. */
enum { VERSION = 4, DIM = 8, LOSS = 32, MODEL = 36, BUCKET = 40, MINN = 44, MAXN = 48 };
enum { SIZE = 64, LABELS = 72, PRUNED = 84, ENTRIES = 92 };

static size_t input_at(const char *bytes)
{
    size_t at = ENTRIES;
    for (int i = 0; i < 12; i++) at += strlen(bytes + at) + 1 + 9;
    return at;
}

static void bad_models_of_fasttext_are_told_by_byte(void **state)
{
    (void)state;
    size_t length;
    const char *path = in_folder("bad.bin");
    char *bytes = read_bytes(in_files("fasttext.bin"), &length);
    const size_t input = input_at(bytes), output = input + 17 + (12 + 40) * 16;
    const struct {
        size_t at;
        char to;
        const char *place, *told;
    } bad[] = {
        { VERSION, 10, "byte 4", "version 11 or 12" },
        { DIM, 0, "byte 8", "dimensions, at least 1" },
        { DIM, 5, "byte ", "as many columns as dimensions, found 4" },
        { LOSS, 9, "byte 32", "a loss" },
        { MODEL, 4, "byte 36", "a model" },
        { BUCKET, 39, "byte ", "one row for each word and bucket, found 52" },
        { MAXN, 65, "byte 48", "n-grams" },
        { SIZE, 13, "byte 64", "found 13" },
        { SIZE + 3, 1, "byte 64", "found 16777228" },
        { LABELS, -1, "byte 64", "found 12" },
        { PRUNED, 3, "byte 84", "neither pruned nor quantised" },
        { ENTRIES + 4 + 7, -1, "byte 96", "a count" },
        { ENTRIES + 4 + 8, 1, "byte 104", "0, a word" },
        { input, 1, "byte ", "not quantised" },
        { output, 1, "byte ", "not quantised" },
        { input + 1, 51, "byte ", "one row for each word and bucket, found 51" },
        { input + 6, 1, "byte ", "no more rows than the file has bytes for" },
        { output + 1, 11, "byte ", "one row for each word, found 11" },
    };
    assert_int_equal(output + 17 + 12 * 16, length);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char *copy = malloc(length);
        memcpy(copy, bytes, length);
        copy[bad[i].at] = bad[i].to;
        if (bad[i].at == PRUNED) memset(copy + PRUNED + 1, 0, 7);
        write_bytes(path, copy, length);
        assert_bad(path, (wl_vectors_format)0, bad[i].place, bad[i].told);
        free(copy);
    }
    write_bytes(path, bytes, length - 1);
    assert_bad(path, (wl_vectors_format)0, "byte ", "no more rows than the file has bytes for");
    bytes = realloc(bytes, length + 1);
    write_bytes(path, bytes, length + 1);
    assert_bad(path, (wl_vectors_format)0, "byte ", "the end of the file, found 1 more bytes");
    free(bytes);
}

/* As supervised models and those without n-grams have it. */
static void models_without_ngrams_have_the_rows_of_their_words(void **state)
{
    (void)state;
    size_t length;
    const char *path = in_folder("plain.bin");
    char *bytes = read_bytes(in_files("fasttext.bin"), &length);
    const size_t input = input_at(bytes);
    for (int i = 0; i < 3; i++) {
        char *copy = malloc(length);
        memcpy(copy, bytes, length);
        if (i == 0) copy[MAXN] = 0;
        if (i == 1) memset(copy + PRUNED, 0, 8);
        if (i == 2) copy[VERSION] = 11, copy[MODEL] = 3;
        write_bytes(path, copy, length);
        free(copy);
        wl_vectors *v = load(path);
        assert_memory_equal(v->table, bytes + input + 17, 12 * 16);
        assert_null(v->subwords);
        assert_null(v->own);
        assert_int_equal(v->subword.buckets, 0);
        assert_int_equal(v->output == NULL, i == 2);
        wl_vectors_destroy(v);
    }
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ngrams_have_the_numbers_of_fasttext),
        cmocka_unit_test(ngrams_of_any_bytes_are_borne),
        cmocka_unit_test(a_model_of_fasttext_loads_with_equal_vectors),
        cmocka_unit_test(unknown_words_have_the_vectors_of_fasttext),
        cmocka_unit_test(the_rows_of_ngrams_are_those_of_fasttext),
        cmocka_unit_test(ngrams_survive_safetensors_bit_for_bit),
        cmocka_unit_test(what_cannot_be_composed_is_out_of_range),
        cmocka_unit_test(bad_ngrams_in_safetensors_are_told),
        cmocka_unit_test(bad_models_of_fasttext_are_told_by_byte),
        cmocka_unit_test(models_without_ngrams_have_the_rows_of_their_words),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
