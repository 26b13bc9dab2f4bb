/* Stands in for recurrence_cudnn.cpp where cuDNN's header or library was not found. */
#include "recurrence_system.h"

std::string cudnn_found() { return "not found when this was built"; }

std::unique_ptr<recurrent_system> cudnn_system(const recurrence_size &, const recurrence_data &,
                                               const cudnn_choice &, cudaStream_t)
{
    throw std::runtime_error("cuDNN was not found when this was built");
}
