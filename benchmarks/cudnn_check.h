/* What calls of cuDNN share: its types and its errors. */
#ifndef WL_BENCHMARK_CUDNN_CHECK_H
#define WL_BENCHMARK_CUDNN_CHECK_H

#include <wordloom/types.h>

#include <cudnn.h>

#include <stdexcept>
#include <string>

/* cuDNN says of most refusals only that it is one; what it last noted is sometimes more. */
inline void must(cudnnStatus_t status, const char *call)
{
    char more[400] = "";
    if (status == CUDNN_STATUS_SUCCESS) return;
    cudaGetLastError(); /* told here: the next call is not to meet it again */
    cudnnGetLastErrorString(more, sizeof more);
    throw std::runtime_error(std::string(call) + ": " + cudnnGetErrorString(status) +
                             (*more ? std::string(": ") + more : ""));
}

inline cudnnDataType_t cudnn_type(int32_t dtype)
{
    return dtype == WL_F16    ? CUDNN_DATA_HALF
           : dtype == WL_BF16 ? CUDNN_DATA_BFLOAT16
                              : CUDNN_DATA_FLOAT;
}

#endif
