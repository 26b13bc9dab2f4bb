// Notes what is launched, for tests that ask which path a launcher took.
#include "watch.h"

#include <cstring>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "device.h"
#include "kernel_name.h"

namespace emulator
{

namespace
{

struct noted_launch {
    const void *kernel;
    dim3 grid, block;
    int device;
};

std::mutex &guard = *new std::mutex;
bool watching = false;
auto &noted_launches = *new std::vector<noted_launch>;
auto &names = *new std::map<const void *, std::string>;
auto &told = *new std::vector<emulator_launch>; // what the last question was answered with

// "void (anonymous namespace)::f<T>(int)" is f<T>.
std::string short_name(const void *kernel)
{
    static const std::string local = "(anonymous namespace)::";
    std::string name = kernel_name(kernel);
    for (std::size_t at; (at = name.find(local)) != std::string::npos;)
        name.erase(at, local.size());
    if (!name.compare(0, 5, "void ")) name.erase(0, 5);
    return name.substr(0, name.find('('));
}

const char *name_of(const void *kernel)
{
    std::string &name = names[kernel];
    if (name.empty()) name = short_name(kernel);
    return name.c_str();
}

} // namespace

void note_launch(const launch_request &request)
{
    std::lock_guard<std::mutex> lock(guard);
    if (watching)
        noted_launches.push_back(
            { request.kernel, request.grid, request.block, emulator_current_device() });
}

} // namespace emulator

using namespace emulator;

void emulator_watch(void)
{
    std::lock_guard<std::mutex> lock(guard);
    watching = true;
    noted_launches.clear();
}

int emulator_launches(const emulator_launch **out)
{
    std::lock_guard<std::mutex> lock(guard);
    told.clear();
    for (const noted_launch &l : noted_launches)
        told.push_back({ name_of(l.kernel),
                         { l.grid.x, l.grid.y, l.grid.z },
                         { l.block.x, l.block.y, l.block.z },
                         l.device });
    *out = told.data();
    return int(told.size());
}

int emulator_launches_of(const char *kernel)
{
    const emulator_launch *all;
    const int n = emulator_launches(&all);
    const std::size_t length = std::strlen(kernel);
    int found = 0;
    for (int i = 0; i < n; i++) {
        const char *rest = all[i].kernel + length;
        found += !std::strncmp(all[i].kernel, kernel, length) && (!*rest || *rest == '<');
    }
    return found;
}
