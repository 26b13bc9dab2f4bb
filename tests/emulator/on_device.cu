// The correct kernels that nvcc compiles too, on a GPU: they check the bodies that the emulator
// replaces. Without a device the test is skipped, and says so.
#include "selftest.h"

#include <cstdio>

namespace
{

int passed = 0, failed = 0;

} // namespace

void check(bool holds, const char *claim)
{
    (holds ? passed : failed)++;
    if (!holds) std::fprintf(stderr, "FAILED %s\n", claim);
}

int main()
{
    constexpr int skipped = 77; // CTest's SKIP_RETURN_CODE
    int devices = 0;
    if (cudaGetDeviceCount(&devices) || !devices) {
        std::printf("skipped: no CUDA device on this machine\n");
        return skipped;
    }
    run_correct_tiles();
    std::printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
