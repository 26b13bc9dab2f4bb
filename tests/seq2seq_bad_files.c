/* Files that are no sequence-to-sequence models, or not whole: each is refused by name. */
#include "model_files.h"
#include "seq2seq_bench.h"

#include <math.h>
#include <stdbool.h>

/* The file as it now is, to be used or to be trained on: refused by a text that has its name and
 * both parts. */
static void assert_refused(const bench *b, const held_file *f, const char *one, const char *two)
{
    wl_seq2seq *model;
    wl_error error = { "" };
    put_file(f, "changed");
    assert_int_equal(wl_seq2seq_open(&model, b->ctx, in_folder("changed"), 0, &error), WL_BAD_FILE);
    assert_error(&error, in_folder("changed"), one, two, NULL);
    assert_null(model);
    assert_int_equal(
        wl_seq2seq_create_from(&model, b->ctx, in_folder("changed"), &b->config, &error),
        WL_BAD_FILE);
    assert_error(&error, in_folder("changed"), one, two, NULL);
    assert_null(model);
}

/* A bench and its file's contents. */
static held_file hold_written(bench *b, const wl_seq2seq_config *what)
{
    wl_seq2seq_destroy(make_written(b, WL_CPU, what));
    return hold_file("model");
}

static void a_tensor_that_is_missing_is_named(void **state)
{
    (void)state;
    for (int i = 0; i < FILE_KINDS; i++) {
        bench b;
        held_file whole = hold_written(&b, &file_kinds[i]);
        for (int64_t t = 0; t < whole.count; t++) {
            held_file f = hold_file("model");
            const char *name = whole.tensors[t].entry.name;
            drop_tensor(&f, name);
            char said[96];
            snprintf(said, sizeof said, "expected a tensor %s, found none", name);
            assert_refused(&b, &f, said, "");
            release_file(&f);
        }
        release_file(&whole);
        free_bench(&b);
    }
}

/* Features are told by what the decoder looks up: where it is another's fault, that is named. */
static bool tells_features(const char *name)
{
    return strcmp(name, "embedding.weight") == 0 || strcmp(name, "decoder.embedding.weight") == 0;
}

/* One more row, one more column, or a row for all. */
static void a_tensor_of_another_shape_is_named(void **state)
{
    (void)state;
    for (int i = 0; i < FILE_KINDS; i++) {
        bench b;
        held_file whole = hold_written(&b, &file_kinds[i]);
        for (int64_t t = 0; t < 3 * whole.count; t++) {
            held_file f = hold_file("model");
            held_tensor *one = &f.tensors[t / 3];
            const int64_t rows = one->entry.shape[0], columns = one->entry.shape[1];
            const bool wide = one->entry.ndim == 2, words = one->entry.dtype == WL_U8;
            char said[80];
            snprintf(said, sizeof said, "tensor %s: ", one->entry.name);
            if (t % 3 == 0) reshape(one, rows + 1, wide ? columns : 0);
            if (t % 3 == 1) reshape(one, rows, wide ? columns + 1 : 1);
            if (t % 3 == 2 && wide) reshape(one, rows * columns, 0);
            if (t % 3 == 1 && tells_features(one->entry.name))
                assert_refused(&b, &f, "", "expected ");
            else if (t % 3 < 2 || wide)
                assert_refused(&b, &f, said, words && t % 3 == 0 ? "line " : "expected ");
            release_file(&f);
        }
        release_file(&whole);
        free_bench(&b);
    }
}

static void numbers_that_are_none_are_found(void **state)
{
    bench b;
    held_file whole = hold_written(&b, &file_kinds[4]);
    (void)state;
    for (int64_t t = 0; t < whole.count; t++) {
        held_tensor *one = &whole.tensors[t];
        const float none = t % 2 ? NAN : -INFINITY;
        float was;
        char said[120], *last = one->bytes + one->length - sizeof was;
        if (one->entry.dtype != WL_F32) continue;
        memcpy(&was, last, sizeof was);
        memcpy(last, &none, sizeof none);
        snprintf(said, sizeof said, "tensor %s: element %zu: expected a finite number, found %s",
                 one->entry.name, one->length / 4 - 1, t % 2 ? "nan" : "-inf");
        assert_refused(&b, &whole, said, "");
        memcpy(last, &was, sizeof was);
    }
    release_file(&whole);
    free_bench(&b);
}

/* A file that is changed in one way. */
typedef struct refusal {
    int kind; /* of the model that it was */
    void (*change)(held_file *f);
    const char *said, *also;
} refusal;

static void of_no_format(held_file *f) { f->metadata[HELD_FORMAT].value = NULL; }
static void of_another_model(held_file *f) { f->metadata[HELD_MODEL].value = "lm"; }
static void with_no_json(held_file *f) { f->metadata[HELD_CONFIG].value = "{"; }
static void with_a_bad_value(held_file *f) { f->metadata[HELD_CONFIG].value = "{\"batch\":0}"; }
static void that_scores(held_file *f)
{
    f->metadata[HELD_CONFIG].value = "{\"model\":\"peeky\",\"score\":\"general\"}";
}

static void spell(held_file *f, const char *tensor, const char *from, char by)
{
    held_tensor *t = held(f, tensor);
    char *at = memmem(t->bytes, t->length, from, strlen(from));
    assert_non_null(at);
    at[strlen(from) - 2] = by;
}

static void without_start(held_file *f) { spell(f, "target.vocabulary", "<s>", 't'); }
static void without_end(held_file *f) { spell(f, "vocabulary", "</s>", 't'); }
static void with_a_word_twice(held_file *f)
{
    held_tensor *t = held(f, "source.vocabulary"); /* each word is a character and its newline */
    t->bytes[2] = t->bytes[0];
}

static void words_in_floats(held_file *f)
{
    held_tensor *t = held(f, "target.vocabulary");
    t->entry.dtype = WL_F16;
    reshape(t, t->entry.shape[0], 0);
}

static void with_layers(held_file *f, const char *side)
{
    static char names[16][32];
    for (int l = 1; l <= 16; l++) {
        snprintf(names[l - 1], sizeof *names, "%s.rnn.%d.r", side, l);
        add_tensor(f, names[l - 1], 48, 12);
    }
}

static void with_17_encoders(held_file *f) { with_layers(f, "encoder"); }
static void with_17_decoders(held_file *f) { with_layers(f, "decoder"); }
static void with_one_more_encoder(held_file *f) { add_tensor(f, "encoder.rnn.1.r", 48, 12); }
static void with_units_backwards(held_file *f) { add_tensor(f, "encoder.rnn.0.backward.r", 24, 6); }
static void of_odd_halves(held_file *f)
{
    reshape(held(f, "decoder.rnn.0.r"), 33, 11);
    add_tensor(f, "encoder.rnn.0.backward.r", 15, 5);
}

static void of_other_halves(held_file *f) { reshape(held(f, "encoder.rnn.0.backward.r"), 21, 7); }

static void that_reads_13(held_file *f)
{
    reshape(held(f, "decoder.output.weight"), held(f, "decoder.output.bias")->entry.shape[0], 13);
}

static void that_ties_13(held_file *f)
{
    reshape(held(f, "decoder.embedding.weight"), held(f, "decoder.output.bias")->entry.shape[0],
            13);
}

static void of_two_gates(held_file *f) { reshape(held(f, "decoder.rnn.0.r"), 24, 12); }
static void of_another_cell(held_file *f) { reshape(held(f, "encoder.rnn.0.r"), 36, 12); }
static void of_no_features(held_file *f)
{
    held_tensor *t = held(f, "decoder.embedding.weight");
    t->entry.shape[1] = 0;
    t->length = 0;
}

static void of_a_lost_key(held_file *f)
{
    f->metadata[HELD_CONFIG].value = NULL;
    drop_tensor(f, "decoder.attention.key.weight");
}

static void of_integers(held_file *f) { held(f, "decoder.rnn.0.w")->entry.dtype = WL_I32; }

static const refusal refusals[] = {
    { 0, of_no_format, "__metadata__ format: expected \"wordloom\", found nothing", "" },
    { 0, of_another_model, "__metadata__ model: expected \"seq2seq\", found \"lm\"", "" },
    { 0, with_no_json, "expected a JSON object", "" },
    { 0, with_a_bad_value, "batch is not a value that it can have", "" },
    { 1, that_scores, "score is general and model peeky", "expected dot" },
    { 0, without_start, "tensor target.vocabulary: expected the words <s> and </s>",
      "found no <s>" },
    { 5, without_end, "tensor vocabulary: expected the words <s> and </s>", "found no </s>" },
    { 0, with_a_word_twice, "tensor source.vocabulary", "line " },
    { 0, words_in_floats, "tensor target.vocabulary: expected U8, found F16", "" },
    { 0, with_17_encoders, "tensor encoder.rnn.16.r: expected at most 16 layers, found more", "" },
    { 0, with_17_decoders, "tensor decoder.rnn.16.r: expected at most 16 layers, found more", "" },
    { 0, with_one_more_encoder, "expected a tensor encoder.rnn.1.w, found none", "" },
    { 0, with_units_backwards, "tensor encoder.rnn.0.w: expected [24,8]", "shape [48,8]" },
    { 1, of_odd_halves, "tensor decoder.rnn.0.r: expected an even number of columns",
      "found the shape [33,11]" },
    { 4, of_other_halves, "tensor encoder.rnn.0.backward.r: expected [18,6]",
      "found the shape [21,7]" },
    { 2, that_reads_13, "tensor decoder.output.weight: expected as many columns",
      "found the shape [7,13]" },
    { 6, that_ties_13, "tensor decoder.embedding.weight: expected as many columns",
      "found the shape [7,13]" },
    { 0, of_two_gates, "tensor decoder.rnn.0.r: expected GH rows of H numbers",
      "found the shape [24,12]" },
    { 0, of_another_cell, "tensor encoder.rnn.0.r: expected [48,12]", "found the shape [36,12]" },
    { 0, of_no_features, "embed is 0, expected 1 to 65536", "" },
    { 4, of_a_lost_key, "expected a tensor decoder.attention.key.weight, found none", "" },
    { 0, of_integers, "tensor decoder.rnn.0.w", "I32" },
};

static void files_that_are_no_models_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        const refusal *r = &refusals[i];
        bench b;
        held_file f = hold_written(&b, &file_kinds[r->kind]);
        r->change(&f);
        assert_refused(&b, &f, r->said, r->also);
        release_file(&f);
        free_bench(&b);
    }
}

static void what_is_wrong_with_the_training_is_no_fault_of_the_file(void **state)
{
    bench b;
    wl_error error = { "" };
    wl_seq2seq *model;
    (void)state;
    wl_seq2seq_destroy(make_written(&b, WL_CPU, &file_kinds[0]));
    b.config.batch = 0;
    assert_int_equal(wl_seq2seq_create_from(&model, b.ctx, in_folder("model"), &b.config, &error),
                     WL_OUT_OF_RANGE);
    assert_error(&error, "batch is 0", NULL);
    assert_null(model);
    free_bench(&b);
}

static wl_status open_model_file(wl_ctx *ctx, const char *path, wl_error *error)
{
    wl_seq2seq *model;
    const wl_status status = wl_seq2seq_open(&model, ctx, path, 0, error);
    wl_seq2seq_destroy(model);
    return status;
}

static void damaged_files_are_refused(void **state)
{
    (void)state;
    for (int i = 4; i < 6; i++) {
        bench b;
        wl_seq2seq_destroy(make_written(&b, WL_CPU, &file_kinds[i]));
        assert_survives_damage("model", b.ctx, open_model_file);
        free_bench(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tensor_that_is_missing_is_named),
        cmocka_unit_test(a_tensor_of_another_shape_is_named),
        cmocka_unit_test(numbers_that_are_none_are_found),
        cmocka_unit_test(files_that_are_no_models_are_refused),
        cmocka_unit_test(what_is_wrong_with_the_training_is_no_fault_of_the_file),
        cmocka_unit_test(damaged_files_are_refused),
    };
    return cmocka_run_group_tests_name("seq2seq_bad_files", tests, make_folder, remove_folder);
}
