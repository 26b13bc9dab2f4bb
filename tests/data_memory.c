/* Every allocation of the file layer fails in turn: each call then says WL_NO_MEMORY, leaks
 * nothing, and leaves files as they were. This program has a malloc of its own, above glibc's. */
#include "data_tables.h"

#include <errno.h>
#include <unistd.h>
#include <wordloom/nn/corpus.h>
#include <wordloom/nn/pairs.h>
#include <wordloom/nn/safetensors.h>
#include <wordloom/nn/tasks.h>

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define OWN_MALLOC 1
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#undef OWN_MALLOC
#endif
#endif
#endif

static long until_failure = -1; /* allocations that will still succeed; negative: all */
static long live;               /* allocated and not freed */

#ifdef OWN_MALLOC

void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *block, size_t bytes);
void __libc_free(void *block);

static int fails(void)
{
    if (until_failure < 0) return 0;
    if (until_failure > 0) return until_failure--, 0;
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t bytes)
{
    void *block = fails() ? NULL : __libc_malloc(bytes);
    live += block != NULL;
    return block;
}

void *calloc(size_t count, size_t bytes)
{
    void *block = fails() ? NULL : __libc_calloc(count, bytes);
    live += block != NULL;
    return block;
}

void *realloc(void *old, size_t bytes)
{
    void *block = fails() ? NULL : __libc_realloc(old, bytes);
    live += !old && block;
    return block;
}

void free(void *block)
{
    live -= block != NULL;
    __libc_free(block);
}

#endif

static void needs_own_malloc(void)
{
#ifndef OWN_MALLOC
    print_message("skipped: a sanitizer, or a libc other than glibc, has the only malloc\n");
    skip();
#endif
}

/* Runs `call` with its first allocation failing, then its second, until none fails. */
static void fail_each(wl_status (*call)(const char *path, wl_error *error), const char *path)
{
    wl_error error;
    assert_int_equal(call(path, &error), WL_OK); /* what is made once and kept is made here */
    int files = files_in_folder();
    wl_status status = WL_NO_MEMORY;
    for (long n = 0; status; n++) {
        long before = live;
        error.text[0] = 0;
        until_failure = n;
        status = call(path, &error);
        int failed = until_failure == 0;
        until_failure = -1;
        if (status && status != WL_NO_MEMORY)
            fail_msg("allocation %ld: status %d: %s", n, (int)status, error.text);
        if (status && !strstr(error.text, "memory")) fail_msg("allocation %ld: %s", n, error.text);
        if (!status && failed) status = WL_NO_MEMORY; /* it did without: go on */
        if (live != before) fail_msg("allocation %ld: %ld blocks leak", n, live - before);
        assert_int_equal(files_in_folder(), files);
        assert_true(n < 100000);
    }
}

static wl_status read_vectors(const char *path, wl_error *error)
{
    wl_vectors *vectors;
    wl_status status = wl_vectors_read(&vectors, path, 0, error);
    wl_vectors_destroy(vectors);
    return status;
}

static wl_vectors *vectors;

static wl_vectors_format written; /* as what write_vectors writes */

static wl_status write_vectors(const char *path, wl_error *error)
{
    return wl_vectors_write(vectors, path, written, error);
}

static wl_status read_vocabulary(const char *path, wl_error *error)
{
    wl_vocabulary *vocabulary;
    wl_status status = wl_vocabulary_read(&vocabulary, path, error);
    wl_vocabulary_destroy(vocabulary);
    return status;
}

static wl_status write_vocabulary(const char *path, wl_error *error)
{
    return wl_vocabulary_write(vectors->words, path, error);
}

static wl_status decode_vocabulary(const char *path, wl_error *error)
{
    wl_vocabulary *vocabulary;
    wl_status status = wl_vocabulary_decode(&vocabulary, "a\\n\n\\\\\n", 7, path, error);
    wl_vocabulary_destroy(vocabulary);
    return status;
}

static wl_status build_vocabulary(const char *path, wl_error *error)
{
    (void)path;
    wl_vocabulary *v;
    char word[16];
    wl_status status = wl_vocabulary_create(&v);
    for (int i = 0; i < 300 && !status; i++) {
        snprintf(word, sizeof word, "%d", i % 100);
        status = wl_vocabulary_add(v, word, strlen(word));
    }
    int64_t size = status ? 0 : wl_vocabulary_size(v);
    if (!status) status = wl_vocabulary_finish(v, 3, 50);
    if (v && size) assert_int_equal(wl_vocabulary_size(v), status ? 100 : 50);
    if (v && size) assert_int_equal(wl_vocabulary_count(v, 0), 3);
    wl_vocabulary_destroy(v);
    return status ? wl_error_set(error, status, "no memory") : WL_OK;
}

static wl_status read_corpus(const char *path, wl_error *error)
{
    wl_corpus *corpus;
    wl_corpus_item item = { .kind = WL_CORPUS_TOKEN };
    wl_status status = wl_corpus_open(&corpus, path, error);
    while (!status && item.kind != WL_CORPUS_END) status = wl_corpus_next(corpus, &item, error);
    wl_corpus_close(corpus);
    return status;
}

static wl_status read_examples(const char *path, wl_error *error)
{
    wl_examples *examples;
    wl_status status = wl_examples_read(&examples, path, error);
    wl_examples_destroy(examples);
    return status;
}

static wl_status generate_examples(const char *path, wl_error *error)
{
    (void)path;
    wl_examples *examples;
    wl_status status = wl_examples_generate(&examples, WL_TASK_DATE, 100, 1, error);
    wl_examples_destroy(examples);
    return status;
}

static wl_examples *examples;
static wl_vocabulary *sources, *targets;

static wl_status split_examples(const char *path, wl_error *error)
{
    (void)path;
    wl_examples *kept, *held;
    wl_status status = wl_examples_split(&kept, &held, examples, 40, 1, error);
    wl_examples_destroy(kept);
    wl_examples_destroy(held);
    return status;
}

static wl_status count_apart(const char *path, wl_error *error)
{
    (void)path;
    wl_vocabulary *source, *target;
    wl_status status =
        wl_pairs_vocabularies(&source, &target, examples, WL_TEXT_CHAR, 1, 0, 0, error);
    wl_vocabulary_destroy(source);
    wl_vocabulary_destroy(target);
    return status;
}

static wl_status count_together(const char *path, wl_error *error)
{
    (void)path;
    wl_vocabulary *source, *target;
    wl_status status =
        wl_pairs_vocabularies(&source, &target, examples, WL_TEXT_WORD, 1, 0, 1, error);
    assert_ptr_equal(source, target);
    wl_vocabulary_destroy(source);
    return status;
}

static wl_status create_pairs(const char *path, wl_error *error)
{
    (void)path;
    wl_pairs *pairs;
    wl_status status = wl_pairs_create(&pairs, examples, WL_TEXT_CHAR, sources, targets, error);
    wl_pairs_destroy(pairs);
    return status;
}

static wl_status take_line_there_and_back(const char *path, wl_error *error)
{
    int32_t *ids;
    int64_t count, unknown;
    char *text = NULL;
    wl_status status =
        wl_line_ids(&ids, &count, &unknown, "may 1", 5, WL_TEXT_CHAR, sources, path, error);
    if (!status) status = wl_line_text(&text, ids, count, WL_TEXT_CHAR, sources, error);
    if (!status) assert_string_equal(text, "may 1");
    free(ids);
    free(text);
    return status;
}

static void no_memory_is_borne_by_vectors(void **state)
{
    (void)state;
    needs_own_malloc();
    const char *path = in_folder("vectors");
    write_text(path, "3 2\na 1 2\nb 3 4\n\\ 5 6\n");
    assert_int_equal(wl_vectors_read(&vectors, path, 0, NULL), WL_OK);
    vectors->config = strdup("{}");
    for (int format = WL_VECTORS_TEXT; format <= WL_VECTORS_NPY; format++) {
        written = (wl_vectors_format)format;
        fail_each(write_vectors, path);
        fail_each(read_vectors, path);
    }
    wl_vectors_destroy(vectors);
}

static void no_memory_is_borne_by_ngrams(void **state)
{
    (void)state;
    needs_own_malloc();
    fail_each(read_vectors, in_files("fasttext.bin"));
    vectors = load(in_files("fasttext.bin"));
    written = WL_VECTORS_SAFETENSORS;
    fail_each(write_vectors, in_folder("model"));
    fail_each(read_vectors, in_folder("model"));
    wl_vectors_destroy(vectors);
}

static void no_memory_is_borne_by_vocabularies(void **state)
{
    (void)state;
    needs_own_malloc();
    const char *text = in_folder("counts");
    write_text(text, "1 2\na 1 2\n");
    assert_int_equal(wl_vectors_read(&vectors, text, 0, NULL), WL_OK);
    fail_each(write_vocabulary, text);
    fail_each(read_vocabulary, text);
    fail_each(decode_vocabulary, "source");
    fail_each(build_vocabulary, NULL);
    wl_vectors_destroy(vectors);
}

static void no_memory_is_borne_by_a_corpus(void **state)
{
    (void)state;
    needs_own_malloc();
    const char *path = in_folder("corpus");
    FILE *file = fopen(path, "wb");
    fputs("a b\n", file);
    for (int i = 0; i < 3 << 20; i++) fputc('w', file); /* the buffer grows */
    fclose(file);
    fail_each(read_corpus, path);
}

static void no_memory_is_borne_by_pairs(void **state)
{
    (void)state;
    needs_own_malloc();
    const char *path = in_folder("examples");
    write_text(path, "a b\tc\nd\te f\n");
    fail_each(read_examples, path);
    fail_each(generate_examples, NULL);
    assert_int_equal(wl_examples_generate(&examples, WL_TASK_DATE, 100, 1, NULL), WL_OK);
    fail_each(split_examples, NULL);
    fail_each(count_apart, NULL);
    fail_each(count_together, NULL);
    assert_int_equal(
        wl_pairs_vocabularies(&sources, &targets, examples, WL_TEXT_CHAR, 1, 0, 0, NULL), WL_OK);
    fail_each(create_pairs, NULL);
    fail_each(take_line_there_and_back, "line");
    wl_vocabulary_destroy(sources);
    wl_vocabulary_destroy(targets);
    wl_examples_destroy(examples);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_memory_is_borne_by_vectors),
        cmocka_unit_test(no_memory_is_borne_by_ngrams),
        cmocka_unit_test(no_memory_is_borne_by_vocabularies),
        cmocka_unit_test(no_memory_is_borne_by_a_corpus),
        cmocka_unit_test(no_memory_is_borne_by_pairs),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
