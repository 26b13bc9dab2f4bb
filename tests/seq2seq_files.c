/* Sequence-to-sequence models in files: written, read, and trained on. On the CPU, and on CUDA as
 * the test was linked. */
#include "model_files.h"
#include "seq2seq_bench.h"

#include "../host/core/storage.h"

enum { PAIRS = 20 };

static wl_seq2seq *opened(const bench *b, const char *name, int32_t dtype)
{
    wl_seq2seq *model;
    wl_error error = { "" };
    if (wl_seq2seq_open(&model, b->ctx, in_folder(name), dtype, &error)) fail_msg("%s", error.text);
    return model;
}

static void translate_all(const bench *b, wl_seq2seq *model, wl_translation *out)
{
    int64_t *lengths;
    const int32_t **sources = sources_of(b, &lengths);
    wl_seq2seq_search search = wl_seq2seq_search_defaults();
    wl_error error = { "" };
    search.beam = 2, search.batch = 8;
    if (wl_seq2seq_translate(model, sources, lengths, PAIRS, &search, NULL, out, &error))
        fail_msg("%s", error.text);
    free(sources), free(lengths);
}

/* The same tokens, of the same probability to the bit. */
static void assert_same_translations(const bench *b, wl_seq2seq *one, wl_seq2seq *other)
{
    wl_translation x[PAIRS], y[PAIRS];
    translate_all(b, one, x);
    translate_all(b, other, y);
    for (int i = 0; i < PAIRS; i++) {
        assert_int_equal(x[i].count, y[i].count);
        assert_memory_equal(x[i].ids, y[i].ids, (size_t)x[i].count * sizeof *x[i].ids);
        assert_true(x[i].log_probability == y[i].log_probability);
    }
    wl_translations_free(x, PAIRS);
    wl_translations_free(y, PAIRS);
}

/* ------------------------------------------------------------------ files that are models */

static void assert_same_when_read(const bench *b, wl_seq2seq *model)
{
    assert_written(model, "written");
    wl_seq2seq *read = opened(b, "written", wl_seq2seq_configuration(model)->dtype);
    assert_written(read, "again");
    assert_same_files("written", "again");
    assert_int_equal(wl_seq2seq_parameters(read), wl_seq2seq_parameters(model));
    assert_same_translations(b, read, model);
    wl_seq2seq_destroy(read);
}

static void written_and_read_on(wl_device device)
{
    static const int32_t dtypes[] = { WL_F16, WL_BF16 };
    for (int i = device == WL_CPU ? 0 : 4; i < (device == WL_CPU ? FILE_KINDS : 5); i++) {
        bench b;
        wl_seq2seq *model = make_written(&b, device, &file_kinds[i]);
        assert_same_when_read(&b, model);
        wl_seq2seq_destroy(model);
        for (int t = 0; t < 2; t++) {
            model = opened(&b, "model", dtypes[t]);
            assert_int_equal(wl_seq2seq_configuration(model)->dtype, dtypes[t]);
            assert_same_when_read(&b, model);
            wl_seq2seq_destroy(model);
        }
        free_bench(&b);
    }
}

static void a_model_is_written_and_read_whole(void **state)
{
    (void)state;
    each_device(written_and_read_on);
}

/* But for what no tensor tells, which is then as by default. */
static void the_tensors_tell_the_configuration(void **state)
{
    (void)state;
    for (int i = 0; i < FILE_KINDS; i++) {
        bench b;
        wl_seq2seq_config what = file_kinds[i];
        what.reverse = what.residual = 0;
        wl_seq2seq *model = make_written(&b, WL_CPU, &what);
        held_file f = hold_file("model");
        f.metadata[HELD_CONFIG].value = NULL;
        put_file(&f, "bare");
        wl_seq2seq *read = opened(&b, "bare", 0);
        const wl_seq2seq_config *c = wl_seq2seq_configuration(read);
        assert_true(c->model == what.model && c->score == what.score && c->cell == what.cell);
        assert_true(c->layers == b.config.layers && c->bidirectional == what.bidirectional);
        assert_true(c->shared == what.shared && c->tie == what.tie);
        assert_same_translations(&b, read, model);
        wl_seq2seq_destroy(read), wl_seq2seq_destroy(model);
        release_file(&f);
        free_bench(&b);
    }
}

/* The file with all numbers rounded to 16 bits: in f32 still, and in 16 bits. */
static void put_rounded(int32_t dtype, const char *wide, const char *narrow)
{
    held_file f = hold_file("model");
    for (int64_t i = 0; i < f.count; i++) {
        float *values = (float *)(void *)f.tensors[i].bytes;
        if (f.tensors[i].entry.dtype != WL_F32) continue;
        for (size_t n = 0; n < f.tensors[i].length / 4; n++)
            values[n] = dtype == WL_F16 ? wl_f32_of_f16(wl_f16_of_f32(values[n]))
                                        : wl_f32_of_bf16(wl_bf16_of_f32(values[n]));
    }
    put_file(&f, wide);
    for (int64_t i = 0; i < f.count; i++) {
        held_tensor *t = &f.tensors[i];
        const float *values = (const float *)(const void *)t->bytes;
        uint16_t *halves = (uint16_t *)(void *)t->bytes;
        if (t->entry.dtype != WL_F32) continue;
        t->entry.dtype = dtype;
        t->length /= 2;
        for (size_t n = 0; n < t->length / 2; n++)
            halves[n] = dtype == WL_F16 ? wl_f16_of_f32(values[n]) : wl_bf16_of_f32(values[n]);
    }
    put_file(&f, narrow);
    release_file(&f);
}

static void files_in_16_bits_are_read_as_they_are(void **state)
{
    static const int32_t dtypes[] = { WL_F16, WL_BF16 };
    (void)state;
    for (int i = 0; i < 2; i++) {
        bench b;
        wl_seq2seq_destroy(make_written(&b, WL_CPU, &file_kinds[4]));
        put_rounded(dtypes[i], "wide", "narrow");
        wl_seq2seq *narrow = opened(&b, "narrow", 0), *wide = opened(&b, "wide", dtypes[i]);
        assert_int_equal(wl_seq2seq_configuration(narrow)->dtype, dtypes[i]);
        assert_same_translations(&b, narrow, wide);
        wl_seq2seq_destroy(wide);
        wl_seq2seq_destroy(narrow);
        narrow = opened(&b, "narrow", WL_F32), wide = opened(&b, "wide", 0);
        assert_same_translations(&b, narrow, wide);
        wl_seq2seq_destroy(wide), wl_seq2seq_destroy(narrow);
        free_bench(&b);
    }
}

static double loss_of(const bench *b, wl_seq2seq *model)
{
    double loss;
    int64_t labels;
    wl_error error = { "" };
    if (wl_seq2seq_evaluate(model, b->pairs, NULL, &loss, &labels, &error))
        fail_msg("%s", error.text);
    return loss;
}

static void goes_on_from_a_file_on(wl_device device)
{
    bench b;
    wl_error error = { "" };
    wl_seq2seq *first = make_written(&b, device, &file_kinds[4]), *next;
    wl_seq2seq_config training = b.config;
    training.layers = 1, training.embed = 3, training.hidden = 5, training.residual = 0;
    training.epochs = 2, training.dropout = 0.1, training.seed = 2;
    if (wl_seq2seq_create_from(&next, b.ctx, in_folder("model"), &training, &error))
        fail_msg("%s", error.text);
    const wl_seq2seq_config *c = wl_seq2seq_configuration(next);
    assert_true(c->model == WL_SEQ2SEQ_ATTENTION && c->layers == 3 && c->residual);
    assert_true(c->embed == b.config.embed && c->hidden == b.config.hidden);
    assert_true(c->epochs == 2 && c->dropout == 0.1 && c->seed == 2);
    const double before = loss_of(&b, next);
    assert_true(before == loss_of(&b, first));
    b.config.epochs = 2;
    assert_int_equal(train(&b, next), WL_OK);
    assert_true(loss_of(&b, next) < before);
    wl_seq2seq_destroy(next), wl_seq2seq_destroy(first);
    free_bench(&b);
}

static void training_goes_on_from_a_file(void **state)
{
    (void)state;
    each_device(goes_on_from_a_file_on);
}

/* In f16 it is infinite. */
static void a_number_that_is_none_is_not_written(void **state)
{
    bench b;
    wl_error error = { "" };
    const float large = 1e6F;
    (void)state;
    wl_seq2seq_destroy(make_written(&b, WL_CPU, &file_kinds[0]));
    held_file f = hold_file("model");
    memcpy(held(&f, "encoder.embedding.weight")->bytes, &large, sizeof large);
    put_file(&f, "large");
    put_file(&f, "old");
    wl_seq2seq *model = opened(&b, "large", WL_F16);
    assert_int_equal(wl_seq2seq_write(model, in_folder("old"), &error), WL_NOT_FINITE);
    assert_error(&error, in_folder("old"), "not written", "encoder.embedding.weight has inf", NULL);
    assert_same_files("old", "large");
    wl_seq2seq_destroy(model);
    release_file(&f);
    free_bench(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_is_written_and_read_whole),
        cmocka_unit_test(the_tensors_tell_the_configuration),
        cmocka_unit_test(files_in_16_bits_are_read_as_they_are),
        cmocka_unit_test(training_goes_on_from_a_file),
        cmocka_unit_test(a_number_that_is_none_is_not_written),
    };
    return cmocka_run_group_tests_name("seq2seq_files", tests, make_folder, remove_folder);
}
