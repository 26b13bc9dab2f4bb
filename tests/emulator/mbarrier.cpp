// Phases of mbarriers. A bulk copy, or another block's store, lands when some thread tests its
// barrier, by code that the race detector does not see: those who wait acquire from the barrier
// what its issuer has released.
#include "mbarrier.h"

#include <cstdio>

#include "sanitizers.h"
#include "scheduler.h"

namespace emulator
{

namespace
{

constexpr long long most = (1 << 20) - 1; // arrivals or bytes of a phase

mbarrier_table &table() { return *current->home->mbarriers; }

mbarrier *find(mbarrier_table &its, const mbarrier_bits *bar)
{
    for (unsigned i = 0; i < its.known; i++)
        if (its.bars[i].place == bar) return &its.bars[i];
    return nullptr;
}

mbarrier_bits bits_in(const mbarrier_table &its, const mbarrier &m)
{
    return 0x6d62617272696572 ^ mbarrier_bits(&m - its.bars); // a pattern that no data has
}

mbarrier &valid(mbarrier_table &its, const mbarrier_bits *bar, mbarrier_bits seen, location at)
{
    current->at = at;
    mbarrier *m = find(its, bar);
    if (!m) fail(at, "%s: the mbarrier is not initialised", at.what);
    if (m->ended.file)
        fail(at, "%s: the mbarrier was invalidated at %s:%d", at.what, m->ended.file,
             m->ended.line);
    if (seen != bits_in(its, *m))
        fail(at, "%s: the mbarrier of %s:%d has been overwritten", at.what, m->begun.file,
             m->begun.line);
    return *m;
}

void end_full_phase(mbarrier &m)
{
    if (m.pending || m.bytes) return;
    m.phase++;
    m.pending = m.count;
    device.idle_yields = 0;
}

// Volatile, or the loop would become a memcpy, which the race detector sees.
void copy_unseen(const async_copy &copy, const void *source)
{
    using word = std::uint64_t __attribute__((may_alias));
    auto *to = static_cast<volatile word *>(copy.to);
    const auto *from = static_cast<const volatile word *>(source);
    for (std::size_t i = 0; i < copy.bytes / sizeof(word); i++) to[i] = from[i];
}

void land(mbarrier &m)
{
    mbarrier_table &mine = table();
    unsigned kept = 0;
    for (unsigned i = 0; i < mine.in_flight; i++) {
        const bulk_load load = mine.loads[i];
        if (load.bar != &m) {
            mine.loads[kept++] = load;
            continue;
        }
        copy_unseen(load.copy, load.copy.from ? load.copy.from : load.stored);
        m.bytes -= (long long)load.copy.bytes;
        device.idle_yields = 0;
        if (!m.pending && m.bytes < 0)
            fail(load.copy.at, "%s brings %lld bytes more than the mbarrier of %s:%d expects",
                 load.copy.at.what, -m.bytes, m.begun.file, m.begun.line);
        end_full_phase(m);
    }
    mine.in_flight = kept;
}

} // namespace

mbarrier_bits new_mbarrier(const mbarrier_bits *bar, unsigned count, location at)
{
    current->at = at;
    mbarrier_table &mine = table();
    mbarrier *m = find(mine, bar);
    if (m && !m->ended.file)
        fail(at, "%s: the mbarrier is valid since %s:%d", at.what, m->begun.file, m->begun.line);
    if (!in_own_shared(bar) || reinterpret_cast<std::uintptr_t>(bar) % sizeof *bar)
        fail(at, "%s at %p, which is not an aligned address of shared memory", at.what,
             static_cast<const void *>(bar));
    if (!count || count > most) fail(at, "%s for %u arrivals", at.what, count);
    if (!m && mine.known == mbarrier_table::most) fail(at, "more than %u mbarriers", mine.known);
    if (!m) m = &mine.bars[mine.known++];
    m->place = bar;
    m->begun = at;
    m->ended = {};
    m->count = m->pending = count;
    m->phase = 0;
    m->bytes = 0;
    return bits_in(mine, *m);
}

void arrive_at_mbarrier(const mbarrier_bits *bar, mbarrier_bits seen, unsigned bytes, location at)
{
    mbarrier &m = valid(table(), bar, seen, at);
    if (!m.pending)
        fail(at, "%s: more arrivals in a phase than the %u of the mbarrier of %s:%d", at.what,
             m.count, m.begun.file, m.begun.line);
    m.bytes += bytes;
    if (m.bytes > most) fail(at, "%s: %lld bytes are expected in one phase", at.what, m.bytes);
    m.pending--;
    device.idle_yields = 0;
    order_release(&m.order[m.phase % sizeof m.order]);
    end_full_phase(m);
}

bool try_mbarrier(const mbarrier_bits *bar, mbarrier_bits seen, unsigned parity, location at)
{
    mbarrier &m = valid(table(), bar, seen, at);
    if (parity > 1) fail(at, "%s for parity %u", at.what, parity);
    land(m);
    if (m.phase % 2 == parity) {
        yield(at);
        return false;
    }
    order_acquire(&m.order[(m.phase - 1) % sizeof m.order]);
    return true;
}

void end_mbarrier(const mbarrier_bits *bar, mbarrier_bits seen, location at)
{
    mbarrier &m = valid(table(), bar, seen, at);
    const mbarrier_table &mine = table();
    for (unsigned i = 0; i < mine.in_flight; i++)
        if (mine.loads[i].bar == &m)
            fail(mine.loads[i].copy.at, "%s is in flight when its mbarrier ends at %s:%d",
                 mine.loads[i].copy.at.what, at.file, at.line);
    m.ended = at;
}

namespace
{

bulk_load &next_in_flight(mbarrier_table &its, location at)
{
    if (its.in_flight == mbarrier_table::most_loads)
        fail(at, "more than %u bulk copies and stores in flight", its.in_flight);
    device.idle_yields = 0;
    return its.loads[its.in_flight++];
}

} // namespace

void queue_bulk_load(const mbarrier_bits *bar, mbarrier_bits seen, const async_copy &copy)
{
    mbarrier &m = valid(table(), bar, seen, copy.at);
    check_issue(copy, 16);
    if (!in_own_shared(copy.to) || in_own_shared(copy.from))
        fail(copy.at, "%s from %p to %p is not one from global to shared memory", copy.at.what,
             copy.from, copy.to);
    next_in_flight(table(), copy.at) = { &m, copy, {} };
}

void order_bulk_load(const mbarrier_bits *bar)
{
    mbarrier &m = *find(table(), bar);
    order_release(&m.order[m.phase % sizeof m.order]);
}

void queue_store(const mbarrier_bits *bar, mbarrier_bits seen, unsigned rank,
                 const async_copy &copy, const std::uint64_t (&value)[2])
{
    mbarrier_table &its = *current->home->cluster[rank].mbarriers;
    mbarrier &m = valid(its, bar, seen, copy.at);
    check_issue(copy, 16);
    next_in_flight(its, copy.at) = { &m, copy, { value[0], value[1] } };
    order_release(&m.order[m.phase % sizeof m.order]);
}

void check_no_bulk_load(const block &ended)
{
    if (!ended.mbarriers->in_flight) return;
    const location at = ended.mbarriers->loads[0].copy.at;
    fail(at, "%s is in flight when its block ends", at.what);
}

void print_mbarriers(const block &stuck)
{
    const mbarrier_table &its = *stuck.mbarriers;
    for (unsigned i = 0; i < its.known; i++) {
        const mbarrier &m = its.bars[i];
        if (m.ended.file) continue;
        std::fprintf(stderr,
                     "    mbarrier of %s:%d, phase %u: %u of %u arrivals and %lld bytes to come\n",
                     m.begun.file, m.begun.line, m.phase, m.pending, m.count, m.bytes);
    }
}

} // namespace emulator
