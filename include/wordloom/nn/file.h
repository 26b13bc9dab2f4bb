/* Reading a source once or many times without ever mapping it, and replacing a file so that
 * either the old or the new one is there, whole, whatever happens on the way. */
#ifndef WORDLOOM_NN_FILE_H
#define WORDLOOM_NN_FILE_H

#include <wordloom/nn/error.h>

WL_BEGIN

/* A source of bytes with a known size, read through one buffer. Bytes that are appended after
 * it was opened are not seen; a source that shrinks is WL_BAD_FILE. */
typedef struct wl_reader wl_reader;

/* Opens `path`. "-" is standard input. What cannot be read twice (standard input from a pipe, a
 * FIFO, a device) is first copied to an unlinked file in $TMPDIR, or else /tmp.
 * WL_IO_ERROR: the system refused to open, to read or to copy. WL_NO_MEMORY. */
WL_API wl_status wl_reader_open(wl_reader **out, const char *path, wl_error *error);
WL_API void wl_reader_close(wl_reader *reader); /* takes null */

/* The path, or "standard input": how messages name the source. Lives as long as the reader. */
WL_API const char *wl_reader_name(const wl_reader *reader);
WL_API int64_t wl_reader_size(const wl_reader *reader);     /* bytes */
WL_API int64_t wl_reader_position(const wl_reader *reader); /* bytes before the next one */

/* The next byte read is number `position`; past either end, the end. */
WL_API void wl_reader_seek(wl_reader *reader, int64_t position);

/* The next `bytes` bytes into `to`. WL_BAD_FILE: the source ends before. WL_IO_ERROR. */
WL_API wl_status wl_reader_read(wl_reader *reader, void *to, size_t bytes, wl_error *error);

/* What wl_reader_token found. */
typedef struct wl_token {
    const char *bytes; /* valid until the next call on the reader; bytes[length] is 0 */
    size_t length;     /* may be 0 */
    int stop;          /* the byte that ended it, 0 to 255, now consumed; -1: end of the source */
} wl_token;

/* The bytes up to the next one for which `stops` is nonzero, however many they are. At the end
 * of the source: length 0 and stop -1. WL_NO_MEMORY: the token does not fit. WL_BAD_FILE: the
 * source shrank. WL_IO_ERROR. */
WL_API wl_status wl_reader_token(wl_reader *reader, const unsigned char stops[256], wl_token *out,
                                 wl_error *error);

/* A file being replaced. Bytes go to PATH.tmp.PID beside it, which wl_writer_commit puts in its
 * place. Where PATH is a symbolic link, its target is replaced; where it is a device or a FIFO,
 * bytes go straight to it. */
typedef struct wl_writer wl_writer;

/* Begins to replace `path`, which keeps its permissions where it exists. WL_IO_ERROR: the
 * temporary file cannot be made. WL_NO_MEMORY. */
WL_API wl_status wl_writer_open(wl_writer **out, const char *path, wl_error *error);

/* Appends. WL_IO_ERROR: the system refused, such as for a full disk. */
WL_API wl_status wl_writer_write(wl_writer *writer, const void *from, size_t bytes,
                                 wl_error *error);

/* Makes what was written durable (fsync), puts it in place (rename), and makes that durable
 * (fsync of the directory). WL_IO_ERROR: the system refused, or had refused a write before; the
 * old file stays, unless it is the last step that failed, as the message then says. */
WL_API wl_status wl_writer_commit(wl_writer *writer, wl_error *error);

/* Frees the writer, and removes the temporary file where it was not committed. Takes null. */
WL_API void wl_writer_close(wl_writer *writer);

WL_END
#endif
