/* See data_files.h. */
#include "data_files.h"

#include <dirent.h>
#include <ftw.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64];

int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/wordloom-data.XXXXXX");
    return mkdtemp(folder) && setenv("TMPDIR", folder, 1) == 0 ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *walk)
{
    (void)about, (void)kind, (void)walk;
    return remove(path);
}

int remove_folder(void **state)
{
    (void)state;
    return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *in_folder(const char *name)
{
    static char paths[8][256];
    static int next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

int files_in_folder(void)
{
    DIR *open = opendir(folder);
    assert_non_null(open);
    int n = 0;
    for (struct dirent *entry; (entry = readdir(open));) n += entry->d_name[0] != '.';
    closedir(open);
    return n;
}

void write_bytes(const char *path, const void *bytes, size_t length)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

void write_text(const char *path, const char *text) { write_bytes(path, text, strlen(text)); }

char *read_bytes(const char *path, size_t *length)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    struct stat about;
    assert_int_equal(fstat(fileno(file), &about), 0);
    *length = (size_t)about.st_size;
    char *bytes = malloc(*length + 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, *length, file), *length);
    bytes[*length] = 0;
    fclose(file);
    return bytes;
}

void assert_same_files(const char *one, const char *two)
{
    size_t n, m;
    char *a = read_bytes(in_folder(one), &n), *b = read_bytes(in_folder(two), &m);
    assert_int_equal(n, m);
    assert_memory_equal(a, b, n);
    free(a), free(b);
}

void assert_error(const wl_error *error, ...)
{
    va_list parts;
    va_start(parts, error);
    for (const char *part; (part = va_arg(parts, const char *));)
        if (!strstr(error->text, part)) fail_msg("\"%s\" lacks \"%s\"", error->text, part);
    va_end(parts);
}

void pipe_into_stdin(const void *bytes, size_t length)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    if (fork() == 0) {
        const char *from = bytes;
        while (length > 0) {
            ssize_t n = write(ends[1], from, length);
            if (n <= 0) break;
            from += n;
            length -= (size_t)n;
        }
        _exit(0);
    }
    assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    close(ends[0]);
    close(ends[1]);
}

static size_t address_space(void)
{
    size_t pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file) return 0;
    if (fscanf(file, "%zu", &pages) != 1) pages = 0;
    fclose(file);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
static const int sanitized = 1;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                         \
    __has_feature(memory_sanitizer)
static const int sanitized = 1;
#else
static const int sanitized = 0;
#endif
#else
static const int sanitized = 0;
#endif

void needs_an_address_space(void)
{
    if (!sanitized) return;
    print_message("skipped: a sanitizer needs the address space that this test limits\n");
    skip();
}

wl_status with_memory(size_t bytes, wl_status (*load)(const char *path), const char *path)
{
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        size_t most = address_space() + bytes;
        struct rlimit limit = { most, most };
        _exit(setrlimit(RLIMIT_AS, &limit) ? 255 : (int)load(path) % 255);
    }
    int answer;
    assert_int_equal(waitpid(child, &answer, 0), child);
    assert_true(WIFEXITED(answer));
    assert_int_not_equal(WEXITSTATUS(answer), 255);
    for (int status = WL_IO_ERROR; status <= WL_NOT_FINITE; status++)
        if (status % 255 == WEXITSTATUS(answer)) return (wl_status)status;
    return (wl_status)WEXITSTATUS(answer);
}
