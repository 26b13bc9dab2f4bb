/* What a design of recurrences on chip rests on, measured: how many clusters run at once, what it
 * takes blocks to meet and to exchange data, and how fast products with held weights go.
 *
 *   wordloom_rendezvous [--out=FILE.json] [--only=TEXT] [--commit=NAME]
 *
 * A row is the median of several runs of a kernel, as told by its own clocks, beside what
 * docs/performance.md and its sources predict. --only: the rows whose names have that in them. */
#include "rendezvous_cluster.cuh"
#include "rendezvous_grid.cuh"
#include "rendezvous_mma.cuh"
#include "measured.h"

#include <cstdarg>

namespace
{

constexpr int RUNS = 9, WARM_RUNS = 2;
constexpr size_t SCRATCH = size_t(16) << 20;
constexpr size_t WHOLE = size_t(120) << 10; /* shared memory: one block a multiprocessor */
constexpr double GHZ = 1.8;                 /* that predictions in cycles are told by */

struct bench {
    wl_ctx ctx = {}; /* device 0, and its null stream */
    int multiprocessors = 0;
    char *scratch = nullptr; /* SCRATCH bytes, 0 before each run */
    round_times *times = nullptr;
    uint4 *weights = nullptr; /* bf16, as much as SCRATCH; the sequences' h too */
    measurements *rows = nullptr;
    std::string only;

    bool wants(const std::string &name) const { return name.find(only) != std::string::npos; }
};

std::string text_of(const char *format, ...)
{
    char text[200];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return text;
}

/* Runs a kernel once; what its clocks said. */
template <class F> cudaError_t run_once(bench &b, F launch, round_times *out)
{
    cudaError_t error = cudaMemset(b.scratch, 0, SCRATCH);
    if (!error) error = cudaMemset(b.times, 0, sizeof *b.times);
    if (!error) error = launch();
    if (!error) error = cudaDeviceSynchronize();
    return error ? error : cudaMemcpy(out, b.times, sizeof *out, cudaMemcpyDeviceToHost);
}

/* What the clocks said of several runs of a kernel, a round. */
struct run_times {
    std::vector<double> nanoseconds, cycles;
    std::string trouble;
};

template <class F> run_times run_all(bench &b, int rounds, F launch)
{
    run_times all;
    for (int run = 0; run < WARM_RUNS + RUNS && all.trouble.empty(); run++) {
        round_times took = {};
        const cudaError_t error = run_once(b, launch, &took);
        if (error) all.trouble = text_of("CUDA: %s", cudaGetErrorString(error));
        if (took.wrong) all.trouble = text_of("%u words are wrong", took.wrong);
        if (run < WARM_RUNS) continue;
        all.nanoseconds.push_back(double(took.nanoseconds) / rounds);
        all.cycles.push_back(double(took.cycles) / rounds);
    }
    cudaGetLastError(); /* told: the next row is not to meet it again */
    return all;
}

/* The values of a row, or its trouble. */
void tell(measurement *m, const std::vector<double> &values, const std::string &trouble)
{
    m->failed = !trouble.empty();
    if (m->failed)
        m->note = trouble;
    else
        m->values = values;
}

/* A row of nanoseconds a round. */
template <class... P, class... A>
void time_rounds(bench &b, measurement m, const cluster_launch &l, int rounds, void (*kernel)(P...),
                 A... arguments)
{
    if (!b.wants(m.name)) return;
    clusters_at_once(&b.ctx, kernel, l); /* lets it have its shared memory and large clusters */
    const run_times all = run_all(b, rounds, [&] {
        return cudaLaunchKernelEx(&l.config, kernel, typename exactly<P>::type(arguments)...);
    });
    m.unit = "ns a round";
    tell(&m, all.nanoseconds, all.trouble);
    m.more = { { "cycles", median_of(all.cycles) },
               { "clusters", double(l.config.gridDim.x / l.how[0].val.clusterDim.x) } };
    b.rows->add(m);
}

/* ------------------------------------------------------------------ clusters at once */

void count_clusters(bench &b)
{
    const double predicted[][2] = { { 66, 66 }, { 32, 33 }, { 16, 16 }, { 7, 8 } };
    const auto kernel = multiply_held<4, 13, 0>;
    cudaFuncAttributes of = {};
    cudaFuncGetAttributes(&of, kernel);
    for (int i = 0; i < 4; i++)
        for (const int kib : { 0, 100, 200 }) {
            const int blocks = 2 << i;
            measurement m = { text_of("clusters at once of %2d blocks, 256 threads, %3d KiB",
                                      blocks, kib),
                              "clusters", predicted[i][0], predicted[i][1] };
            if (!b.wants(m.name)) continue;
            const cluster_launch l(&b.ctx, 1, unsigned(blocks), MMA_THREADS, size_t(kib) * 1024);
            m.values = { double(clusters_at_once(&b.ctx, kernel, l)) };
            m.more = { { "registers a thread", double(of.numRegs) } };
            b.rows->add(m);
        }
}

/* ------------------------------------------------------------------ clusters */

/* As many clusters of a kernel as run at once; 1 where none does, whose launch will say why. */
template <class... P>
unsigned all_clusters(bench &b, void (*kernel)(P...), unsigned blocks, size_t shared)
{
    const cluster_launch one(&b.ctx, 1, blocks, CLUSTER_THREADS, shared);
    return unsigned(std::max(1, clusters_at_once(&b.ctx, kernel, one)));
}

void time_cluster_meetings(bench &b)
{
    const int rounds = 2000;
    for (unsigned blocks = 2; blocks <= 16; blocks *= 2) {
        const unsigned clusters = all_clusters(b, meet_in_cluster, blocks, WHOLE);
        const cluster_launch l(&b.ctx, clusters, blocks, CLUSTER_THREADS, WHOLE);
        time_rounds(b, { text_of("barrier of a cluster of %2u blocks", blocks), "", 100, 200 }, l,
                    rounds, meet_in_cluster, rounds, b.times);
    }
}

void time_gathers(bench &b)
{
    const int rounds = 2000;
    for (int blocks = 2; blocks <= 16; blocks *= 2)
        for (int bytes = 256; bytes <= 4096; bytes *= 2) {
            const size_t shared = std::max(WHOLE, gather_bytes(blocks, bytes));
            const unsigned clusters = all_clusters(b, gather_in_cluster, unsigned(blocks), shared);
            const cluster_launch l(&b.ctx, clusters, unsigned(blocks), CLUSTER_THREADS, shared);
            const double sends = (blocks - 1) * bytes / 32.0 / GHZ; /* 32 bytes a cycle */
            time_rounds(
                b,
                { text_of("all-gather in a cluster of %2d blocks, %4d bytes each", blocks, bytes),
                  "", 250 + sends, 350 + sends },
                l, rounds, gather_in_cluster, rounds, blocks, bytes / 16, b.times);
        }
}

/* ------------------------------------------------------------------ the whole grid */

cluster_launch whole_grid(bench &b, size_t shared)
{
    return cluster_launch(&b.ctx, unsigned(b.multiprocessors), 1, GRID_THREADS,
                          std::max(WHOLE, shared), true);
}

void time_grid_meetings(bench &b)
{
    const int rounds = 1000;
    unsigned *count = reinterpret_cast<unsigned *>(b.scratch);
    time_rounds(b, { "meeting of a grid, grid.sync", "", 1000, 1500 }, whole_grid(b, 0), rounds,
                meet_by_grid_sync, rounds, b.times);
    time_rounds(b, { "meeting of a grid, a counter (red.release, ld.acquire)", "", 1000, 1500 },
                whole_grid(b, 0), rounds, meet_by_counter, rounds, count, b.times);
}

void time_flags(bench &b)
{
    const int rounds = 1000;
    flagged_word *slots = reinterpret_cast<flagged_word *>(b.scratch);
    for (const int partner : { 1, b.multiprocessors / 2, b.multiprocessors - 1 })
        time_rounds(
            b, { text_of("flag in the data, block 0 to %d and back", partner), "", 1000, 1400 },
            whole_grid(b, 0), rounds, tell_and_answer, rounds, unsigned(partner), slots, b.times);
}

/* Every block's piece to every block; predicted: what L2 takes at 5.5 TB/s comes to the meeting. */
void time_exchanges(bench &b)
{
    const int rounds = 1000, blocks = b.multiprocessors;
    uint4 *rows = reinterpret_cast<uint4 *>(b.scratch + 4096);
    unsigned *count = reinterpret_cast<unsigned *>(b.scratch);
    flagged_word *slots = reinterpret_cast<flagged_word *>(b.scratch);
    for (const int bytes : { 16, 64, 256 }) {
        const double from_l2 = double(blocks) * blocks * bytes / 5500; /* ns */
        const size_t pieces = size_t(blocks) * size_t(bytes);
        time_rounds(b,
                    { text_of("all to all in a grid, %3d bytes each, counter then copies", bytes),
                      "", 1300 + from_l2, 1800 + from_l2 },
                    whole_grid(b, pieces), rounds, exchange_by_counter, rounds, bytes / 16, rows,
                    count, b.times);
        time_rounds(b,
                    { text_of("all to all in a grid, %3d bytes each, flag in the data", bytes), "",
                      500 + 2 * from_l2, 700 + 2 * from_l2 },
                    whole_grid(b, 2 * pieces), rounds, exchange_by_flags<8>, rounds, bytes / 4,
                    slots, b.times);
    }
}

/* ------------------------------------------------------------------ products */

/* Cycles a product in a block of so many warps. */
template <int TILES, int STEPS, int MORE>
void time_products(bench &b, const char *what, int warps, double low, double high)
{
    const int rounds = 4000;
    const double products = double(rounds) * TILES * (STEPS + MORE) * warps;
    const auto kernel = multiply_held<TILES, STEPS, MORE>;
    const cluster_launch l(&b.ctx, unsigned(b.multiprocessors), 1, unsigned(warps * WARP),
                           multiply_bytes(TILES, STEPS, MORE, warps));
    measurement m = { text_of("mma m16n8k16 bf16, %s", what), "cycles each", low, high };
    if (!b.wants(m.name)) return;
    clusters_at_once(&b.ctx, kernel, l); /* lets it have its shared memory */
    const auto *h = reinterpret_cast<const __nv_bfloat16 *>(b.weights);
    const run_times all = run_all(b, 1, [&] {
        return cudaLaunchKernelEx(&l.config, kernel, int(rounds), (const uint4 *)b.weights, h,
                                  reinterpret_cast<float4 *>(b.scratch), b.times);
    });
    const double ns = median_of(all.nanoseconds) / products;
    tell(&m, all.cycles, all.trouble);
    for (double &cycles : m.values) cycles /= products;
    m.more = { { "ns each", ns },
               { "TFLOP/s of all multiprocessors", ns > 0 ? 4.096 * b.multiprocessors / ns : 0 } };
    b.rows->add(m);
}

void time_all_products(bench &b)
{
    time_products<4, 9, 0>(b, "8 warps, 36 tiles a warp in registers", 8, 1.6, 1.6);
    time_products<4, 13, 0>(b, "8 warps, 52 tiles a warp in registers", 8, 1.6, 1.6);
    time_products<4, 9, 9>(b, "8 warps, 36 in registers, 36 in shared memory", 8, 2.0, 3.6);
    time_products<1, 36, 0>(b, "8 warps, one chain of 36 a warp", 8, 4.1, 4.1);
    time_products<1, 36, 0>(b, "1 warp, one chain of 36", 1, 33, 33);
}

/* ------------------------------------------------------------------ the device */

/* Random weights of either sign, 0.5 to 1: what is multiplied costs the power that real data do,
 * and sums stay finite. */
cudaError_t fill_weights(uint4 *to)
{
    std::vector<unsigned short> words(SCRATCH / 2);
    unsigned state = 1;
    for (unsigned short &word : words) {
        state = state * 1664525u + 1013904223u;
        word = (unsigned short)(0x3f00u | (state >> 16 & 0x8000u) | (state >> 20 & 0x7fu));
    }
    return cudaMemcpy(to, words.data(), SCRATCH, cudaMemcpyHostToDevice);
}

/* Brings the clocks up: some tenths of a second of products. */
cudaError_t warm_up(bench &b)
{
    const size_t shared = multiply_bytes(4, 9, 0, 8);
    for (int i = 0; i < 200; i++)
        multiply_held<4, 9, 0><<<unsigned(b.multiprocessors), MMA_THREADS, shared>>>(
            4000, b.weights, reinterpret_cast<const __nv_bfloat16 *>(b.weights),
            reinterpret_cast<float4 *>(b.scratch), b.times);
    const cudaError_t error = cudaGetLastError();
    return error ? error : cudaDeviceSynchronize();
}

cudaError_t prepare(bench &b)
{
    cudaError_t error =
        cudaDeviceGetAttribute(&b.multiprocessors, cudaDevAttrMultiProcessorCount, 0);
    if (!error) error = cudaMalloc((void **)&b.scratch, SCRATCH);
    if (!error) error = cudaMalloc((void **)&b.weights, SCRATCH);
    if (!error) error = cudaMalloc((void **)&b.times, sizeof *b.times);
    if (!error) error = fill_weights(b.weights);
    return error ? error : warm_up(b);
}

measurements::facts facts(const std::string &commit)
{
    cudaDeviceProp of = {};
    int driver = 0, runtime = 0, clock = 0;
    cudaGetDeviceProperties(&of, 0);
    cudaDriverGetVersion(&driver);
    cudaRuntimeGetVersion(&runtime);
    cudaDeviceGetAttribute(&clock, cudaDevAttrClockRate, 0);
    return { { "commit", commit },
             { "device", of.name },
             { "multiprocessors", std::to_string(of.multiProcessorCount) },
             { "sm_clock_khz", std::to_string(clock) },
             { "cuda_driver", std::to_string(driver) },
             { "cuda_runtime", std::to_string(runtime) } };
}

/* 4: there is no such device here. */
int device_of_sm_90()
{
    int devices = 0, major = 0;
    if (cudaGetDeviceCount(&devices) || devices < 1 ||
        cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, 0) || major != 9) {
        fprintf(stderr, "wordloom_rendezvous: there is no CUDA device of sm_90 here\n");
        return 4;
    }
    return 0;
}

} // namespace

int main(int argc, char **argv)
{
    std::string out, commit = "unknown";
    bench b;
    for (int i = 1; i < argc; i++) {
        const std::string word = argv[i];
        if (word.rfind("--out=", 0) == 0)
            out = word.substr(6);
        else if (word.rfind("--only=", 0) == 0)
            b.only = word.substr(7);
        else if (word.rfind("--commit=", 0) == 0)
            commit = word.substr(9);
        else {
            fprintf(stderr, "usage: wordloom_rendezvous [--out=FILE.json] [--only=TEXT] "
                            "[--commit=NAME]\n");
            return 2;
        }
    }
    if (const int status = device_of_sm_90()) return status;
    if (const cudaError_t error = prepare(b)) {
        fprintf(stderr, "wordloom_rendezvous: CUDA: %s\n", cudaGetErrorString(error));
        return 1;
    }
    measurements rows(out, "rendezvous", facts(commit));
    b.rows = &rows;
    count_clusters(b);
    time_all_products(b);
    time_cluster_meetings(b);
    time_grid_meetings(b);
    time_gathers(b);
    time_flags(b);
    time_exchanges(b);
    return rows.all_well() ? 0 : 1;
}
