// What the files of bugs share: one kernel run on an array, and what it left there.
#ifndef EMULATOR_BUGS_H
#define EMULATOR_BUGS_H

#include "selftest.h"

#include <cmath>
#include <cstdio>

constexpr int values = 1000;

inline void tell_values(const float *device)
{
    float host[128];
    int not_numbers = 0;
    cudaMemcpy(host, device, sizeof host, cudaMemcpyDeviceToHost);
    for (float value : host) not_numbers += std::isnan(value);
    std::fprintf(stderr, "finished, %d of 128 are NaN\n", not_numbers);
}

template <auto kernel, unsigned blocks, unsigned threads, bool cooperative = false, class... A>
void run(A... more)
{
    device_array<float> p(values);
    const cudaError_t error =
        launch({ blocks, threads, 0, cooperative }, kernel, static_cast<float *>(p), more...);
    if (error) std::fprintf(stderr, "refused: %s\n", cudaGetErrorString(error));
    cudaDeviceSynchronize();
    tell_values(p);
}

#endif
