/* The backends of this build, best first: the one file that knows what was compiled in. */
#include "op.h"

extern const wl_backend wl_backend_cuda;
extern const wl_backend wl_ref_v2_backend, wl_ref_v3_backend, wl_ref_v4_backend;

const wl_backend *const wl_backends[] = {
#ifdef WL_WITH_CUDA
    &wl_backend_cuda,
#endif
#ifdef WL_WITH_X86
    &wl_ref_v4_backend, &wl_ref_v3_backend,
#endif
    &wl_ref_v2_backend, NULL,
};
