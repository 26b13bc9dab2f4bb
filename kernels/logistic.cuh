/* The logistic loss of a score: of negative sampling and of word2vec. */
#ifndef WL_LOGISTIC_CUH
#define WL_LOGISTIC_CUH

#include "device.cuh"

/* The loss log(1 + exp x), x = -s for the target and s for a negative, and its gradient at s. */
struct logistic {
    float loss, gradient;
    __device__ logistic(float s, bool target, float scale)
    {
        const float x = target ? -s : s, e = expf(-fabsf(x));
        const float sigmoid = (x < 0 ? e : 1.0f) / (1.0f + e);
        loss = scale * (fmaxf(x, 0.0f) + log1pf(e));
        gradient = target ? -scale * sigmoid : scale * sigmoid;
    }
};

#endif
