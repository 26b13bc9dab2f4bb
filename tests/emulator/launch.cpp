// Launching: what the hardware would refuse, and the blocks of a grid, one resident group after
// another. One kernel runs at a time, whatever the number of OS threads.
#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>
#include <mutex>
#include <pthread.h>
#include <unordered_map>

#include "crash.h"
#include "cuda_runtime.h"
#include "device.h"
#include "sanitizers.h"
#include "scheduler.h"
#include "watch.h"

namespace emulator
{

int planted_fault = EMULATOR_NO_FAULT;

namespace
{

std::mutex &launching = *new std::mutex;
std::atomic<pthread_t> launching_thread;

struct kernel_limits {
    std::size_t dynamic_bytes = static_limit;
    unsigned cluster_blocks = 8;
};

std::mutex &limits_lock = *new std::mutex;
auto &limits = *new std::unordered_map<const void *, kernel_limits>;

kernel_limits limits_of(const void *kernel)
{
    std::lock_guard<std::mutex> lock(limits_lock);
    const auto found = limits.find(kernel);
    return found == limits.end() ? kernel_limits{} : found->second;
}

std::atomic<unsigned> most_blocks; // along x; 0: any number
std::atomic<unsigned> largest_cluster = 16;
std::atomic<unsigned long long> fault_hits;
unsigned atomics_until_drop;

// Memory that grows and is kept from launch to launch; its contents mean nothing at first.
template <class T> T *room_for(std::size_t count)
{
    static std::size_t held = 0;
    static T *items = nullptr;
    if (held < count) {
        delete[] items;
        items = new T[count]();
        held = count;
    }
    return items;
}

std::size_t volume(dim3 size) { return std::size_t(size.x) * size.y * size.z; }

uint3 place_in(std::size_t rank, dim3 size)
{
    return { unsigned(rank % size.x), unsigned(rank / size.x % size.y),
             unsigned(rank / size.x / size.y) };
}

uint3 block_index(std::size_t rank)
{
    const dim3 grid = device.request.grid, cluster = device.request.cluster;
    if (device.cluster_size == 1) return place_in(rank, grid);
    const dim3 clusters(grid.x / cluster.x, grid.y / cluster.y, grid.z / cluster.z);
    const uint3 major = place_in(rank / device.cluster_size, clusters);
    const uint3 minor = place_in(rank % device.cluster_size, cluster);
    return { major.x * cluster.x + minor.x, major.y * cluster.y + minor.y,
             major.z * cluster.z + minor.z };
}

unsigned threads_that_run(const block &b)
{
    unsigned runs = b.size;
    const unsigned columns = device.request.grid.x;
    if (planted_fault == EMULATOR_SHORT_GRID && columns > 1 && b.index.x == columns - 1) runs = 0;
    if (planted_fault == EMULATOR_LOST_LAST_WARP && b.warp_count > 1)
        runs = (b.warp_count - 1) * 32;
    if (runs < b.size) count_fault_hit();
    return runs;
}

void prepare_warps(block &b)
{
    for (unsigned i = 0; i < b.warp_count; i++) {
        warp &w = b.warps[i];
        const unsigned lanes = b.runs <= i * 32 ? 0 : std::min(32u, b.runs - i * 32);
        w.exist = w.alive = lanes == 32 ? ~0u : (1u << lanes) - 1;
        w.open = 0;
    }
}

// Blocks, set by set, with their share of threads, warps, queues and arenas.
block *furnished_blocks(unsigned set_count)
{
    const unsigned threads = unsigned(volume(device.request.block)), warps = (threads + 31) / 32;
    unsigned ring = 1;
    while (ring < threads + 1) ring *= 2;
    const std::size_t blocks = std::size_t(device.resident) * set_count;
    block *block_room = room_for<block>(blocks);
    thread *thread_room = room_for<thread>(blocks * threads);
    warp *warp_room = room_for<warp>(blocks * warps);
    thread **queue_room = room_for<thread *>(blocks * ring);
    gate *gate_room = room_for<gate>(blocks * named_barriers);
    mbarrier_table *mbarrier_room = room_for<mbarrier_table>(blocks);
    for (std::size_t i = 0; i < blocks; i++) {
        block &b = block_room[i];
        b.size = threads;
        b.warp_count = warps;
        b.ring = ring - 1;
        b.threads = thread_room + i * threads;
        b.warps = warp_room + i * warps;
        b.queue = queue_room + i * ring;
        b.gates = gate_room + i * named_barriers;
        b.mbarriers = mbarrier_room + i;
        b.shared = arena_number(i);
    }
    if (with_tsan) reserve_fibers(std::size_t(device.resident) * threads, set_count);
    return block_room;
}

void run_group(std::size_t first_rank, block *blocks)
{
    device.blocks = blocks;
    device.turn = device.finished = 0;
    device.threads_in_all = 0;
    device.grid_gate = barrier{};
    device.idle_yields = 0;
    order_acquire(&device.ends[device.set]);
    for (unsigned i = 0; i < device.resident; i++) {
        block &b = blocks[i];
        b.rank = unsigned(first_rank + i);
        b.index = block_index(b.rank);
        b.cluster_rank = b.rank % device.cluster_size;
        b.cluster = &blocks[i - i % device.cluster_size];
        b.runs = b.alive = threads_that_run(b);
        b.started = b.head = b.tail = 0;
        b.block_gate = b.cluster_gate = barrier{};
        b.mbarriers->known = 0;
        clear_arena(*b.shared, device.request.dynamic_bytes);
        prepare_warps(b);
        device.threads_in_all += b.runs;
        if (!b.runs) device.finished++;
    }
    if (device.shuffled) {
        device.start_order.resize(blocks->size);
        for (unsigned i = 0; i < blocks->size; i++) device.start_order[i] = i;
        // ranks that do not run stay behind those that do
        unsigned runs = 0;
        for (unsigned i = 0; i < device.resident; i++) runs = std::max(runs, blocks[i].runs);
        std::shuffle(device.start_order.begin(), device.start_order.begin() + runs, device.random);
    }
    run_resident_blocks();
}

void run_grid(const launch_request &request, const std::function<void()> &kernel)
{
    if (current && pthread_equal(launching_thread, pthread_self()))
        fail_at_launch("a kernel launches a kernel");
    std::lock_guard<std::mutex> lock(launching);
    launching_thread = pthread_self();
    static const unsigned long seed = [] {
        const unsigned long given = setting("WL_EMULATOR_SEED", 0);
        device.random.seed(unsigned(given));
        device.shuffled = given != 0;
        return given;
    }();
    (void)seed;

    const std::size_t blocks = volume(request.grid), threads = volume(request.block);
    device.request = request;
    device.kernel = &kernel;
    device.cluster_size = unsigned(volume(request.cluster));
    device.resident = request.cooperative ? unsigned(blocks) : device.cluster_size;
    const unsigned set_count = with_tsan && blocks > device.resident ? sets : 1;
    gridDim = request.grid;
    blockDim = request.block;
    enter_host();
    begin_shared_layout();
    block *const furnished = furnished_blocks(set_count);
    if (!device.shuffled)
        for (std::size_t i = device.start_order.size(); i < threads; i++)
            device.start_order.push_back(unsigned(i));

    static auto &order = *new std::vector<unsigned>; // of the groups
    order.clear();
    for (std::size_t i = 0; i < blocks; i += device.resident) order.push_back(unsigned(i));
    if (device.shuffled) std::shuffle(order.begin(), order.end(), device.random);

    const crash_watch watch;
    for (std::size_t i = 0; i < order.size(); i++) {
        device.set = unsigned(i % set_count);
        run_group(order[i], furnished + device.set * device.resident);
    }
    for (unsigned i = 0; i < set_count; i++) order_acquire(&device.ends[i]);
}

} // namespace

bool drops_this_atomic()
{
    if (planted_fault != EMULATOR_LOST_ATOMIC || --atomics_until_drop) return false;
    atomics_until_drop = 5;
    count_fault_hit();
    return true;
}

void count_fault_hit() { fault_hits++; }

// ---- what hardware refuses

int check_launch(const launch_request &r)
{
    const std::size_t threads = volume(r.block), blocks = volume(r.grid);
    if (!threads || !blocks || threads > most_threads || r.block.z > 64 || r.grid.x > 2147483647u ||
        r.grid.y > 65535 || r.grid.z > 65535)
        return cudaErrorInvalidConfiguration;
    const kernel_limits limit = limits_of(r.kernel);
    if (r.dynamic_bytes > limit.dynamic_bytes) return cudaErrorInvalidValue;
    const std::size_t cluster = volume(r.cluster);
    if (!cluster || cluster > std::min(limit.cluster_blocks, largest_cluster.load()) ||
        r.grid.x % r.cluster.x || r.grid.y % r.cluster.y || r.grid.z % r.cluster.z)
        return cudaErrorInvalidClusterSize;
    if (r.cooperative && blocks > std::size_t(multiprocessors()) *
                                      blocks_that_fit(unsigned(threads), r.dynamic_bytes))
        return cudaErrorCooperativeLaunchTooLarge;
    return cudaSuccess;
}

void check_pointer(const launch_request &request, int index, const void *pointer)
{
    if (!pointer || is_device_memory(pointer)) return;
    device.request = request;
    fail_at_launch("kernel argument %d is %p, which is not device memory", index, pointer);
}

int launch(launch_request request, std::function<void()> kernel)
{
    note_launch(request);
    if (most_blocks && !request.cooperative && volume(request.cluster) == 1)
        request.grid.x = std::min<unsigned>(request.grid.x, most_blocks);
    enqueue(request.stream, [request, kernel = std::move(kernel)] { run_grid(request, kernel); });
    return cudaSuccess;
}

cudaError_t set_attribute(const void *kernel, cudaFuncAttribute attribute, int value)
{
    std::lock_guard<std::mutex> lock(limits_lock);
    switch (attribute) {
    case cudaFuncAttributeMaxDynamicSharedMemorySize:
        if (value < 0 || std::size_t(value) > dynamic_limit) return noted(cudaErrorInvalidValue);
        limits[kernel].dynamic_bytes = std::size_t(value);
        return cudaSuccess;
    case cudaFuncAttributeNonPortableClusterSizeAllowed:
        limits[kernel].cluster_blocks = value ? 16 : 8;
        return cudaSuccess;
    case cudaFuncAttributePreferredSharedMemoryCarveout: return cudaSuccess;
    }
    return noted(cudaErrorInvalidValue);
}

cudaError_t occupancy(int *blocks, int threads, size_t dynamic_bytes)
{
    if (threads <= 0 || unsigned(threads) > most_threads) return noted(cudaErrorInvalidValue);
    *blocks = int(blocks_that_fit(unsigned(threads), dynamic_bytes));
    return cudaSuccess;
}

cudaError_t cluster_occupancy(int *clusters, const launch_request &request)
{
    *clusters = 0;
    if (const int error = check_launch(request)) return noted(error);
    const std::size_t fit = blocks_that_fit(unsigned(volume(request.block)), request.dynamic_bytes);
    *clusters = int(std::size_t(multiprocessors()) * fit / volume(request.cluster));
    return cudaSuccess;
}

} // namespace emulator

void emulator_plant(int fault)
{
    emulator::planted_fault = fault;
    emulator::atomics_until_drop = 5;
    emulator::fault_hits = 0;
}

void emulator_cap_clusters(unsigned blocks) { emulator::largest_cluster = blocks ? blocks : 16; }

void emulator_cap_grids(unsigned blocks) { emulator::most_blocks = blocks; }

unsigned long long emulator_fault_hits(void) { return emulator::fault_hits; }
