/* The sequence-to-sequence model: it learns, translates, and goes on from checkpoints with the same
 * bits. On the CPU, and on CUDA as the test was linked. */
#include "seq2seq_bench.h"

#include <math.h>
#include <omp.h>

enum { PLAIN = WL_SEQ2SEQ_PLAIN, PEEKY = WL_SEQ2SEQ_PEEKY, ATTENTION = WL_SEQ2SEQ_ATTENTION };

/* ------------------------------------------------------------------ learning */

/* It knows nothing at first: as many tokens are as likely as there are. Then all 20 pairs. */
static void learns(wl_device device, const wl_seq2seq_config *what)
{
    bench b = make_bench(device, backwards, what);
    double before, after;
    int64_t labels;
    wl_error error = { "" };
    wl_seq2seq *model = make_model(&b);
    if (wl_seq2seq_evaluate(model, b.pairs, NULL, &before, &labels, &error))
        fail_msg("%s", error.text);
    assert_true(fabs(before - log((double)wl_vocabulary_size(b.target))) < 0.1);
    assert_int_equal(labels, wl_pairs_target_tokens(b.pairs) + 20);
    assert_int_equal(train(&b, model), WL_OK);
    if (wl_seq2seq_evaluate(model, b.pairs, NULL, &after, &labels, &error))
        fail_msg("%s", error.text);
    assert_true(after == b.last.validation);
    assert_true(after < before / (device == WL_CPU ? 10 : 1.1));
    assert_true(device != WL_CPU || b.last.accuracy > 0.9);
    wl_seq2seq_destroy(model);
    free_bench(&b);
}

static void models_of_each_kind_learn(void **state)
{
    static const wl_seq2seq_config models[] = {
        { .model = PLAIN, .cell = WL_CELL_LSTM },
        { .model = PEEKY, .cell = WL_CELL_GRU, .reverse = 1 },
        { .model = ATTENTION, .cell = WL_CELL_RNN },
        { .model = ATTENTION,
          .cell = WL_CELL_LSTM,
          .score = WL_SCORE_ADDITIVE,
          .layers = 2,
          .bidirectional = 1,
          .residual = 1 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        wl_seq2seq_config c = models[i];
        c.hidden = 32, c.epochs = 120;
        learns(WL_CPU, &c);
        c.hidden = 8, c.epochs = 6, c.lr = 0.03;
        if (wl_device_count(WL_CUDA)) learns(WL_CUDA, &c);
    }
}

/* ------------------------------------------------------------------ the same bits */

/* What a run ends with, interrupted after some steps and resumed in a new model, or not. */
static void run_to_the_end(bench *b, int64_t stop_at, const char *name)
{
    wl_error error = { "" };
    wl_seq2seq *model = make_model(b);
    b->stop_at = stop_at;
    assert_int_equal(train(b, model), stop_at ? WL_INTERRUPTED : WL_OK);
    if (stop_at) {
        if (wl_seq2seq_save(model, b->pairs, in_folder("kept"), &error)) fail_msg("%s", error.text);
        wl_seq2seq_destroy(model);
        model = make_model(b);
        if (wl_seq2seq_load(model, b->pairs, in_folder("kept"), &error)) fail_msg("%s", error.text);
        b->stop_at = 0;
        assert_int_equal(train(b, model), WL_OK);
    }
    if (wl_seq2seq_write(model, in_folder(name), &error)) fail_msg("%s", error.text);
    wl_seq2seq_destroy(model);
}

static const wl_seq2seq_config runs[] = {
    { .model = PLAIN, .cell = WL_CELL_GRU, .optimizer = WL_MOMENTUM, .dtype = WL_F16 },
    { .model = PEEKY, .cell = WL_CELL_LSTM, .dropout = 0.2, .shared = 1, .tie = 1, .embed = 24 },
    { .model = ATTENTION,
      .cell = WL_CELL_LSTM,
      .layers = 2,
      .dropout = 0.2,
      .bidirectional = 1,
      .score = WL_SCORE_GENERAL,
      .dtype = WL_BF16 },
};

static void resumes_on(wl_device device)
{
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        bench b = make_bench(device, backwards, &runs[i]);
        run_to_the_end(&b, 0, "whole");
        run_to_the_end(&b, 4, "resumed"); /* at the end of the first of three epochs */
        assert_same_files("whole", "resumed");
        free_bench(&b);
    }
}

static void a_resumed_run_ends_with_the_same_bits(void **state)
{
    (void)state;
    each_device(resumes_on);
}

static void any_number_of_threads_gives_the_same_bits(void **state)
{
    const int threads = omp_get_max_threads();
    (void)state;
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        bench b = make_bench(WL_CPU, backwards, &runs[i]);
        for (int n = 1; n <= 4; n *= 2) {
            omp_set_num_threads(n);
            run_to_the_end(&b, 0, n == 1 ? "one" : "more");
            if (n > 1) assert_same_files("one", "more");
        }
        omp_set_num_threads(threads);
        free_bench(&b);
    }
}

/* ------------------------------------------------------------------ translation */

static void translated(bench *b, wl_seq2seq *m, const int32_t *const *sources,
                       const int64_t *lengths, int64_t count, int64_t beam, int64_t batch,
                       wl_translation *out)
{
    wl_error error = { "" };
    wl_seq2seq_search search = wl_seq2seq_search_defaults();
    search.beam = beam, search.batch = batch;
    (void)b;
    if (wl_seq2seq_translate(m, sources, lengths, count, &search, NULL, out, &error))
        fail_msg("%s", error.text);
}

static void assert_same(const wl_translation *one, const wl_translation *two)
{
    assert_int_equal(one->count, two->count);
    assert_memory_equal(one->ids, two->ids, (size_t)one->count * sizeof *one->ids);
}

/* A model that has begun to learn: its translations are long and of some doubt. */
static wl_seq2seq *half_taught(bench *b, wl_device device, int kind)
{
    static const wl_seq2seq_config models[] = {
        { .model = PLAIN, .cell = WL_CELL_GRU, .layers = 2, .residual = 1 },
        { .model = PEEKY, .cell = WL_CELL_LSTM, .reverse = 1 },
        { .model = ATTENTION, .cell = WL_CELL_LSTM, .layers = 2, .bidirectional = 1 },
        { .model = ATTENTION, .cell = WL_CELL_RNN, .score = WL_SCORE_ADDITIVE, .reverse = 1 },
    };
    wl_seq2seq_config c = models[kind];
    c.epochs = device == WL_CPU ? 20 : 4;
    *b = make_bench(device, backwards, &c);
    wl_seq2seq *model = make_model(b);
    assert_int_equal(train(b, model), WL_OK);
    return model;
}
enum { KINDS = 4, PAIRS = 20 };

static void any_order_gives_the_same_on(wl_device device)
{
    for (int kind = 0; kind < KINDS; kind++) {
        bench b;
        int64_t *lengths, turned_lengths[PAIRS];
        const int32_t *turned[PAIRS];
        wl_translation one[PAIRS], two[PAIRS], three[PAIRS];
        wl_seq2seq *m = half_taught(&b, device, kind);
        const int32_t **sources = sources_of(&b, &lengths);
        for (int i = 0; i < PAIRS; i++)
            turned[i] = sources[7 * i % PAIRS], turned_lengths[i] = lengths[7 * i % PAIRS];
        translated(&b, m, sources, lengths, PAIRS, 1, PAIRS, one);
        translated(&b, m, turned, turned_lengths, PAIRS, 1, PAIRS, two);
        translated(&b, m, sources, lengths, PAIRS, 1, device == WL_CPU ? 1 : 7, three);
        for (int i = 0; i < PAIRS; i++) {
            assert_same(&one[7 * i % PAIRS], &two[i]);
            assert_same(&one[i], &three[i]);
        }
        wl_translations_free(one, PAIRS);
        wl_translations_free(two, PAIRS);
        wl_translations_free(three, PAIRS);
        free(sources), free(lengths);
        wl_seq2seq_destroy(m);
        free_bench(&b);
    }
}

static void a_batch_in_any_order_gives_the_same_sentences(void **state)
{
    (void)state;
    each_device(any_order_gives_the_same_on);
}

static void a_wider_beam_never_scores_below_a_narrow_one(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        bench b;
        int64_t *lengths, higher = 0;
        wl_translation greedy[PAIRS], beam[PAIRS];
        wl_seq2seq *m = half_taught(&b, WL_CPU, kind);
        const int32_t **sources = sources_of(&b, &lengths);
        translated(&b, m, sources, lengths, PAIRS, 1, 8, greedy);
        for (int64_t width = 2; width <= 8; width *= 2) {
            translated(&b, m, sources, lengths, PAIRS, width, 8, beam);
            for (int i = 0; i < PAIRS; i++) {
                assert_true(beam[i].score >= greedy[i].score);
                higher += beam[i].score > greedy[i].score;
            }
            wl_translations_free(beam, PAIRS);
        }
        assert_true(higher > 0); /* and it is of use */
        wl_translations_free(greedy, PAIRS);
        free(sources), free(lengths);
        wl_seq2seq_destroy(m);
        free_bench(&b);
    }
}

/* The pairs of sources and their translations. */
static wl_pairs *pairs_of(const bench *b, const wl_translation *found)
{
    char text[4096] = "";
    wl_examples *examples;
    wl_pairs *pairs;
    wl_error error = { "" };
    for (int i = 0; i < PAIRS; i++) {
        char *line;
        assert_int_equal(
            wl_line_text(&line, found[i].ids, found[i].count, WL_TEXT_CHAR, b->target, &error),
            WL_OK);
        strcat(strcat(text, wl_examples_source(b->examples, i, NULL)), "\t");
        strcat(strcat(text, line), "\n");
        free(line);
    }
    write_text(in_folder("translated"), text);
    if (wl_examples_read(&examples, in_folder("translated"), &error) ||
        wl_pairs_create(&pairs, examples, WL_TEXT_CHAR, b->source, b->target, &error))
        fail_msg("%s", error.text);
    wl_examples_destroy(examples);
    return pairs;
}

/* Decoding a token at a time, and all of a target at once. */
static void a_translation_is_as_probable_as_evaluation_says(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        bench b;
        int64_t *lengths, labels;
        double loss, sum = 0;
        wl_translation found[PAIRS];
        wl_error error = { "" };
        wl_seq2seq *m = half_taught(&b, WL_CPU, kind);
        const int32_t **sources = sources_of(&b, &lengths);
        translated(&b, m, sources, lengths, PAIRS, 4, 8, found);
        wl_pairs *pairs = pairs_of(&b, found);
        if (wl_seq2seq_evaluate(m, pairs, NULL, &loss, &labels, &error)) fail_msg("%s", error.text);
        for (int i = 0; i < PAIRS; i++) {
            sum += found[i].log_probability;
            assert_true(found[i].ended);
        }
        assert_true(fabs(-sum - loss * (double)labels) < 1e-4 * loss * (double)labels);
        wl_pairs_destroy(pairs);
        wl_translations_free(found, PAIRS);
        free(sources), free(lengths);
        wl_seq2seq_destroy(m);
        free_bench(&b);
    }
}

static void any_source_is_translated(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        bench b;
        int32_t longest[300] = { 0 };
        wl_translation found[3];
        wl_seq2seq *m = half_taught(&b, WL_CPU, kind);
        const int32_t unknown = (int32_t)wl_vocabulary_find(b.source, "<unk>", 5);
        const int32_t *const sources[3] = { longest, &unknown, longest };
        const int64_t lengths[3] = { 0, 1, 300 };
        assert_true(unknown >= 0);
        translated(&b, m, sources, lengths, 3, 2, 8, found);
        for (int i = 0; i < 3; i++) {
            assert_true(isfinite(found[i].score) && found[i].log_probability < 0);
            assert_in_range(found[i].count, 0, 2 * lengths[i] + 20);
        }
        wl_translations_free(found, 3);
        wl_seq2seq_destroy(m);
        free_bench(&b);
    }
}

/* ------------------------------------------------------------------ attention */

static void weights_of_a_token_add_up_to_1(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        bench b;
        float weights[4 * 3];
        int64_t S, T;
        wl_error error = { "" };
        wl_seq2seq *m = half_taught(&b, WL_CPU, kind);
        const int32_t *source = wl_pairs_source(b.pairs, 11, &S);
        const int32_t *target = wl_pairs_target(b.pairs, 11, &T);
        const wl_status status = wl_seq2seq_attend(m, source, S, target, T, weights, &error);
        if (wl_seq2seq_configuration(m)->model != ATTENTION)
            assert_int_equal(status, WL_UNSUPPORTED);
        else
            assert_int_equal(status, WL_OK);
        for (int64_t t = 0; t <= T && !status; t++) {
            float sum = 0;
            for (int64_t s = 0; s < S; s++) sum += weights[t * S + s];
            assert_true(fabsf(sum - 1) < 1e-5f);
        }
        wl_seq2seq_destroy(m);
        free_bench(&b);
    }
}

/* ------------------------------------------------------------------ refusals */

static void configurations_that_cannot_be_are_named(void **state)
{
    static const struct {
        wl_seq2seq_config config;
        const char *said;
    } cases[] = {
        { { .model = PLAIN, .hidden = 7, .bidirectional = 1 }, "hidden is 7" },
        { { .model = ATTENTION, .tie = 1, .embed = 12 }, "embed is 12, expected 24" },
        { { .model = PEEKY, .score = WL_SCORE_GENERAL }, "score is general" },
        { { .model = PLAIN, .layers = 17 }, "layers" },
        { { .model = PLAIN, .dropout = 1 }, "dropout" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bench b = make_bench(WL_CPU, backwards, &cases[i].config);
        wl_seq2seq *model;
        wl_error error = { "" };
        assert_int_equal(wl_seq2seq_create(&model, b.ctx, &b.config, b.source, b.target, &error),
                         WL_OUT_OF_RANGE);
        assert_error(&error, "seq2seq", cases[i].said, NULL);
        assert_null(model);
        free_bench(&b);
    }
}

static void a_search_that_cannot_be_is_named(void **state)
{
    static const wl_seq2seq_search cases[] = {
        { .beam = 0, .batch = 1 },
        { .beam = 65, .batch = 1 },
        { .beam = 1, .batch = 0 },
        { .beam = 1, .batch = 1, .most = -1 },
        { .beam = 1, .batch = 1, .length_penalty = NAN },
    };
    static const char *const said[] = { "beam is 0", "beam is 65", "batch", "most", "penalty" };
    static const wl_seq2seq_config plain = { .model = PLAIN };
    bench b = make_bench(WL_CPU, backwards, &plain);
    wl_seq2seq *m = make_model(&b);
    const int32_t id = 0, *const source = &id;
    const int64_t length = 1;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        wl_translation found;
        wl_error error = { "" };
        assert_int_equal(
            wl_seq2seq_translate(m, &source, &length, 1, &cases[i], NULL, &found, &error),
            WL_OUT_OF_RANGE);
        assert_error(&error, said[i], NULL);
        wl_translations_free(&found, 1);
    }
    wl_seq2seq_destroy(m);
    free_bench(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(models_of_each_kind_learn),
        cmocka_unit_test(a_resumed_run_ends_with_the_same_bits),
        cmocka_unit_test(any_number_of_threads_gives_the_same_bits),
        cmocka_unit_test(a_batch_in_any_order_gives_the_same_sentences),
        cmocka_unit_test(a_wider_beam_never_scores_below_a_narrow_one),
        cmocka_unit_test(a_translation_is_as_probable_as_evaluation_says),
        cmocka_unit_test(any_source_is_translated),
        cmocka_unit_test(weights_of_a_token_add_up_to_1),
        cmocka_unit_test(configurations_that_cannot_be_are_named),
        cmocka_unit_test(a_search_that_cannot_be_is_named),
    };
    return cmocka_run_group_tests_name("seq2seq_model", tests, make_folder, remove_folder);
}
