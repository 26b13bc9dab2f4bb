/* Times of recurrent networks: see recurrence_timer.h. */
#include "recurrence_timer.h"

#include "cuda_device.h"

namespace
{

constexpr size_t SCRATCH = size_t(256) << 20; /* over the last-level cache of any GPU here */
constexpr int WARM_RUNS = 3, LEAST_RUNS = 5, MOST_RUNS = 20;
constexpr double LONG_ENOUGH = 150; /* milliseconds, of all runs after the least */

} // namespace

network_timer::network_timer()
{
    must(cudaStreamCreateWithFlags(&on, cudaStreamNonBlocking));
    for (cudaEvent_t &event : mark) must(cudaEventCreate(&event));
    must(cudaMalloc(&scratch, SCRATCH));
}

network_timer::~network_timer()
{
    cudaFree(scratch);
    for (cudaEvent_t event : mark) cudaEventDestroy(event);
    cudaStreamDestroy(on);
}

/* Writing over other memory also gives the host time to queue what follows. */
template <class F, class G>
void network_timer::run(F forward, G backward, double *first, double *second)
{
    float took[2] = {};
    must(cudaMemsetAsync(scratch, 1, SCRATCH, on));
    must(cudaEventRecord(mark[0], on));
    forward();
    must(cudaEventRecord(mark[1], on));
    must(cudaMemsetAsync(scratch, 2, SCRATCH, on));
    must(cudaEventRecord(mark[2], on));
    backward();
    must(cudaEventRecord(mark[3], on));
    must(cudaEventSynchronize(mark[3]));
    must(cudaEventElapsedTime(&took[0], mark[0], mark[1]));
    must(cudaEventElapsedTime(&took[1], mark[2], mark[3]));
    *first = double(took[0]);
    *second = double(took[1]);
}

template <class F, class G>
void network_timer::run_often(F forward, G backward, std::vector<double> *forwards,
                              std::vector<double> *backwards)
{
    double first = 0, second = 0, all = 0;
    for (int i = 0; i < WARM_RUNS; i++) run(forward, backward, &first, &second);
    for (int i = 0; i < MOST_RUNS && (i < LEAST_RUNS || all < LONG_ENOUGH); i++) {
        run(forward, backward, &first, &second);
        forwards->push_back(first);
        backwards->push_back(second);
        all += first + second;
    }
}

network_times network_timer::time(recurrent_system &system)
{
    network_times out;
    run_often([&] { system.forward(); }, [&] { system.backward(); }, &out.forward.eager,
              &out.backward.eager);
    const cudaGraphExec_t forward = captured(on, [&] { system.forward(); });
    const cudaGraphExec_t backward = captured(on, [&] { system.backward(); });
    if (forward && backward)
        run_often([&] { must(cudaGraphLaunch(forward, on)); },
                  [&] { must(cudaGraphLaunch(backward, on)); }, &out.forward.graphed,
                  &out.backward.graphed);
    if (forward) cudaGraphExecDestroy(forward);
    if (backward) cudaGraphExecDestroy(backward);
    return out;
}
