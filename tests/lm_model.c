/* The language model: it learns, goes on from checkpoints with the same bits, and is written, read,
 * evaluated and drawn from. On the CPU, and on CUDA as the test was linked. */
#include "data_files.h"

#include <wordloom/nn/lm.h>
#include <wordloom/nn/safetensors.h>

#include <math.h>
#include <omp.h>

/* A text in which each word but the first of a line follows from the one before. */
static const char lines[] = "a b c d\nx y z\na b c d\na b c d\nx y z\nx y z\na b c d\nx y z\n";

/* Everything that a run needs. */
typedef struct bench {
    wl_ctx *ctx;
    wl_vocabulary *words;
    wl_text *text;
    wl_lm_config config;
    int64_t stop_at; /* steps after which a run is interrupted; 0: none */
    wl_lm_progress last;
} bench;

static bench make_bench(wl_device device)
{
    bench b = { .config = wl_lm_defaults() };
    wl_error error = { "" };
    char *text = calloc(16, sizeof lines);
    assert_int_equal(wl_ctx_create(&b.ctx, device, 0), WL_OK);
    for (int i = 0; i < 12; i++) strcat(text, lines);
    write_text(in_folder("text"), text);
    free(text);
    if (wl_text_count(&b.text, &b.words, in_folder("text"), WL_TEXT_WORD, 1, 0, &error))
        fail_msg("%s", error.text);
    b.config.embed = b.config.hidden = 12;
    b.config.batch = 4;
    b.config.time = 5;
    b.config.lr = 2;
    b.config.clip = 5;
    return b;
}

static void free_bench(bench *b)
{
    wl_text_destroy(b->text);
    wl_vocabulary_destroy(b->words);
    wl_ctx_destroy(b->ctx);
}

static int on_report(void *user, const wl_lm_progress *now)
{
    bench *b = user;
    b->last = *now;
    return b->stop_at && now->steps >= b->stop_at;
}

static wl_lm *make_model(bench *b)
{
    wl_lm *model;
    wl_error error = { "" };
    if (wl_lm_create(&model, b->ctx, &b->config, b->words, &error)) fail_msg("%s", error.text);
    return model;
}

static wl_status train(bench *b, wl_lm *model)
{
    wl_error error = { "" };
    const wl_status status = wl_lm_train(model, b->text, b->text, on_report, b, NULL, &error);
    if (status && status != WL_INTERRUPTED) fail_msg("%s", error.text);
    return status;
}

static void assert_written(wl_lm *model, const char *name)
{
    wl_error error = { "" };
    if (wl_lm_write(model, in_folder(name), &error)) fail_msg("%s", error.text);
}

static void assert_same_files(const char *one, const char *two)
{
    size_t n, m;
    char *a = read_bytes(in_folder(one), &n), *b = read_bytes(in_folder(two), &m);
    assert_int_equal(n, m);
    assert_memory_equal(a, b, n);
    free(a), free(b);
}

static const wl_device devices[] = { WL_CPU, WL_CUDA };

static void each_device(void (*test)(wl_device))
{
    for (int i = 0; i < 2; i++)
        if (wl_device_count(devices[i])) test(devices[i]);
}

/* ------------------------------------------------------------------ learning */

/* Of eight words four follow for sure: the loss falls far below that of guessing. */
static void learns_on(wl_device device, wl_cell cell)
{
    bench b = make_bench(device);
    double before, after;
    int64_t labels;
    wl_error error;
    b.config.cell = cell;
    b.config.epochs = device == WL_CPU ? 30 : 12;
    wl_lm *model = make_model(&b);
    assert_int_equal(wl_lm_evaluate(model, b.text, 2, 5, NULL, &before, &labels, &error), WL_OK);
    assert_true(fabs(before - log(8)) < 0.05); /* it knows nothing yet */
    assert_int_equal(labels, (wl_text_size(b.text) - 1) / 10 * 10);
    assert_int_equal(train(&b, model), WL_OK);
    assert_int_equal(wl_lm_evaluate(model, b.text, 2, 5, NULL, &after, &labels, &error), WL_OK);
    assert_true(after < before / 3);
    assert_int_equal(b.last.epoch, b.config.epochs);
    assert_true(b.last.epoch_ended && isfinite(b.last.validation));
    wl_lm_destroy(model);
    free_bench(&b);
}

static void a_model_of_each_cell_learns(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++)
        for (int cell = 0; wl_cells[cell] && wl_device_count(devices[i]); cell++)
            learns_on(devices[i], (wl_cell)cell);
}

/* What its epochs have cost, as NAME.epochs. */
static void write_epochs(const wl_lm *model, const char *name)
{
    const wl_lm_epoch *epochs;
    char path[64];
    snprintf(path, sizeof path, "%s.epochs", name);
    const int64_t count = wl_lm_epochs(model, &epochs);
    assert_int_equal(count, wl_lm_configuration(model)->epochs);
    write_bytes(in_folder(path), epochs, (size_t)count * sizeof *epochs);
}

/* What a run ends with, interrupted after some steps and resumed in a new model, or not. */
static void run_to_the_end(bench *b, int64_t stop_at, const char *name)
{
    wl_error error = { "" };
    wl_lm *model = make_model(b);
    b->stop_at = stop_at;
    const wl_status status = train(b, model);
    assert_int_equal(status, stop_at ? WL_INTERRUPTED : WL_OK);
    if (stop_at) {
        if (wl_lm_save(model, b->text, in_folder("checkpoint"), &error)) fail_msg("%s", error.text);
        wl_lm_destroy(model);
        model = make_model(b);
        if (wl_lm_load(model, b->text, in_folder("checkpoint"), &error)) fail_msg("%s", error.text);
        b->stop_at = 0;
        assert_int_equal(train(b, model), WL_OK);
    }
    assert_written(model, name);
    write_epochs(model, name);
    wl_lm_destroy(model);
}

static void resumes_on(wl_device device)
{
    static const wl_lm_config runs[] = {
        { .optimizer = WL_SGD, .cell = WL_CELL_LSTM, .layers = 1, .lr = 2 },
        { .optimizer = WL_ADAM,
          .cell = WL_CELL_LSTM,
          .layers = 2,
          .lr = 0.01,
          .tie = 1,
          .dropout = 0.3,
          .weight_drop = 0.3,
          .residual = 1 },
        { .optimizer = WL_ADAM,
          .cell = WL_CELL_GRU,
          .layers = 1,
          .lr = 0.01,
          .dtype = WL_BF16,
          .dropout = 0.3,
          .zoneout = 0.2,
          .variational = 1 },
        { .optimizer = WL_MOMENTUM,
          .cell = WL_CELL_LSTM,
          .layers = 2,
          .lr = 0.1,
          .dtype = WL_F16,
          .zoneout = 0.1,
          .zoneout_c = 0.4 },
        { .optimizer = WL_SGD,
          .cell = WL_CELL_RNN,
          .layers = 2,
          .lr = 1,
          .residual = 1,
          .weight_drop = 0.2 },
        { .optimizer = WL_ADAM,
          .cell = WL_CELL_LSTM,
          .layers = 2,
          .lr = 0.01,
          .dtype = WL_BF16,
          .dropout = 0.2,
          .norm = 1,
          .residual = 1 },
    };
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        bench b = make_bench(device);
        const wl_lm_config made = b.config;
        b.config = runs[i];
        b.config.dtype = runs[i].dtype ? runs[i].dtype : WL_F32;
        b.config.embed = made.embed, b.config.hidden = made.hidden;
        b.config.batch = made.batch, b.config.time = made.time;
        b.config.clip = made.clip, b.config.decay = made.decay, b.config.seed = made.seed;
        b.config.epochs = 4;
        run_to_the_end(&b, 0, "whole");
        run_to_the_end(&b, 5, "early");
        run_to_the_end(&b, 30, "later");
        assert_same_files("whole", "early");
        assert_same_files("whole", "later");
        assert_same_files("whole.epochs", "early.epochs");
        assert_same_files("whole.epochs", "later.epochs");
        free_bench(&b);
    }
}

static void a_resumed_run_ends_with_the_same_bits(void **state)
{
    (void)state;
    each_device(resumes_on);
}

static void threads_change_nothing(void **state)
{
    (void)state;
    const int team = omp_get_max_threads(), threads[] = { 2, 4, 8 };
    bench b = make_bench(WL_CPU);
    omp_set_num_threads(1);
    run_to_the_end(&b, 0, "one");
    for (int i = 0; i < 3; i++) {
        omp_set_num_threads(threads[i]);
        run_to_the_end(&b, 0, "more");
        assert_same_files("one", "more");
    }
    omp_set_num_threads(team);
    free_bench(&b);
}

/* Weights beyond 16 bits make gradients of NaN, which pass by; 25 in a row end the run. */
static void a_run_that_diverges_says_so(void **state)
{
    (void)state;
    bench b = make_bench(WL_CPU);
    wl_error error = { "" };
    b.config.dtype = WL_F16;
    b.config.lr = 1e6;
    b.config.clip = 0;
    b.config.epochs = 100;
    wl_lm *model = make_model(&b);
    assert_int_equal(wl_lm_train(model, b.text, NULL, on_report, &b, NULL, &error), WL_NOT_FINITE);
    assert_error(&error, "diverged", "learning rate", NULL);
    wl_lm_destroy(model);
    free_bench(&b);
}

/* ------------------------------------------------------------------ files */

static void a_model_is_written_and_read_whole(void **state)
{
    (void)state;
    for (int cell = 0; wl_cells[cell]; cell++) {
        bench b = make_bench(WL_CPU);
        wl_lm *read;
        wl_error error = { "" };
        double one, two;
        int64_t labels;
        b.config.cell = cell;
        b.config.tie = b.config.residual = cell % 2;
        b.config.norm = cell < 2;
        b.config.layers = 2;
        wl_lm *model = make_model(&b);
        assert_int_equal(train(&b, model), WL_OK);
        assert_written(model, "model");
        assert_int_equal(wl_lm_evaluate(model, b.text, 2, 5, NULL, &one, &labels, &error), WL_OK);
        if (wl_lm_open(&read, b.ctx, in_folder("model"), 0, &error)) fail_msg("%s", error.text);
        assert_int_equal(wl_lm_evaluate(read, b.text, 2, 5, NULL, &two, &labels, &error), WL_OK);
        assert_true(one == two);
        assert_int_equal(wl_lm_parameters(read), wl_lm_parameters(model));
        assert_written(read, "again");
        assert_same_files("model", "again");
        wl_lm_destroy(read), wl_lm_destroy(model);
        free_bench(&b);
    }
}

/* A model as it is in a file, or with the digit after `field` another. */
static double evaluated(bench *b, const char *field, char digit)
{
    size_t length;
    wl_lm *model;
    wl_error error = { "" };
    double loss;
    int64_t labels;
    char *bytes = read_bytes(in_folder("model"), &length);
    char *at = memmem(bytes, length, field, strlen(field));
    assert_non_null(at);
    at[strlen(field)] = digit;
    write_bytes(in_folder("changed"), bytes, length);
    free(bytes);
    if (wl_lm_open(&model, b->ctx, in_folder("changed"), 0, &error)) fail_msg("%s", error.text);
    if (wl_lm_evaluate(model, b->text, 2, 5, NULL, &loss, &labels, &error))
        fail_msg("%s", error.text);
    wl_lm_destroy(model);
    return loss;
}

/* By the file's configuration: evaluation draws nothing. */
static void evaluation_takes_the_mean_on(wl_device device)
{
    static const char h[] = "\\\"zoneout\\\":0.", c[] = "\\\"zoneout-c\\\":0.";
    bench b = make_bench(device);
    wl_error error = { "" };
    double one, two;
    int64_t labels;
    b.config.zoneout = 0.25, b.config.zoneout_c = 0.5;
    wl_lm *model = make_model(&b);
    assert_int_equal(train(&b, model), WL_OK);
    assert_written(model, "model");
    assert_int_equal(wl_lm_evaluate(model, b.text, 2, 5, NULL, &one, &labels, &error), WL_OK);
    assert_int_equal(wl_lm_evaluate(model, b.text, 2, 5, NULL, &two, &labels, &error), WL_OK);
    assert_true(one == two);
    assert_true(one == evaluated(&b, h, '2') && one == evaluated(&b, c, '5'));
    assert_true(one != evaluated(&b, h, '3') && one != evaluated(&b, c, '0'));
    assert_true(one == evaluated(&b, "\\\"seed\\\":", '7')); /* of draws, were there any */
    wl_lm_destroy(model);
    free_bench(&b);
}

static void evaluation_takes_the_mean_of_zoneout(void **state)
{
    (void)state;
    each_device(evaluation_takes_the_mean_on);
}

/* Of the cells only an LSTM has states of its own beside h. */
static void only_an_lstm_holds_cell_states(void **state)
{
    (void)state;
    for (int cell = 0; wl_cells[cell]; cell++) {
        bench b = make_bench(WL_CPU);
        wl_error error = { "" };
        wl_lm *model;
        b.config.cell = cell;
        b.config.zoneout_c = 0.5;
        const wl_status status = wl_lm_create(&model, b.ctx, &b.config, b.words, &error);
        assert_int_equal(status, cell == WL_CELL_LSTM ? WL_OK : WL_OUT_OF_RANGE);
        if (status) assert_error(&error, "zoneout-c is 0.5", wl_cells[cell], NULL);
        wl_lm_destroy(model);
        free_bench(&b);
    }
}

static void files_of_other_kinds_are_refused(void **state)
{
    (void)state;
    const float few[4] = { 0 };
    const wl_safetensors_entry entries[] = { { "embedding.weight", WL_F32, 2, { 2, 2 } },
                                             { "rnn.0.r", WL_F32, 2, { 0, 1ll << 61 } } };
    const wl_safetensors_pair as_vectors[] = { { "format", "wordloom" }, { "model", "word2vec" } };
    const wl_safetensors_pair as_lm[] = { { "format", "wordloom" }, { "model", "lm" } };
    const char *const parts[] = { "expected \"lm\", found \"word2vec\"",
                                  "expected a tensor rnn.0.r", "found the shape [0,2305" };
    for (int i = 0; i < 3; i++) {
        wl_safetensors_writer *writer;
        wl_error error = { "" };
        wl_ctx *ctx;
        wl_lm *model;
        assert_int_equal(wl_safetensors_writer_open(&writer, in_folder("other"), entries,
                                                    i < 2 ? 1 : 2, i ? as_lm : as_vectors, 2,
                                                    &error),
                         WL_OK);
        assert_int_equal(wl_safetensors_writer_append(writer, few, sizeof few, &error), WL_OK);
        assert_int_equal(wl_safetensors_writer_commit(writer, &error), WL_OK);
        wl_safetensors_writer_close(writer);
        assert_int_equal(wl_ctx_create(&ctx, WL_CPU, 0), WL_OK);
        assert_int_equal(wl_lm_open(&model, ctx, in_folder("other"), 0, &error), WL_BAD_FILE);
        assert_error(&error, parts[i], NULL);
        wl_ctx_destroy(ctx);
    }
}

/* Opens what is left of a file; it is a model, or is refused. */
static void open_damaged(wl_ctx *ctx, const char *bytes, size_t length)
{
    wl_lm *model;
    wl_error error = { "" };
    write_bytes(in_folder("damaged"), bytes, length);
    const wl_status status = wl_lm_open(&model, ctx, in_folder("damaged"), 0, &error);
    assert_true(status == WL_OK || status == WL_BAD_FILE);
    if (status) assert_true(*error.text);
    wl_lm_destroy(model);
}

/* Every byte of the header and of the vocabulary changed, and the file cut at many places. */
static void damaged_files_are_refused(void **state)
{
    (void)state;
    bench b = make_bench(WL_CPU);
    size_t length;
    wl_lm *model = make_model(&b);
    assert_written(model, "model");
    char *bytes = read_bytes(in_folder("model"), &length);
    const size_t header =
        8 + (size_t)(unsigned char)bytes[0] + 256 * (size_t)(unsigned char)bytes[1];
    for (size_t at = 0; at < length; at += 3) {
        if (at >= header && at < length - 40) at = length - 40;
        const char was = bytes[at];
        bytes[at] ^= at % 2 ? 1 : 0x50;
        open_damaged(b.ctx, bytes, length);
        bytes[at] = was;
    }
    for (size_t cut = 0; cut < length; cut += 61) open_damaged(b.ctx, bytes, cut);
    free(bytes);
    wl_lm_destroy(model);
    free_bench(&b);
}

static void a_checkpoint_of_another_run_is_refused(void **state)
{
    (void)state;
    bench b = make_bench(WL_CPU);
    wl_error error = { "" };
    wl_lm *model = make_model(&b);
    assert_int_equal(wl_lm_save(model, b.text, in_folder("checkpoint"), &error), WL_OK);
    wl_lm_destroy(model);
    b.config.lr = 3;
    model = make_model(&b);
    assert_int_equal(wl_lm_load(model, b.text, in_folder("checkpoint"), &error), WL_OUT_OF_RANGE);
    assert_error(&error, "its lr is 2", "of this run 3", NULL);
    assert_int_equal(wl_lm_load(model, b.text, in_folder("text"), &error), WL_BAD_FILE);
    wl_lm_destroy(model);
    free_bench(&b);
}

static void a_text_shorter_than_a_step_is_refused(void **state)
{
    (void)state;
    bench b = make_bench(WL_CPU);
    wl_error error = { "" };
    double loss;
    int64_t labels;
    b.config.time = 1000;
    wl_lm *model = make_model(&b);
    assert_int_equal(wl_lm_train(model, b.text, NULL, NULL, NULL, NULL, &error), WL_OUT_OF_RANGE);
    assert_error(&error, "too short to train on", "4001", NULL);
    assert_int_equal(wl_lm_evaluate(model, b.text, 100, 100, NULL, &loss, &labels, &error),
                     WL_OUT_OF_RANGE);
    assert_error(&error, "too short", NULL);
    wl_lm_destroy(model);
    free_bench(&b);
}

/* ------------------------------------------------------------------ generation */

typedef struct drawn {
    int32_t ids[40];
    int n;
} drawn;

static int note_id(void *user, int32_t id)
{
    drawn *d = user;
    d->ids[d->n++] = id;
    return 0;
}

static drawn draw(wl_lm *model, const wl_text *prompt, const wl_lm_draw *how)
{
    drawn d = { .n = 0 };
    wl_error error = { "" };
    if (wl_lm_generate(model, wl_text_ids(prompt), wl_text_size(prompt), 40, how, note_id, &d,
                       &error))
        fail_msg("%s", error.text);
    assert_int_equal(d.n, 40);
    return d;
}

static void draws_on(wl_device device)
{
    bench b = make_bench(device);
    wl_text *prompt, *banned;
    wl_error error;
    b.config.epochs = device == WL_CPU ? 30 : 12;
    wl_lm *model = make_model(&b);
    assert_int_equal(train(&b, model), WL_OK);
    assert_int_equal(wl_text_parse(&prompt, "a b", "prompt", WL_TEXT_WORD, b.words, &error), WL_OK);
    assert_int_equal(wl_text_parse(&banned, "x", "skip", WL_TEXT_WORD, b.words, &error), WL_OK);
    const wl_lm_draw likeliest = { .top_p = 1 };
    const wl_lm_draw any = { .temperature = 1, .top_p = 1, .seed = 7 };
    const wl_lm_draw without = {
        .temperature = 2, .top_p = 1, .seed = 7, .banned = wl_text_ids(banned), .bans = 1
    };
    const drawn d = draw(model, prompt, &likeliest), one = draw(model, prompt, &any);
    const drawn two = draw(model, prompt, &any), three = draw(model, prompt, &without);
    assert_string_equal(wl_vocabulary_word(b.words, d.ids[0], NULL), "c");
    assert_string_equal(wl_vocabulary_word(b.words, d.ids[1], NULL), "d");
    assert_memory_equal(&one, &two, sizeof one);
    for (int i = 0; i < 40; i++) assert_true(three.ids[i] != *wl_text_ids(banned));
    wl_text_destroy(prompt), wl_text_destroy(banned);
    wl_lm_destroy(model);
    free_bench(&b);
}

static void text_is_drawn_from_what_was_learnt(void **state)
{
    (void)state;
    each_device(draws_on);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_of_each_cell_learns),
        cmocka_unit_test(a_resumed_run_ends_with_the_same_bits),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(a_run_that_diverges_says_so),
        cmocka_unit_test(a_model_is_written_and_read_whole),
        cmocka_unit_test(evaluation_takes_the_mean_of_zoneout),
        cmocka_unit_test(only_an_lstm_holds_cell_states),
        cmocka_unit_test(files_of_other_kinds_are_refused),
        cmocka_unit_test(damaged_files_are_refused),
        cmocka_unit_test(a_checkpoint_of_another_run_is_refused),
        cmocka_unit_test(a_text_shorter_than_a_step_is_refused),
        cmocka_unit_test(text_is_drawn_from_what_was_learnt),
    };
    return cmocka_run_group_tests_name("lm_model", tests, make_folder, remove_folder);
}
