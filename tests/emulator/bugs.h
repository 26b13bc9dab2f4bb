// What the files of bugs share: a table of mistakes, each run in a process of its own, and a launch
// that tells what a mistake has left behind.
#ifndef EMULATOR_BUGS_H
#define EMULATOR_BUGS_H

#include "selftest.h"

#include <cmath>
#include <cstdio>

struct bug {
    const char *name;
    void (*run)();
    int shows_in;        // the builds in which it must show
    const char *report;  // what standard error must then contain
    bool names_the_line; // and whether also the line marked "BUG: name"
    const char *setting; // an environment variable, or null
};

struct bug_file {
    const char *path;
    const bug *bugs;
    int count;
};

extern const bug_file bugs_of_threads;  // bugs.cu
extern const bug_file bugs_of_pipes;    // bugs_pipes.cu
extern const bug_file bugs_of_tiles;    // bugs_tiles.cu
extern const bug_file bugs_of_clusters; // bugs_clusters.cu

constexpr int values = 1000; // of the array that a bug's kernel gets

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
