/* The input of a fuzzer as a file in memory with a path, the same one for every input. */
#ifndef WORDLOOM_TESTS_FUZZ_MEMORY_FILE_H
#define WORDLOOM_TESTS_FUZZ_MEMORY_FILE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static inline const char *memory_file(const uint8_t *bytes, size_t length)
{
    static char path[64];
    static int fd = -1;
    if (fd < 0) fd = memfd_create("input", 0);
    if (fd < 0 || ftruncate(fd, 0) || pwrite(fd, bytes, length, 0) != (ssize_t)length) abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return path;
}

/* What must hold for every input. */
static inline void must(int holds)
{
    if (!holds) __builtin_trap();
}

#endif
