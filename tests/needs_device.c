/* The main of tests of the real kernels: without a CUDA device the test is skipped, and says so.
 * The build renames their own main to test_main. */
#undef main

#include "../host/core/op.h"

#include <stdio.h>

extern const wl_backend wl_backend_cuda;
int test_main(void);

int main(void)
{
    enum { SKIPPED = 77 }; /* CTest's SKIP_RETURN_CODE */
    if (wl_backend_cuda.count() > 0) return test_main();
    printf("skipped: no CUDA device, driver or cuBLASLt on this machine\n");
    return SKIPPED;
}
