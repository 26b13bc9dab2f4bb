// What is printed when a kernel breaks a rule, and the end of the process: 97 for a fault that CUDA
// would report later, 98 for threads that wait for ever.
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <pthread.h>
#include <signal.h>
#include <string>
#include <unistd.h>

#include "crash.h"
#include "device.h"
#include "kernel_name.h"
#include "sanitizers.h"
#include "scheduler.h"

namespace emulator
{

namespace
{

[[noreturn]] void leave(int status)
{
    std::fflush(stderr);
    if (std::getenv("WL_EMULATOR_ABORT")) std::abort();
    _exit(status);
}

void print_kernel()
{
    const launch_request &r = device.request;
    if (!r.kernel) return;
    std::fprintf(stderr, "  in kernel %s, grid (%u,%u,%u), block (%u,%u,%u)\n",
                 kernel_name(r.kernel).c_str(), r.grid.x, r.grid.y, r.grid.z, r.block.x, r.block.y,
                 r.block.z);
}

void print_thread()
{
    if (!current) return;
    const uint3 b = current->home->index, t = current->index;
    std::fprintf(stderr, "  in block (%u,%u,%u), thread (%u,%u,%u)\n", b.x, b.y, b.z, t.x, t.y,
                 t.z);
}

const char *doing(const thread &t)
{
    switch (t.now) {
    case state::running: return "could run";
    case state::at_collective: return "wait for their warp";
    case state::at_block_barrier: return "wait for their block";
    case state::at_cluster_barrier: return "wait for their cluster";
    case state::at_grid_barrier: return "wait for the grid";
    case state::at_named_barrier: return "wait for a named barrier";
    case state::spinning: return "spin";
    case state::exited: return "have exited";
    }
    return "";
}

bool alike(const thread &a, const thread &b)
{
    return a.now == b.now &&
           (a.now == state::exited ||
            (a.at.line == b.at.line && a.at.file == b.at.file && a.mask == b.mask));
}

void print_lanes(unsigned warp_number, unsigned lanes, const thread &t)
{
    std::fprintf(stderr, "    warp %u lanes %08x %s", warp_number, lanes, doing(t));
    if (t.now != state::exited && t.at.file)
        std::fprintf(stderr, ": %s at %s:%d", t.at.what, t.at.file, t.at.line);
    if (t.now == state::at_collective) std::fprintf(stderr, ", mask %08x", t.mask);
    if (t.now == state::at_named_barrier) print_named_barrier(*t.home, t.mask);
    std::fputc('\n', stderr);
}

void print_block(const block &b)
{
    std::fprintf(stderr, "  block (%u,%u,%u): %u of %u threads have not exited\n", b.index.x,
                 b.index.y, b.index.z, b.alive, b.size);
    for (unsigned i = 0; i < b.warp_count; i++) {
        const warp &w = b.warps[i];
        for (unsigned left = w.exist; left;) {
            const thread &first = *w.lanes[__builtin_ctz(left)];
            unsigned group = 0;
            for (unsigned rest = left; rest; rest &= rest - 1)
                if (alike(first, *w.lanes[__builtin_ctz(rest)])) group |= rest & -rest;
            print_lanes(i, group, first);
            left &= ~group;
        }
    }
    print_mbarriers(b);
}

void print_report(const char *format, va_list arguments)
{
    std::fflush(stdout);
    std::fputs("emulator: ", stderr);
    std::vfprintf(stderr, format, arguments);
}

} // namespace

#ifdef WL_EMULATOR_ASAN
// AddressSanitizer calls this before its own report.
extern "C" __attribute__((visibility("default"))) void __asan_on_error()
{
    print_thread();
    if (copying.file)
        std::fprintf(stderr, "  in %s, queued at %s:%d\n", copying.what, copying.file,
                     copying.line);
}
#endif

void fail(location at, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_report(format, arguments);
    va_end(arguments);
    std::fprintf(stderr, "\n  at %s:%d\n", at.file ? at.file : "?", at.line);
    print_thread();
    print_kernel();
    leave(97);
}

void fail_at_launch(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_report(format, arguments);
    va_end(arguments);
    std::fputc('\n', stderr);
    print_thread();
    print_kernel();
    leave(97);
}

void report_deadlock(const char *why)
{
    constexpr unsigned most_blocks = 3;
    std::fflush(stdout);
    std::fprintf(stderr, "emulator: deadlock: %s\n", why);
    unsigned shown = 0;
    for (unsigned i = 0; i < device.resident && shown < most_blocks; i++) {
        if (!device.blocks[i].alive) continue;
        print_block(device.blocks[i]);
        shown++;
    }
    print_kernel();
    leave(98);
}

// ---- illegal addresses

namespace
{

pthread_t watched;
struct sigaction segment_fallback;

void on_signal(int number, siginfo_t *info, void *)
{
    if (!current || !pthread_equal(watched, pthread_self())) { // not a kernel's: as it was before
        sigaction(number, &segment_fallback, nullptr);
        return;
    }
    const auto *address = static_cast<const char *>(info->si_addr);
    const fiber &stack = *current->stack;
    if (address >= stack.low - 65536 && address < stack.low)
        std::fputs("emulator: a CUDA thread overflowed its stack\n", stderr);
    else
        std::fprintf(stderr, "emulator: illegal address %p\n", info->si_addr);
    if (current->at.file)
        std::fprintf(stderr, "  after %s at %s:%d\n", current->at.what, current->at.file,
                     current->at.line);
    print_thread();
    print_kernel();
    leave(97);
}

void use_alternate_stack()
{
    thread_local char stack[32768];
    thread_local bool ready = false;
    if (ready) return;
    stack_t alternate = {};
    alternate.ss_sp = stack;
    alternate.ss_size = sizeof stack;
    sigaltstack(&alternate, nullptr);
    ready = true;
}

} // namespace

crash_watch::crash_watch()
{
    if (with_asan || with_tsan) return;
    use_alternate_stack();
    watched = pthread_self();
    struct sigaction action = {};
    action.sa_sigaction = on_signal;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigaction(SIGSEGV, &action, &segment_before);
    sigaction(SIGBUS, &action, &bus_before);
    segment_fallback = segment_before;
}

crash_watch::~crash_watch()
{
    if (with_asan || with_tsan) return;
    sigaction(SIGSEGV, &segment_before, nullptr);
    sigaction(SIGBUS, &bus_before, nullptr);
}

} // namespace emulator
