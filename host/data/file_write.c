/* The writer: a temporary file beside the one it replaces, made durable before the rename. */
#include <wordloom/nn/file.h>

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER = 1 << 16 };

struct wl_writer {
    char *path;      /* what is replaced, symbolic links resolved */
    char *temporary; /* null: bytes go straight to path, which is no regular file */
    int fd;
    int failed; /* a write was refused: nothing may be put in place */
    size_t held;
    char buffer[BUFFER];
};

static wl_status refuse(const char *path, const char *what, wl_error *error)
{
    wl_status status = errno == ENOMEM ? WL_NO_MEMORY : WL_IO_ERROR;
    return wl_error_set(error, status, "%s: %s: %s", path, what, strerror(errno));
}

static int open_file(const char *path, int flags)
{
    int fd;
    do fd = open(path, flags | O_CLOEXEC | O_NOCTTY, 0666);
    while (fd < 0 && errno == EINTR);
    return fd;
}

/* A file of this name can only be left over from a killed process that had our number. */
static int open_temporary(const char *path)
{
    int flags = O_WRONLY | O_CREAT | O_EXCL;
    int fd = open_file(path, flags);
    if (fd >= 0 || errno != EEXIST || unlink(path)) return fd;
    return open_file(path, flags);
}

/* The name of the temporary file, or null. */
static char *temporary_name(const char *path)
{
    size_t room = strlen(path) + sizeof ".tmp." + 20;
    char *name = malloc(room);
    if (name) snprintf(name, room, "%s.tmp.%ld", path, (long)getpid());
    return name;
}

static wl_status open_target(wl_writer *writer, const char *path, wl_error *error)
{
    struct stat about;
    int exists = stat(path, &about) == 0;
    writer->fd = -1;
    writer->path = exists ? realpath(path, NULL) : strdup(path);
    if (!writer->path) return refuse(path, "cannot write", error);
    if (exists && !S_ISREG(about.st_mode)) {
        writer->fd = open_file(writer->path, O_WRONLY);
        return writer->fd < 0 ? refuse(path, "cannot write", error) : WL_OK;
    }
    char *temporary = temporary_name(writer->path);
    if (!temporary) return wl_error_set(error, WL_NO_MEMORY, "%s: no memory to write it", path);
    writer->fd = open_temporary(temporary);
    if (writer->fd < 0) {
        wl_status status = refuse(temporary, "cannot make this temporary file", error);
        free(temporary);
        return status;
    }
    writer->temporary = temporary;
    if (exists && fchmod(writer->fd, about.st_mode & 07777))
        return refuse(temporary, "cannot set its permissions", error);
    return WL_OK;
}

wl_status wl_writer_open(wl_writer **out, const char *path, wl_error *error)
{
    *out = NULL;
    wl_writer *writer = calloc(1, sizeof *writer);
    if (!writer) return wl_error_set(error, WL_NO_MEMORY, "%s: no memory to write it", path);
    wl_status status = open_target(writer, path, error);
    if (status) {
        wl_writer_close(writer);
        return status;
    }
    *out = writer;
    return WL_OK;
}

static wl_status put(wl_writer *writer, const char *from, size_t bytes, wl_error *error)
{
    while (bytes > 0) {
        ssize_t n = write(writer->fd, from, bytes < 1 << 30 ? bytes : 1 << 30);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            writer->failed = 1;
            return refuse(writer->path, "cannot write", error);
        }
        from += n;
        bytes -= (size_t)n;
    }
    return WL_OK;
}

static wl_status flush(wl_writer *writer, wl_error *error)
{
    size_t held = writer->held;
    writer->held = 0;
    return put(writer, writer->buffer, held, error);
}

wl_status wl_writer_write(wl_writer *writer, const void *from, size_t bytes, wl_error *error)
{
    if (bytes > BUFFER - writer->held) {
        wl_status status = flush(writer, error);
        if (status) return status;
    }
    if (bytes > BUFFER) return put(writer, from, bytes, error);
    if (bytes > 0) memcpy(writer->buffer + writer->held, from, bytes);
    writer->held += bytes;
    return WL_OK;
}

/* Closes the file, its bytes on the disk before. A device or FIFO has nothing to sync. */
static wl_status settle(wl_writer *writer, wl_error *error)
{
    int fd = writer->fd;
    if (writer->temporary && fsync(fd)) return refuse(writer->path, "cannot sync", error);
    writer->fd = -1;
    return close(fd) && errno != EINTR ? refuse(writer->path, "cannot close", error) : WL_OK;
}

static int open_folder(const char *path)
{
    char *copy = strdup(path);
    if (!copy) return -1;
    int fd = open_file(dirname(copy), O_RDONLY | O_DIRECTORY);
    free(copy);
    return fd;
}

/* Some file systems do not sync directories and say EINVAL: they then need none. */
static wl_status put_in_place(wl_writer *writer, int folder, wl_error *error)
{
    if (rename(writer->temporary, writer->path))
        return refuse(writer->path, "cannot replace", error);
    free(writer->temporary);
    writer->temporary = NULL;
    if (fsync(folder) && errno != EINVAL)
        return refuse(writer->path, "replaced, but cannot sync its directory", error);
    return WL_OK;
}

wl_status wl_writer_commit(wl_writer *writer, wl_error *error)
{
    if (writer->failed || writer->fd < 0)
        return wl_error_set(error, WL_IO_ERROR, "%s: not replaced: a write had failed",
                            writer->path);
    wl_status status = flush(writer, error);
    if (!status) status = settle(writer, error);
    if (status || !writer->temporary) return status;
    int folder = open_folder(writer->path);
    if (folder < 0) return refuse(writer->path, "cannot open its directory", error);
    status = put_in_place(writer, folder, error);
    close(folder);
    return status;
}

void wl_writer_close(wl_writer *writer)
{
    if (!writer) return;
    if (writer->fd >= 0) close(writer->fd);
    if (writer->temporary) unlink(writer->temporary);
    free(writer->temporary);
    free(writer->path);
    free(writer);
}
