// The shared memory of the resident blocks. Internal to the runtime.
#ifndef EMULATOR_SHARED_MEMORY_H
#define EMULATOR_SHARED_MEMORY_H

#include <cstddef>
#include <cstdint>

namespace emulator
{

constexpr std::size_t static_limit = 48 * 1024, dynamic_limit = 227 * 1024;
constexpr std::size_t shared_of_sm = 228 * 1024, shared_reserved = 1024;

struct arena {
    unsigned char *memory;
    std::size_t dynamic_bytes; // addressable now
    std::uint64_t open_sites;  // static arrays that this block has reached
};

void begin_shared_layout(); // of a launch
arena *arena_number(std::size_t number);
bool in_own_shared(const void *p, std::size_t bytes = 1); // of the current thread's block
void clear_arena(arena &shared, std::size_t dynamic_bytes);

} // namespace emulator

#endif
