// Fibers over Boost.Context's switch of 4 ns, which asks the kernel for nothing. Sanitizers are
// told of every switch.
#include "fiber.h"

#include <cstdint>
#include <cstdlib>
#include <sys/mman.h>

#include "emulator.h"
#include "sanitizers.h"

namespace emulator
{

fiber host;
fiber *running = &host;

namespace
{

using boost::context::detail::transfer_t;

constexpr std::uint64_t canary = 0x5afe57ac5afe57ac;
constexpr std::size_t page = 4096, stacks_in_a_slab = 64;

void (*fiber_body)();

std::size_t stack_size()
{
    static const std::size_t size = [] {
        const char *text = std::getenv("WL_EMULATOR_STACK");
        const std::size_t asked = text ? std::strtoul(text, nullptr, 0) * 1024 : 0;
        const std::size_t usual = (with_asan || with_tsan ? 256 : 64) * 1024;
        return asked ? (asked + 2 * page - 1) / page * page : usual;
    }();
    return size;
}

// Bounds of the host's stack are known only once it has been left.
void finish_switch(fiber *from, [[maybe_unused]] fiber *to)
{
#ifdef WL_EMULATOR_ASAN
    const void *low;
    std::size_t size;
    __sanitizer_finish_switch_fiber(to->fake_stack, &low, &size);
    if (from == &host) {
        host.low = static_cast<char *>(const_cast<void *>(low));
        host.size = size;
    }
#else
    (void)from;
#endif
}

void enter(transfer_t arrival)
{
    auto *from = static_cast<fiber *>(arrival.data);
    from->context = arrival.fctx;
    finish_switch(from, running);
    fiber_body();
}

} // namespace

fiber *new_fiber(void (*body)())
{
    static char *slab = nullptr;
    static std::size_t left = 0, made = 0;
    const std::size_t size = stack_size();
    if (left < size) {
        left = size * stacks_in_a_slab;
        void *memory = mmap(nullptr, page + left, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (memory == MAP_FAILED) fail_at_launch("no memory for the stacks of CUDA threads");
        mprotect(memory, page, PROT_NONE);
        slab = static_cast<char *>(memory) + page;
    }
    auto *fresh = new fiber;
    fresh->low = slab;
    // Tops at different offsets, or all stacks would meet in the same few cache sets.
    fresh->size = size - made++ * 320 % page;
    slab += size;
    left -= size;
    *reinterpret_cast<std::uint64_t *>(fresh->low) = canary;
    fiber_body = body;
    fresh->context =
        boost::context::detail::make_fcontext(fresh->low + fresh->size, fresh->size, enter);
#ifdef WL_EMULATOR_TSAN
    fresh->traced = __tsan_create_fiber(0);
#endif
    return fresh;
}

void enter_host()
{
    running = &host;
#ifdef WL_EMULATOR_TSAN
    host.traced = __tsan_get_current_fiber();
#endif
}

void switch_to(fiber *to)
{
    fiber *from = running;
    running = to;
#ifdef WL_EMULATOR_ASAN
    __sanitizer_start_switch_fiber(&from->fake_stack, to->low, to->size);
#endif
#ifdef WL_EMULATOR_TSAN
    __tsan_switch_to_fiber(to->traced, 1); // 1: a switch is no synchronisation
#endif
    const transfer_t arrival = boost::context::detail::jump_fcontext(to->context, from);
    auto *last = static_cast<fiber *>(arrival.data);
    last->context = arrival.fctx;
    finish_switch(last, from);
}

void check_stack(const fiber &used)
{
    if (*reinterpret_cast<const std::uint64_t *>(used.low) != canary)
        fail_at_launch("a CUDA thread overflowed its stack of %zu KiB (WL_EMULATOR_STACK)",
                       stack_size() / 1024);
}

} // namespace emulator
