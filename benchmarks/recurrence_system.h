/* A recurrent network as systems are to compute it that are compared: its sizes, the numbers that
 * all of them get, and what each of them does. */
#ifndef WL_RECURRENCE_SYSTEM_H
#define WL_RECURRENCE_SYSTEM_H

#include "../host/core/op.h"

#include <cuda_runtime.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

/* Layers on top of each other; with two directions each reads what both of the layer below say. */
struct recurrence_size {
    std::string cell; /* rnn (tanh), gru (reset after the product) or lstm */
    int64_t T = 0, B = 0, D = 0, H = 0;
    int64_t layers = 1, directions = 1;
    int32_t dtype = WL_F32;

    int64_t gates() const { return cell == "lstm" ? 4 : cell == "gru" ? 3 : 1; }
    /* features that a layer reads */
    int64_t inputs(int64_t layer) const { return layer ? directions * H : D; }
    std::string text() const;
};

/* The forward lines of sizes/{lstm,gru,rnn}.txt that every system can run, then those of
 * sizes/networks/recurrence.txt; std::runtime_error: a file has a line that says something else. */
std::vector<recurrence_size> recurrence_sizes(const std::string &folder);

/* Values that f16 and bf16 hold exactly, so that all systems compute the same, whatever their
 * types: weights up to about 1 / sqrt(H), others up to 1. */
struct recurrence_data {
    struct cell {
        std::vector<float> w, r, b, bn; /* [GH,D'] [GH,H] [GH] [H], as <wordloom/gru.h> has them */
    };
    std::vector<float> x, dy; /* [T,B,D] [T,B,directions H] */
    std::vector<cell> cells;  /* of each layer and direction, the layer first */
};
recurrence_data recurrence_data_of(const recurrence_size &size);

/* What a forward and a backward call leave. */
struct recurrence_results {
    std::vector<double> y;  /* [T,B,directions H] of the last layer */
    std::vector<double> dr; /* [GH,H] of the first layer and direction */
};

/* Calls queue work on the stream that the system was made with, and may be captured. They throw
 * std::runtime_error, with the reason, where the system does not do what it is asked to. */
class recurrent_system
{
  public:
    virtual ~recurrent_system() = default;
    virtual void forward() = 0;
    virtual void backward() = 0; /* after forward: adds to the gradients of parameters */
    virtual recurrence_results results() = 0;
};

/* The library's operators on a backend: those of CUDA, or the oracle. */
std::unique_ptr<recurrent_system> our_system(const recurrence_size &size,
                                             const recurrence_data &data, const wl_backend *backend,
                                             cudaStream_t stream);

/* How cuDNN is asked. */
struct cudnn_choice {
    int algorithm; /* a cudnnRNNAlgo_t */
    int32_t dtype; /* of what is stored; sums are f32 */
    bool tf32;     /* f32 on tensor cores */
    int64_t D, H;  /* no less than the size's: what is more is zeros */
    bool skip;     /* CUDNN_SKIP_INPUT: the input, of H features, is added to every gate as it is */
    std::string text() const;
};

/* Algorithms by their number. */
constexpr const char *CUDNN_ALGORITHMS[] = { "standard", "persist static", "persist dynamic",
                                             "persist static small H" };

/* cuDNN's version, or why there is none. */
std::string cudnn_found();
std::unique_ptr<recurrent_system> cudnn_system(const recurrence_size &size,
                                               const recurrence_data &data,
                                               const cudnn_choice &choice, cudaStream_t stream);

/* ------------------------------------------------------------------ numbers in memory */

std::vector<char> bytes_of(const std::vector<float> &values, int32_t dtype);
std::vector<double> numbers_in(const std::vector<char> &bytes, int32_t dtype);

#endif
