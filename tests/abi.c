/* The layout of the public structs and the values of the public enums, pinned at compile time: a
 * change here breaks programs that are already built. */
#include <wordloom/ops.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

_Static_assert(sizeof(wl_tensor) == 80, "wl_tensor");
_Static_assert(offsetof(wl_tensor, dtype) == 8 && offsetof(wl_tensor, ndim) == 12, "wl_tensor");
_Static_assert(offsetof(wl_tensor, shape) == 16 && offsetof(wl_tensor, stride) == 48, "wl_tensor");
_Static_assert(sizeof(wl_device_info) == 272, "wl_device_info");

_Static_assert(WL_OK == 0 && WL_MISSING == 101 && WL_BAD_DTYPE == 102 && WL_BAD_SHAPE == 103 &&
                   WL_BAD_STRIDE == 104 && WL_MISALIGNED == 105 && WL_OUT_OF_RANGE == 106 &&
                   WL_ALIASED == 107 && WL_BAD_SIZE == 108 && WL_NO_WORKSPACE == 109 &&
                   WL_BAD_ID == 110 && WL_UNSUPPORTED == 201 && WL_NO_MEMORY == 202 &&
                   WL_DEVICE_ERROR == 203 && WL_IO_ERROR == 301 && WL_BAD_FILE == 302 &&
                   WL_INTERRUPTED == 303 && WL_NOT_FINITE == 304,
               "wl_status");
_Static_assert(WL_F32 == 1 && WL_F64 == 2 && WL_F16 == 3 && WL_BF16 == 4 && WL_I32 == 5 &&
                   WL_I64 == 6 && WL_U8 == 7,
               "wl_dtype");
_Static_assert(WL_CPU == 1 && WL_CUDA == 2, "wl_device");
_Static_assert(WL_SGD == 0 && WL_MOMENTUM == 1 && WL_NESTEROV == 2 && WL_ADAGRAD == 3 &&
                   WL_RMSPROP == 4 && WL_ADAM == 5 && WL_NESTEROV_NEW_VELOCITY == 6,
               "the rules");

_Static_assert(WL_ROUND_NEAREST == 0 && WL_ROUND_STOCHASTIC == 1, "the roundings");
_Static_assert(WL_LOSS_MEAN == 0 && WL_LOSS_SUM == 1, "the reductions");

/* The first field of every args struct is its size; the last ones are where they were. */
_Static_assert(sizeof(wl_update_rule) == 296 && offsetof(wl_update_rule, kind) == 240 &&
                   offsetof(wl_update_rule, seed) == 288,
               "wl_update_rule");
_Static_assert(sizeof(wl_activation_forward_args) == 176 &&
                   offsetof(wl_activation_forward_args, kind) == 168,
               "activation_forward");
_Static_assert(sizeof(wl_activation_backward_args) == 256 &&
                   offsetof(wl_activation_backward_args, kind) == 248,
               "activation_backward");
_Static_assert(sizeof(wl_attention_forward_args) == 576 &&
                   offsetof(wl_attention_forward_args, scale) == 568,
               "attention_forward");
_Static_assert(sizeof(wl_attention_backward_args) == 816 &&
                   offsetof(wl_attention_backward_args, scale) == 808,
               "attention_backward");
_Static_assert(sizeof(wl_attention_additive_forward_args) == 648, "attention_additive_forward");
_Static_assert(sizeof(wl_attention_additive_backward_args) == 968, "attention_additive_backward");
_Static_assert(WL_IDENTITY == 0 && WL_RELU == 1 && WL_SIGMOID == 2 && WL_TANH == 3 && WL_GELU == 4,
               "the activations");
_Static_assert(sizeof(wl_cooccurrence_count_args) == 424 &&
                   offsetof(wl_cooccurrence_count_args, old) == 416,
               "cooccurrence_count");
_Static_assert(sizeof(wl_cooccurrence_ppmi_args) == 512 &&
                   offsetof(wl_cooccurrence_ppmi_args, total) == 488,
               "cooccurrence_ppmi");
_Static_assert(sizeof(wl_dropout_forward_args) == 440 &&
                   offsetof(wl_dropout_forward_args, skipped) == 432,
               "dropout_forward");
_Static_assert(sizeof(wl_dropout_backward_args) == 360 &&
                   offsetof(wl_dropout_backward_args, skipped) == 352,
               "dropout_backward");
_Static_assert(sizeof(wl_embedding_gather_args) == 248, "embedding_gather");
_Static_assert(sizeof(wl_embedding_gather_pooled_args) == 336 &&
                   offsetof(wl_embedding_gather_pooled_args, mean) == 328,
               "embedding_gather_pooled");
_Static_assert(sizeof(wl_embedding_scatter_args) == 336, "embedding_scatter");
_Static_assert(sizeof(wl_embedding_scatter_atomic_args) == 336, "embedding_scatter_atomic");
_Static_assert(sizeof(wl_embedding_compact_args) == 512 &&
                   offsetof(wl_embedding_compact_args, cap) == 496,
               "embedding_compact");
_Static_assert(sizeof(wl_embedding_update_args) == 800 &&
                   offsetof(wl_embedding_update_args, rule) == 488,
               "embedding_update");
_Static_assert(WL_RESET_AFTER == 0 && WL_RESET_BEFORE == 1 && WL_RNN_TANH == 0 && WL_RNN_RELU == 1,
               "what cells can be");
_Static_assert(sizeof(wl_gru_forward_args) == 1000 && offsetof(wl_gru_forward_args, step) == 816 &&
                   offsetof(wl_gru_forward_args, expected) == 916 &&
                   offsetof(wl_gru_forward_args, reverse) == 808 &&
                   offsetof(wl_gru_forward_args, reset) == 812,
               "gru_forward");
_Static_assert(sizeof(wl_gru_backward_args) == 1480 &&
                   offsetof(wl_gru_backward_args, step) == 1216 &&
                   offsetof(wl_gru_backward_args, expected) == 1316 &&
                   offsetof(wl_gru_backward_args, reverse) == 1208 &&
                   offsetof(wl_gru_backward_args, reset) == 1212,
               "gru_backward");
_Static_assert(sizeof(wl_half_narrow_args) == 264 && offsetof(wl_half_narrow_args, seed) == 248,
               "half_narrow");
_Static_assert(sizeof(wl_half_widen_args) == 168, "half_widen");
_Static_assert(sizeof(wl_hsoftmax_forward_args) == 736, "hsoftmax_forward");
_Static_assert(sizeof(wl_hsoftmax_backward_args) == 568, "hsoftmax_backward");
_Static_assert(sizeof(wl_layernorm_forward_args) == 496 &&
                   offsetof(wl_layernorm_forward_args, eps) == 488,
               "layernorm_forward");
_Static_assert(sizeof(wl_layernorm_backward_args) == 648, "layernorm_backward");
_Static_assert(sizeof(wl_lstm_forward_args) == 1168 &&
                   offsetof(wl_lstm_forward_args, step) == 976 &&
                   offsetof(wl_lstm_forward_args, expected) == 1084 &&
                   offsetof(wl_lstm_forward_args, reverse) == 968,
               "lstm_forward");
_Static_assert(sizeof(wl_lstm_backward_args) == 1728 &&
                   offsetof(wl_lstm_backward_args, step) == 1456 &&
                   offsetof(wl_lstm_backward_args, expected) == 1564 &&
                   offsetof(wl_lstm_backward_args, reverse) == 1448,
               "lstm_backward");
_Static_assert(sizeof(wl_linear_forward_args) == 416 &&
                   offsetof(wl_linear_forward_args, activation) == 408,
               "linear_forward");
_Static_assert(sizeof(wl_linear_backward_args) == 656 &&
                   offsetof(wl_linear_backward_args, activation) == 648,
               "linear_backward");
_Static_assert(sizeof(wl_negative_sampling_forward_args) == 496, "negative_sampling_forward");
_Static_assert(sizeof(wl_negative_sampling_backward_args) == 568, "negative_sampling_backward");
_Static_assert(sizeof(wl_negative_sampling_shared_forward_args) == 576,
               "negative_sampling_shared_forward");
_Static_assert(sizeof(wl_negative_sampling_shared_backward_args) == 808,
               "negative_sampling_shared_backward");
_Static_assert(sizeof(wl_optimizer_sum_squares_args) == 248, "optimizer_sum_squares");
_Static_assert(sizeof(wl_optimizer_clip_args) == 736 &&
                   offsetof(wl_optimizer_clip_args, max_norm) == 328 &&
                   offsetof(wl_optimizer_clip_args, clean) == 656,
               "optimizer_clip");
_Static_assert(sizeof(wl_optimizer_clear_args) == 88, "optimizer_clear");
_Static_assert(sizeof(wl_optimizer_update_args) == 704, "optimizer_update");
_Static_assert(sizeof(wl_optimizer_update_rows_args) == 784, "optimizer_update_rows");
_Static_assert(sizeof(wl_softmax_xent_forward_args) == 504 &&
                   offsetof(wl_softmax_xent_forward_args, reduction) == 496,
               "softmax_xent_forward");
_Static_assert(sizeof(wl_softmax_xent_backward_args) == 504 &&
                   offsetof(wl_softmax_xent_backward_args, reduction) == 496,
               "softmax_xent_backward");
_Static_assert(sizeof(wl_softmax_xent_linear_forward_args) == 584 &&
                   offsetof(wl_softmax_xent_linear_forward_args, reduction) == 576,
               "softmax_xent_linear_forward");
_Static_assert(sizeof(wl_softmax_xent_linear_backward_args) == 904 &&
                   offsetof(wl_softmax_xent_linear_backward_args, reduction) == 896,
               "softmax_xent_linear_backward");
_Static_assert(sizeof(wl_sigmoid_xent_forward_args) == 256, "sigmoid_xent_forward");
_Static_assert(sizeof(wl_sigmoid_xent_backward_args) == 336, "sigmoid_xent_backward");
_Static_assert(WL_SIMILARITY_MOST == 1024, "similarity");
_Static_assert(sizeof(wl_similarity_norms_args) == 168, "similarity_norms");
_Static_assert(sizeof(wl_similarity_topk_args) == 488, "similarity_topk");
_Static_assert(sizeof(wl_similarity_multiply_args) == 488, "similarity_multiply");
_Static_assert(sizeof(wl_spmm_args) == 408 && offsetof(wl_spmm_args, y) == 328, "spmm");
_Static_assert(sizeof(wl_stream_batch_args) == 328, "stream_batch");
_Static_assert(sizeof(wl_rearrange_concat_args) == 248, "rearrange_concat");
_Static_assert(sizeof(wl_rearrange_concat_backward_args) == 248, "rearrange_concat_backward");
_Static_assert(sizeof(wl_rearrange_broadcast_args) == 168, "rearrange_broadcast");
_Static_assert(sizeof(wl_rearrange_broadcast_backward_args) == 168, "rearrange_broadcast_backward");
_Static_assert(sizeof(wl_rearrange_reverse_args) == 248, "rearrange_reverse");
_Static_assert(sizeof(wl_rearrange_transpose_args) == 168, "rearrange_transpose");
_Static_assert(sizeof(wl_rnn_forward_args) == 840 && offsetof(wl_rnn_forward_args, step) == 656 &&
                   offsetof(wl_rnn_forward_args, expected) == 756 &&
                   offsetof(wl_rnn_forward_args, reverse) == 648 &&
                   offsetof(wl_rnn_forward_args, activation) == 652,
               "rnn_forward");
_Static_assert(sizeof(wl_rnn_backward_args) == 1320 &&
                   offsetof(wl_rnn_backward_args, step) == 1056 &&
                   offsetof(wl_rnn_backward_args, expected) == 1156 &&
                   offsetof(wl_rnn_backward_args, reverse) == 1048 &&
                   offsetof(wl_rnn_backward_args, activation) == 1052,
               "rnn_backward");
_Static_assert(sizeof(wl_sampling_alias_args) == 336, "sampling_alias");
_Static_assert(sizeof(wl_sampling_categorical_args) == 280 &&
                   offsetof(wl_sampling_categorical_args, top_p) == 272,
               "sampling_categorical");

_Static_assert(WL_SKIPGRAM == 0 && WL_CBOW == 1 && WL_NEGATIVES_PER_WINDOW == 0 &&
                   WL_NEGATIVES_PER_PAIR == 1 && WL_CONTEXT_MEAN == 0 &&
                   WL_CONTEXT_MEAN_CORRECTED == 1 && WL_CONTEXT_SUM == 2,
               "what word2vec can be");
_Static_assert(sizeof(wl_word2vec_subsample_args) == 416, "word2vec_subsample");
_Static_assert(sizeof(wl_word2vec_args) == 1216 && offsetof(wl_word2vec_args, centres) == 1128 &&
                   offsetof(wl_word2vec_args, method) == 1184 &&
                   offsetof(wl_word2vec_args, seed) == 1208,
               "word2vec_hogwild, word2vec_sync");

/* What remains for the run: the compiler has done the rest. */
static void the_library_is_the_headers_version(void **state)
{
    (void)state;
    assert_int_equal(wl_version() / 100, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(the_library_is_the_headers_version) };
    return cmocka_run_group_tests_name("abi", tests, NULL, NULL);
}
