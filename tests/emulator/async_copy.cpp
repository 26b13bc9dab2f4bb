// Copies that wait in the queue of the thread that issued them: cp.async, and bulk stores.
#include "async_copy.h"

#include "scheduler.h"

namespace emulator
{

namespace
{

copy_queue &queue_of(copies_of kind)
{
    return kind == copies_of::threads ? current->copies : current->bulk_stores;
}

void check_awaited(const copy_queue &queue)
{
    if (queue.landed == queue.copies.size()) return;
    const auto &[copy, group] = queue.copies[queue.landed];
    fail(copy.at, "a %s that its thread never waits for%s", copy.at.what,
         group == queue.open_group ? ", nor commits" : "");
}

} // namespace

void check_issue(const async_copy &copy, std::size_t alignment)
{
    current->at = copy.at;
    for (const void *p : { static_cast<const void *>(copy.to), copy.from })
        if (reinterpret_cast<std::uintptr_t>(p) % alignment)
            fail(copy.at, "%s: misaligned address %p, a multiple of %zu is needed", copy.at.what, p,
                 alignment);
    if (copy.bytes % alignment)
        fail(copy.at, "%s of %zu bytes, a multiple of %zu is needed", copy.at.what, copy.bytes,
             alignment);
    if (copy.source_bytes > copy.bytes)
        fail(copy.at, "%s of %zu bytes from a source of %zu", copy.at.what, copy.bytes,
             copy.source_bytes);
}

void queue_copy(copies_of kind, const async_copy &copy)
{
    const bool load = kind == copies_of::threads;
    check_issue(copy, load ? copy.bytes : 16);
    if (in_own_shared(copy.to) != load || in_own_shared(copy.from) == load)
        fail(copy.at, "%s from %p to %p is not one from %s memory", copy.at.what, copy.from,
             copy.to, load ? "global to shared" : "shared to global");
    copy_queue &queue = queue_of(kind);
    if (queue.landed * 2 >= queue.copies.size()) { // a long pipeline must not keep them all
        queue.copies.erase(queue.copies.begin(), queue.copies.begin() + long(queue.landed));
        queue.landed = 0;
    }
    queue.copies.push_back({ copy, queue.open_group });
}

void commit_copies(copies_of kind) { queue_of(kind).open_group++; }

bool next_to_land(copies_of kind, unsigned newest, async_copy *copy)
{
    copy_queue &queue = queue_of(kind);
    if (queue.landed == queue.copies.size()) return false;
    const copy_queue::queued &oldest = queue.copies[queue.landed];
    if (queue.open_group - oldest.group <= newest) return false;
    *copy = oldest.copy;
    queue.landed++;
    return true;
}

void check_all_awaited(const thread &leaving)
{
    check_awaited(leaving.copies);
    check_awaited(leaving.bulk_stores);
}

} // namespace emulator
