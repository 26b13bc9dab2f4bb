// Barriers by number, for some warps of a block: bar.sync and bar.arrive.
#include "named_barrier.h"

#include <algorithm>
#include <cstdio>

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
    if (!g.arrived) return;
    if (g.count != count)
        fail(at, "%s at barrier %u with count %u, while %s at %s:%d gave %u", at.what, id, count,
             g.at.what, g.at.file, g.at.line, g.count);
    if (g.came[self.rank / 32] >> self.lane & 1)
        fail(at, "%s: a thread arrives twice in one phase of barrier %u, begun at %s:%d", at.what,
             id, g.at.file, g.at.line);
}

void open(block &b, gate &g, unsigned id)
{
    g.arrived = 0;
    g.phase++;
    std::fill(std::begin(g.came), std::end(g.came), 0u);
    device.idle_yields = 0;
    for (unsigned i = 0; i < b.runs; i++)
        if (b.threads[i].now == state::at_named_barrier && b.threads[i].mask == id)
            let_go_on(b.threads[i]);
}

} // namespace

void named_barrier(unsigned id, unsigned count, bool waits, location at)
{
    thread &self = *current;
    block &b = *self.home;
    self.at = at;
    gate &g = b.gates[id % named_barriers];
    check_arrival(g, id, count, at);
    if (!g.arrived) {
        g.at = at;
        g.count = count;
    }
    g.came[self.rank / 32] |= 1u << self.lane;
    char *order = &g.order[g.phase % sizeof g.order];
    order_release(order);
    self.mask = id;
    if (++g.arrived == count)
        open(b, g, id);
    else if (waits)
        wait_as(state::at_named_barrier);
    if (waits) order_acquire(order);
}

void check_no_one_missing(const block &ended)
{
    for (unsigned id = 1; id < named_barriers; id++) {
        const gate &g = ended.gates[id];
        if (g.arrived)
            fail(g.at, "%s: the block ends with %u of %u threads at barrier %u", g.at.what,
                 g.arrived, g.count, id);
    }
}

void print_named_barrier(const block &stuck, unsigned id)
{
    const gate &g = stuck.gates[id];
    std::fprintf(stderr, ", barrier %u: %u of %u have come", id, g.arrived, g.count);
}

} // namespace emulator
