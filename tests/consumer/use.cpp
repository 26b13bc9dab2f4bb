// An embedder in C++17, who includes every public header: run.sh checks that none is missing.
#include <wordloom/activation.h>
#include <wordloom/attention.h>
#include <wordloom/context.h>
#include <wordloom/cooccurrence.h>
#include <wordloom/dropout.h>
#include <wordloom/embedding.h>
#include <wordloom/gru.h>
#include <wordloom/half.h>
#include <wordloom/hsoftmax.h>
#include <wordloom/layernorm.h>
#include <wordloom/linear.h>
#include <wordloom/lstm.h>
#include <wordloom/negative_sampling.h>
#include <wordloom/ops.h>
#include <wordloom/optimizer.h>
#include <wordloom/rearrange.h>
#include <wordloom/rnn.h>
#include <wordloom/sampling.h>
#include <wordloom/sigmoid_xent.h>
#include <wordloom/similarity.h>
#include <wordloom/softmax_xent.h>
#include <wordloom/spmm.h>
#include <wordloom/stream.h>
#include <wordloom/types.h>
#include <wordloom/word2vec.h>

#include <wordloom/nn/checkpoint.h>
#include <wordloom/nn/chrf.h>
#include <wordloom/nn/classifier.h>
#include <wordloom/nn/corpus.h>
#include <wordloom/nn/counts.h>
#include <wordloom/nn/error.h>
#include <wordloom/nn/evaluate.h>
#include <wordloom/nn/examples.h>
#include <wordloom/nn/file.h>
#include <wordloom/nn/huffman.h>
#include <wordloom/nn/lm.h>
#include <wordloom/nn/memory.h>
#include <wordloom/nn/noise.h>
#include <wordloom/nn/pairs.h>
#include <wordloom/nn/parameters.h>
#include <wordloom/nn/phrases.h>
#include <wordloom/nn/points.h>
#include <wordloom/nn/questions.h>
#include <wordloom/nn/recurrent.h>
#include <wordloom/nn/safetensors.h>
#include <wordloom/nn/seq2seq.h>
#include <wordloom/nn/similar.h>
#include <wordloom/nn/sparse.h>
#include <wordloom/nn/subword.h>
#include <wordloom/nn/svd.h>
#include <wordloom/nn/tasks.h>
#include <wordloom/nn/text.h>
#include <wordloom/nn/thesaurus.h>
#include <wordloom/nn/thesaurus_pairs.h>
#include <wordloom/nn/tokens.h>
#include <wordloom/nn/training.h>
#include <wordloom/nn/vectors.h>
#include <wordloom/nn/vocabulary.h>
#include <wordloom/nn/word2vec.h>
#include <wordloom/nn/word_pairs.h>

#include <cstdlib>

int main()
{
    wl_ctx *ctx = nullptr;
    float p = 1, g = 4, lr = 0.25f;
    auto scalar = [](float *x) {
        wl_tensor t = {};
        t.data = x;
        t.dtype = WL_F32;
        t.ndim = 1;
        t.shape[0] = 1;
        return t;
    };
    wl_optimizer_update_args args = {};
    args.size = sizeof args;
    args.p = scalar(&p);
    args.g = scalar(&g);
    args.rule.lr = scalar(&lr);
    const bool good = wl_ctx_create(&ctx, WL_CPU, 0) == WL_OK &&
                      wl_optimizer_update(ctx, &args) == WL_OK && p == 0 &&
                      wl_op_determinism("optimizer_update") == WL_GPU_TO_GPU;
    wl_ctx_destroy(ctx);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
