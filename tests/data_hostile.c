/* Files that were made to do harm: each takes memory by what was read of it, not by what it says.
 */
#include "data_files.h"

#include <unistd.h>
#include <wordloom/nn/corpus.h>
#include <wordloom/nn/examples.h>
#include <wordloom/nn/safetensors.h>
#include <wordloom/nn/vectors.h>

/* The promise of every reader: this much, where it has read so many bytes of so many entries. */
static size_t promised(int64_t bytes, int64_t entries)
{
    return (size_t)(2 * bytes + 64 * entries + (16 << 20));
}

static wl_status load_vectors(const char *path)
{
    wl_vectors *vectors;
    wl_status status = wl_vectors_read(&vectors, path, 0, NULL);
    wl_vectors_destroy(vectors);
    return status;
}

static wl_status load_vocabulary(const char *path)
{
    wl_vocabulary *vocabulary;
    wl_status status = wl_vocabulary_read(&vocabulary, path, NULL);
    wl_vocabulary_destroy(vocabulary);
    return status;
}

static wl_status load_safetensors(const char *path)
{
    wl_safetensors *file;
    wl_status status = wl_safetensors_open(&file, path, NULL);
    wl_safetensors_close(file);
    return status;
}

static wl_status load_corpus(const char *path)
{
    wl_corpus *corpus;
    wl_corpus_item item = { .kind = WL_CORPUS_TOKEN };
    wl_status status = wl_corpus_open(&corpus, path, NULL);
    while (!status && item.kind != WL_CORPUS_END) status = wl_corpus_next(corpus, &item, NULL);
    wl_corpus_close(corpus);
    return status;
}

static wl_status load_examples(const char *path)
{
    wl_examples *examples;
    wl_status status = wl_examples_read(&examples, path, NULL);
    wl_examples_destroy(examples);
    return status;
}

static void assert_loads_within(wl_status (*load)(const char *path), const char *path,
                                int64_t entries, wl_status expected)
{
    size_t length;
    free(read_bytes(path, &length));
    wl_status status = with_memory(promised((int64_t)length, entries), load, path);
    if (status != expected) fail_msg("%s: status %d", path, (int)status);
    unlink(path);
}

static FILE *create(const char *path)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    return file;
}

static void a_text_that_claims_much_takes_little(void **state)
{
    (void)state;
    needs_an_address_space();
    static const char *const claims[] = {
        "1000000000000000 1000\na 1\n", "1000000000000000 1\na 1\n", "1 1000000000000000\na 1\n",
        "2147483647 1073741823\na 1\n", "3 700000000\na 1 2 3\n",
    };
    for (size_t i = 0; i < sizeof claims / sizeof *claims; i++) {
        const char *path = in_folder("claims.txt");
        write_text(path, claims[i]);
        assert_loads_within(load_vectors, path, 1, WL_BAD_FILE);
    }
}

static void a_binary_that_claims_much_takes_little(void **state)
{
    (void)state;
    needs_an_address_space();
    static const char *const claims[] = {
        "1000000000000000 1000", "1 1000000000000000", "2147483647 1073741823",
        "3 700000000",           "100000000 1",
    };
    for (size_t i = 0; i < sizeof claims / sizeof *claims; i++) {
        const char *path = in_folder("claims.bin");
        FILE *file = create(path);
        fprintf(file, "%s\na ", claims[i]);
        for (int k = 0; k < 1000; k++) fputs("\xff\x01\x02\x03", file);
        fclose(file);
        assert_loads_within(load_vectors, path, 1, WL_BAD_FILE);
    }
}

static void write_sevens(FILE *file, int V, int D)
{
    for (int v = 0; v < V; v++) {
        fprintf(file, "%d", v);
        for (int d = 0; d < D; d++) fputs(" 7", file);
        fputc('\n', file);
    }
}

/* Two bytes of text a number are the fewest there can be. */
static void a_text_of_short_numbers_takes_twice_its_size(void **state)
{
    (void)state;
    needs_an_address_space();
    enum { V = 10, D = 2000000 };
    const char *path = in_folder("short.txt");
    FILE *file = create(path);
    fprintf(file, "%d %d\n", V, D);
    write_sevens(file, V, D);
    fclose(file);
    assert_loads_within(load_vectors, path, V, WL_OK);
    file = create(path);
    write_sevens(file, V, D);
    fclose(file);
    assert_loads_within(load_vectors, path, V, WL_OK);
    file = create(path);
    write_sevens(file, 1, V * D);
    fclose(file);
    assert_loads_within(load_vectors, path, 1, WL_OK);
}

static void a_text_of_short_words_takes_64_bytes_each(void **state)
{
    (void)state;
    needs_an_address_space();
    enum { V = 1500000 };
    const char *path = in_folder("words.txt");
    FILE *file = create(path);
    fprintf(file, "%d 1\n", V);
    for (int v = 0; v < V; v++) fprintf(file, "%x 1\n", v);
    fclose(file);
    assert_loads_within(load_vectors, path, V, WL_OK);
    file = create(path);
    for (int v = 0; v < V; v++) fprintf(file, "%x 1\n", v);
    fclose(file);
    assert_loads_within(load_vocabulary, path, V, WL_OK);
}

static void one_word_without_end_takes_twice_its_size(void **state)
{
    (void)state;
    needs_an_address_space();
    enum { N = 60 << 20 };
    const char *path = in_folder("endless.txt");
    char *word = malloc(N);
    memset(word, 'w', N);
    FILE *file = create(path);
    fwrite(word, 1, N, file);
    fputs(" 1\n", file);
    fclose(file);
    assert_loads_within(load_vocabulary, path, 1, WL_OK);
    write_bytes(path, word, N);
    assert_loads_within(load_corpus, path, 1, WL_OK);
    memcpy(word, "1 1", 3);
    write_bytes(path, word, N);
    assert_loads_within(load_vectors, path, 0, WL_BAD_FILE);
    free(word);
}

/* Writes the length, the header that `print` prints, and `bytes` zeros. */
static void write_header(const char *path, void (*print)(FILE *file), int64_t bytes)
{
    FILE *file = create(path);
    uint64_t length = 0;
    fwrite(&length, 8, 1, file);
    print(file);
    length = (uint64_t)ftell(file) - 8;
    for (int64_t i = 0; i < bytes; i++) fputc(0, file);
    rewind(file);
    fwrite(&length, 8, 1, file);
    fclose(file);
}

enum { TENSORS = 300000, NESTED = 10 << 20 };

static void print_tensors(FILE *file)
{
    for (int i = 0; i < TENSORS; i++)
        fprintf(file, "%c\"%x\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[%d,%d]}",
                i ? ',' : '{', i, i, i + 1);
    fputc('}', file);
}

static void print_metadata(FILE *file)
{
    fputs("{\"__metadata__\":", file);
    for (int i = 0; i < TENSORS; i++) fprintf(file, "%c\"%x\":\"\"", i ? ',' : '{', i);
    fputs("}}", file);
}

static void print_strings(FILE *file)
{
    fputs("{\"__metadata__\":", file);
    for (int i = 0; i < 40; i++) {
        fprintf(file, "%c\"%d\":\"", i ? ',' : '{', i);
        for (int k = 0; k < (1 << 20) - 2; k++) fputc('s', file);
        fputc('"', file);
    }
    fputs("}}", file);
}

static void print_nested(FILE *file)
{
    fputs("{\"a\":{\"dtype\":[", file);
    for (int i = 0; i < NESTED / 3; i++) fputs("[],", file);
    fputs("1]}}", file);
}

static void print_deep(FILE *file)
{
    fputs("{\"a\":{\"dtype\":", file);
    for (int i = 0; i < NESTED; i++) fputc('[', file);
}

static void print_zeros(FILE *file)
{
    fputs("{\"a\":{\"shape\":[1", file);
    for (int i = 0; i < NESTED / 2; i++) fputs(",0", file);
    fputs("],\"dtype\":\"U8\",\"data_offsets\":[0,0]}}", file);
}

static void headers_take_memory_by_their_entries(void **state)
{
    (void)state;
    needs_an_address_space();
    const char *path = in_folder("headers.safetensors");
    static const struct {
        void (*print)(FILE *file);
        int64_t bytes, entries;
        wl_status status;
    } cases[] = {
        { print_tensors, TENSORS, TENSORS, WL_OK },
        { print_metadata, 0, TENSORS, WL_OK },
        { print_strings, 0, 40, WL_OK },
        { print_nested, 0, 1, WL_BAD_FILE },
        { print_deep, 0, 1, WL_BAD_FILE },
        { print_zeros, 0, 1, WL_BAD_FILE },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_header(path, cases[i].print, cases[i].bytes);
        assert_loads_within(load_safetensors, path, cases[i].entries, cases[i].status);
    }
}

static void a_length_that_claims_much_takes_little(void **state)
{
    (void)state;
    needs_an_address_space();
    const char *path = in_folder("length.safetensors");
    static const uint64_t lengths[] = { 99999999, 1ull << 63, UINT64_MAX, UINT64_MAX - 7 };
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        char bytes[] = "12345678{}                     ";
        memcpy(bytes, &lengths[i], 8);
        write_bytes(path, bytes, sizeof bytes);
        assert_loads_within(load_safetensors, path, 0, WL_BAD_FILE);
        write_bytes(path, bytes, sizeof bytes);
        assert_loads_within(load_vectors, path, 0, WL_BAD_FILE);
    }
}

static void print_half_model(FILE *file)
{
    fputs("{\"__metadata__\":{\"format\":\"wordloom\",\"model\":\"word2vec\"},"
          "\"embedding.weight\":{\"dtype\":\"BF16\",\"shape\":[1,10000000],"
          "\"data_offsets\":[2,20000002]},"
          "\"vocabulary\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]}}",
          file);
}

static void half_precision_takes_twice_its_size(void **state)
{
    (void)state;
    needs_an_address_space();
    const char *path = in_folder("half.safetensors");
    write_header(path, print_half_model, 20000002);
    size_t length;
    char *bytes = read_bytes(path, &length);
    memcpy(bytes + length - 20000002, "a\n", 2);
    write_bytes(path, bytes, length);
    free(bytes);
    assert_loads_within(load_vectors, path, 1, WL_OK);
}

static void print_dictionary(FILE *file, const char *descr, int V, int D)
{
    char text[128];
    int n = snprintf(text, sizeof text,
                     "{'descr': '%s', 'fortran_order': False, 'shape': (%d, %d), }", descr, V, D);
    fwrite("\x93NUMPY\x01\0", 1, 8, file);
    fputc(n, file);
    fputc(0, file);
    fputs(text, file);
}

static void an_array_takes_twice_its_size(void **state)
{
    (void)state;
    needs_an_address_space();
    enum { V = 1500000, D = 8 };
    const char *path = in_folder("array.npy");
    FILE *file = create(in_folder("array.vocab"));
    for (int v = 0; v < V; v++) fprintf(file, "%x\n", v);
    fclose(file);
    file = create(path);
    print_dictionary(file, "<f2", V, D);
    for (int i = 0; i < V * D; i++) fwrite("\0\x3c", 1, 2, file);
    fclose(file);
    assert_loads_within(load_vectors, path, V, WL_OK);
    file = create(path);
    print_dictionary(file, "<f8", 2147483647, 2147483647);
    fclose(file);
    assert_loads_within(load_vectors, path, 0, WL_BAD_FILE);
    unlink(in_folder("array.vocab"));
}

/* A model with words of two bytes and zeros in both matrices; `extra` is added to what its first
 * matrix says of its rows. */
static void write_model(const char *path, int V, int D, int buckets, int64_t extra)
{
    const int32_t head[] = { 793712314, 12, D, 5, 1, 1, 1, 1, 2, 2, buckets, 3, 6, 100, 0, 0 };
    const int32_t sizes[] = { V, V, 0, 1, 0, -1, -1 };
    FILE *file = create(path);
    fwrite(head, 4, 16, file);
    fwrite(sizes, 4, 7, file);
    for (int v = 0; v < V; v++) {
        fprintf(file, "%x", v);
        fwrite("\0\1\0\0\0\0\0\0\0\0", 1, 10, file);
    }
    for (int matrix = 0; matrix < 2; matrix++) {
        const int64_t rows = matrix ? V : V + buckets, shape[] = { rows + extra, D };
        fputc(0, file);
        fwrite(shape, 8, 2, file);
        for (int64_t i = 0; i < 4 * rows * D; i++) fputc(0, file);
        extra = 0;
    }
    fclose(file);
}

static void a_model_of_fasttext_takes_twice_its_size(void **state)
{
    (void)state;
    needs_an_address_space();
    const char *path = in_folder("model.bin");
    write_model(path, 10, 1000000, 3, 0);
    assert_loads_within(load_vectors, path, 10, WL_OK);
    write_model(path, 600000, 1, 3, 0);
    assert_loads_within(load_vectors, path, 600000, WL_OK);
    static const int64_t claims[] = { INT64_MAX / 8, 1000000000, -1000 };
    for (int i = 0; i < 3; i++) {
        write_model(path, 10, 10, 3, claims[i]);
        assert_loads_within(load_vectors, path, 10, WL_BAD_FILE);
    }
}

static void examples_take_memory_by_their_size(void **state)
{
    (void)state;
    needs_an_address_space();
    enum { PAIRS = 2000000, LONG = 32 << 20 };
    const char *path = in_folder("examples.txt");
    FILE *file = create(path);
    for (int i = 0; i < PAIRS; i++) fputs("a\t\n", file);
    fclose(file);
    assert_loads_within(load_examples, path, PAIRS, WL_OK);
    file = create(path);
    fputs("a\tb\n", file);
    for (int i = 0; i < LONG; i++) fputc('w', file);
    fputs("\t\n", file);
    fclose(file);
    assert_loads_within(load_examples, path, 2, WL_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_that_claims_much_takes_little),
        cmocka_unit_test(a_binary_that_claims_much_takes_little),
        cmocka_unit_test(a_text_of_short_numbers_takes_twice_its_size),
        cmocka_unit_test(a_text_of_short_words_takes_64_bytes_each),
        cmocka_unit_test(one_word_without_end_takes_twice_its_size),
        cmocka_unit_test(headers_take_memory_by_their_entries),
        cmocka_unit_test(a_length_that_claims_much_takes_little),
        cmocka_unit_test(half_precision_takes_twice_its_size),
        cmocka_unit_test(an_array_takes_twice_its_size),
        cmocka_unit_test(a_model_of_fasttext_takes_twice_its_size),
        cmocka_unit_test(examples_take_memory_by_their_size),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
