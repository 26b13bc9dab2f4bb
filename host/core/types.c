/* Names and sizes of <wordloom/types.h>. */
#include <wordloom/types.h>

size_t wl_dtype_size(int32_t dtype)
{
    switch (dtype) {
    case WL_F64:
    case WL_I64: return 8;
    case WL_F32:
    case WL_I32: return 4;
    case WL_F16:
    case WL_BF16: return 2;
    case WL_U8: return 1;
    default: return 0;
    }
}

const char *wl_dtype_name(int32_t dtype)
{
    switch (dtype) {
    case WL_F32: return "f32";
    case WL_F64: return "f64";
    case WL_F16: return "f16";
    case WL_BF16: return "bf16";
    case WL_I32: return "i32";
    case WL_I64: return "i64";
    case WL_U8: return "u8";
    default: return "none";
    }
}

const char *wl_status_name(wl_status status)
{
    switch (status) {
    case WL_OK: return "WL_OK";
    case WL_MISSING: return "WL_MISSING";
    case WL_BAD_DTYPE: return "WL_BAD_DTYPE";
    case WL_BAD_SHAPE: return "WL_BAD_SHAPE";
    case WL_BAD_STRIDE: return "WL_BAD_STRIDE";
    case WL_MISALIGNED: return "WL_MISALIGNED";
    case WL_OUT_OF_RANGE: return "WL_OUT_OF_RANGE";
    case WL_ALIASED: return "WL_ALIASED";
    case WL_BAD_SIZE: return "WL_BAD_SIZE";
    case WL_NO_WORKSPACE: return "WL_NO_WORKSPACE";
    case WL_BAD_ID: return "WL_BAD_ID";
    case WL_UNSUPPORTED: return "WL_UNSUPPORTED";
    case WL_NO_MEMORY: return "WL_NO_MEMORY";
    case WL_DEVICE_ERROR: return "WL_DEVICE_ERROR";
    case WL_IO_ERROR: return "WL_IO_ERROR";
    case WL_BAD_FILE: return "WL_BAD_FILE";
    case WL_INTERRUPTED: return "WL_INTERRUPTED";
    case WL_NOT_FINITE: return "WL_NOT_FINITE";
    }
    return "unknown status";
}
