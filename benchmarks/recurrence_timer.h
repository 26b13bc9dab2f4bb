/* How long a recurrent network takes, forward and backward, call by call and as a CUDA graph. */
#ifndef WL_RECURRENCE_TIMER_H
#define WL_RECURRENCE_TIMER_H

#include "measured.h"
#include "recurrence_system.h"

#include <cuda_runtime.h>

/* Milliseconds of each run; empty where there were none. */
struct part_times {
    std::vector<double> eager, graphed;

    bool graph_wins() const
    {
        return !graphed.empty() && (eager.empty() || median_of(graphed) < median_of(eager));
    }
    const std::vector<double> &better() const { return graph_wins() ? graphed : eager; }
};

struct network_times {
    part_times forward, backward;
};

class network_timer
{
  public:
    network_timer();
    ~network_timer();
    network_timer(const network_timer &) = delete;
    network_timer &operator=(const network_timer &) = delete;

    cudaStream_t stream() const { return on; }

    /* A forward and a backward call a run; each finds its data in memory, not in a cache. */
    network_times time(recurrent_system &system);

  private:
    cudaStream_t on = nullptr;
    cudaEvent_t mark[4] = {};
    void *scratch = nullptr;

    template <class F, class G>
    void run_often(F forward, G backward, std::vector<double> *forwards,
                   std::vector<double> *backwards);
    template <class F, class G> void run(F forward, G backward, double *first, double *second);
};

#endif
