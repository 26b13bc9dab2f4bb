// What the shadow CUDA headers ask of the emulator: meeting other threads, shared memory,
// launching, and reports. Kernels see none of it directly.
#ifndef EMULATOR_EMULATOR_H
#define EMULATOR_EMULATOR_H

#include <cstddef>
#include <cstdint>
#include <functional>
#include <type_traits>

#include "vector_types.h"

// Functions that touch the records of other lanes: the race detector must not look into them.
#define EMULATOR_UNTRACED __attribute__((no_sanitize("thread"), noinline))

// The last parameters of a device function that can report an error: where its caller stands.
#define EMULATOR_SITE const char *site_file = __builtin_FILE(), int site_line = __builtin_LINE()
#define EMULATOR_AT(what)                                                                          \
    ::emulator::location { site_file, site_line, what }

// Real variables, rewritten whenever another CUDA thread runs: cudaLaunchConfig_t has fields of
// these names, so macros are out, and a thread_local costs a call an access.
inline uint3 threadIdx{}, blockIdx{};
inline dim3 blockDim{}, gridDim{};

namespace emulator
{

struct location {
    const char *file;
    int line;
    const char *what;
};

inline int lane; // of the running CUDA thread

// ---- reports: both end the process, with 97 and 98, or by abort() under WL_EMULATOR_ABORT

[[noreturn]] void fail(location at, const char *format, ...) __attribute__((format(printf, 2, 3)));
[[noreturn]] void fail_at_launch(const char *format, ...) __attribute__((format(printf, 1, 2)));

// ---- meeting other threads

// What the lanes of a warp do together. Its address is its identity: lanes that meet must be in the
// same one. The last lane to arrive runs combine over the records of all lanes of the mask.
struct collective {
    const char *name;
    void (*combine)(void *const *records, unsigned mask, location at);
    bool orders_memory;
};

void collect(const collective &operation, unsigned mask, void *record, location at);

struct votes {
    int count, all, any;
};

void block_barrier(location at);
votes block_vote(bool predicate, location at);
void cluster_barrier(location at);
void grid_barrier(location at);
void yield(location at); // lets others run: the body of a spin-wait

unsigned thread_rank(); // within the block
unsigned block_threads();
unsigned block_rank();   // within the grid
unsigned cluster_rank(); // of the block within its cluster
unsigned cluster_blocks();

// ---- shared memory: an arena a resident block, NaN at first, with poisoned gaps under ASan

struct shared_site {
    const char *name;
    std::size_t size, alignment;
    const char *file;
    int line;
    std::uint64_t launch; // the rest is the runtime's: where this launch put it
    std::size_t offset;
    unsigned number;
};

void *static_shared(shared_site &site);
void *dynamic_shared();
void *shared_of_rank(void *mine, unsigned rank); // the same address in another block of the cluster
void need_shared(const void *p, std::size_t bytes, location at); // of this block, or a report

// ---- planted faults (fault.h)

extern int planted_fault;
bool drops_this_atomic();
void count_fault_hit();
inline bool loses_atomic() { return __builtin_expect(planted_fault, 0) && drops_this_atomic(); }

// ---- launching

struct launch_request {
    dim3 grid, block, cluster;
    std::size_t dynamic_bytes = 0;
    bool cooperative = false, early = false;
    void *stream = nullptr;
    const void *kernel = nullptr;
};

int check_launch(const launch_request &request); // a cudaError_t
void await_earlier(); // of a thread whose kernel may have been launched early
int launch(launch_request request, std::function<void()> kernel);
void check_pointer(const launch_request &request, int index, const void *pointer);

template <class T> void check_argument(const launch_request &request, int index, const T &value)
{
    if constexpr (std::is_pointer_v<T>) {
        if constexpr (!std::is_function_v<std::remove_pointer_t<T>>)
            check_pointer(request, index, reinterpret_cast<const void *>(value));
    }
}

} // namespace emulator

#endif
