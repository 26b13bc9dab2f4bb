/* The reader: pread through one buffer that grows with the longest token. Sources that cannot be
 * read twice are first spooled to an unlinked file. */
#include <wordloom/nn/file.h>

#include "spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER = 1 << 20, SPOOLED = 1 << 16 };

struct wl_reader {
    char *name;
    int fd;
    int64_t base; /* where in fd the source begins */
    int64_t size;
    int64_t fetched; /* bytes of the source up to the end of the buffer's contents */
    char *buffer;    /* capacity + 1 bytes, so that a token can always be terminated */
    size_t capacity, begin, end;
};

static wl_status system_error(const char *name, const char *what, wl_error *error)
{
    wl_status status = errno == ENOMEM ? WL_NO_MEMORY : WL_IO_ERROR;
    return wl_error_set(error, status, "%s: %s: %s", name, what, strerror(errno));
}

static ssize_t read_some(int fd, void *to, size_t bytes)
{
    ssize_t n;
    do n = read(fd, to, bytes);
    while (n < 0 && errno == EINTR);
    return n;
}

/* Replaces reader->fd by an unlinked file with the rest of its bytes. */
static wl_status spool(wl_reader *reader, wl_error *error)
{
    int copy = wl_spool_open();
    if (copy < 0)
        return system_error(reader->name, "cannot make a temporary file for it in $TMPDIR", error);
    char bytes[SPOOLED];
    ssize_t n;
    while ((n = read_some(reader->fd, bytes, sizeof bytes)) > 0) {
        if (wl_spool_write(copy, bytes, (size_t)n) == 0) continue;
        wl_status status =
            system_error(reader->name, "cannot write its temporary file in $TMPDIR", error);
        close(copy);
        return status;
    }
    int failure = errno;
    close(reader->fd);
    reader->fd = copy;
    errno = failure;
    return n < 0 ? system_error(reader->name, "cannot read", error) : WL_OK;
}

/* Finds out what reader->fd is, makes it seekable, and notes its extent. */
static wl_status settle(wl_reader *reader, wl_error *error)
{
    struct stat about;
    if (fstat(reader->fd, &about)) return system_error(reader->name, "cannot read", error);
    if (S_ISDIR(about.st_mode)) {
        errno = EISDIR;
        return system_error(reader->name, "cannot read", error);
    }
    if (S_ISREG(about.st_mode)) {
        off_t here = lseek(reader->fd, 0, SEEK_CUR);
        if (here < 0) return system_error(reader->name, "cannot read", error);
        reader->base = here;
    } else {
        wl_status status = spool(reader, error);
        if (status) return status;
        if (fstat(reader->fd, &about)) return system_error(reader->name, "cannot read", error);
    }
    reader->size = about.st_size > reader->base ? about.st_size - reader->base : 0;
    return WL_OK;
}

static size_t at_most(int64_t left, size_t bytes)
{
    return left < (int64_t)bytes ? (size_t)left : bytes;
}

static wl_status open_source(wl_reader *reader, const char *path, wl_error *error)
{
    int standard = strcmp(path, "-") == 0;
    reader->fd = -1;
    reader->name = strdup(standard ? "standard input" : path);
    if (!reader->name) return wl_error_set(error, WL_NO_MEMORY, "%s: no memory to open it", path);
    do
        reader->fd = standard ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                              : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    while (reader->fd < 0 && errno == EINTR);
    if (reader->fd < 0) return system_error(reader->name, "cannot open", error);
    wl_status status = settle(reader, error);
    if (status) return status;
    reader->capacity = at_most(reader->size, BUFFER);
    reader->buffer = malloc(reader->capacity + 1);
    return reader->buffer ? WL_OK
                          : wl_error_set(error, WL_NO_MEMORY, "%s: no memory for a buffer", path);
}

wl_status wl_reader_open(wl_reader **out, const char *path, wl_error *error)
{
    *out = NULL;
    wl_reader *reader = calloc(1, sizeof *reader);
    if (!reader) return wl_error_set(error, WL_NO_MEMORY, "%s: no memory to open it", path);
    wl_status status = open_source(reader, path, error);
    if (status) {
        wl_reader_close(reader);
        return status;
    }
    *out = reader;
    return WL_OK;
}

void wl_reader_close(wl_reader *reader)
{
    if (!reader) return;
    if (reader->fd >= 0) close(reader->fd);
    free(reader->buffer);
    free(reader->name);
    free(reader);
}

const char *wl_reader_name(const wl_reader *reader) { return reader->name; }

int64_t wl_reader_size(const wl_reader *reader) { return reader->size; }

int64_t wl_reader_position(const wl_reader *reader)
{
    return reader->fetched - (int64_t)(reader->end - reader->begin);
}

void wl_reader_seek(wl_reader *reader, int64_t position)
{
    if (position < 0) position = 0;
    if (position > reader->size) position = reader->size;
    reader->fetched = position;
    reader->begin = reader->end = 0;
}

/* Up to `bytes` bytes that follow those in the buffer, at least one. */
static wl_status fetch(wl_reader *reader, void *to, size_t bytes, size_t *got, wl_error *error)
{
    ssize_t n;
    do n = pread(reader->fd, to, bytes, reader->base + reader->fetched);
    while (n < 0 && errno == EINTR);
    if (n < 0) return system_error(reader->name, "cannot read", error);
    if (n == 0)
        return wl_error_set(error, WL_BAD_FILE,
                            "%s: byte %lld: expected %lld bytes in all, but the file has shrunk",
                            reader->name, (long long)reader->fetched, (long long)reader->size);
    reader->fetched += n;
    *got = (size_t)n;
    return WL_OK;
}

wl_status wl_reader_read(wl_reader *reader, void *to, size_t bytes, wl_error *error)
{
    int64_t position = wl_reader_position(reader);
    if (bytes > (uint64_t)(reader->size - position))
        return wl_error_set(
            error, WL_BAD_FILE, "%s: byte %lld: expected %zu more bytes, found the end after %lld",
            reader->name, (long long)position, bytes, (long long)(reader->size - position));
    char *next = to;
    size_t buffered = at_most((int64_t)(reader->end - reader->begin), bytes);
    if (buffered > 0) memcpy(next, reader->buffer + reader->begin, buffered);
    reader->begin += buffered;
    next += buffered;
    bytes -= buffered;
    while (bytes > 0) {
        size_t got;
        wl_status status = fetch(reader, next, at_most(1 << 30, bytes), &got, error);
        if (status) return status;
        next += got;
        bytes -= got;
    }
    return WL_OK;
}

/* Makes room behind the unread bytes: moves them to the front, or enlarges a full buffer by an
 * eighth, so that a token takes little more memory than its bytes. */
static wl_status make_room(wl_reader *reader, wl_error *error)
{
    if (reader->begin > 0) {
        memmove(reader->buffer, reader->buffer + reader->begin, reader->end - reader->begin);
        reader->end -= reader->begin;
        reader->begin = 0;
        return WL_OK;
    }
    if (reader->end < reader->capacity) return WL_OK;
    size_t capacity = reader->capacity + reader->capacity / 8 + BUFFER;
    char *buffer = realloc(reader->buffer, capacity + 1);
    if (!buffer)
        return wl_error_set(error, WL_NO_MEMORY, "%s: byte %lld: no memory for a token this long",
                            reader->name, (long long)wl_reader_position(reader));
    reader->buffer = buffer;
    reader->capacity = capacity;
    return WL_OK;
}

/* Adds bytes to the buffer; none are left where reader->fetched is already the size. */
static wl_status fill(wl_reader *reader, wl_error *error)
{
    wl_status status = make_room(reader, error);
    if (status) return status;
    size_t room = at_most(reader->size - reader->fetched, reader->capacity - reader->end);
    size_t got;
    status = fetch(reader, reader->buffer + reader->end, room, &got, error);
    if (!status) reader->end += got;
    return status;
}

wl_status wl_reader_token(wl_reader *reader, const unsigned char stops[256], wl_token *out,
                          wl_error *error)
{
    size_t length = 0;
    for (;;) {
        const unsigned char *token = (const unsigned char *)reader->buffer + reader->begin;
        size_t held = reader->end - reader->begin;
        while (length < held && !stops[token[length]]) length++;
        if (length < held || reader->fetched >= reader->size) break;
        wl_status status = fill(reader, error);
        if (status) return status;
    }
    char *bytes = reader->buffer + reader->begin;
    int stopped = reader->begin + length < reader->end;
    *out = (wl_token){ bytes, length, stopped ? (unsigned char)bytes[length] : -1 };
    bytes[length] = 0;
    reader->begin += length + (size_t)stopped;
    return WL_OK;
}
