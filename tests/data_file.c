/* Reading sources and replacing files. */
#include "data_files.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wordloom/nn/file.h>

static void an_error_is_one_line_of_utf8(void **state)
{
    (void)state;
    wl_error error;
    assert_int_equal(wl_error_set(&error, WL_BAD_FILE, "a\nb\x1b[31m %d \xff\xc3\xa9", 7),
                     WL_BAD_FILE);
    assert_string_equal(error.text, "a?b?[31m 7 ?\xc3\xa9");
    char longer[1200];
    memset(longer, 'x', sizeof longer);
    memcpy(longer + 1022, "\xc3\xa9", 3);
    wl_error_set(&error, WL_BAD_FILE, "%s", longer);
    assert_int_equal(strlen(error.text), 1023);
    assert_int_equal(error.text[1022], '?');
    assert_int_equal(wl_error_set(NULL, WL_IO_ERROR, "dropped"), WL_IO_ERROR);
}

static const unsigned char at_newline[256] = { ['\n'] = 1 };

static void tokens_of_any_length_come_whole(void **state)
{
    (void)state;
    /* around the buffer of 1 MiB, and where it has to grow several times */
    static const size_t lengths[] = { 0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 9 << 20, 3 };
    enum { N = sizeof lengths / sizeof *lengths };
    const char *path = in_folder("tokens");
    FILE *file = fopen(path, "wb");
    for (int i = 0; i < N; i++) {
        for (size_t k = 0; k < lengths[i]; k++) fputc('a' + (int)(k % 23), file);
        if (i < N - 1) fputc('\n', file);
    }
    fclose(file);
    wl_reader *reader;
    assert_int_equal(wl_reader_open(&reader, path, NULL), WL_OK);
    for (int i = 0; i < N; i++) {
        wl_token token;
        assert_int_equal(wl_reader_token(reader, at_newline, &token, NULL), WL_OK);
        assert_int_equal(token.length, lengths[i]);
        assert_int_equal(token.stop, i < N - 1 ? '\n' : -1);
        assert_int_equal(token.bytes[token.length], 0);
        for (size_t k = 0; k < token.length; k++)
            if (token.bytes[k] != (char)('a' + (int)(k % 23))) fail();
    }
    assert_int_equal(wl_reader_position(reader), wl_reader_size(reader));
    wl_reader_close(reader);
}

static void reading_seeks_and_stops_at_the_end(void **state)
{
    (void)state;
    const char *path = in_folder("seek");
    write_text(path, "0123456789");
    wl_reader *reader;
    wl_error error;
    assert_int_equal(wl_reader_open(&reader, path, &error), WL_OK);
    assert_string_equal(wl_reader_name(reader), path);
    assert_int_equal(wl_reader_size(reader), 10);
    char bytes[16] = { 0 };
    wl_reader_seek(reader, 4);
    assert_int_equal(wl_reader_read(reader, bytes, 3, &error), WL_OK);
    assert_string_equal(bytes, "456");
    assert_int_equal(wl_reader_position(reader), 7);
    assert_int_equal(wl_reader_read(reader, bytes, 4, &error), WL_BAD_FILE);
    assert_error(&error, path, "byte 7", "expected 4 more bytes, found the end after 3", NULL);
    wl_reader_seek(reader, -5);
    wl_token token;
    assert_int_equal(wl_reader_token(reader, at_newline, &token, &error), WL_OK);
    assert_string_equal(token.bytes, "0123456789");
    wl_reader_seek(reader, 100);
    assert_int_equal(wl_reader_position(reader), 10);
    assert_int_equal(wl_reader_token(reader, at_newline, &token, &error), WL_OK);
    assert_int_equal(token.length, 0);
    assert_int_equal(token.stop, -1);
    wl_reader_close(reader);
}

static void a_source_that_shrinks_is_a_bad_file(void **state)
{
    (void)state;
    const char *path = in_folder("shrinks");
    write_text(path, "0123456789");
    wl_reader *reader;
    wl_error error;
    wl_token token;
    assert_int_equal(wl_reader_open(&reader, path, &error), WL_OK);
    assert_int_equal(truncate(path, 5), 0);
    assert_int_equal(wl_reader_token(reader, at_newline, &token, &error), WL_BAD_FILE);
    assert_error(&error, path, "byte 5", "expected 10 bytes", "shrunk", NULL);
    wl_reader_close(reader);
}

static void what_cannot_be_opened_says_why(void **state)
{
    (void)state;
    wl_reader *reader;
    wl_error error;
    assert_int_equal(wl_reader_open(&reader, in_folder("absent"), &error), WL_IO_ERROR);
    assert_error(&error, "absent", "cannot open", strerror(ENOENT), NULL);
    assert_null(reader);
    assert_int_equal(wl_reader_open(&reader, in_folder(""), &error), WL_IO_ERROR);
    assert_error(&error, "cannot read", strerror(EISDIR), NULL);
    wl_reader_close(NULL);
}

static void standard_input_is_spooled_without_a_trace(void **state)
{
    (void)state;
    size_t length = 3 << 20;
    char *bytes = malloc(length);
    for (size_t i = 0; i < length; i++) bytes[i] = (char)(i * 2654435761u >> 24);
    int files = files_in_folder();
    pipe_into_stdin(bytes, length);
    wl_reader *reader;
    assert_int_equal(wl_reader_open(&reader, "-", NULL), WL_OK);
    assert_string_equal(wl_reader_name(reader), "standard input");
    assert_int_equal(wl_reader_size(reader), length);
    assert_int_equal(files_in_folder(), files);
    char *copy = malloc(length);
    for (int pass = 0; pass < 2; pass++) {
        wl_reader_seek(reader, 0);
        memset(copy, 0, length);
        assert_int_equal(wl_reader_read(reader, copy, length, NULL), WL_OK);
        assert_memory_equal(copy, bytes, length);
    }
    wl_reader_close(reader);
    free(copy);
    free(bytes);
}

static void standard_input_from_a_file_begins_where_it_stands(void **state)
{
    (void)state;
    write_text(in_folder("stdin"), "skipped kept");
    int fd = open(in_folder("stdin"), O_RDONLY);
    lseek(fd, 8, SEEK_SET);
    dup2(fd, STDIN_FILENO);
    close(fd);
    wl_reader *reader;
    assert_int_equal(wl_reader_open(&reader, "-", NULL), WL_OK);
    assert_int_equal(wl_reader_size(reader), 4);
    wl_token token;
    assert_int_equal(wl_reader_token(reader, at_newline, &token, NULL), WL_OK);
    assert_string_equal(token.bytes, "kept");
    wl_reader_close(reader);
}

static void no_room_to_spool_is_an_io_error(void **state)
{
    (void)state;
    char *folder = strdup(getenv("TMPDIR"));
    setenv("TMPDIR", in_folder("no/such/folder"), 1);
    pipe_into_stdin("text", 4);
    wl_reader *reader;
    wl_error error;
    assert_int_equal(wl_reader_open(&reader, "-", &error), WL_IO_ERROR);
    assert_error(&error, "standard input", "$TMPDIR", strerror(ENOENT), NULL);
    setenv("TMPDIR", folder, 1);
    free(folder);
}

/* In a child whose files may have 1000 bytes. */
static wl_status open_standard_input(const char *path)
{
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit most = { 1000, 1000 };
    wl_reader *reader;
    wl_error error = { "" };
    if (setrlimit(RLIMIT_FSIZE, &most)) return WL_OK;
    wl_status status = wl_reader_open(&reader, path, &error);
    return strstr(error.text, "cannot write its temporary file in $TMPDIR") ? status : WL_OK;
}

static void a_full_disk_while_spooling_is_an_io_error(void **state)
{
    (void)state;
    static char bytes[5000];
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        pipe_into_stdin(bytes, sizeof bytes);
        _exit(open_standard_input("-") == WL_IO_ERROR ? 0 : 1);
    }
    int answer;
    assert_int_equal(waitpid(child, &answer, 0), child);
    assert_int_equal(answer, 0);
}

static wl_status replace(const char *path, const char *bytes, size_t length, wl_error *error)
{
    wl_writer *writer;
    wl_status status = wl_writer_open(&writer, path, error);
    if (status) return status;
    for (size_t at = 0; at < length && !status; at += 1000) {
        size_t n = length - at < 1000 ? length - at : 1000;
        status = wl_writer_write(writer, bytes + at, n, error);
    }
    if (!status) status = wl_writer_commit(writer, error);
    wl_writer_close(writer);
    return status;
}

static void assert_holds(const char *path, const char *text)
{
    size_t length;
    char *bytes = read_bytes(path, &length);
    assert_string_equal(bytes, text);
    free(bytes);
}

static void a_file_is_replaced_with_its_permissions(void **state)
{
    (void)state;
    const char *path = in_folder("replaced");
    int files = files_in_folder();
    assert_int_equal(replace(path, "one", 3, NULL), WL_OK);
    assert_holds(path, "one");
    chmod(path, 0640);
    assert_int_equal(replace(path, "second", 6, NULL), WL_OK);
    assert_holds(path, "second");
    struct stat about;
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 07777, 0640);
    assert_int_equal(files_in_folder(), files + 1);
}

static void a_large_write_arrives_whole(void **state)
{
    (void)state;
    enum { N = 200001 };
    const char *path = in_folder("large");
    char *bytes = malloc(N);
    for (int i = 0; i < N; i++) bytes[i] = (char)(i * 7);
    wl_writer *writer;
    assert_int_equal(wl_writer_open(&writer, path, NULL), WL_OK);
    assert_int_equal(wl_writer_write(writer, bytes, 5, NULL), WL_OK);
    assert_int_equal(wl_writer_write(writer, bytes + 5, N - 5, NULL), WL_OK);
    assert_int_equal(wl_writer_commit(writer, NULL), WL_OK);
    assert_int_equal(wl_writer_commit(writer, NULL), WL_IO_ERROR); /* once only */
    wl_writer_close(writer);
    size_t length;
    char *copy = read_bytes(path, &length);
    assert_int_equal(length, N);
    assert_memory_equal(copy, bytes, N);
    free(copy);
    free(bytes);
}

static void what_is_not_committed_leaves_nothing(void **state)
{
    (void)state;
    const char *path = in_folder("abandoned");
    write_text(path, "old");
    int files = files_in_folder();
    wl_writer *writer;
    assert_int_equal(wl_writer_open(&writer, path, NULL), WL_OK);
    assert_int_equal(files_in_folder(), files + 1);
    assert_int_equal(wl_writer_write(writer, "new", 3, NULL), WL_OK);
    wl_writer_close(writer);
    wl_writer_close(NULL);
    assert_holds(path, "old");
    assert_int_equal(files_in_folder(), files);
}

static void a_symbolic_link_stays_and_its_target_is_replaced(void **state)
{
    (void)state;
    const char *link = in_folder("link"), *target = in_folder("target");
    write_text(target, "old");
    assert_int_equal(symlink(target, link), 0);
    assert_int_equal(replace(link, "new", 3, NULL), WL_OK);
    struct stat about;
    assert_int_equal(lstat(link, &about), 0);
    assert_true(S_ISLNK(about.st_mode));
    assert_holds(target, "new");
}

static void a_temporary_left_by_a_killed_run_is_no_obstacle(void **state)
{
    (void)state;
    char temporary[300];
    const char *path = in_folder("stale");
    snprintf(temporary, sizeof temporary, "%s.tmp.%ld", path, (long)getpid());
    write_text(temporary, "half a file");
    assert_int_equal(replace(path, "new", 3, NULL), WL_OK);
    assert_holds(path, "new");
    assert_int_equal(access(temporary, F_OK), -1);
}

static void what_cannot_be_written_says_why(void **state)
{
    (void)state;
    wl_error error;
    assert_int_equal(replace(in_folder("no/such/file"), "x", 1, &error), WL_IO_ERROR);
    assert_error(&error, "no/such/file", strerror(ENOENT), NULL);
    assert_int_equal(replace(in_folder(""), "x", 1, &error), WL_IO_ERROR);
    assert_error(&error, "cannot write", strerror(EISDIR), NULL);
}

static void a_device_is_written_to_and_stays(void **state)
{
    (void)state;
    wl_error error;
    struct stat about;
    assert_int_equal(replace("/dev/null", "x", 1, &error), WL_OK);
    assert_int_equal(stat("/dev/null", &about), 0);
    assert_true(S_ISCHR(about.st_mode));
    if (access("/dev/full", W_OK)) skip();
    assert_int_equal(replace("/dev/full", "x", 1, &error), WL_IO_ERROR);
    assert_error(&error, "/dev/full", strerror(ENOSPC), NULL);
}

/* In a child whose files may have `limit` bytes. */
static int replace_within(rlim_t limit, const char *path, const char *bytes, size_t length)
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        signal(SIGXFSZ, SIG_IGN);
        struct rlimit most = { limit, limit };
        wl_error error = { "" };
        wl_status status =
            setrlimit(RLIMIT_FSIZE, &most) ? WL_OK : replace(path, bytes, length, &error);
        int told = strstr(error.text, path) && strstr(error.text, strerror(EFBIG));
        _exit(status == WL_OK ? 0 : status == WL_IO_ERROR && told ? 1 : 2);
    }
    int answer;
    assert_int_equal(waitpid(child, &answer, 0), child);
    assert_true(WIFEXITED(answer));
    return WEXITSTATUS(answer);
}

static void a_disk_that_fills_anywhere_leaves_the_old_file(void **state)
{
    (void)state;
    enum { N = 150000 };
    const char *path = in_folder("full");
    write_text(path, "old");
    int files = files_in_folder();
    char *bytes = calloc(N, 1);
    /* at once; within, at and after the writer's buffer; at the last byte */
    static const rlim_t limits[] = { 0, 1, 1000, 65535, 65536, 65537, 131072, N - 1 };
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        assert_int_equal(replace_within(limits[i], path, bytes, N), 1);
        assert_holds(path, "old");
        assert_int_equal(files_in_folder(), files);
    }
    assert_int_equal(replace_within(N, path, bytes, N), 0);
    free(bytes);
}

/* Kills a child that replaces a file again and again: the file is always one of the two. */
static void a_kill_at_any_moment_leaves_a_whole_file(void **state)
{
    (void)state;
    enum { N = 300000, KILLS = 40 };
    const char *path = in_folder("killed");
    char *bytes = malloc(N);
    memset(bytes, 'a', N);
    write_bytes(path, bytes, N);
    for (int i = 0; i < KILLS; i++) {
        pid_t child = fork();
        if (child == 0)
            for (int turn = 1;; turn++) {
                memset(bytes, 'a' + turn % 26, N);
                replace(path, bytes, N, NULL);
            }
        usleep((useconds_t)(500 + i * 137));
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        size_t length;
        char *found = read_bytes(path, &length);
        assert_int_equal(length, N);
        for (size_t k = 1; k < length; k++)
            if (found[k] != found[0]) fail_msg("torn at byte %zu", k);
        free(found);
    }
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_is_one_line_of_utf8),
        cmocka_unit_test(tokens_of_any_length_come_whole),
        cmocka_unit_test(reading_seeks_and_stops_at_the_end),
        cmocka_unit_test(a_source_that_shrinks_is_a_bad_file),
        cmocka_unit_test(what_cannot_be_opened_says_why),
        cmocka_unit_test(standard_input_is_spooled_without_a_trace),
        cmocka_unit_test(standard_input_from_a_file_begins_where_it_stands),
        cmocka_unit_test(no_room_to_spool_is_an_io_error),
        cmocka_unit_test(a_full_disk_while_spooling_is_an_io_error),
        cmocka_unit_test(a_file_is_replaced_with_its_permissions),
        cmocka_unit_test(a_large_write_arrives_whole),
        cmocka_unit_test(what_is_not_committed_leaves_nothing),
        cmocka_unit_test(a_symbolic_link_stays_and_its_target_is_replaced),
        cmocka_unit_test(a_temporary_left_by_a_killed_run_is_no_obstacle),
        cmocka_unit_test(what_cannot_be_written_says_why),
        cmocka_unit_test(a_device_is_written_to_and_stays),
        cmocka_unit_test(a_disk_that_fills_anywhere_leaves_the_old_file),
        cmocka_unit_test(a_kill_at_any_moment_leaves_a_whole_file),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
