/* Unlinked temporary files: see spool.h. */
#include "spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int wl_spool_open(void)
{
    const char *folder = getenv("TMPDIR");
    char path[4096];
    const int n =
        snprintf(path, sizeof path, "%s/wordloom.XXXXXX", folder && *folder ? folder : "/tmp");
    if (n < 0 || n >= (int)sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    const int fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0) unlink(path);
    return fd;
}

int wl_spool_write(int fd, const void *from, size_t bytes)
{
    const char *next = from;
    while (bytes > 0) {
        const ssize_t n = write(fd, next, bytes);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return -1;
        next += n;
        bytes -= (size_t)n;
    }
    return 0;
}
