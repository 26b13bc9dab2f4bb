/* See program_runs.h. */
#include "program_runs.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST = 40 };

pid_t start(char **args)
{
    fflush(stdout); /* or the child would print it once more */
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child > 0) return child;
    const int in = open(in_folder("stdin"), O_RDONLY);
    const int out = open(in_folder("stdout"), O_CREAT | O_TRUNC | O_WRONLY, 0600);
    const int err = open(in_folder("stderr"), O_CREAT | O_TRUNC | O_WRONLY, 0600);
    if (in < 0 || out < 0 || err < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0)
        _exit(99);
    execv(WORDLOOM_PROGRAM, args);
    _exit(98);
}

int wait_for(pid_t child)
{
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

int run(const char *first, ...)
{
    char *args[MOST] = { (char *)WORDLOOM_PROGRAM };
    int n = 1;
    va_list list;
    va_start(list, first);
    for (const char *a = first; a && n < MOST - 1; a = va_arg(list, const char *))
        args[n++] = (char *)a;
    va_end(list);
    return wait_for(start(args));
}

void assert_has(const char *file, const char *part)
{
    size_t length;
    char *text = read_bytes(in_folder(file), &length);
    char *found = memmem(text, length, part, strlen(part));
    if (!found) print_error("%s has no \"%s\":\n%.*s\n", file, part, (int)length, text);
    free(text);
    assert_non_null(found);
}

void assert_empty(const char *file)
{
    size_t length;
    char *text = read_bytes(in_folder(file), &length);
    if (length) print_error("%s has:\n%.*s\n", file, (int)length, text);
    free(text);
    assert_int_equal(length, 0);
}

void assert_same(const char *one, const char *two)
{
    size_t n, m;
    char *first = read_bytes(in_folder(one), &n), *second = read_bytes(in_folder(two), &m);
    assert_int_equal(n, m);
    assert_memory_equal(first, second, n);
    free(first);
    free(second);
}

void write_corpus(const char *name, int lines)
{
    char *text = malloc((size_t)lines * 32), *to = text;
    for (int i = 0; i < lines; i++)
        to += sprintf(to, i % 2 ? "sun moon star sky sun star\n" : "red blue green red\n");
    write_text(in_folder(name), text);
    free(text);
}

int make_program_folder(void **state)
{
    const int status = make_folder(state);
    write_text(in_folder("stdin"), "");
    return status;
}
