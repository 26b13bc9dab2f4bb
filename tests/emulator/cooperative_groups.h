// The cooperative groups in use: block, cluster and grid.
#ifndef EMULATOR_COOPERATIVE_GROUPS_H
#define EMULATOR_COOPERATIVE_GROUPS_H

#include "cuda_runtime.h"

namespace cooperative_groups
{

struct thread_block {
    void sync(EMULATOR_SITE) const { emulator::block_barrier(EMULATOR_AT("thread_block::sync")); }
    unsigned thread_rank() const { return emulator::thread_rank(); }
    unsigned size() const { return emulator::block_threads(); }
    unsigned num_threads() const { return emulator::block_threads(); }
};

struct cluster_group {
    void sync(EMULATOR_SITE) const
    {
        emulator::cluster_barrier(EMULATOR_AT("cluster_group::sync"));
    }
    unsigned block_rank() const { return emulator::cluster_rank(); }
    unsigned num_blocks() const { return emulator::cluster_blocks(); }
    template <class T> T *map_shared_rank(T *mine, unsigned rank) const
    {
        return static_cast<T *>(emulator::shared_of_rank(mine, rank));
    }
};

struct grid_group {
    void sync(EMULATOR_SITE) const { emulator::grid_barrier(EMULATOR_AT("grid_group::sync")); }
    unsigned block_rank() const { return emulator::block_rank(); }
    unsigned num_blocks() const { return gridDim.x * gridDim.y * gridDim.z; }
    unsigned long long thread_rank() const
    {
        return (unsigned long long)block_rank() * emulator::block_threads() +
               emulator::thread_rank();
    }
    unsigned long long size() const
    {
        return (unsigned long long)num_blocks() * emulator::block_threads();
    }
};

inline thread_block this_thread_block() { return {}; }
inline cluster_group this_cluster() { return {}; }
inline grid_group this_grid() { return {}; }

} // namespace cooperative_groups

#endif
