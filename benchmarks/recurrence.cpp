/* Whole sequences of recurrent networks, ours beside cuDNN's.
 *
 *   wordloom_recurrence [--family=lstm|gru|rnn] [--only=TEXT] [--seconds=N] [--out=FILE.json]
 *                       [--commit=NAME]
 *
 * Each size is run by our operators and by cuDNN in every way that it knows: each algorithm, the
 * types of the size's class (f16 and bf16; f32 with and without tf32), and sizes as they are or
 * padded to those that cuDNN has kernels for (the padding itself is not timed). What cuDNN refuses
 * is a row that says so. A row is the better of calls one by one and a CUDA graph of them, forward
 * (as for training) or backward (dx and the gradients of parameters), beside the relative error of
 * h or of dR against the oracle over a sequence's first steps. "without W": ours has no features
 * (D=0) and reads sums that are the biases; cuDNN adds its input to every gate as it is. After
 * --seconds no row is begun; algorithms that cuDNN compiles when asked come last. --only: sizes
 * whose names have that in them. */
#include "recurrence_system.h"
#include "recurrence_timer.h"

#include "../tests/execution.h"
#include "copy_bandwidth.h"

#include <array>
#include <cmath>
#include <cstdlib>

extern "C" void openblas_set_num_threads(int threads);

namespace
{

constexpr int PADDED_UNITS[] = { 128, 256, 512, 768, 896, 1024, 1280, 1536 };
constexpr int PADDED_FEATURES = 128;
constexpr int PERSIST_DYNAMIC = 2, ALGORITHMS = 4;
constexpr double ORACLE_FLOPS = 1e9; /* of a forward call */
constexpr double WRONG = 0.05;       /* an error beyond that of any type here */

/* The best of others so far, forward, backward and both, with its name. */
struct best_of {
    std::array<double, 3> ms = { 1e30, 1e30, 1e30 };
    std::array<std::string, 3> name;
    cudnn_choice choice = {}; /* the best of both */

    void meet(int which, double time, const std::string &who)
    {
        if (time >= ms[size_t(which)]) return;
        ms[size_t(which)] = time;
        name[size_t(which)] = who;
    }
};

struct bench {
    measurements *rows;
    network_timer *timer;
    const wl_backend *cuda;
    double end; /* of the time, by steady_seconds */

    bool late() const { return steady_seconds() > end; }
};

/* A size with what its systems compute over its first steps, and what the oracle does. */
struct subject {
    recurrence_size size, few;
    recurrence_data data, of_few;
    recurrence_results right;
    std::array<double, 3> ours = {};
    best_of peers;

    explicit subject(const recurrence_size &s) : size(s), few(s)
    {
        const double flops =
            2.0 * double(s.B * s.gates() * s.H * s.directions * s.layers) * double(s.D + s.H);
        few.T = std::min(s.T, std::max<int64_t>(2, int64_t(ORACLE_FLOPS / flops)));
    }
    /* What only a pass over the sizes needs. */
    void prepare()
    {
        data = recurrence_data_of(size);
        of_few = recurrence_data_of(few);
        if (!right.y.empty()) return;
        const auto oracle = our_system(few, of_few, &wl_ref_oracle_backend, nullptr);
        oracle->forward();
        oracle->backward();
        right = oracle->results();
    }
    void forget() { data = of_few = recurrence_data(); }
};

/* |found - right| / |right|. */
double error_of(const std::vector<double> &found, const std::vector<double> &right)
{
    double off = 0, all = 0;
    if (found.size() != right.size()) return NAN;
    for (size_t i = 0; i < right.size(); i++) {
        off += (found[i] - right[i]) * (found[i] - right[i]);
        all += right[i] * right[i];
    }
    return std::sqrt(off / all);
}

/* ------------------------------------------------------------------ rows */

void add_note(bench &b, const std::string &name, const std::string &note, bool failed)
{
    measurement m;
    m.name = name;
    m.note = note;
    m.failed = failed;
    b.rows->add(m);
}

void add_part(bench &b, const subject &s, const std::string &who, const char *part,
              const part_times &times, const char *of, double error)
{
    measurement m;
    m.name = s.size.text() + ", " + part + ": " + who;
    m.unit = times.graph_wins() ? "ms, as a graph" : "ms, by calls";
    m.values = times.better();
    m.more = { { "us a step", 1000 * m.median() / double(s.size.T) } };
    if (!times.graphed.empty())
        m.more.push_back({ times.graph_wins() ? "ms by calls" : "ms as a graph",
                           median_of(times.graph_wins() ? times.eager : times.graphed) });
    if (error >= 0 || std::isnan(error)) m.more.push_back({ of, error });
    b.rows->add(m);
}

/* Times one system, which make(size, data) makes, and checks it over the first steps if `right`.
 * The medians of forward, backward and both; 0 where it does not do it, or is wrong. */
template <class F>
std::array<double, 3> measure(bench &b, subject &s, const std::string &who, bool check,
                              bool may_refuse, F make)
{
    double of_h = -1, of_r = -1;
    try {
        if (check) {
            const auto system = make(s.few, s.of_few);
            system->forward();
            system->backward();
            const recurrence_results found = system->results();
            of_h = error_of(found.y, s.right.y);
            of_r = error_of(found.dr, s.right.dr);
        }
        const auto system = make(s.size, s.data);
        const network_times took = b.timer->time(*system);
        add_part(b, s, who, "forward", took.forward, "error of h", of_h);
        add_part(b, s, who, "backward", took.backward, "error of dR", of_r);
        const double forward = median_of(took.forward.better());
        const double backward = median_of(took.backward.better());
        if (!check || (of_h < WRONG && of_r < WRONG))
            return { forward, backward, forward + backward };
        add_note(b, s.size.text() + ": " + who, "wrong: its times do not count", !may_refuse);
    } catch (const std::runtime_error &why) {
        const std::string name = s.size.text() + ": " + who;
        add_note(b, name, (may_refuse ? "refused: " : "failed: ") + std::string(why.what()),
                 !may_refuse);
    }
    return {};
}

/* ------------------------------------------------------------------ systems */

void measure_ours(bench &b, subject &s)
{
    const auto make = [&](const recurrence_size &size, const recurrence_data &data) {
        return our_system(size, data, b.cuda, b.timer->stream());
    };
    s.ours = measure(b, s, "wordloom", true, false, make);
    if (s.size.layers > 1 || s.size.directions > 1 || b.late()) return;
    measure(b, s, "wordloom without W", false, false,
            [&](recurrence_size size, recurrence_data data) {
                size.D = 0;
                data.x.clear();
                data.cells[0].w.clear();
                return make(size, data);
            });
}

std::array<double, 3> measure_cudnn(bench &b, subject &s, const cudnn_choice &choice)
{
    return measure(b, s, choice.text(), !choice.skip, true,
                   [&](const recurrence_size &size, const recurrence_data &data) {
                       return cudnn_system(size, data, choice, b.timer->stream());
                   });
}

/* Every way of an algorithm: types, and sizes as they are or padded. */
std::vector<cudnn_choice> choices_of(const recurrence_size &size, int algorithm)
{
    std::vector<cudnn_choice> out;
    int64_t D = (size.D + PADDED_FEATURES - 1) / PADDED_FEATURES * PADDED_FEATURES, H = size.H;
    for (const int units : PADDED_UNITS)
        if (units >= size.H) {
            H = units;
            break;
        }
    const bool narrow = size.dtype != WL_F32, pads = D != size.D || H != size.H;
    for (int way = 0; way < 2; way++) {
        const int32_t dtype = !narrow ? WL_F32 : way ? WL_F16 : WL_BF16;
        const bool tf32 = !narrow && way == 1;
        out.push_back({ algorithm, dtype, tf32, size.D, size.H, false });
        if (pads && algorithm != PERSIST_DYNAMIC)
            out.push_back({ algorithm, dtype, tf32, D, H, false });
    }
    return out;
}

void measure_algorithm(bench &b, subject &s, int algorithm)
{
    for (const cudnn_choice &choice : choices_of(s.size, algorithm)) {
        if (b.late()) {
            add_note(b, s.size.text() + ": " + choice.text(), "left out: no time", false);
            return;
        }
        const std::array<double, 3> took = measure_cudnn(b, s, choice);
        if (took[2] > 0 && took[2] < s.peers.ms[2]) s.peers.choice = choice;
        for (int which = 0; which < 3; which++)
            if (took[size_t(which)] > 0) s.peers.meet(which, took[size_t(which)], choice.text());
    }
}

/* The first pass of a size: all but what cuDNN compiles when asked. */
void measure_size(bench &b, subject &s, bool cudnn)
{
    if (b.late()) {
        add_note(b, s.size.text(), "left out: no time", false);
        return;
    }
    s.prepare();
    measure_ours(b, s);
    for (int algorithm = 0; cudnn && algorithm < ALGORITHMS; algorithm++)
        if (algorithm != PERSIST_DYNAMIC) measure_algorithm(b, s, algorithm);
    if (s.size.layers == 1 && s.size.directions == 1 && !s.peers.name[2].empty() && !b.late()) {
        cudnn_choice without = s.peers.choice;
        without.skip = true;
        measure_cudnn(b, s, without);
    }
    s.forget();
}

/* The best of cuDNN's ways against ours, for each size that both have run. */
void name_the_best(bench &b, const subject &s)
{
    const char *parts[] = { "forward", "backward", "forward and backward" };
    for (size_t which = 0; which < 3; which++) {
        if (s.peers.name[which].empty() || s.ours[which] <= 0) continue;
        measurement m;
        m.name = s.size.text() + ", " + parts[which] + ", best peer: " + s.peers.name[which];
        m.unit = "ms";
        m.values = { s.peers.ms[which] };
        m.more = { { "ms of wordloom", s.ours[which] },
                   { "times wordloom's", s.peers.ms[which] / s.ours[which] } };
        b.rows->add(m);
    }
}

/* ------------------------------------------------------------------ the program */

struct options {
    std::string family, only, out, commit = "unknown";
    double seconds = 1e9;
};

/* false: there is an option that it does not know. */
bool parse(int argc, char **argv, options *o)
{
    for (int i = 1; i < argc; i++) {
        const std::string word = argv[i], name = word.substr(0, word.find('='));
        const std::string value = word.substr(std::min(word.size(), name.size() + 1));
        if (name == "--family")
            o->family = value;
        else if (name == "--only")
            o->only = value;
        else if (name == "--out")
            o->out = value;
        else if (name == "--commit")
            o->commit = value;
        else if (name == "--seconds")
            o->seconds = atof(value.c_str());
        else
            return false;
    }
    return true;
}

const wl_backend *cuda_backend()
{
    for (const wl_backend *const *b = wl_backends; *b; b++)
        if ((*b)->device == WL_CUDA && (*b)->count() > 0) return *b;
    return nullptr;
}

measurements::facts facts_of(const options &o, const wl_backend *cuda)
{
    wl_device_info info = {};
    int driver = 0, runtime = 0, clock = 0;
    cuda->describe(0, &info);
    cudaDriverGetVersion(&driver);
    cudaRuntimeGetVersion(&runtime);
    cudaDeviceGetAttribute(&clock, cudaDevAttrClockRate, 0);
    return { { "commit", o.commit },
             { "device", info.name },
             { "sm_clock_khz", std::to_string(clock) },
             { "cuda_driver", std::to_string(driver) },
             { "cuda_runtime", std::to_string(runtime) },
             { "cudnn", cudnn_found() } };
}

void run(const options &o, const wl_backend *cuda)
{
    measurements rows(o.out, "recurrence", facts_of(o, cuda));
    network_timer timer;
    bench b = { &rows, &timer, cuda, steady_seconds() + o.seconds };
    const bool cudnn = cudnn_found().rfind("cuDNN", 0) == 0;
    std::vector<subject> subjects;
    for (const recurrence_size &size : recurrence_sizes(WORDLOOM_SIZES))
        if ((o.family.empty() || size.cell == o.family) &&
            size.text().find(o.only) != std::string::npos)
            subjects.emplace_back(size);
    for (subject &s : subjects) measure_size(b, s, cudnn);
    for (subject &s : subjects) {
        if (!cudnn || b.late()) break;
        s.prepare();
        measure_algorithm(b, s, PERSIST_DYNAMIC);
        s.forget();
    }
    for (const subject &s : subjects) name_the_best(b, s);
    if (!rows.all_well()) throw std::runtime_error("some rows failed");
}

} // namespace

int main(int argc, char **argv)
{
    options o;
    if (!parse(argc, argv, &o)) {
        fprintf(stderr, "usage: wordloom_recurrence [--family=lstm|gru|rnn] [--only=TEXT] "
                        "[--seconds=N] [--out=FILE.json] [--commit=NAME]\n");
        return 2;
    }
    openblas_set_num_threads(1); /* the oracle runs its products in OpenMP threads */
    const wl_backend *cuda = cuda_backend();
    if (!cuda) {
        fprintf(stderr, "wordloom_recurrence: there is no CUDA device here\n");
        return 4;
    }
    try {
        run(o, cuda);
    } catch (const std::runtime_error &why) {
        fprintf(stderr, "wordloom_recurrence: %s\n", why.what());
        return 1;
    }
    return 0;
}
