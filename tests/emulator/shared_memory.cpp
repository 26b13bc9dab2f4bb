// Static arrays lie below, dynamic shared memory above; a static array gets its place, the same in
// every block, when the launch first reaches it.
#include "shared_memory.h"

#include <cstdlib>
#include <cstring>
#include <vector>

#include "emulator.h"
#include "sanitizers.h"
#include "scheduler.h"

namespace emulator
{

namespace
{

constexpr std::size_t gap = 32, most_sites = 64;
constexpr std::size_t dynamic_start = 64 * 1024; // static arrays, their gaps and their alignment
constexpr std::size_t tail = 4096, arena_size = dynamic_start + dynamic_limit + 1024 + tail;

std::uint64_t this_launch = 0;
std::size_t static_end = 0, static_bytes = 0;
std::size_t static_high = 0; // the farthest that any launch got: what may hold old contents
unsigned site_count = 0;

std::vector<arena *> &arenas = *new std::vector<arena *>; // for ever: leaks are sought at exit

arena *new_arena()
{
    auto *fresh = new arena{};
    fresh->memory = static_cast<unsigned char *>(std::aligned_alloc(1024, arena_size));
    if (!fresh->memory) fail_at_launch("no memory for the shared memory of a block");
    std::memset(fresh->memory, 0xff, arena_size);
    poison(fresh->memory, arena_size);
    return fresh;
}

// An array that does not ask for 16 bytes begins 8 beyond a multiple of them, so that a vector
// access shows that it should.
std::size_t start_of(const shared_site &site, std::size_t after)
{
    const std::size_t unit = site.alignment < 16 ? 16 : site.alignment;
    const std::size_t aligned = (after + unit - 1) / unit * unit;
    return site.alignment < 16 ? aligned + 8 : aligned;
}

void place(shared_site &site)
{
    const location at = { site.file, site.line, site.name };
    static_bytes += site.size;
    site.offset = start_of(site, static_end + gap);
    static_end = site.offset + site.size;
    if (static_high < static_end) static_high = static_end;
    if (static_bytes > static_limit || static_end > dynamic_start - gap)
        fail(at, "static shared memory exceeds 48 KiB with %s", site.name);
    if (site_count == most_sites) fail(at, "more than %zu static shared arrays", most_sites);
    site.number = site_count++;
    site.launch = this_launch;
}

} // namespace

void begin_shared_layout()
{
    this_launch++;
    static_end = static_bytes = 0;
    site_count = 0;
}

arena *arena_number(std::size_t number)
{
    while (arenas.size() <= number) arenas.push_back(new_arena());
    return arenas[number];
}

void clear_arena(arena &shared, std::size_t dynamic_bytes)
{
    unpoison(shared.memory, dynamic_start);
    std::memset(shared.memory, 0xff, static_high);
    poison(shared.memory, dynamic_start);
    unsigned char *dynamic = shared.memory + dynamic_start;
    if (shared.dynamic_bytes != dynamic_bytes) {
        poison(dynamic, arena_size - dynamic_start);
        unpoison(dynamic, dynamic_bytes);
        shared.dynamic_bytes = dynamic_bytes;
    }
    std::memset(dynamic, 0xff, dynamic_bytes);
    shared.open_sites = 0;
}

void *static_shared(shared_site &site)
{
    if (site.launch != this_launch) place(site);
    arena &mine = *current->home->shared;
    if (with_asan && !(mine.open_sites >> site.number & 1)) {
        mine.open_sites |= std::uint64_t(1) << site.number;
        unpoison(mine.memory + site.offset, site.size);
    }
    return mine.memory + site.offset;
}

void *dynamic_shared() { return current->home->shared->memory + dynamic_start; }

bool in_own_shared(const void *p, std::size_t bytes)
{
    const auto start = reinterpret_cast<std::uintptr_t>(current->home->shared->memory);
    return reinterpret_cast<std::uintptr_t>(p) - start <= arena_size - bytes;
}

void *shared_of_rank(void *mine, unsigned rank)
{
    const block &here = *current->home;
    const auto offset = static_cast<unsigned char *>(mine) - here.shared->memory;
    if (offset < 0 || std::size_t(offset) >= arena_size)
        fail(current->at, "map_shared_rank of %p, which is not shared memory", mine);
    if (rank >= device.cluster_size)
        fail(current->at, "map_shared_rank of block %u in a cluster of %u", rank,
             device.cluster_size);
    return here.cluster[rank].shared->memory + offset;
}

void need_shared(const void *p, std::size_t bytes, location at)
{
    if (!in_own_shared(p, bytes)) fail(at, "%s: %p is not shared memory of this block", at.what, p);
}

} // namespace emulator
