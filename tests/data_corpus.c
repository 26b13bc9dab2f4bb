/* The tokens and sentences of a text. */
#include "data_files.h"

#include <wordloom/nn/corpus.h>

/* All items as one string: tokens with a space behind, sentences ended by /, the text by a dot. */
static wl_status listing(wl_corpus *corpus, char *to, size_t room, wl_error *error)
{
    wl_corpus_item item;
    size_t n = 0;
    for (;;) {
        wl_status status = wl_corpus_next(corpus, &item, error);
        if (status) return status;
        assert_true(n + item.length + 2 < room);
        if (item.kind == WL_CORPUS_TOKEN)
            n += (size_t)snprintf(to + n, room - n, "%s ", item.word);
        else
            to[n++] = item.kind == WL_CORPUS_END ? '.' : '/';
        to[n] = 0;
        if (item.kind == WL_CORPUS_END) return WL_OK;
    }
}

static void assert_listing(const char *text, const char *expected)
{
    const char *path = in_folder("text");
    char found[256];
    write_text(path, text);
    wl_corpus *corpus;
    assert_int_equal(wl_corpus_open(&corpus, path, NULL), WL_OK);
    for (int pass = 0; pass < 2; pass++) {
        assert_int_equal(listing(corpus, found, sizeof found, NULL), WL_OK);
        assert_string_equal(found, expected);
        assert_int_equal(wl_corpus_position(corpus), wl_corpus_size(corpus));
        wl_corpus_rewind(corpus);
    }
    wl_corpus_close(corpus);
}

static void a_line_is_a_sentence(void **state)
{
    (void)state;
    assert_listing("", ".");
    assert_listing("\n", "/.");
    assert_listing("a", "a /.");
    assert_listing("a\n", "a /.");
    assert_listing("a b\nc", "a b /c /.");
    assert_listing("a\n\n\nb\n", "a ///b /.");
    assert_listing("a\n ", "a //.");
    assert_listing(" \t a\t\tb \r\n\v\fc\r\n", "a b /c /.");
    assert_listing("\xc3\xa9t\xc3\xa9 \xf0\x9f\x99\x82\n", "\xc3\xa9t\xc3\xa9 \xf0\x9f\x99\x82 /.");
    /* a no-break space is no separator: only ASCII white space is */
    assert_listing("a\xc2\xa0"
                   "b\n",
                   "a\xc2\xa0"
                   "b /.");
}

static void a_byte_order_mark_is_skipped_at_the_start_only(void **state)
{
    (void)state;
    assert_listing("\xef\xbb\xbf"
                   "a\n",
                   "a /.");
    assert_listing("\xef\xbb\xbf", ".");
    assert_listing("a\xef\xbb\xbf\n", "a\xef\xbb\xbf /.");
}

static void bad_text_is_told_by_line_and_byte(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t length;
        const char *place, *found;
    } bad[] = {
        { "ab c\xff\n", 6, "line 1, byte 4", "0xff" },
        { "a\nb\n\xc3\n", 6, "line 3, byte 4", "0xc3" },     /* cut by the end of the line */
        { "a \xe2\x82", 4, "line 1, byte 2", "0xe2" },       /* cut by the end of the text */
        { "\xc0\xaf", 2, "line 1, byte 0", "0xc0" },         /* overlong */
        { "\xed\xa0\x80", 3, "line 1, byte 0", "0xed" },     /* a surrogate */
        { "\xf4\x90\x80\x80", 4, "line 1, byte 0", "0xf4" }, /* past U+10FFFF */
        { "ok\n\xef\xbb", 5, "line 2, byte 3", "0xef" },
        { "a\nbc\0d\n", 7, "line 2, byte 4", "a NUL" },
        { "\0", 1, "line 1, byte 0", "a NUL" },
    };
    const char *path = in_folder("bad-text");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        write_bytes(path, bad[i].text, bad[i].length);
        wl_corpus *corpus;
        wl_error error;
        char found[64];
        assert_int_equal(wl_corpus_open(&corpus, path, &error), WL_OK);
        assert_int_equal(listing(corpus, found, sizeof found, &error), WL_BAD_FILE);
        assert_error(&error, path, bad[i].place, "expected", bad[i].found, NULL);
        wl_corpus_close(corpus);
    }
}

static void a_mark_resumes_anywhere(void **state)
{
    (void)state;
    const char *path = in_folder("marks");
    write_text(path, "\xef\xbb\xbf"
                     "a b\n\nc\n  \nd e f \ng");
    wl_corpus *corpus, *other;
    char rest[128], again[128];
    assert_int_equal(wl_corpus_open(&corpus, path, NULL), WL_OK);
    assert_int_equal(wl_corpus_open(&other, path, NULL), WL_OK);
    for (int items = 0; items < 14; items++) {
        wl_corpus_item item;
        wl_corpus_rewind(corpus);
        for (int i = 0; i < items; i++)
            assert_int_equal(wl_corpus_next(corpus, &item, NULL), WL_OK);
        wl_corpus_seek(other, wl_corpus_tell(corpus));
        assert_int_equal(listing(corpus, rest, sizeof rest, NULL), WL_OK);
        assert_int_equal(listing(other, again, sizeof again, NULL), WL_OK);
        assert_string_equal(again, rest);
        assert_int_equal(wl_corpus_tell(other).line, 6);
    }
    wl_corpus_close(corpus);
    wl_corpus_close(other);
}

static void a_mark_from_elsewhere_does_no_harm(void **state)
{
    (void)state;
    const char *path = in_folder("wild");
    write_text(path, "\xef\xbb\xbf"
                     "a b\n");
    static const wl_corpus_mark wild[] = { { -7, 1, 0 }, { 1, 1, 0 }, { 1000, -3, 9 } };
    wl_corpus *corpus;
    char found[64];
    assert_int_equal(wl_corpus_open(&corpus, path, NULL), WL_OK);
    for (size_t i = 0; i < 3; i++) {
        wl_corpus_seek(corpus, wild[i]);
        assert_int_equal(listing(corpus, found, sizeof found, NULL), WL_OK);
    }
    wl_corpus_close(corpus);
}

static void tokens_and_lines_have_any_length(void **state)
{
    (void)state;
    enum { TOKENS = 100000, LONG = 3 << 20 };
    const char *path = in_folder("long");
    FILE *file = fopen(path, "wb");
    for (int i = 0; i < TOKENS; i++) fprintf(file, "w%d ", i);
    for (int i = 0; i < LONG / 2; i++) fputs("\xc3\xa9", file);
    fclose(file);
    wl_corpus *corpus;
    wl_corpus_item item;
    assert_int_equal(wl_corpus_open(&corpus, path, NULL), WL_OK);
    for (int i = 0; i < TOKENS; i++) {
        assert_int_equal(wl_corpus_next(corpus, &item, NULL), WL_OK);
        assert_int_equal(item.kind, WL_CORPUS_TOKEN);
        assert_int_equal(atoi(item.word + 1), i);
    }
    assert_int_equal(wl_corpus_next(corpus, &item, NULL), WL_OK);
    assert_int_equal(item.length, LONG);
    assert_int_equal(wl_corpus_next(corpus, &item, NULL), WL_OK);
    assert_int_equal(item.kind, WL_CORPUS_SENTENCE_END);
    wl_corpus_close(corpus);
}

static void standard_input_can_be_read_twice(void **state)
{
    (void)state;
    enum { N = 300000 };
    char *text = malloc(N * 8), *p = text;
    for (int i = 0; i < N; i++) p += sprintf(p, "%d%c", i, i % 10 == 9 ? '\n' : ' ');
    pipe_into_stdin(text, (size_t)(p - text));
    wl_corpus *corpus;
    assert_int_equal(wl_corpus_open(&corpus, "-", NULL), WL_OK);
    assert_int_equal(wl_corpus_size(corpus), p - text);
    for (int pass = 0; pass < 2; pass++) {
        int tokens = 0, sentences = 0;
        wl_corpus_item item = { .kind = WL_CORPUS_TOKEN };
        while (item.kind != WL_CORPUS_END) {
            assert_int_equal(wl_corpus_next(corpus, &item, NULL), WL_OK);
            tokens += item.kind == WL_CORPUS_TOKEN;
            sentences += item.kind == WL_CORPUS_SENTENCE_END;
        }
        assert_int_equal(tokens, N);
        assert_int_equal(sentences, N / 10);
        wl_corpus_rewind(corpus);
    }
    wl_corpus_close(corpus);
    free(text);
}

static void an_absent_text_is_an_io_error(void **state)
{
    (void)state;
    wl_corpus *corpus;
    wl_error error;
    assert_int_equal(wl_corpus_open(&corpus, in_folder("absent"), &error), WL_IO_ERROR);
    assert_null(corpus);
    assert_error(&error, "absent: cannot open", NULL);
    wl_corpus_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_a_sentence),
        cmocka_unit_test(a_byte_order_mark_is_skipped_at_the_start_only),
        cmocka_unit_test(bad_text_is_told_by_line_and_byte),
        cmocka_unit_test(a_mark_resumes_anywhere),
        cmocka_unit_test(a_mark_from_elsewhere_does_no_harm),
        cmocka_unit_test(tokens_and_lines_have_any_length),
        cmocka_unit_test(standard_input_can_be_read_twice),
        cmocka_unit_test(an_absent_text_is_an_io_error),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
