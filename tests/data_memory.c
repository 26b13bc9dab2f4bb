/* Every allocation of the file layer fails in turn: each call then says WL_NO_MEMORY, leaks
 * nothing, and leaves files as they were. This program has a malloc of its own, above glibc's. */
#include "data_tables.h"

#include <errno.h>
#include <unistd.h>
#include <wordloom/nn/corpus.h>
#include <wordloom/nn/safetensors.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_memory_is_borne_by_vectors),
        cmocka_unit_test(no_memory_is_borne_by_ngrams),
        cmocka_unit_test(no_memory_is_borne_by_vocabularies),
        cmocka_unit_test(no_memory_is_borne_by_a_corpus),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
