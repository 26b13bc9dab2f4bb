/* Every single changed byte of a file of vectors, and every shorter file: it loads as what it says
 * it is, or is refused at once, with its name and the place. */
#include "data_tables.h"

#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

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

/* A file being damaged. */
typedef struct victim {
    const char *path; /* what is read */
    const char *name; /* what messages begin with */
    int fd;           /* the file that is damaged */
} victim;

/* Loads the file and looks at every number of it. Answers how many words it has; 0: refused. */
static int64_t load_or_refuse(const victim *file)
{
    wl_vectors *vectors;
    wl_error error = { "" };
    double begun = seconds();
    wl_status status = wl_vectors_read(&vectors, file->path, 0, &error);
    if (seconds() - begun > 1) fail_msg("took over a second: %s", error.text);
    if (status) {
        if (status != WL_BAD_FILE || !strstr(error.text, file->name) ||
            !strstr(error.text, "expected") || !names_a_place(error.text))
            fail_msg("status %d: %s", (int)status, error.text);
        return 0;
    }
    int64_t V = vectors->V, D = vectors->D, buckets = vectors->subword.buckets;
    assert_true(V >= 1 && D >= 1);
    assert_int_equal(wl_vocabulary_size(vectors->words), V);
    for (int64_t i = 0; i < V * D; i++) assert_true(vectors->table[i] - vectors->table[i] == 0);
    assert_int_equal(buckets > 0, vectors->subwords != NULL);
    for (int64_t i = 0; i < buckets * D; i++)
        assert_true(vectors->subwords[i] - vectors->subwords[i] == 0);
    wl_vectors_destroy(vectors);
    return V;
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

static void change_each_byte(const victim *file, const char *bytes, size_t length)
{
    for (size_t at = 0; at < length; at++)
        for (int add = 1; add < 256; add++) {
            char byte = (char)(bytes[at] + add);
            assert_int_equal(pwrite(file->fd, &byte, 1, (off_t)at), 1);
            load_or_refuse(file);
            assert_int_equal(pwrite(file->fd, &bytes[at], 1, (off_t)at), 1);
        }
}

/* A file that says how much there is in it loads whole only; a file of lines with nothing before
 * them may end with any of them. */
static void cut_everywhere(const victim *file, const char *bytes, size_t length, int lines)
{
    for (size_t cut = length; cut-- > 0;) {
        assert_int_equal(ftruncate(file->fd, (off_t)cut), 0);
        int64_t found = load_or_refuse(file), wanted = 0;
        int whole = lines && cut > 0 && bytes[cut - 1] == '\n';
        for (size_t i = 0; i < cut && whole; i++) wanted += bytes[i] == '\n';
        if (found != wanted) fail_msg("the first %zu of %zu bytes loaded", cut, length);
    }
}

static void damage_lines(const char *bytes, size_t length, int lines)
{
    char path[64];
    int fd = memory_file(bytes, length, path);
    victim file = { path, path, fd };
    assert_true(load_or_refuse(&file) > 0);
    change_each_byte(&file, bytes, length);
    cut_everywhere(&file, bytes, length, lines);
    close(fd);
}

static void damage(const char *bytes, size_t length) { damage_lines(bytes, length, 0); }

static void every_changed_byte_of_a_text_is_borne(void **state)
{
    (void)state;
    static const char text[] = "4 3\nthe 0.25 -1.5 3e-05\n\xc3\xa9t\xc3\xa9 0.1 0.2 0.300000012\n"
                               "a\tb 1 2 3\nw\xff -0 1e+30 -1.17549435e-38\n";
    damage(text, sizeof text - 1);
    damage_lines(text + 4, sizeof text - 5, 1);
}

/* With n-grams, so that every tensor there can be is in it. */
static char *small_model(size_t *length)
{
    static float table[] = { 1, 2, 3, 4 }, output[] = { 5, 6, 7, 8 };
    wl_vectors vectors = { .V = 2, .D = 2, .table = table, .output = output, .own = output };
    vectors.config = strdup("{\"dim\":2}");
    vectors.subword = (wl_subword){ 3, 6, 1 };
    vectors.subwords = table;
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

static void every_changed_byte_of_a_binary_is_borne(void **state)
{
    (void)state;
    static const wl_vectors_format formats[] = { WL_VECTORS_BINARY, WL_VECTORS_BINARY_GENSIM };
    const char *path = in_folder("small.bin");
    for (int i = 0; i < 2; i++) {
        wl_vectors *vectors = make(words, WORDS, 3);
        fill(vectors->table, 15);
        assert_int_equal(wl_vectors_write(vectors, path, formats[i], NULL), WL_OK);
        size_t length;
        char *bytes = read_bytes(path, &length);
        damage(bytes, length);
        free(bytes);
        wl_vectors_destroy(vectors);
    }
}

/* First the array is damaged, then the words beside it. */
static void every_changed_byte_of_an_array_is_borne(void **state)
{
    (void)state;
    const char *names[] = { in_folder("small.npy"), in_folder("small.vocab") };
    wl_vectors *vectors = make(words, WORDS, 3);
    fill(vectors->table, 15);
    assert_int_equal(wl_vectors_write(vectors, names[0], WL_VECTORS_NPY, NULL), WL_OK);
    wl_vectors_destroy(vectors);
    for (int i = 0; i < 2; i++) {
        size_t length;
        char *bytes = read_bytes(names[i], &length), path[64];
        int fd = memory_file(bytes, length, path);
        victim file = { names[0], in_folder("small."), fd };
        assert_int_equal(unlink(names[i]), 0);
        assert_int_equal(symlink(path, names[i]), 0);
        change_each_byte(&file, bytes, length);
        cut_everywhere(&file, bytes, length, 0);
        close(fd);
        unlink(names[i]);
        write_bytes(names[i], bytes, length);
        free(bytes);
    }
}

static void every_changed_byte_of_a_model_of_fasttext_is_borne(void **state)
{
    (void)state;
    static const struct {
        int32_t head[16], sizes[7];
        char entries[22], quantised;
    } first = { { 793712314, 12, 2, 5, 1, 1, 1, 1, 2, 2, 3, 2, 3, 100, 0, 0 },
                { 2, 2, 0, 5, 0, -1, -1 },
                "a\0\3\0\0\0\0\0\0\0\0\xc3\0\2\0\0\0\0\0\0\0\0",
                0 };
    static const int64_t input[] = { 5, 2 }, output[] = { 2, 2 };
    static const float rows[] = { 1, -2, 0.5f, 0x1p-140f, 1e38f, -1e38f, 7, 8, 9, -0.0f };
    char bytes[256];
    size_t length = 64 + 28 + 22 + 1;
    memcpy(bytes, &first, length);
    memcpy(bytes + length, input, sizeof input);
    memcpy(bytes + length + 16, rows, 40);
    bytes[length + 56] = 0;
    memcpy(bytes + length + 57, output, sizeof output);
    memcpy(bytes + length + 73, rows, 16);
    damage(bytes, length + 89);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_changed_byte_of_a_text_is_borne),
        cmocka_unit_test(every_changed_byte_of_a_model_is_borne),
        cmocka_unit_test(every_changed_byte_of_a_binary_is_borne),
        cmocka_unit_test(every_changed_byte_of_an_array_is_borne),
        cmocka_unit_test(every_changed_byte_of_a_model_of_fasttext_is_borne),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
