/* Files that were damaged, or made to do harm: each loads as what it says it is, or is refused
 * with its name and the place, at once, and takes memory by what was read of it. */
#include "data_files.h"

#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <wordloom/nn/corpus.h>
#include <wordloom/nn/safetensors.h>
#include <wordloom/nn/vectors.h>

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int names_a_place(const char *text)
{
    static const char *const places[] = { ": line ", ": byte ", ": tensor ", ": __metadata__ ",
                                          ": expected a tensor " };
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (strstr(text, places[i])) return 1;
    return 0;
}

/* Loads the file and looks at every number of it. Answers whether it loaded. */
static int load_or_refuse(const char *path)
{
    wl_vectors *vectors;
    wl_error error = { "" };
    double begun = seconds();
    wl_status status = wl_vectors_read(&vectors, path, 0, &error);
    if (seconds() - begun > 1) fail_msg("took over a second: %s", error.text);
    if (status) {
        if (status != WL_BAD_FILE || !strstr(error.text, path) || !strstr(error.text, "expected") ||
            !names_a_place(error.text))
            fail_msg("status %d: %s", (int)status, error.text);
        return 0;
    }
    assert_true(vectors->V >= 1 && vectors->D >= 1);
    assert_int_equal(wl_vocabulary_size(vectors->words), vectors->V);
    for (int64_t i = 0; i < vectors->V * vectors->D; i++)
        assert_true(vectors->table[i] - vectors->table[i] == 0);
    wl_vectors_destroy(vectors);
    return 1;
}

/* A file in memory that has a path. */
static int memory_file(const void *bytes, size_t length, char path[64])
{
    int fd = memfd_create("hostile", 0);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, length, 0), length);
    snprintf(path, 64, "/proc/self/fd/%d", fd);
    return fd;
}

static void damage(const char *bytes, size_t length)
{
    char path[64];
    int fd = memory_file(bytes, length, path);
    assert_true(load_or_refuse(path));
    for (size_t at = 0; at < length; at++)
        for (int add = 1; add < 256; add++) {
            char byte = (char)(bytes[at] + add);
            assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
            load_or_refuse(path);
            assert_int_equal(pwrite(fd, &bytes[at], 1, (off_t)at), 1);
        }
    for (size_t cut = length; cut-- > 0;) {
        assert_int_equal(ftruncate(fd, (off_t)cut), 0);
        if (load_or_refuse(path)) fail_msg("the first %zu of %zu bytes loaded", cut, length);
    }
    close(fd);
}

static void every_changed_byte_of_a_text_is_borne(void **state)
{
    (void)state;
    static const char text[] = "4 3\nthe 0.25 -1.5 3e-05\n\xc3\xa9t\xc3\xa9 0.1 0.2 0.300000012\n"
                               "a\tb 1 2 3\nw\xff -0 1e+30 -1.17549435e-38\n";
    damage(text, sizeof text - 1);
}

static char *small_model(size_t *length)
{
    static float table[] = { 1, 2, 3, 4 }, output[] = { 5, 6, 7, 8 };
    wl_vectors vectors = { .V = 2, .D = 2, .table = table, .output = output };
    vectors.config = strdup("{\"dim\":2}");
    assert_int_equal(wl_vocabulary_create(&vectors.words), WL_OK);
    assert_int_equal(wl_vocabulary_add(vectors.words, "a", 1), WL_OK);
    assert_int_equal(wl_vocabulary_add(vectors.words, "\n", 1), WL_OK);
    const char *path = in_folder("small.safetensors");
    assert_int_equal(wl_vectors_write(&vectors, path, WL_VECTORS_SAFETENSORS, NULL), WL_OK);
    wl_vocabulary_destroy(vectors.words);
    free(vectors.config);
    return read_bytes(path, length);
}

static void every_changed_byte_of_a_model_is_borne(void **state)
{
    (void)state;
    size_t length;
    char *bytes = small_model(&length);
    damage(bytes, length);
    free(bytes);
}

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

/* Two bytes of text a number are the fewest there can be. */
static void a_text_of_short_numbers_takes_twice_its_size(void **state)
{
    (void)state;
    needs_an_address_space();
    enum { V = 10, D = 2000000 };
    const char *path = in_folder("short.txt");
    FILE *file = create(path);
    fprintf(file, "%d %d\n", V, D);
    for (int v = 0; v < V; v++) {
        fprintf(file, "%d", v);
        for (int d = 0; d < D; d++) fputs(" 7", file);
        fputc('\n', file);
    }
    fclose(file);
    assert_loads_within(load_vectors, path, V, WL_OK);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_changed_byte_of_a_text_is_borne),
        cmocka_unit_test(every_changed_byte_of_a_model_is_borne),
        cmocka_unit_test(a_text_that_claims_much_takes_little),
        cmocka_unit_test(a_text_of_short_numbers_takes_twice_its_size),
        cmocka_unit_test(a_text_of_short_words_takes_64_bytes_each),
        cmocka_unit_test(one_word_without_end_takes_twice_its_size),
        cmocka_unit_test(headers_take_memory_by_their_entries),
        cmocka_unit_test(a_length_that_claims_much_takes_little),
        cmocka_unit_test(half_precision_takes_twice_its_size),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
