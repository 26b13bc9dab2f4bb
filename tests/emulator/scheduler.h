// The emulated device while a kernel runs: threads in warps in blocks, and which of them may go on.
// Internal to the runtime.
#ifndef EMULATOR_SCHEDULER_H
#define EMULATOR_SCHEDULER_H

#include <cstdint>
#include <functional>
#include <random>
#include <vector>

#include "async_copy.h"
#include "emulator.h"
#include "fiber.h"
#include "mbarrier.h"
#include "named_barrier.h"
#include "shared_memory.h"

namespace emulator
{

enum class state : std::uint8_t {
    running,
    at_collective,
    at_block_barrier,
    at_cluster_barrier,
    at_grid_barrier,
    at_named_barrier,
    spinning,
    exited
};

struct block;
struct warp;

struct thread {
    uint3 index;
    unsigned rank; // within the block
    std::uint8_t lane;
    state now;
    block *home;
    warp *team;
    fiber *stack;
    void *record;  // its operands in the collective it waits in
    unsigned mask; // of that collective; or which named barrier
    location at;
    bool awaited; // the kernels before
    copy_queue copies, bulk_stores;
};

// Lanes that have arrived at one collective of one mask.
struct gathering {
    unsigned mask, here;
    const collective *operation;
    location at;
    unsigned count; // of the gatherings in this place: they take turns with the marks of order
    char order[8];
};

struct warp {
    thread *lanes[32];
    unsigned exist, alive;
    unsigned open; // which of the gatherings are in use
    gathering gatherings[32];
};

struct barrier {
    unsigned arrived;
    unsigned phase;
    location at;
    votes cast;
    char order[2];
};

struct block {
    uint3 index;
    unsigned rank; // within the grid
    unsigned cluster_rank;
    block *cluster; // the first block of its cluster
    unsigned size;  // threads
    unsigned runs;  // threads that run: fewer under a planted fault
    unsigned started, alive;
    thread *threads;
    warp *warps;
    unsigned warp_count;
    barrier block_gate, cluster_gate;
    votes result;
    gate *gates;         // named barriers
    unsigned open_gates; // those whose phase has begun
    mbarrier_table *mbarriers;
    arena *shared;
    thread **queue; // a ring of threads that may go on
    unsigned head, tail, ring;
};

// The blocks that are resident together: one, a cluster, or a whole cooperative grid. Under
// ThreadSanitizer neighbouring groups use alternate sets of everything, with no order between them.
struct machine {
    launch_request request;
    const std::function<void()> *kernel;
    block *blocks;
    unsigned resident, turn, finished;
    unsigned cluster_size;
    std::uint64_t threads_in_all;
    barrier grid_gate;
    unsigned set;
    unsigned idle_yields;
    bool shuffled;
    std::mt19937 random;
    std::vector<unsigned> start_order; // of the threads of a block
    char starts[4], ends[4];
};

extern machine &device;
extern thread *current;

constexpr unsigned sets = 2; // under ThreadSanitizer

void wait_as(state reason); // the current thread, until another lets it go on
void let_go_on(thread &waiting);
void run_resident_blocks(); // to their end; device.blocks are prepared
void reserve_fibers(std::size_t threads, unsigned set_count);

[[noreturn]] void report_deadlock(const char *why);

} // namespace emulator

#endif
