// Runs the threads of the resident blocks, each until it must wait, and lets go on those whose
// barrier or collective is complete.
#include "scheduler.h"

#include <algorithm>

#include "fault.h"
#include "sanitizers.h"

namespace emulator
{

machine &device = *new machine{};
thread *current = nullptr;

namespace
{

fiber *free_fibers = nullptr;

// Under ThreadSanitizer a CUDA thread has a fiber, and so a history, of its own.
std::vector<fiber *> &own_fibers = *new std::vector<fiber *>;
std::size_t own_fibers_of_a_set = 0;

constexpr unsigned most_idle_yields = 10'000'000;

void run_threads();

void become(thread *t)
{
    current = t;
    if (!t) return;
    threadIdx = t->index;
    lane = t->lane;
    blockIdx = t->home->index;
}

void go_on(fiber *to)
{
    become(to->runs);
    if (to != running) switch_to(to);
}

// ---- the queue of a block

bool queue_empty(const block &b) { return b.head == b.tail; }
void push_back(block &b, thread *t) { b.queue[b.tail++ & b.ring] = t; }
void push_front(block &b, thread *t) { b.queue[--b.head & b.ring] = t; }

thread *pop(block &b)
{
    if (device.shuffled) {
        const unsigned chosen = b.head + unsigned(device.random() % (b.tail - b.head));
        std::swap(b.queue[b.head & b.ring], b.queue[chosen & b.ring]);
    }
    return b.queue[b.head++ & b.ring];
}

void wake(block &b, state waiting)
{
    for (unsigned i = 0; i < b.runs; i++) {
        thread &t = b.threads[i];
        if (t.now != waiting || &t == current) continue;
        let_go_on(t);
    }
}

// ---- threads begin and end

thread *start(block &b, fiber *stack)
{
    const unsigned rank = device.start_order[b.started++];
    const dim3 size = device.request.block;
    thread &t = b.threads[rank];
    t.index = size.y * size.z == 1
                  ? uint3{ rank, 0, 0 }
                  : uint3{ rank % size.x, rank / size.x % size.y, rank / size.x / size.y };
    t.rank = rank;
    t.lane = rank % 32;
    t.now = state::running;
    t.home = &b;
    t.team = &b.warps[rank / 32];
    t.team->lanes[t.lane] = &t;
    t.at = {};
    t.mask = 0;
    t.awaited = !device.request.early;
    if (with_tsan)
        stack = own_fibers[device.set * own_fibers_of_a_set + (&b - device.blocks) * b.size + rank];
    t.stack = stack;
    stack->runs = &t;
    return &t;
}

fiber *take_fiber()
{
    if (with_tsan) return nullptr; // start() knows
    if (!free_fibers) return new_fiber(run_threads);
    fiber *taken = free_fibers;
    free_fibers = taken->next_free;
    return taken;
}

void open_gate(block &b)
{
    barrier &gate = b.block_gate;
    b.result = gate.cast;
    gate.arrived = 0;
    gate.phase ^= 1;
    device.idle_yields = 0;
    wake(b, state::at_block_barrier);
}

unsigned alive_in_cluster(const block *cluster)
{
    unsigned alive = 0;
    for (unsigned i = 0; i < device.cluster_size; i++) alive += cluster[i].alive;
    return alive;
}

void open_cluster_gate(block *cluster)
{
    barrier &gate = cluster->cluster_gate;
    gate.arrived = 0;
    gate.phase ^= 1;
    device.idle_yields = 0;
    for (unsigned i = 0; i < device.cluster_size; i++) wake(cluster[i], state::at_cluster_barrier);
}

void end(thread *t)
{
    check_stack(*t->stack);
    check_all_awaited(*t);
    if (!t->awaited) fail_at_launch("a thread ends without having awaited earlier kernels");
    block &b = *t->home;
    warp &w = *t->team;
    t->now = state::exited;
    b.alive--;
    w.alive &= ~(1u << t->lane);
    device.idle_yields = 0;
    for (unsigned open = w.open; open; open &= open - 1) {
        const gathering &g = w.gatherings[__builtin_ctz(open)];
        if (g.mask >> t->lane & 1)
            fail(g.at, "lane %u exits while lanes %08x wait for it in %s, mask %08x", t->lane,
                 g.here, g.at.what, g.mask);
    }
    if (b.alive && b.block_gate.arrived == b.alive) open_gate(b);
    block *cluster = b.cluster;
    if (cluster->cluster_gate.arrived && cluster->cluster_gate.arrived == alive_in_cluster(cluster))
        open_cluster_gate(cluster);
    if (b.open_gates) count_without(*t);
    if (!b.alive) {
        check_no_bulk_load(b);
        check_no_one_missing(b);
        device.finished++;
    }
    order_release(&device.ends[device.set]);
}

// ---- who goes on

fiber *choose(bool fresh_first)
{
    for (unsigned tried = 0; tried < device.resident; tried++) {
        block &b = device.blocks[device.turn];
        const bool empty = queue_empty(b);
        if (b.started < b.runs &&
            (empty || fresh_first || (device.shuffled && device.random() & 1)))
            return start(b, take_fiber())->stack;
        if (!empty) {
            thread *t = pop(b);
            t->now = state::running;
            return t->stack;
        }
        device.turn = device.turn + 1 == device.resident ? 0 : device.turn + 1;
    }
    if (device.finished == device.resident) return &host;
    report_deadlock("no thread can make progress");
}

// The body of every fiber: threads, one after another. A finished thread's fiber takes the next
// one of its block, so that kernels without barriers never switch.
void run_threads()
{
    for (;;) {
        fiber *self = running;
        order_acquire(&device.starts[device.set]);
        (*device.kernel)();
        block &b = *current->home;
        end(current);
        if (!with_tsan && queue_empty(b) && b.started < b.runs) {
            become(start(b, self));
            continue;
        }
        if (!with_tsan) {
            self->next_free = free_fibers;
            free_fibers = self;
            self->runs = nullptr;
        }
        go_on(choose(false));
    }
}

// ---- collectives

// Masks of different gatherings may overlap, as long as none waits for a lane that waits for it.
gathering &join(warp &w, unsigned mask, const collective &operation, location at)
{
    for (unsigned open = w.open; open; open &= open - 1) {
        gathering &g = w.gatherings[__builtin_ctz(open)];
        if (g.mask == mask && g.operation == &operation) return g;
        if (!(g.mask >> lane & 1) || !(g.here & mask)) continue;
        fail(at,
             "%s: lane %d is in %s with mask %08x, lanes %08x are in %s at %s:%d with mask %08x",
             g.mask == mask ? "lanes of one warp in different collectives"
                            : "overlapping masks that wait for each other",
             lane, at.what, mask, g.here, g.at.what, g.at.file, g.at.line, g.mask);
    }
    const unsigned place = __builtin_ctz(~w.open); // the running lane waits nowhere: one is free
    w.open |= 1u << place;
    gathering &g = w.gatherings[place];
    g.mask = mask;
    g.here = 0;
    g.operation = &operation;
    g.at = at;
    g.count++;
    return g;
}

void complete(warp &w, gathering &g, block &b, location at)
{
    const unsigned mask = g.mask;
    w.open &= ~(1u << (&g - w.gatherings));
    device.idle_yields = 0;
    if (g.operation->combine) {
        void *records[32];
        for (unsigned left = mask; left; left &= left - 1) {
            const int i = __builtin_ctz(left);
            records[i] = w.lanes[i]->record;
        }
        g.operation->combine(records, mask, at);
    }
    for (unsigned left = mask & ~(1u << lane); left;) {
        const int highest = 31 - __builtin_clz(left);
        left &= ~(1u << highest);
        w.lanes[highest]->now = state::running;
        push_front(b, w.lanes[highest]);
    }
}

} // namespace

void collect(const collective &operation, unsigned mask, void *record, location at)
{
    thread *self = current;
    warp &w = *self->team;
    self->at = at;
    if (!(mask >> lane & 1))
        fail(at, "lane %d calls %s with mask %08x, which does not name it", lane, at.what, mask);
    mask &= w.exist; // the last warp may be short
    if (mask & ~w.alive)
        fail(at, "%s with mask %08x names lanes %08x, which have exited", at.what, mask,
             mask & ~w.alive);
    self->record = record;
    self->mask = mask;
    gathering &g = join(w, mask, operation, at);
    g.here |= 1u << lane;
    char *order = &g.order[g.count % sizeof g.order];
    if (operation.orders_memory) order_release(order);
    if (g.here == mask)
        complete(w, g, *self->home, at);
    else
        wait_as(state::at_collective);
    if (operation.orders_memory) order_acquire(order);
}

// ---- barriers

void wait_as(state reason)
{
    current->now = reason;
    go_on(choose(false));
}

void let_go_on(thread &waiting)
{
    waiting.now = state::running;
    push_back(*waiting.home, &waiting);
}

votes block_vote(bool predicate, location at)
{
    thread *self = current;
    block &b = *self->home;
    barrier &gate = b.block_gate;
    self->at = at;
    if (!gate.arrived) {
        gate.at = at;
        gate.cast = { 0, 1, 0 };
    } else if (gate.at.line != at.line || gate.at.file != at.file) {
        fail(at, "divergent barrier: this thread is in %s while others wait in %s at %s:%d",
             at.what, gate.at.what, gate.at.file, gate.at.line);
    }
    gate.arrived++;
    gate.cast.count += predicate;
    gate.cast.all &= predicate;
    gate.cast.any |= predicate;
    char *order = &gate.order[gate.phase];
    order_release(order);
    if (gate.arrived == b.alive)
        open_gate(b);
    else
        wait_as(state::at_block_barrier);
    order_acquire(order);
    return b.result;
}

void block_barrier(location at)
{
    if (__builtin_expect(planted_fault == EMULATOR_MISSING_BARRIER, 0))
        count_fault_hit();
    else
        block_vote(false, at);
}

void cluster_barrier(location at)
{
    block *cluster = current->home->cluster;
    barrier &gate = cluster->cluster_gate;
    current->at = at;
    char *order = &gate.order[gate.phase];
    order_release(order);
    if (++gate.arrived == alive_in_cluster(cluster))
        open_cluster_gate(cluster);
    else
        wait_as(state::at_cluster_barrier);
    order_acquire(order);
}

// Strict: on a GPU a thread that has exited would leave the others waiting.
void grid_barrier(location at)
{
    barrier &gate = device.grid_gate;
    if (!device.request.cooperative) fail(at, "%s in a launch that is not cooperative", at.what);
    if (gate.arrived && (gate.at.line != at.line || gate.at.file != at.file))
        fail(at, "divergent grid barrier: others wait at %s:%d", gate.at.file, gate.at.line);
    gate.at = current->at = at;
    char *order = &gate.order[gate.phase];
    order_release(order);
    if (++gate.arrived == device.threads_in_all) {
        gate.arrived = 0;
        gate.phase ^= 1;
        device.idle_yields = 0;
        for (unsigned i = 0; i < device.resident; i++)
            wake(device.blocks[i], state::at_grid_barrier);
    } else {
        wait_as(state::at_grid_barrier);
    }
    order_acquire(order);
}

void yield(location at)
{
    thread *self = current;
    self->at = at;
    self->now = state::spinning;
    if (++device.idle_yields > most_idle_yields)
        report_deadlock("threads spin and nothing else can run");
    push_back(*self->home, self);
    device.turn = device.turn + 1 == device.resident ? 0 : device.turn + 1;
    go_on(choose(true));
}

unsigned thread_rank() { return current->rank; }
unsigned block_threads() { return current->home->size; }
unsigned block_rank() { return current->home->rank; }
unsigned cluster_rank() { return current->home->cluster_rank; }
unsigned cluster_blocks() { return device.cluster_size; }

void reserve_fibers(std::size_t threads, unsigned set_count)
{
    own_fibers_of_a_set = std::max(own_fibers_of_a_set, threads);
    while (own_fibers.size() < own_fibers_of_a_set * set_count)
        own_fibers.push_back(new_fiber(run_threads));
}

void run_resident_blocks()
{
    order_release(&device.starts[device.set]);
    if (device.finished < device.resident) go_on(choose(false));
    become(nullptr);
}

void await_earlier() { current->awaited = true; }

} // namespace emulator
