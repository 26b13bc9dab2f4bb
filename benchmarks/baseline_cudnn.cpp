/* cuDNN's softmax: see baselines.h. */
#include "baselines.h"

#include "cuda_device.h"
#include "cudnn_check.h"

namespace
{

constexpr int RUNS = 8;

/* Log-softmax of [N,V] and its gradient, on a stream of its own. */
class cudnn_softmax
{
  public:
    explicit cudnn_softmax(const op_case &c)
    {
        const size_t bytes = size_t(c.dims.N * c.dims.V) * wl_dtype_size(c.stored);
        try {
            must(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
            must(cudnnCreate(&handle), "cudnnCreate");
            must(cudnnSetStream(handle, stream), "cudnnSetStream");
            must(cudnnCreateTensorDescriptor(&rows), "cudnnCreateTensorDescriptor");
            must(cudnnSetTensor4dDescriptor(rows, CUDNN_TENSOR_NCHW, cudnn_type(c.stored),
                                            int(c.dims.N), int(c.dims.V), 1, 1),
                 "cudnnSetTensor4dDescriptor");
            for (device_memory *m : { &x, &y, &dy, &dx }) m->fill_with_numbers(bytes);
        } catch (...) {
            close();
            throw;
        }
    }
    cudnn_softmax(const cudnn_softmax &) = delete;
    cudnn_softmax &operator=(const cudnn_softmax &) = delete;
    ~cudnn_softmax() { close(); }

    void forward()
    {
        must(cudnnSoftmaxForward(handle, CUDNN_SOFTMAX_LOG, CUDNN_SOFTMAX_MODE_INSTANCE, &one, rows,
                                 x.data, &zero, rows, y.data),
             "cudnnSoftmaxForward");
    }
    void backward()
    {
        must(cudnnSoftmaxBackward(handle, CUDNN_SOFTMAX_LOG, CUDNN_SOFTMAX_MODE_INSTANCE, &one,
                                  rows, y.data, rows, dy.data, &zero, rows, dx.data),
             "cudnnSoftmaxBackward");
    }

    double best_seconds(bool of_backward)
    {
        double best = 1e9;
        forward();
        for (int run = 0; run < RUNS; run++) {
            const double t = seconds_on_device(stream, [&] {
                of_backward ? backward() : forward();
                return true;
            });
            if (t > 0) best = std::min(best, t);
        }
        must(cudaStreamSynchronize(stream));
        return best;
    }

  private:
    const float one = 1, zero = 0;
    cudaStream_t stream = nullptr;
    cudnnHandle_t handle = nullptr;
    cudnnTensorDescriptor_t rows = nullptr;
    device_memory x, y, dy, dx;

    void close()
    {
        if (rows) cudnnDestroyTensorDescriptor(rows);
        if (handle) cudnnDestroy(handle);
        if (stream) cudaStreamDestroy(stream);
    }
};

} // namespace

baseline cudnn_baseline(const op_case &c)
{
    const std::string op = c.spec->name;
    const bool backward = op == "softmax_xent_backward";
    if (!backward && op != "softmax_xent_forward") return {};
    try {
        return { cudnn_softmax(c).best_seconds(backward), "" };
    } catch (const std::exception &e) {
        return { 0, e.what() };
    }
}
