// Barriers by number, for some warps of a block: bar.sync and bar.arrive. As on a GPU a warp counts
// for 32 threads, however few of them exist, once those that have not exited have come.
#include "named_barrier.h"

#include <algorithm>
#include <cstdio>

#include "fault.h"
#include "sanitizers.h"
#include "scheduler.h"

namespace emulator
{

namespace
{

void check_arrival(const gate &g, unsigned id, unsigned count, location at)
{
    const thread &self = *current;
    if (!id || id >= named_barriers)
        fail(at, "%s at barrier %u: those to name are 1 to %u", at.what, id, named_barriers - 1);
    if (!count || count % 32)
        fail(at, "%s at barrier %u with count %u, which is not whole warps", at.what, id, count);
    if (count > self.home->warp_count * 32)
        fail(at, "%s at barrier %u with count %u, the block has %u threads", at.what, id, count,
             self.home->size);
    if (!(self.home->open_gates >> id & 1)) return;
    if (g.count != count)
        fail(at, "%s at barrier %u with count %u, while %s at %s:%d gave %u", at.what, id, count,
             g.at.what, g.at.file, g.at.line, g.count);
    if (g.came[self.rank / 32] >> self.lane & 1)
        fail(at, "%s: a thread arrives twice in one phase of barrier %u, begun at %s:%d", at.what,
             id, g.at.file, g.at.line);
}

void open(block &b, gate &g, unsigned id)
{
    g.arrived = g.counted = 0;
    g.phase++;
    std::fill(std::begin(g.came), std::end(g.came), 0u);
    b.open_gates &= ~(1u << id);
    device.idle_yields = 0;
    for (unsigned i = 0; i < b.runs; i++)
        if (b.threads[i].now == state::at_named_barrier && b.threads[i].mask == id)
            let_go_on(b.threads[i]);
}

void count_warp(block &b, unsigned id, unsigned warp)
{
    gate &g = b.gates[id];
    const unsigned missing = b.warps[warp].alive & ~g.came[warp];
    if (!g.came[warp] || missing || g.counted >> warp & 1) return;
    g.counted |= 1u << warp;
    g.arrived += 32;
    if (g.arrived == g.count) open(b, g, id);
}

} // namespace

void named_barrier(unsigned id, unsigned count, bool waits, location at)
{
    if (__builtin_expect(planted_fault == EMULATOR_MISSING_BARRIER, 0)) return count_fault_hit();
    thread &self = *current;
    block &b = *self.home;
    self.at = at;
    self.mask = id;
    gate &g = b.gates[id % named_barriers];
    check_arrival(g, id, count, at);
    if (!(b.open_gates >> id & 1)) {
        b.open_gates |= 1u << id;
        g.at = at;
        g.count = count;
    }
    g.came[self.rank / 32] |= 1u << self.lane;
    const unsigned phase = g.phase;
    char *order = &g.order[phase % sizeof g.order];
    order_release(order);
    count_warp(b, id, self.rank / 32);
    if (!waits) return;
    if (g.phase == phase) wait_as(state::at_named_barrier);
    order_acquire(order);
}

void count_without(const thread &left)
{
    for (unsigned begun = left.home->open_gates; begun; begun &= begun - 1)
        count_warp(*left.home, unsigned(__builtin_ctz(begun)), left.rank / 32);
}

void check_no_one_missing(const block &ended)
{
    if (!ended.open_gates) return;
    const unsigned id = unsigned(__builtin_ctz(ended.open_gates));
    const gate &g = ended.gates[id];
    fail(g.at, "%s: the block ends with %u of %u threads at barrier %u", g.at.what, g.arrived,
         g.count, id);
}

void print_named_barrier(const block &stuck, unsigned id)
{
    const gate &g = stuck.gates[id];
    std::fprintf(stderr, ", barrier %u: %u of %u have come", id, g.arrived, g.count);
}

} // namespace emulator
