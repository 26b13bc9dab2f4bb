// The named barriers of a block. Internal to the runtime.
#ifndef EMULATOR_NAMED_BARRIER_H
#define EMULATOR_NAMED_BARRIER_H

#include "pipes.h"

namespace emulator
{

struct block;
struct thread;

constexpr unsigned named_barriers = 16; // the first is that of __syncthreads

struct gate {
    unsigned arrived, count, phase; // threads, by whole warps
    location at;                    // of the first arrival in this phase
    unsigned came[32];              // lanes of each warp in this phase
    unsigned counted;               // warps, all of whose lanes have come or exited
    char order[8];                  // of the phases in turn
};

void count_without(const thread &left); // a warp may have waited for it alone
void check_no_one_missing(const block &ended);
void print_named_barrier(const block &stuck, unsigned id);

} // namespace emulator

#endif
