/* See training.h. */
#include "training.h"

bench make_bench(const char *text)
{
    bench b = { .config = wl_word2vec_defaults() };
    assert_int_equal(wl_ctx_create(&b.ctx, WL_CPU, 0), WL_OK);
    b.tokens = count_text(text, 1, &b.words);
    b.config.dim = 20;
    b.config.batch = 32;
    b.config.sample = 0;
    b.config.epochs = 4;
    b.config.lr = 0.05;
    return b;
}

void free_bench(bench *b)
{
    wl_tokens_destroy(b->tokens);
    wl_vocabulary_destroy(b->words);
    wl_ctx_destroy(b->ctx);
}

wl_word2vec *make_model(const bench *b)
{
    wl_word2vec *model;
    wl_error error = { "" };
    if (wl_word2vec_create(&model, b->ctx, &b->config, b->words, &error))
        fail_msg("%s", error.text);
    if (b->slice) model->slice = b->slice;
    if (b->group) model->group = b->group;
    if (b->shard_tokens) model->shard_tokens = b->shard_tokens;
    return model;
}

int keep_losses(void *user, const wl_word2vec_progress *now)
{
    bench *b = user;
    b->last = *now;
    if (now->epoch_ended) b->losses[now->epoch - 1] = now->epoch_loss;
    return 0;
}

size_t table_bytes(const bench *b)
{
    return (size_t)(2 * wl_vocabulary_size(b->words) * b->config.dim) * sizeof(float);
}

float *tables_of(const bench *b, wl_word2vec *model)
{
    float *tables = malloc(table_bytes(b));
    wl_error error;
    assert_int_equal(
        wl_word2vec_tables(model, tables, tables + table_bytes(b) / sizeof(float) / 2, &error),
        WL_OK);
    return tables;
}

float *train(bench *b)
{
    wl_word2vec *model = make_model(b);
    wl_error error = { "" };
    if (wl_word2vec_train(model, b->tokens, keep_losses, b, NULL, &error))
        fail_msg("%s", error.text);
    float *tables = tables_of(b, model);
    wl_word2vec_destroy(model);
    return tables;
}
