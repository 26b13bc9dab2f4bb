// The copies that a CUDA thread has issued and not yet waited for. Internal to the runtime.
#ifndef EMULATOR_ASYNC_COPY_H
#define EMULATOR_ASYNC_COPY_H

#include <cstddef>
#include <vector>

#include "pipes.h"

namespace emulator
{

struct thread;

// Copies in the order of their issue; those of a group that is not committed yet come last.
struct copy_queue {
    struct queued {
        async_copy copy;
        unsigned group;
    };
    std::vector<queued> copies;
    std::size_t landed;  // of the copies, from the front
    unsigned open_group; // the number of the group not committed yet
};

void check_issue(const async_copy &copy, std::size_t alignment);
void check_all_awaited(const thread &leaving);

} // namespace emulator

#endif
