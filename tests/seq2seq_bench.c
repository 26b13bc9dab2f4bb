/* Pairs and models for tests: see seq2seq_bench.h. */
#include "seq2seq_bench.h"

const char backwards[] = "a\ta\nb\tb\nc\tc\nd\td\nab\tba\nba\tab\ncd\tdc\ndc\tcd\nac\tca\nbd\tdb\n"
                         "abc\tcba\nbcd\tdcb\ncda\tadc\ndab\tbad\naab\tbaa\nbbc\tcbb\nccd\tdcc\n"
                         "dda\tadd\nabb\tbba\ncdd\tddc\n";

bench make_bench(wl_device device, const char *lines, const wl_seq2seq_config *what)
{
    bench b = { .config = *what };
    const wl_seq2seq_config defaults = wl_seq2seq_defaults();
    wl_error error = { "" };
    wl_seq2seq_config *c = &b.config;
    if (!c->dtype) c->dtype = WL_F32;
    if (!c->layers) c->layers = 1;
    if (!c->hidden) c->hidden = 12;
    if (!c->embed) c->embed = 8;
    if (!c->batch) c->batch = 6;
    if (!c->pool) c->pool = 1;
    if (!c->epochs) c->epochs = 3;
    if (!c->optimizer) c->optimizer = WL_ADAM;
    if (c->lr == 0) c->lr = 0.01;
    c->level = WL_TEXT_CHAR, c->clip = 5, c->decay = 1, c->seed = defaults.seed;
    assert_int_equal(wl_ctx_create(&b.ctx, device, 0), WL_OK);
    write_text(in_folder("pairs"), lines);
    if (wl_examples_read(&b.examples, in_folder("pairs"), &error) ||
        wl_pairs_vocabularies(&b.source, &b.target, b.examples, c->level, 1, 0, c->shared,
                              &error) ||
        wl_pairs_create(&b.pairs, b.examples, c->level, b.source, b.target, &error))
        fail_msg("%s", error.text);
    return b;
}

void free_bench(bench *b)
{
    wl_pairs_destroy(b->pairs);
    if (b->source != b->target) wl_vocabulary_destroy(b->source);
    wl_vocabulary_destroy(b->target);
    wl_examples_destroy(b->examples);
    wl_ctx_destroy(b->ctx);
}

wl_seq2seq *make_model(bench *b)
{
    wl_seq2seq *model;
    wl_error error = { "" };
    if (wl_seq2seq_create(&model, b->ctx, &b->config, b->source, b->target, &error))
        fail_msg("%s", error.text);
    return model;
}

int on_report(void *user, const wl_training_progress *now)
{
    bench *b = user;
    b->last = *now;
    return b->stop_at && now->steps >= b->stop_at;
}

wl_status train(bench *b, wl_seq2seq *model)
{
    wl_error error = { "" };
    const wl_status status =
        wl_seq2seq_train(model, b->pairs, b->pairs, 1000, on_report, b, NULL, &error);
    if (status && status != WL_INTERRUPTED) fail_msg("%s", error.text);
    return status;
}

void assert_written(wl_seq2seq *model, const char *name)
{
    wl_error error = { "" };
    if (wl_seq2seq_write(model, in_folder(name), &error)) fail_msg("%s", error.text);
}

const wl_seq2seq_config file_kinds[FILE_KINDS] = {
    { .model = WL_SEQ2SEQ_PLAIN, .cell = WL_CELL_LSTM, .reverse = 1 },
    { .model = WL_SEQ2SEQ_PEEKY, .cell = WL_CELL_GRU, .layers = 2 },
    { .model = WL_SEQ2SEQ_ATTENTION, .cell = WL_CELL_LSTM },
    { .model = WL_SEQ2SEQ_ATTENTION, .cell = WL_CELL_RNN, .score = WL_SCORE_GENERAL, .layers = 2 },
    { .model = WL_SEQ2SEQ_ATTENTION,
      .cell = WL_CELL_GRU,
      .score = WL_SCORE_ADDITIVE,
      .layers = 3,
      .bidirectional = 1,
      .residual = 1 },
    { .model = WL_SEQ2SEQ_PLAIN, .cell = WL_CELL_LSTM, .shared = 1 },
    { .model = WL_SEQ2SEQ_PLAIN, .cell = WL_CELL_GRU, .tie = 1, .embed = 12, .bidirectional = 1 },
    { .model = WL_SEQ2SEQ_PEEKY, .cell = WL_CELL_RNN, .tie = 1, .embed = 24 },
    { .model = WL_SEQ2SEQ_ATTENTION,
      .cell = WL_CELL_LSTM,
      .shared = 1,
      .tie = 1,
      .embed = 24,
      .layers = 2 },
};

wl_seq2seq *make_written(bench *b, wl_device device, const wl_seq2seq_config *what)
{
    *b = make_bench(device, backwards, what);
    b->config.epochs = 1;
    wl_seq2seq *model = make_model(b);
    assert_int_equal(train(b, model), WL_OK);
    assert_written(model, "model");
    return model;
}

const int32_t **sources_of(const bench *b, int64_t **lengths)
{
    const int64_t count = wl_pairs_size(b->pairs);
    const int32_t **sources = malloc((size_t)count * sizeof *sources);
    *lengths = malloc((size_t)count * sizeof **lengths);
    assert_true(sources && *lengths);
    for (int64_t i = 0; i < count; i++) sources[i] = wl_pairs_source(b->pairs, i, &(*lengths)[i]);
    return sources;
}

void each_device(void (*test)(wl_device))
{
    static const wl_device devices[2] = { WL_CPU, WL_CUDA };
    for (int i = 0; i < 2; i++)
        if (wl_device_count(devices[i])) test(devices[i]);
}
