/* Linked into tests of the real kernels: without a CUDA device the test is skipped, and says so. */
#include "../host/core/op.h"

#include <stdio.h>
#include <stdlib.h>

extern const wl_backend wl_backend_cuda;

__attribute__((constructor)) static void skip_without_a_device(void)
{
    enum { SKIPPED = 77 }; /* CTest's SKIP_RETURN_CODE */
    if (wl_backend_cuda.count() > 0) return;
    printf("skipped: no CUDA device, driver or cuBLASLt on this machine\n");
    exit(SKIPPED);
}
