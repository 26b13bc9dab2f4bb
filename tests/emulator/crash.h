// Reports of kernels that touch what they must not. Internal to the runtime.
#ifndef EMULATOR_CRASH_H
#define EMULATOR_CRASH_H

#include <signal.h>

namespace emulator
{

// While it lives, a segmentation fault or bus error is the running CUDA thread's. Sanitizers do
// this themselves, and better.
class crash_watch
{
  public:
    crash_watch();
    ~crash_watch();
    crash_watch(const crash_watch &) = delete;
    crash_watch &operator=(const crash_watch &) = delete;

  private:
    struct sigaction segment_before, bus_before;
};

} // namespace emulator

#endif
