// The mbarriers of a block, and the bulk copies that they wait for. Internal to the runtime.
#ifndef EMULATOR_MBARRIER_H
#define EMULATOR_MBARRIER_H

#include "pipes.h"

namespace emulator
{

struct block;

struct mbarrier {
    const mbarrier_bits *place;
    location begun, ended; // ended.file is null while the barrier is valid
    unsigned count, pending, phase;
    long long bytes; // that copies have to bring in this phase
    char order[8];   // of the phases in turn
};

// A copy on its way: from memory, or of 16 bytes that a store brings along.
struct bulk_load {
    mbarrier *bar;
    async_copy copy; // from: null, of a store
    std::uint64_t stored[2];
};

// Of fixed size: under ThreadSanitizer, memory that one CUDA thread allocates and another frees
// would be a race.
struct mbarrier_table {
    static constexpr unsigned most = 64, most_loads = 4096;
    unsigned known, in_flight;
    mbarrier bars[most];
    bulk_load loads[most_loads];
};

void check_no_bulk_load(const block &ended);
void print_mbarriers(const block &stuck);

} // namespace emulator

#endif
