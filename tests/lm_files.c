/* Language models in files: written, read, evaluated and drawn from; and files that are none. On
 * the CPU, and on CUDA as the test was linked. */
#include "lm_bench.h"
#include "model_files.h"

#include <math.h>

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
    wl_lm *model;
    wl_error error = { "" };
    double loss;
    int64_t labels;
    change_digit("model", "changed", field, digit);
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

/* For use, or for more training. */
static void what_a_model_cannot_be_is_refused(void **state)
{
    static char names[16][16];
    bench b = make_bench(WL_CPU);
    wl_error error = { "" };
    wl_lm *model = make_model(&b);
    (void)state;
    assert_written(model, "model");
    wl_lm_destroy(model);
    held_file f = hold_file("model");
    for (int l = 1; l <= 16; l++) {
        snprintf(names[l - 1], sizeof *names, "rnn.%d.r", l);
        add_tensor(&f, names[l - 1], 48, 12);
    }
    put_file(&f, "changed");
    assert_int_equal(wl_lm_open(&model, b.ctx, in_folder("changed"), 0, &error), WL_BAD_FILE);
    assert_error(&error, in_folder("changed"), "layers is 17, expected 1 to 16", NULL);
    assert_int_equal(wl_lm_create_from(&model, b.ctx, in_folder("changed"), &b.config, &error),
                     WL_BAD_FILE);
    assert_error(&error, in_folder("changed"), "layers is 17, expected 1 to 16", NULL);
    release_file(&f);
    free_bench(&b);
}

static wl_status open_model_file(wl_ctx *ctx, const char *path, wl_error *error)
{
    wl_lm *model;
    const wl_status status = wl_lm_open(&model, ctx, path, 0, error);
    wl_lm_destroy(model);
    return status;
}

static void damaged_files_are_refused(void **state)
{
    (void)state;
    bench b = make_bench(WL_CPU);
    wl_lm *model = make_model(&b);
    assert_written(model, "model");
    assert_survives_damage("model", b.ctx, open_model_file);
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
        cmocka_unit_test(a_model_is_written_and_read_whole),
        cmocka_unit_test(evaluation_takes_the_mean_of_zoneout),
        cmocka_unit_test(only_an_lstm_holds_cell_states),
        cmocka_unit_test(files_of_other_kinds_are_refused),
        cmocka_unit_test(what_a_model_cannot_be_is_refused),
        cmocka_unit_test(damaged_files_are_refused),
        cmocka_unit_test(text_is_drawn_from_what_was_learnt),
    };
    return cmocka_run_group_tests_name("lm_files", tests, make_folder, remove_folder);
}
