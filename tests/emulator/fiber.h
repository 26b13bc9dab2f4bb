// Fibers: stacks that CUDA threads run on, and switching between them.
#ifndef EMULATOR_FIBER_H
#define EMULATOR_FIBER_H

#include <boost/context/detail/fcontext.hpp>
#include <cstddef>

namespace emulator
{

struct thread;

struct fiber {
    boost::context::detail::fcontext_t context = nullptr;
    char *low = nullptr;
    std::size_t size = 0;
    void *fake_stack = nullptr; // AddressSanitizer's
    void *traced = nullptr;     // ThreadSanitizer's
    thread *runs = nullptr;
    fiber *next_free = nullptr;
};

extern fiber host;     // the OS thread that launched
extern fiber *running; // the fiber that has the processor

// A fiber that calls body, which must not return, when it is first switched to. Fibers live for
// ever: their users keep them for later.
fiber *new_fiber(void (*body)());

void enter_host(); // this OS thread becomes the host
void switch_to(fiber *to);
void check_stack(const fiber &used); // reports an overflow

} // namespace emulator

#endif
