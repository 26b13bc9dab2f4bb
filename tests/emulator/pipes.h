// What kernels/pipe.cuh asks of the emulator: asynchronous copies, mbarriers and named barriers.
// What the sanitizers must see, fills, reads and landings, is inline and so belongs to the kernel;
// the runtime only keeps the books.
//
// A copy turns its destination into NaN when it is issued, and lands when it is waited for.
#ifndef EMULATOR_PIPES_H
#define EMULATOR_PIPES_H

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "emulator.h"

namespace emulator
{

struct async_copy {
    void *to;
    const void *from;
    std::size_t bytes, source_bytes; // zeros follow where the source is shorter
    location at;
};

// Reads memory that a copy will read later: a bad address or a race is then the issuer's.
inline void read_all(const void *from, std::size_t bytes)
{
    using word = std::uint32_t __attribute__((may_alias));
    const auto *words = static_cast<const volatile word *>(from);
    const auto *last = static_cast<const volatile unsigned char *>(from);
    for (std::size_t i = 0; i < bytes / sizeof(word); i++) (void)words[i];
    for (std::size_t i = bytes / sizeof(word) * sizeof(word); i < bytes; i++) (void)last[i];
}

inline void issue_memory(const async_copy &copy)
{
    read_all(copy.from, copy.source_bytes);
    std::memset(copy.to, 0xff, copy.bytes);
}

// ---- copies by groups of a thread: cp.async, and bulk copies from shared memory

enum class copies_of { threads, bulk };

void queue_copy(copies_of kind, const async_copy &copy);
void commit_copies(copies_of kind);
// The oldest copy that does not belong to the newest so many groups.
bool next_to_land(copies_of kind, unsigned newest, async_copy *copy);

inline void issue_copy(copies_of kind, const async_copy &copy)
{
    queue_copy(kind, copy);
    issue_memory(copy);
}

inline void land_copies(copies_of kind, unsigned newest)
{
    async_copy copy;
    while (next_to_land(kind, newest, &copy)) {
        if (copy.source_bytes) std::memcpy(copy.to, copy.from, copy.source_bytes);
        std::memset(static_cast<char *>(copy.to) + copy.source_bytes, 0,
                    copy.bytes - copy.source_bytes);
    }
}

// ---- mbarriers: 64 opaque bits in shared memory, and what the runtime knows of them. Reading the
// bits tells the race detector of a barrier that is used before its initialisation is ordered.

using mbarrier_bits = unsigned long long;

mbarrier_bits new_mbarrier(const mbarrier_bits *bar, unsigned count, location at);
void arrive_at_mbarrier(const mbarrier_bits *bar, mbarrier_bits seen, unsigned bytes, location at);
bool try_mbarrier(const mbarrier_bits *bar, mbarrier_bits seen, unsigned parity, location at);
void end_mbarrier(const mbarrier_bits *bar, mbarrier_bits seen, location at);
void queue_bulk_load(const mbarrier_bits *bar, mbarrier_bits seen, const async_copy &copy);
void order_bulk_load(const mbarrier_bits *bar);
void queue_store(const mbarrier_bits *bar, mbarrier_bits seen, unsigned rank,
                 const async_copy &copy, const std::uint64_t (&value)[2]);

inline mbarrier_bits bits_of(const mbarrier_bits *bar)
{
    return __atomic_load_n(bar, __ATOMIC_RELAXED);
}

inline void issue_bulk_load(const mbarrier_bits *bar, const async_copy &copy)
{
    queue_bulk_load(bar, bits_of(bar), copy);
    issue_memory(copy);
    order_bulk_load(bar);
}

// 16 bytes to where `to` and `bar` lie in block `rank` of the cluster.
inline void store_to_rank(void *to, const void *value, const mbarrier_bits *bar, unsigned rank,
                          location at)
{
    std::uint64_t stored[2];
    std::memcpy(stored, value, sizeof stored);
    void *there = shared_of_rank(to, rank);
    const auto *told =
        static_cast<const mbarrier_bits *>(shared_of_rank(const_cast<mbarrier_bits *>(bar), rank));
    std::memset(there, 0xff, sizeof stored);
    queue_store(told, bits_of(told), rank, { there, nullptr, sizeof stored, 0, at }, stored);
}

// ---- named barriers

void named_barrier(unsigned id, unsigned count, bool waits, location at);

} // namespace emulator

#endif
