/* Status codes, element types and the tensor view that every call takes. */
#ifndef WORDLOOM_TYPES_H
#define WORDLOOM_TYPES_H

#include <stddef.h>
#include <stdint.h>

#if defined(__cplusplus)
#define WL_BEGIN extern "C" {
#define WL_END }
#else
#define WL_BEGIN
#define WL_END
#endif

#define WL_API __attribute__((visibility("default")))

WL_BEGIN

/* What a call answers. Values are part of the ABI: they never change, and new ones only join. */
typedef enum wl_status {
    WL_OK = 0,

    /* the call */
    WL_MISSING = 101,      /* a required argument is null */
    WL_BAD_DTYPE = 102,    /* an element type the contract does not take */
    WL_BAD_SHAPE = 103,    /* a shape that contradicts the contract or another argument */
    WL_BAD_STRIDE = 104,   /* strides where the contract takes none, or overlapping ones */
    WL_MISALIGNED = 105,   /* a pointer that is not a multiple of its element size */
    WL_OUT_OF_RANGE = 106, /* a host scalar outside its range */
    WL_ALIASED = 107,      /* a written tensor shares memory with another argument */
    WL_BAD_SIZE = 108,     /* `size` of an args struct is unset, or from a newer library */
    WL_NO_WORKSPACE = 109, /* wl_ctx_set_workspace gave too little */
    WL_BAD_ID = 110,       /* an id on the device was out of bounds; told by wl_ctx_sync */

    /* the machine */
    WL_UNSUPPORTED = 201,  /* valid, but not on this device */
    WL_NO_MEMORY = 202,    /* host or device memory ran out */
    WL_DEVICE_ERROR = 203, /* the CUDA runtime or cuBLASLt reported an error */

    /* files and runs */
    WL_IO_ERROR = 301,    /* the system refused to read or write */
    WL_BAD_FILE = 302,    /* a file is malformed */
    WL_INTERRUPTED = 303, /* the caller asked a long run to stop */
    WL_NOT_FINITE = 304,  /* training met NaN or infinity again and again */
} wl_status;

/* The name of a status, such as "WL_BAD_SHAPE". */
WL_API const char *wl_status_name(wl_status status);

typedef enum wl_dtype {
    WL_F32 = 1,
    WL_F64 = 2,
    WL_F16 = 3,  /* IEEE 754 binary16 */
    WL_BF16 = 4, /* the upper half of a binary32 */
    WL_I32 = 5,
    WL_I64 = 6,
    WL_U8 = 7,
} wl_dtype;

/* Bytes of one element; 0 for a value that is no wl_dtype. */
WL_API size_t wl_dtype_size(int32_t dtype);
WL_API const char *wl_dtype_name(int32_t dtype); /* "f32", ... */

/* How f32 becomes 16 bits. */
enum { WL_ROUND_NEAREST = 0, WL_ROUND_STOCHASTIC = 1 };

/* A view of the caller's memory: it owns nothing. Axis 0 is the outermost. Strides count
 * elements; all zero means dense and row-major. The innermost axis is always contiguous.
 * Any pointer aligned to its element is legal; rows of whole 16 bytes are faster. */
typedef struct wl_tensor {
    void *data;
    int32_t dtype; /* a wl_dtype */
    int32_t ndim;  /* 1 to 4 */
    int64_t shape[4];
    int64_t stride[4];
} wl_tensor;

WL_END
#endif
