// The correct kernels of the headers of instructions, on a GPU: their nvcc bodies must do what the
// emulated ones do. Skipped without a device of sm_90.
#include "selftest.h"

#include <cstdio>

namespace
{

int passed = 0, failed = 0;

} // namespace

void check(bool holds, const char *claim)
{
    (holds ? passed : failed)++;
    if (!holds) std::printf("FAILED %s\n", claim);
}

int main()
{
    constexpr int skipped = 77; // CTest's SKIP_RETURN_CODE
    int devices = 0, major = 0;
    if (cudaGetDeviceCount(&devices) == cudaSuccess && devices > 0)
        check(!cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, 0),
              "a device tells its architecture");
    if (major < 9) {
        std::printf("skipped: no CUDA device of sm_90 on this machine\n");
        return skipped;
    }
    run_correct_tiles();
    run_correct_pipes();
    run_correct_clusters();
    check(cudaDeviceSynchronize() == cudaSuccess, "no kernel has failed");
    std::printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
