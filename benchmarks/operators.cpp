/* Times operators at the sizes of benchmarks/sizes/, on the CPU and on CUDA where it is.
 *
 *   wordloom_benchmarks [--family=NAME] [--device=cpu|cuda] [Google Benchmark's own options]
 *
 * A row says its time, the least bytes that must move a second and what part that is of the
 * bandwidth of a plain copy, measured in the same process, the arithmetic a second and what part of
 * its time its baselines take: of_blas, for the operator's products alone (OpenBLAS or cuBLASLt);
 * of_cudnn, for cuDNN's softmax. Every run finds its data in memory, not in a cache ("warm" rows:
 * where the last run left it). */
#include "baselines.h"
#include "clock.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

extern "C" void openblas_set_num_threads(int threads);

namespace
{

struct line {
    std::string op, sizes;
};

struct device {
    const wl_backend *backend;
    wl_ctx *ctx;
    double bandwidth;
    void *scratch;
};

constexpr size_t SCRATCH = size_t(256) << 20; /* over any last-level cache here */

/* A family for every file of sizes. */
std::vector<std::string> all_families()
{
    std::vector<std::string> out;
    for (const auto &entry : std::filesystem::directory_iterator(WORDLOOM_SIZES))
        if (entry.path().extension() == ".txt") out.push_back(entry.path().stem());
    std::sort(out.begin(), out.end());
    return out;
}

std::vector<line> lines_of(const std::string &family)
{
    std::vector<line> out;
    std::ifstream file(std::string(WORDLOOM_SIZES) + "/" + family + ".txt");
    for (std::string text; std::getline(file, text);) {
        text = text.substr(0, text.find('#'));
        const size_t op = text.find_first_not_of(' ');
        if (op == std::string::npos) continue;
        const size_t end = text.find(' ', op), sizes = text.find_first_not_of(' ', end);
        const size_t last = text.find_last_not_of(' ');
        out.push_back({ text.substr(op, end - op), text.substr(sizes, last + 1 - sizes) });
    }
    return out;
}

/* A case in a device's memory. Making one can take seconds, and Google Benchmark calls again and
 * again, so the latest is kept until another one's turn. */
struct prepared {
    std::string key, trouble;
    baseline blas, cudnn;
    op_case c = {};
    bound_case b = {};

    prepared(const line &what, const device &on, const std::string &k) : key(k)
    {
        const bool cpu = on.backend->device == WL_CPU;
        char text[256] = "";
        if (case_make(&c, what.op.c_str(), what.sizes.c_str(), 1, text) ||
            case_bind(&b, &c, on.backend, text)) {
            trouble = text;
            return;
        }
        blas = cpu ? openblas_baseline(c) : cublaslt_baseline(c);
        if (!cpu) cudnn = cudnn_baseline(c);
    }
    ~prepared()
    {
        if (b.ctx) bound_free(&b);
        case_free(&c);
    }
};

prepared &prepare(const line &what, const device &on)
{
    static std::unique_ptr<prepared> latest;
    const std::string key = what.op + " " + what.sizes + " " + on.backend->name;
    if (!latest || latest->key != key) {
        latest.reset(); /* its memory first */
        latest = std::make_unique<prepared>(what, on, key);
    }
    return *latest;
}

void time_case(benchmark::State &state, const line &what, const device &on, bool warm)
{
    prepared &p = prepare(what, on);
    double best = 1e9;
    if (!p.trouble.empty()) {
        state.SkipWithError(p.trouble.c_str());
        return;
    }
    for (int i = 0; i < 3; i++) seconds_of(p.b);
    for (auto _ : state) {
        if (!warm) flush_cache(on.ctx, on.scratch, SCRATCH);
        const double t = seconds_of(p.b);
        if (t < 0) {
            state.SkipWithError(wl_ctx_error(p.b.ctx));
            break;
        }
        best = std::min(best, t);
        state.SetIterationTime(t);
    }
    using benchmark::Counter;
    const double bytes = case_bytes(&p.c), flops = case_flops(&p.c);
    const auto rate = Counter::kIsIterationInvariantRate;
    state.counters["bytes/s"] = Counter(bytes, rate, Counter::kIs1000);
    if (flops > 0) state.counters["flop/s"] = Counter(flops, rate, Counter::kIs1000);
    state.counters["of_copy"] = Counter(bytes / on.bandwidth, rate);
    if (p.blas.seconds > 0) state.counters["of_blas"] = Counter(p.blas.seconds, rate);
    if (p.cudnn.seconds > 0) state.counters["of_cudnn"] = Counter(p.cudnn.seconds, rate);
    state.SetLabel(p.blas.trouble + p.cudnn.trouble);
    state.counters["best_us"] = best * 1e6;
}

void register_all(const std::vector<device> &devices, const std::vector<std::string> &families)
{
    for (const device &on : devices)
        for (const std::string &family : families)
            for (const line &what : lines_of(family))
                for (const bool warm : { false, true }) {
                    const std::string name = what.op + "/" + what.sizes + "/" + on.backend->name +
                                             (warm ? "/warm" : "/cold");
                    benchmark::RegisterBenchmark(
                        name.c_str(),
                        [what, on, warm](benchmark::State &s) { time_case(s, what, on, warm); })
                        ->UseManualTime()
                        ->Unit(benchmark::kMicrosecond);
                }
}

/* The best CPU build that runs here, and CUDA where there is a device. */
std::vector<device> devices_wanted(const std::string &only)
{
    std::vector<device> out;
    for (const wl_backend *const *b = wl_backends; *b; b++) {
        const bool cpu = (*b)->device == WL_CPU;
        const bool have = std::any_of(out.begin(), out.end(), [&](const device &d) {
            return d.backend->device == (*b)->device;
        });
        if (have || (*b)->count() <= 0 || (!only.empty() && only != (cpu ? "cpu" : "cuda")))
            continue;
        device d = { *b, nullptr, 0, nullptr };
        if (wl_ctx_create_on(&d.ctx, *b, 0) || wl_ctx_alloc(d.ctx, &d.scratch, SCRATCH)) continue;
        d.bandwidth = copy_bandwidth(d.ctx);
        out.push_back(d);
    }
    return out;
}

/* Takes our own option out of argv. */
std::string take(int &argc, char **argv, const std::string &name)
{
    for (int i = 1; i < argc; i++) {
        const std::string text = argv[i];
        if (text.rfind(name + "=", 0)) continue;
        std::copy(argv + i + 1, argv + argc, argv + i);
        argc--;
        return text.substr(name.size() + 1);
    }
    return "";
}

void describe(const std::vector<device> &devices)
{
    for (const device &d : devices) {
        wl_device_info info = {};
        const std::string kind = d.backend->device == WL_CUDA ? "cuda" : "cpu";
        if (!d.backend->describe(0, &info)) benchmark::AddCustomContext(kind, info.name);
        char text[64];
        snprintf(text, sizeof text, "%.1f GB/s", d.bandwidth / 1e9);
        benchmark::AddCustomContext(kind + "_copy", text);
    }
    for (const auto &entry : machine()) benchmark::AddCustomContext(entry.first, entry.second);
}

} // namespace

int main(int argc, char **argv)
{
    const std::string family = take(argc, argv, "--family"), only = take(argc, argv, "--device");
    const std::vector<std::string> families =
        family.empty() ? all_families() : std::vector<std::string>{ family };
    openblas_set_num_threads(1); /* the library runs its products in OpenMP threads */
    const std::vector<device> devices = devices_wanted(only);
    if (devices.empty()) {
        fprintf(stderr, "no such device here: %s\n", only.c_str());
        return 4;
    }
    register_all(devices, families);
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    describe(devices);
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    for (const device &d : devices) {
        wl_ctx_free(d.ctx, d.scratch);
        wl_ctx_destroy(d.ctx);
    }
    return 0;
}
