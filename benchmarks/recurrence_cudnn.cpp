/* cuDNN's recurrent networks by its own interface of version 8 and later, with weights, inputs and
 * gradients where ours are, so that both can be compared. */
#include "cuda_device.h"
#include "cudnn_check.h"
#include "recurrence_system.h"

#include <algorithm>
#include <cstring>

namespace
{

/* A matrix or a row of biases within the weights: where it begins, and how far apart its rows are,
 * in elements. */
struct field {
    int64_t at = -1; /* -1: there is none */
    int64_t row = 0;
};

class cudnn_network : public recurrent_system
{
  public:
    cudnn_network(const recurrence_size &s, const recurrence_data &data, const cudnn_choice &c,
                  cudaStream_t stream)
        : size(s), choice(c)
    {
        try {
            build(data, stream);
        } catch (...) {
            close();
            throw;
        }
    }
    ~cudnn_network() override { close(); }

    void forward() override
    {
        must(cudnnRNNForward(handle, network, CUDNN_FWD_MODE_TRAINING, (const int32_t *)steps.data,
                             of_x, x.data, of_y, y.data, of_state, nullptr, nullptr, of_cell(),
                             nullptr, nullptr, weights.size, weights.data, work.size, work.data,
                             reserve.size, reserve.data),
             "cudnnRNNForward");
    }

    void backward() override
    {
        must(cudnnRNNBackwardData_v8(
                 handle, network, (const int32_t *)steps.data, of_y, y.data, dy.data, of_x, dx.data,
                 of_state, nullptr, nullptr, nullptr, of_state, nullptr, nullptr, nullptr,
                 weights.size, weights.data, work.size, work.data, reserve.size, reserve.data),
             "cudnnRNNBackwardData_v8");
        must(cudnnRNNBackwardWeights_v8(handle, network, CUDNN_WGRAD_MODE_ADD,
                                        (const int32_t *)steps.data, of_x, x.data, of_state,
                                        nullptr, of_y, y.data, weights.size, dweights.data,
                                        work.size, work.data, reserve.size, reserve.data),
             "cudnnRNNBackwardWeights_v8");
    }

    recurrence_results results() override
    {
        const int64_t G = size.gates(), H = size.H, parts = size.directions;
        recurrence_results out;
        must(cudaDeviceSynchronize());
        const std::vector<double> all_y = numbers_in(y.host(), choice.dtype);
        const std::vector<double> all_dw = numbers_in(dweights.host(), choice.dtype);
        for (int64_t row = 0; row < size.T * size.B * parts; row++)
            for (int64_t j = 0; j < H; j++) out.y.push_back(all_y[size_t(row * choice.H + j)]);
        for (int64_t g = 0; g < G; g++) {
            const field r = field_of(0, int(G + g), false);
            for (int64_t i = 0; i < H * H; i++)
                out.dr.push_back(all_dw[size_t(r.at + i / H * r.row + i % H)]);
        }
        return out;
    }

  private:
    recurrence_size size;
    cudnn_choice choice;
    cudnnHandle_t handle = nullptr;
    cudnnDropoutDescriptor_t dropout = nullptr;
    cudnnRNNDescriptor_t network = nullptr;
    cudnnRNNDataDescriptor_t of_x = nullptr, of_y = nullptr;
    cudnnTensorDescriptor_t of_state = nullptr, of_matrix = nullptr, of_bias = nullptr;
    device_memory x, y, dx, dy, weights, dweights, work, reserve, steps;

    void close()
    {
        if (of_matrix) cudnnDestroyTensorDescriptor(of_matrix);
        if (of_bias) cudnnDestroyTensorDescriptor(of_bias);
        if (of_state) cudnnDestroyTensorDescriptor(of_state);
        if (of_x) cudnnDestroyRNNDataDescriptor(of_x);
        if (of_y) cudnnDestroyRNNDataDescriptor(of_y);
        if (network) cudnnDestroyRNNDescriptor(network);
        if (dropout) cudnnDestroyDropoutDescriptor(dropout);
        if (handle) cudnnDestroy(handle);
    }

    /* Only an LSTM has cell states. */
    cudnnTensorDescriptor_t of_cell() const { return size.cell == "lstm" ? of_state : nullptr; }

    /* Features of the input as cuDNN is told. */
    int64_t inputs() const { return choice.skip ? choice.H : choice.D; }

    void build(const recurrence_data &data, cudaStream_t stream)
    {
        must(cudnnCreate(&handle), "cudnnCreate");
        must(cudnnSetStream(handle, stream), "cudnnSetStream");
        must(cudnnCreateDropoutDescriptor(&dropout), "cudnnCreateDropoutDescriptor");
        must(cudnnSetDropoutDescriptor(dropout, handle, 0, nullptr, 0, 0),
             "cudnnSetDropoutDescriptor");
        must(cudnnCreateRNNDescriptor(&network), "cudnnCreateRNNDescriptor");
        describe_network();
        describe_data();
        if (choice.algorithm == CUDNN_RNN_ALGO_PERSIST_DYNAMIC)
            must(cudnnBuildRNNDynamic(handle, network, int(size.B)), "cudnnBuildRNNDynamic");
        take_memory(data);
    }

    void describe_network()
    {
        const bool narrow = choice.dtype != WL_F32;
        const cudnnRNNMode_t mode = size.cell == "lstm"  ? CUDNN_LSTM
                                    : size.cell == "gru" ? CUDNN_GRU
                                                         : CUDNN_RNN_TANH;
        const cudnnMathType_t math = narrow        ? CUDNN_TENSOR_OP_MATH
                                     : choice.tf32 ? CUDNN_DEFAULT_MATH
                                                   : CUDNN_FMA_MATH;
        const auto set = [&](cudnnDataType_t sums) {
            return cudnnSetRNNDescriptor_v8(
                network, cudnnRNNAlgo_t(choice.algorithm), mode, CUDNN_RNN_DOUBLE_BIAS,
                size.directions == 2 ? CUDNN_BIDIRECTIONAL : CUDNN_UNIDIRECTIONAL,
                choice.skip ? CUDNN_SKIP_INPUT : CUDNN_LINEAR_INPUT, cudnn_type(choice.dtype), sums,
                math, int32_t(inputs()), int32_t(choice.H), int32_t(choice.H), int32_t(size.layers),
                dropout, CUDNN_RNN_PADDED_IO_ENABLED);
        };
        cudnnStatus_t status = set(CUDNN_DATA_FLOAT);
        /* some versions name bf16's sums, which are f32 too, after what is stored */
        if (status && choice.dtype == WL_BF16) status = set(CUDNN_DATA_BFLOAT16);
        must(status, "cudnnSetRNNDescriptor_v8");
    }

    void describe_data()
    {
        const std::vector<int> ends(size_t(size.B), int(size.T));
        const auto rows = [&](cudnnRNNDataDescriptor_t *of, int64_t features) {
            must(cudnnCreateRNNDataDescriptor(of), "cudnnCreateRNNDataDescriptor");
            must(cudnnSetRNNDataDescriptor(*of, cudnn_type(choice.dtype),
                                           CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_UNPACKED, int(size.T),
                                           int(size.B), int(features), ends.data(), nullptr),
                 "cudnnSetRNNDataDescriptor");
        };
        rows(&of_x, inputs());
        rows(&of_y, size.directions * choice.H);
        const int shape[] = { int(size.layers * size.directions), int(size.B), int(choice.H) };
        const int stride[] = { shape[1] * shape[2], shape[2], 1 };
        must(cudnnCreateTensorDescriptor(&of_state), "cudnnCreateTensorDescriptor");
        must(cudnnSetTensorNdDescriptor(of_state, cudnn_type(choice.dtype), 3, shape, stride),
             "cudnnSetTensorNdDescriptor");
        must(cudnnCreateTensorDescriptor(&of_matrix), "cudnnCreateTensorDescriptor");
        must(cudnnCreateTensorDescriptor(&of_bias), "cudnnCreateTensorDescriptor");
        steps.take(size_t(size.B) * sizeof(int32_t));
        must(cudaMemcpy(steps.data, ends.data(), steps.size, cudaMemcpyHostToDevice));
    }

    void take_memory(const recurrence_data &data)
    {
        size_t of_weights = 0, of_work = 0, of_reserve = 0;
        must(cudnnGetRNNWeightSpaceSize(handle, network, &of_weights),
             "cudnnGetRNNWeightSpaceSize");
        must(cudnnGetRNNTempSpaceSizes(handle, network, CUDNN_FWD_MODE_TRAINING, of_x, &of_work,
                                       &of_reserve),
             "cudnnGetRNNTempSpaceSizes");
        work.take(of_work);
        reserve.take(of_reserve);
        dweights.take(of_weights);
        weights.take(of_weights);
        const std::vector<char> image = bytes_of(arranged(data), choice.dtype);
        must(cudaMemcpy(weights.data, image.data(), image.size(), cudaMemcpyHostToDevice));
        const int64_t rows = size.T * size.B, parts = size.directions;
        x.fill(bytes_of(choice.skip ? std::vector<float>(size_t(rows * inputs()), 0.125f)
                                    : padded(data.x, rows, size.D, inputs()),
                        choice.dtype));
        dx.take(x.size);
        dy.fill(bytes_of(padded(data.dy, rows * parts, size.H, choice.H), choice.dtype));
        y.take(dy.size);
    }

    /* Rows of `from` features in rows of `to`, the others 0. */
    static std::vector<float> padded(const std::vector<float> &values, int64_t rows, int64_t from,
                                     int64_t to)
    {
        std::vector<float> out(size_t(rows * to), 0.0f);
        for (int64_t row = 0; row < rows; row++)
            std::copy_n(&values[size_t(row * from)], from, &out[size_t(row * to)]);
        return out;
    }

    /* Of a layer and direction: matrix or bias number `id`, those of the inputs' gates first. */
    field field_of(int64_t cell, int id, bool bias)
    {
        void *matrix = nullptr, *biases = nullptr;
        int dims = 0, shape[3] = {}, stride[3] = {};
        cudnnDataType_t type;
        field out;
        must(cudnnGetRNNWeightParams(handle, network, int32_t(cell), weights.size, weights.data, id,
                                     of_matrix, &matrix, of_bias, &biases),
             "cudnnGetRNNWeightParams");
        const void *at = bias ? biases : matrix;
        if (!at) return out;
        must(cudnnGetTensorNdDescriptor(bias ? of_bias : of_matrix, 3, &type, &dims, shape, stride),
             "cudnnGetTensorNdDescriptor");
        out.at =
            ((const char *)at - (const char *)weights.data) / int64_t(wl_dtype_size(choice.dtype));
        out.row = stride[1];
        return out;
    }

    /* All weights where cuDNN wants them; what is padding stays 0. */
    std::vector<float> arranged(const recurrence_data &data)
    {
        const int64_t G = size.gates(), H = size.H;
        std::vector<float> out(weights.size / wl_dtype_size(choice.dtype), 0.0f);
        for (int64_t cell = 0; cell < int64_t(data.cells.size()); cell++) {
            const recurrence_data::cell &from = data.cells[size_t(cell)];
            const int64_t layer = cell / size.directions, D = size.inputs(layer);
            for (int64_t g = 0; g < G; g++) {
                put_matrix(&out, field_of(cell, int(g), false), from.w, g, D,
                           layer ? H : D); /* what both directions say lies apart */
                put_matrix(&out, field_of(cell, int(G + g), false), from.r, g, H, H);
                put_bias(&out, field_of(cell, int(g), true), &from.b[size_t(g * H)]);
                if (size.cell == "gru" && g == 2)
                    put_bias(&out, field_of(cell, int(G + g), true), from.bn.data());
            }
        }
        return out;
    }

    /* Gate g of [GH,columns]; each `together` columns lie as far apart as padded units do. */
    void put_matrix(std::vector<float> *out, const field &to, const std::vector<float> &from,
                    int64_t g, int64_t columns, int64_t together) const
    {
        if (to.at < 0) return;
        for (int64_t j = 0; j < size.H; j++)
            for (int64_t k = 0; k < columns; k++)
                (*out)[size_t(to.at + j * to.row + k / together * choice.H + k % together)] =
                    from[size_t((g * size.H + j) * columns + k)];
    }

    void put_bias(std::vector<float> *out, const field &to, const float *from) const
    {
        if (to.at < 0) return;
        std::copy_n(from, size.H, &(*out)[size_t(to.at)]);
    }
};

} // namespace

std::string cudnn_found() { return "cuDNN " + std::to_string(cudnnGetVersion()); }

std::unique_ptr<recurrent_system> cudnn_system(const recurrence_size &size,
                                               const recurrence_data &data,
                                               const cudnn_choice &choice, cudaStream_t stream)
{
    return std::make_unique<cudnn_network>(size, data, choice, stream);
}
