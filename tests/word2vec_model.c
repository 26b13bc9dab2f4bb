/* Training word2vec, on either device. */
#include "training.h"

#include "../host/ops/word2vec_draws.h"

#include <wordloom/nn/similar.h>

#include <float.h>
#include <math.h>
#include <unistd.h>
#include <omp.h>

/* Ways of training that differ in what is computed. */
typedef struct way {
    const char *name;
    int32_t method, negatives, context, hogwild, dtype;
    wl_subword subword;
    int32_t loss;
} way;

static const way ways[] = {
    { "skip-gram", WL_SKIPGRAM, WL_NEGATIVES_PER_WINDOW, 0, 0, WL_F32, { 0 }, 0 },
    { "skip-gram bf16", WL_SKIPGRAM, WL_NEGATIVES_PER_WINDOW, 0, 0, WL_BF16, { 0 }, 0 },
    { "skip-gram f16", WL_SKIPGRAM, WL_NEGATIVES_PER_WINDOW, 0, 0, WL_F16, { 0 }, 0 },
    { "skip-gram by pairs", WL_SKIPGRAM, WL_NEGATIVES_PER_PAIR, 0, 0, WL_F32, { 0 }, 0 },
    { "cbow", WL_CBOW, 0, WL_CONTEXT_MEAN, 0, WL_F32, { 0 }, 0 },
    { "cbow bf16", WL_CBOW, 0, WL_CONTEXT_MEAN, 0, WL_BF16, { 0 }, 0 },
    { "cbow sum", WL_CBOW, 0, WL_CONTEXT_SUM, 0, WL_F32, { 0 }, 0 },
    { "cbow corrected", WL_CBOW, 0, WL_CONTEXT_MEAN_CORRECTED, 0, WL_F32, { 0 }, 0 },
    { "skip-gram n-grams", WL_SKIPGRAM, 0, 0, 0, WL_F32, { 1, 2, 50 }, 0 },
    { "cbow n-grams", WL_CBOW, 0, WL_CONTEXT_MEAN, 0, WL_F32, { 1, 2, 50 }, 0 },
    { "hogwild skip-gram", WL_SKIPGRAM, WL_NEGATIVES_PER_WINDOW, 0, 1, WL_F32, { 0 }, 0 },
    { "hogwild skip-gram bf16", WL_SKIPGRAM, WL_NEGATIVES_PER_PAIR, 0, 1, WL_BF16, { 0 }, 0 },
    { "hogwild cbow", WL_CBOW, 0, WL_CONTEXT_MEAN, 1, WL_F32, { 0 }, 0 },
    { "hogwild n-grams", WL_CBOW, 0, WL_CONTEXT_MEAN, 1, WL_F32, { 1, 2, 50 }, 0 },
    { "hs skip-gram", WL_SKIPGRAM, 0, 0, 0, WL_F32, { 0 }, WL_WORD2VEC_HIERARCHICAL },
    { "hs cbow bf16", WL_CBOW, 0, WL_CONTEXT_MEAN, 0, WL_BF16, { 0 }, WL_WORD2VEC_HIERARCHICAL },
    { "hs hogwild n-grams", WL_SKIPGRAM, 0, 0, 1, WL_F32, { 1, 2, 50 }, WL_WORD2VEC_HIERARCHICAL },
    { "softmax skip-gram", WL_SKIPGRAM, 0, 0, 0, WL_F32, { 0 }, WL_WORD2VEC_SOFTMAX },
    { "softmax cbow", WL_CBOW, 0, WL_CONTEXT_MEAN, 0, WL_F32, { 0 }, WL_WORD2VEC_SOFTMAX },
    { "softmax cbow f16", WL_CBOW, 0, WL_CONTEXT_SUM, 0, WL_F16, { 0 }, WL_WORD2VEC_SOFTMAX },
};
enum { WAYS = sizeof ways / sizeof *ways };

static bench bench_of(const char *text, const way *w)
{
    bench b = make_bench(text);
    b.config.method = w->method;
    b.config.negatives = w->negatives;
    b.config.context = w->context;
    b.config.hogwild = w->hogwild;
    b.config.dtype = w->dtype;
    b.config.subword = w->subword;
    b.config.loss = w->loss;
    return b;
}

static void check_the_loss_falls(const char *text, const way *w, int64_t workers)
{
    bench b = bench_of(text, w);
    b.config.workers = workers;
    if (w->hogwild) b.config.lr = 0.003; /* or the first epoch learns it all */
    free(train(&b));
    for (int64_t e = 1; e < b.config.epochs; e++)
        if (!(b.losses[e] < b.losses[e - 1]))
            fail_msg("%s, %d workers: the loss rose from %g to %g", w->name, (int)workers,
                     b.losses[e - 1], b.losses[e]);
    assert_int_equal(b.last.words, 4 * 600 * 8);
    assert_int_equal(b.last.total_words, b.last.words);
    assert_int_equal(b.last.skipped, 0);
    free_bench(&b);
}

static void the_loss_falls_in_every_way(void **state)
{
    (void)state;
    char *text = topics(600);
    for (int i = 0; i < WAYS; i++) check_the_loss_falls(text, &ways[i], 1);
    free(text);
}

static void the_loss_falls_while_workers_race(void **state)
{
    (void)state;
    char *text = topics(600);
    for (int i = 0; i < WAYS; i++)
        if (ways[i].hogwild) check_the_loss_falls(text, &ways[i], 4);
    free(text);
}

/* Also with one worker of hogwild, which is one thread. */
static void bits_are_the_same_for_any_number_of_threads(void **state)
{
    (void)state;
    char *text = topics(300);
    for (int i = 0; i < WAYS; i++) {
        bench b = bench_of(text, &ways[i]);
        b.config.batch = 256; /* enough work for the operators to share it out */
        b.config.epochs = 2;
        b.config.sample = 0.01;
        omp_set_num_threads(1);
        float *first = train(&b);
        for (int threads = 1; threads <= 8; threads *= 2) {
            omp_set_num_threads(threads);
            float *again = train(&b);
            if (memcmp(first, again, table_bytes(&b))) fail_msg("%s: other bits", ways[i].name);
            free(again);
        }
        b.config.seed++;
        float *other = train(&b);
        assert_memory_not_equal(first, other, table_bytes(&b));
        free(other);
        free(first);
        free_bench(&b);
    }
    omp_set_num_threads(2);
    free(text);
}

/* What stands in <wordloom/nn/word2vec.h>; other batches and caps give other bits. */
static void batch_and_cap_are_by_default_the_methods(void **state)
{
    static const struct {
        int32_t method, negatives, loss;
        int64_t batch;
        double cap;
    } cases[] = {
        { WL_SKIPGRAM, WL_NEGATIVES_PER_WINDOW, WL_WORD2VEC_NEGATIVE, 256, 12 },
        { WL_SKIPGRAM, WL_NEGATIVES_PER_PAIR, WL_WORD2VEC_NEGATIVE, 64, 64 },
        { WL_CBOW, WL_NEGATIVES_PER_PAIR, WL_WORD2VEC_NEGATIVE, 256, 16 },
        { WL_SKIPGRAM, WL_NEGATIVES_PER_PAIR, WL_WORD2VEC_HIERARCHICAL, 256, 16 },
    };
    (void)state;
    char *text = topics(300);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bench b = make_bench(text);
        b.config.method = cases[i].method;
        b.config.negatives = cases[i].negatives;
        b.config.loss = cases[i].loss;
        b.config.batch = 0;
        b.config.cap = -1;
        float *by_default = train(&b);
        for (int other = 0; other < 3; other++) {
            b.config.batch = cases[i].batch * (other == 1 ? 2 : 1);
            b.config.cap = cases[i].cap * (other == 2 ? 0.5 : 1);
            float *asked = train(&b);
            assert_int_equal(memcmp(by_default, asked, table_bytes(&b)) != 0, other != 0);
            free(asked);
        }
        free(by_default);
        free_bench(&b);
    }
    free(text);
}

/* How far tables are apart, of the greatest number. */
static double distance(const bench *b, const float *one, const float *two)
{
    double apart = 0, most = 0;
    for (size_t i = 0; i < table_bytes(b) / sizeof *one; i++) {
        apart = fmax(apart, fabs((double)one[i] - (double)two[i]));
        most = fmax(most, fabs((double)one[i]));
    }
    return apart / most;
}

/* Exactly where the learning rate stays what it is; else to within its roundings. */
static void slices_change_nothing(void **state)
{
    (void)state;
    const int64_t slices[] = { 32, 64, 96, 1024, 8192 };
    char *text = topics(700);
    bench b = make_bench(text);
    b.config.epochs = 2;
    b.config.sample = 0.05;
    for (int falls = 0; falls < 2; falls++) {
        b.config.min_lr_fraction = falls ? 0 : 1;
        b.slice = 8192;
        float *whole = train(&b);
        for (int i = 0; i < 5; i++) {
            b.slice = slices[i];
            b.group = 1 + i;
            float *cut = train(&b);
            assert_true(distance(&b, whole, cut) <= (falls ? 1000 * (double)FLT_EPSILON : 0));
            free(cut);
        }
        free(whole);
    }
    free_bench(&b);
    free(text);
}

typedef struct rates {
    const wl_word2vec_config *config;
    int reports;
} rates;

/* The words are rounded, the rate is a float, and falls over one word more than there are. */
static int check_rate(void *user, const wl_word2vec_progress *now)
{
    rates *r = user;
    const double total = (double)now->total_words + 1, part = (double)now->words / total;
    const double expected = r->config->lr * (1 - part * (1 - r->config->min_lr_fraction));
    assert_true(fabs(now->lr - expected) <= r->config->lr * (0.5 / total + FLT_EPSILON));
    r->reports++;
    return 0;
}

static void the_rate_falls_linearly_to_its_fraction(void **state)
{
    (void)state;
    const double fractions[] = { 0, 0.25, 1 };
    char *text = topics(2000);
    for (int i = 0; i < 3; i++) {
        bench b = make_bench(text);
        b.config.min_lr_fraction = fractions[i];
        b.group = 1;
        b.slice = 512;
        rates r = { &b.config, 0 };
        wl_error error = { "" };
        wl_word2vec *model = make_model(&b);
        assert_int_equal(wl_word2vec_train(model, b.tokens, check_rate, &r, NULL, &error), WL_OK);
        assert_true(r.reports > 4 * 10);
        wl_word2vec_destroy(model);
        free_bench(&b);
    }
    free(text);
}

/* Every word of a line but the two at its ends has two neighbours: shards cut between lines. */
static void shards_lose_no_pair(void **state)
{
    (void)state;
    const int64_t shards[] = { 9, 20, 100, 10000 };
    char *text = topics(100);
    for (int i = 0; i < 4; i++) {
        bench b = make_bench(text);
        b.config.window = 1;
        b.shard_tokens = shards[i];
        free(train(&b));
        assert_int_equal(b.last.pairs, 4 * 100 * 2 * 7);
        assert_int_equal(b.last.words, 4 * 100 * 8);
        free_bench(&b);
    }
    free(text);
}

/* Subsampling leaves nothing of most shards of two lines. */
static void shards_may_be_empty(void **state)
{
    (void)state;
    char *text = topics(100);
    bench b = make_bench(text);
    b.shard_tokens = 18;
    b.config.sample = 1e-4;
    free(train(&b));
    assert_in_range(b.last.pairs, 1, 4 * 100);
    assert_int_equal(b.last.words, 4 * 100 * 8);
    free_bench(&b);
    free(text);
}

/* The same draws and, but for rounding, the same sums: on CUDA, emulated or real, a run of a few
 * batches loses what it loses on the CPU, and ends with the same tables. */
static void both_devices_learn_the_same(void **state)
{
    (void)state;
    if (wl_device_count(WL_CUDA) == 0) {
        print_message("skipped: no CUDA device, emulated or real\n");
        skip();
    }
    char *text = topics(12);
    for (int i = 0; i < WAYS; i++) {
        if (ways[i].dtype != WL_F32) continue; /* roundings would part */
        bench cpu = bench_of(text, &ways[i]), cuda = bench_of(text, &ways[i]);
        wl_ctx_destroy(cuda.ctx);
        assert_int_equal(wl_ctx_create(&cuda.ctx, WL_CUDA, 0), WL_OK);
        cpu.config.epochs = cuda.config.epochs = 2;
        float *one = train(&cpu), *two = train(&cuda);
        for (int epoch = 0; epoch < 2; epoch++)
            assert_true(fabs(cpu.losses[epoch] - cuda.losses[epoch]) <=
                        1000 * (double)FLT_EPSILON * cpu.losses[epoch]);
        assert_true(distance(&cpu, one, two) <= 1000 * (double)FLT_EPSILON);
        free(one), free(two);
        free_bench(&cpu), free_bench(&cuda);
    }
    free(text);
}

static void words_of_a_topic_become_neighbours(void **state)
{
    (void)state;
    char *text = topics(1500);
    for (int method = WL_SKIPGRAM; method <= WL_CBOW; method++) {
        bench b = make_bench(text);
        wl_similar *similar;
        wl_neighbour near[5];
        wl_error error;
        b.config.method = method;
        b.config.epochs = method == WL_CBOW ? 10 : 4;
        float *tables = train(&b);
        const int64_t V = wl_vocabulary_size(b.words);
        assert_int_equal(wl_similar_create(&similar, b.ctx, tables, V, b.config.dim, &error),
                         WL_OK);
        for (int64_t i = 0; i < V; i++) {
            int64_t found;
            assert_int_equal(
                wl_similar_nearest(similar, tables + i * b.config.dim, i, 5, near, &found, &error),
                WL_OK);
            assert_int_equal(found, 5);
            for (int j = 0; j < 5; j++)
                assert_int_equal(*wl_vocabulary_word(b.words, near[j].id, NULL),
                                 *wl_vocabulary_word(b.words, i, NULL));
        }
        wl_similar_destroy(similar);
        free(tables);
        free_bench(&b);
    }
    free(text);
}

/* output += the first step of a centre's sample from its contexts; answers how many they are. */
static int64_t add_by_hand(const bench *b, const float *input, const int32_t *ids, int64_t n,
                           int64_t centre, int32_t sample, double g, double *output)
{
    const int64_t D = b->config.dim;
    int64_t contexts = 0;
    for (int64_t c = centre - 1; c <= centre + 1; c += 2) {
        if (c < 0 || c >= n || ids[c] < 0) continue;
        contexts++;
        for (int64_t i = 0; i < D; i++)
            output[sample * D + i] -= b->config.lr * g * (double)input[ids[c] * D + i];
    }
    return contexts;
}

/* The output table begins as zero: every score is 0 and its loss ln 2; the input table gets no
 * gradient, and a row of the output table is the sum of lr (1/2 - [target]) x. */
static void the_first_batch_is_as_by_hand(void **state)
{
    (void)state;
    bench b = make_bench("a b c d e f g h a c e g\nb d a\n");
    b.config.window = 1;
    b.config.negative = 1;
    b.config.batch = 64;
    b.config.epochs = 1;
    b.config.cap = 0;
    int32_t ids[32];
    int64_t n, pairs = 0, scores = 0;
    wl_error error;
    wl_noise *noise;
    assert_int_equal(wl_tokens_read(b.tokens, 0, ids, 32, &n, &error), WL_OK);
    assert_int_equal(wl_noise_create(&noise, b.words, b.config.power, &error), WL_OK);
    float *tables = train(&b);
    const int64_t D = b.config.dim, V = wl_vocabulary_size(b.words);
    double *output = calloc((size_t)(V * D), sizeof *output);
    for (int64_t i = 0; i < n; i++) {
        if (ids[i] < 0) continue;
        const wl_random r = wl_word2vec_negatives_draw(b.config.seed, (uint64_t)i, 0);
        const int32_t negative = wl_noise_draw(noise, (uint64_t)r.word[0] << 32 | r.word[1]);
        const int64_t contexts = add_by_hand(&b, tables, ids, n, i, ids[i], -0.5, output);
        pairs += contexts;
        scores += contexts;
        if (negative != ids[i]) scores += add_by_hand(&b, tables, ids, n, i, negative, 0.5, output);
    }
    const double loss = log(2) * (double)scores / (double)pairs;
    assert_int_equal(b.last.pairs, pairs);
    assert_true(fabs(b.losses[0] - loss) <= 8 * (double)FLT_EPSILON * loss);
    for (int64_t i = 0; i < V * D; i++) {
        assert_true(fabs((double)tables[i]) <= 0.5 / (double)D);
        assert_true(fabs((double)tables[V * D + i] - output[i]) <=
                    (double)scores * (double)FLT_EPSILON * b.config.lr * 0.5 / (double)D);
    }
    free(output);
    free(tables);
    wl_noise_destroy(noise);
    free_bench(&b);
}

static void a_run_that_diverges_stops_with_finite_tables(void **state)
{
    (void)state;
    char *text = topics(4000);
    bench b = make_bench(text);
    wl_error error;
    b.config.lr = 1000;
    b.config.cap = 0;
    wl_word2vec *model = make_model(&b);
    assert_int_equal(wl_word2vec_train(model, b.tokens, NULL, NULL, NULL, &error), WL_NOT_FINITE);
    assert_error(&error, "25 times in a row", "learning rate", NULL);
    assert_int_equal(wl_word2vec_save(model, b.tokens, in_folder("bad"), &error), WL_NOT_FINITE);
    assert_int_equal(access(in_folder("bad"), F_OK), -1);
    assert_int_equal(wl_word2vec_write(model, in_folder("finite.txt"), WL_VECTORS_TEXT, &error),
                     WL_OK);
    wl_word2vec_destroy(model);
    free_bench(&b);
    free(text);
}

static int end_at_second_epoch(void *user, const wl_word2vec_progress *now)
{
    *(int64_t *)user = now->words;
    return now->epoch == 2;
}

/* And goes on from there. */
static void a_run_ends_when_it_is_asked_to(void **state)
{
    (void)state;
    char *text = topics(200);
    bench b = make_bench(text);
    wl_error error;
    int64_t words = 0;
    const volatile sig_atomic_t stop = 1;
    float *whole = train(&b);
    wl_word2vec *model = make_model(&b);
    assert_int_equal(wl_word2vec_train(model, b.tokens, end_at_second_epoch, &words, NULL, &error),
                     WL_INTERRUPTED);
    assert_true(words >= 1600 && words <= 3200);
    assert_int_equal(wl_word2vec_train(model, b.tokens, NULL, NULL, &stop, &error), WL_INTERRUPTED);
    assert_int_equal(wl_word2vec_train(model, b.tokens, NULL, NULL, NULL, &error), WL_OK);
    float *parts = tables_of(&b, model);
    assert_memory_equal(whole, parts, table_bytes(&b));
    free(parts);
    free(whole);
    wl_word2vec_destroy(model);
    free_bench(&b);
    free(text);
}

/* While the output table is zero p is 1/2, and inputs get nothing: from x_y for x and x_x for y
 * o_x gets lr (x_y - x_x) / 2, and o_y minus that. */
static void a_step_of_the_softmax_is_as_by_hand(void **state)
{
    (void)state;
    for (int method = WL_SKIPGRAM; method <= WL_CBOW; method++) {
        bench b = make_bench("x y\n");
        float begin[40], input[40], output[40];
        wl_error error;
        b.config.loss = WL_WORD2VEC_SOFTMAX;
        b.config.method = method;
        b.config.epochs = 1;
        b.config.lr = 0.25;
        b.config.min_lr_fraction = 1;
        wl_word2vec *model = make_model(&b);
        assert_int_equal(wl_word2vec_tables(model, begin, NULL, &error), WL_OK);
        assert_int_equal(wl_word2vec_train(model, b.tokens, keep_losses, &b, NULL, &error), WL_OK);
        assert_int_equal(wl_word2vec_tables(model, input, output, &error), WL_OK);
        assert_memory_equal(begin, input, sizeof begin);
        for (int i = 0; i < 20; i++) {
            const float expected = 0.125f * (begin[20 + i] - begin[i]);
            assert_true(fabsf(output[i] - expected) <= 4 * FLT_EPSILON * fabsf(expected));
            assert_true(output[20 + i] == -output[i]);
        }
        assert_int_equal(b.last.pairs, 2);
        assert_true(fabs(b.losses[0] - log(2)) <= (double)FLT_EPSILON);
        wl_word2vec_destroy(model);
        free_bench(&b);
    }
}

static void what_cannot_be_learnt_is_refused(void **state)
{
    (void)state;
    bench b = make_bench("a\nb\na\n");
    wl_word2vec *model = make_model(&b);
    wl_error error;
    assert_int_equal(wl_word2vec_train(model, b.tokens, NULL, NULL, NULL, &error), WL_OUT_OF_RANGE);
    wl_word2vec_destroy(model);
    b.config.window = 0;
    assert_int_equal(wl_word2vec_create(&model, b.ctx, &b.config, b.words, &error),
                     WL_OUT_OF_RANGE);
    assert_error(&error, "window", "is 0", NULL);
    assert_null(model);
    b.config.window = 1;
    b.config.loss = WL_WORD2VEC_SOFTMAX;
    b.config.hogwild = 1;
    assert_int_equal(wl_word2vec_create(&model, b.ctx, &b.config, b.words, &error),
                     WL_OUT_OF_RANGE);
    assert_error(&error, "neither hogwild nor n-grams", NULL);
    b.config.hogwild = 0;
    b.config.subword = (wl_subword){ 3, 6, 10 };
    assert_int_equal(wl_word2vec_create(&model, b.ctx, &b.config, b.words, &error),
                     WL_OUT_OF_RANGE);
    assert_null(model);
    free_bench(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_loss_falls_in_every_way),
        cmocka_unit_test(the_loss_falls_while_workers_race),
        cmocka_unit_test(bits_are_the_same_for_any_number_of_threads),
        cmocka_unit_test(batch_and_cap_are_by_default_the_methods),
        cmocka_unit_test(slices_change_nothing),
        cmocka_unit_test(the_rate_falls_linearly_to_its_fraction),
        cmocka_unit_test(shards_lose_no_pair),
        cmocka_unit_test(shards_may_be_empty),
        cmocka_unit_test(both_devices_learn_the_same),
        cmocka_unit_test(words_of_a_topic_become_neighbours),
        cmocka_unit_test(the_first_batch_is_as_by_hand),
        cmocka_unit_test(a_run_that_diverges_stops_with_finite_tables),
        cmocka_unit_test(a_run_ends_when_it_is_asked_to),
        cmocka_unit_test(a_step_of_the_softmax_is_as_by_hand),
        cmocka_unit_test(what_cannot_be_learnt_is_refused),
    };
    return cmocka_run_group_tests_name("word2vec_model", tests, make_folder, remove_folder);
}
