/* The header of numpy's .npy files, by which an array is known. */
#ifndef WORDLOOM_HOST_NPY_HEADER_H
#define WORDLOOM_HOST_NPY_HEADER_H

#include <wordloom/nn/file.h>

typedef struct wl_npy_header {
    char descr[16];   /* the element type, such as "<f4" */
    int fortran;      /* columns first */
    int ndim;         /* more than 2 count as 3 */
    int64_t shape[2]; /* the first two axes */
} wl_npy_header;

/* Of versions 1.0 to 3.0, the reader at byte 0; then it stands at the first element. WL_BAD_FILE
 * names the byte: not .npy, another version, a header of over 10,000 bytes (which numpy refuses
 * too), or one that is not the dictionary of `descr`, `fortran_order` and `shape`. WL_IO_ERROR. */
wl_status wl_npy_read_header(wl_npy_header *out, wl_reader *reader, wl_error *error);

/* Version 1.0, for a [V,D] array of little-endian float32 in C order, which then follows. */
wl_status wl_npy_write_header(wl_writer *writer, int64_t V, int64_t D, wl_error *error);

#endif
