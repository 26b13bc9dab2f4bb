// The source name of a kernel, for reports. Internal to the runtime.
#ifndef EMULATOR_KERNEL_NAME_H
#define EMULATOR_KERNEL_NAME_H

#include <string>

namespace emulator
{

std::string kernel_name(const void *function);

} // namespace emulator

#endif
