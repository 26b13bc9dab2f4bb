/* Models: the arenas they live in, and training word2vec. */
#include "texts.h"

#include <wordloom/nn/memory.h>
#include <wordloom/nn/similar.h>
#include <wordloom/nn/word2vec.h>

#include <float.h>
#include <math.h>
#include <omp.h>

/* ------------------------------------------------------------------ memory */

static wl_status carve_three(void *owner, wl_arena *arena)
{
    wl_tensor *t = owner;
    t[0] = wl_arena_take(arena, WL_F32, 3, (int64_t[4]){ 3, 5, 7 });
    t[1] = wl_arena_take(arena, WL_I32, 1, (int64_t[4]){ 0 });
    t[2] = wl_arena_take_rows(arena, WL_BF16, 4, 33, 64);
    return WL_OK;
}

static wl_status carve_too_much(void *owner, wl_arena *arena)
{
    *(wl_tensor *)owner = wl_arena_take(arena, WL_F32, 2, (int64_t[4]){ INT64_MAX, INT64_MAX });
    return WL_OK;
}

static void an_arena_carves_what_it_measured(void **state)
{
    (void)state;
    wl_ctx *ctx;
    wl_arena arena;
    wl_tensor t[3];
    wl_error error;
    assert_int_equal(wl_ctx_create(&ctx, WL_CPU, 0), WL_OK);
    assert_int_equal(wl_arena_create(&arena, ctx, carve_three, t, &error), WL_OK);
    assert_int_equal(arena.used, 512 + 0 + 512);
    for (int i = 0; i < 3; i++) assert_int_equal((uintptr_t)t[i].data % 256, 0);
    assert_ptr_equal(t[2].data, arena.base + 512);
    assert_int_equal(t[2].shape[1], 33);
    assert_int_equal(t[2].stride[0], 64);
    wl_arena_destroy(&arena);
    assert_int_equal(wl_arena_create(&arena, ctx, carve_too_much, t, &error), WL_NO_MEMORY);
    wl_arena_destroy(&arena);
    wl_ctx_destroy(ctx);
}

/* ------------------------------------------------------------------ training */

/* Everything a training run needs, on the topics. */
typedef struct bench {
    wl_ctx *ctx;
    wl_corpus *corpus;
    wl_vocabulary *words;
    wl_word2vec_config config;
    double losses[64]; /* of each epoch */
    int64_t reports;
} bench;

static bench make_bench(const char *text)
{
    bench b = { .config = wl_word2vec_defaults() };
    assert_int_equal(wl_ctx_create(&b.ctx, WL_CPU, 0), WL_OK);
    b.corpus = open_text(text);
    b.words = count(b.corpus, 1);
    b.config.dim = 20;
    b.config.batch = 32;
    b.config.sample = 0;
    b.config.epochs = 4;
    b.config.lr = 0.05;
    return b;
}

static void free_bench(bench *b)
{
    wl_vocabulary_destroy(b->words);
    wl_corpus_close(b->corpus);
    wl_ctx_destroy(b->ctx);
}

static int keep_losses(void *user, const wl_word2vec_progress *now)
{
    bench *b = user;
    b->reports++;
    if (now->epoch_ended) b->losses[now->epoch - 1] = now->epoch_loss;
    return 0;
}

/* The tables after a run: input, then output. */
static float *train(bench *b)
{
    wl_word2vec *model;
    wl_error error;
    const size_t n = (size_t)(wl_vocabulary_size(b->words) * b->config.dim);
    float *tables = malloc(2 * n * sizeof *tables);
    assert_int_equal(wl_word2vec_create(&model, b->ctx, &b->config, b->words, &error), WL_OK);
    assert_int_equal(wl_word2vec_train(model, b->corpus, keep_losses, b, NULL, &error), WL_OK);
    assert_int_equal(wl_word2vec_tables(model, tables, tables + n, &error), WL_OK);
    wl_word2vec_destroy(model);
    return tables;
}

static size_t table_bytes(const bench *b)
{
    return (size_t)(2 * wl_vocabulary_size(b->words) * b->config.dim) * sizeof(float);
}

static void the_loss_falls_with_every_rule_and_type(void **state)
{
    (void)state;
    const struct {
        int32_t optimizer, dtype;
        double lr;
    } cases[] = {
        { WL_SGD, WL_F32, 0.05 },  { WL_ADAGRAD, WL_F32, 0.05 }, { WL_ADAM, WL_F32, 0.005 },
        { WL_SGD, WL_BF16, 0.05 }, { WL_SGD, WL_F16, 0.05 },     { WL_ADAM, WL_BF16, 0.005 },
    };
    char *text = topics(600);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bench b = make_bench(text);
        b.config.optimizer = cases[i].optimizer;
        b.config.dtype = cases[i].dtype;
        b.config.lr = cases[i].lr;
        free(train(&b));
        for (int64_t e = 1; e < b.config.epochs; e++) assert_true(b.losses[e] < b.losses[e - 1]);
        free_bench(&b);
    }
    free(text);
}

static void bits_are_the_same_for_any_number_of_threads(void **state)
{
    (void)state;
    const int32_t dtypes[] = { WL_F32, WL_BF16 };
    char *text = topics(400);
    for (int k = 0; k < 2; k++) {
        bench b = make_bench(text);
        b.config.dtype = dtypes[k];
        b.config.batch = 256; /* enough work for the operators to share it out */
        omp_set_num_threads(1);
        float *first = train(&b);
        for (int threads = 1; threads <= 8; threads *= 2) {
            omp_set_num_threads(threads);
            float *again = train(&b);
            assert_memory_equal(first, again, table_bytes(&b));
            free(again);
        }
        b.config.seed++;
        float *other = train(&b);
        assert_memory_not_equal(first, other, table_bytes(&b));
        free(other);
        free(first);
        free_bench(&b);
    }
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
    bench cpu = make_bench(text), cuda = make_bench(text);
    wl_ctx_destroy(cuda.ctx);
    assert_int_equal(wl_ctx_create(&cuda.ctx, WL_CUDA, 0), WL_OK);
    cpu.config.epochs = cuda.config.epochs = 2;
    float *one = train(&cpu), *two = train(&cuda);
    for (int epoch = 0; epoch < 2; epoch++)
        assert_true(fabs(cpu.losses[epoch] - cuda.losses[epoch]) <=
                    1000 * (double)FLT_EPSILON * cpu.losses[epoch]);
    double apart = 0, most = 0;
    for (size_t i = 0; i < table_bytes(&cpu) / sizeof *one; i++) {
        apart = fmax(apart, fabs((double)one[i] - (double)two[i]));
        most = fmax(most, fabs((double)one[i]));
    }
    assert_true(most > 0 && apart <= 1000 * (double)FLT_EPSILON * most);
    free(one), free(two);
    free_bench(&cpu), free_bench(&cuda);
    free(text);
}

static void words_of_a_topic_become_neighbours(void **state)
{
    (void)state;
    char *text = topics(1500);
    bench b = make_bench(text);
    wl_similar *similar;
    wl_neighbour near[5];
    wl_error error;
    float *tables = train(&b);
    const int64_t V = wl_vocabulary_size(b.words);
    assert_int_equal(wl_similar_create(&similar, tables, V, b.config.dim, &error), WL_OK);
    for (int64_t i = 0; i < V; i++) {
        int64_t found;
        assert_int_equal(
            wl_similar_nearest(similar, wl_similar_row(similar, i), i, 5, near, &found, &error),
            WL_OK);
        assert_int_equal(found, 5);
        for (int j = 0; j < 5; j++) {
            assert_int_equal(*wl_vocabulary_word(b.words, near[j].id, NULL),
                             *wl_vocabulary_word(b.words, i, NULL));
            assert_true(j == 0 || near[j].cosine <= near[j - 1].cosine);
        }
    }
    wl_similar_destroy(similar);
    free(tables);
    free_bench(&b);
    free(text);
}

/* The output table begins as zero: every slot's score is 0 and its loss ln 2; the input table
 * gets no gradient, and a row of the output table is the sum of lr (1/2 - [negative]) h. */
static void the_first_batch_is_as_by_hand(void **state)
{
    (void)state;
    bench b = make_bench("a b c d e f g h a c e g\n");
    const wl_skipgram_config same = { b.config.window, b.config.negative, 64, 0, b.config.seed };
    b.config.batch = 64;
    b.config.epochs = 1;
    b.config.cap = 0;
    float *tables = train(&b);
    const stream s = read_stream(b.corpus, b.words, same, 1);
    const int64_t D = b.config.dim, V = wl_vocabulary_size(b.words), K = 1 + b.config.negative;
    double *output = calloc((size_t)(V * D), sizeof *output);
    int64_t slots = 0;
    for (int64_t i = 0; i < s.pairs * K; i++) {
        if (s.samples[i] < 0) continue;
        slots++;
        for (int64_t j = 0; j < D; j++)
            output[s.samples[i] * D + j] -=
                b.config.lr * (i % K ? 0.5 : -0.5) * (double)tables[s.inputs[i / K] * D + j];
    }
    const double loss = log(2) * (double)slots / (double)s.pairs;
    assert_true(fabs(b.losses[0] - loss) <= 8 * (double)FLT_EPSILON * loss);
    for (int64_t i = 0; i < V * D; i++) {
        assert_true(fabs((double)tables[i]) <= 0.5 / (double)D);
        assert_true(fabs((double)tables[V * D + i] - output[i]) <=
                    (double)slots * (double)FLT_EPSILON * b.config.lr * 0.5 / (double)D);
    }
    free(output);
    free_stream(s);
    free(tables);
    free_bench(&b);
}

static void a_run_that_diverges_stops_with_finite_tables(void **state)
{
    (void)state;
    char *text = topics(4000);
    bench b = make_bench(text);
    wl_word2vec *model;
    wl_error error;
    b.config.lr = 1000;
    b.config.cap = 0;
    assert_int_equal(wl_word2vec_create(&model, b.ctx, &b.config, b.words, &error), WL_OK);
    assert_int_equal(wl_word2vec_train(model, b.corpus, NULL, NULL, NULL, &error), WL_NOT_FINITE);
    assert_error(&error, "25 mini-batches", "learning rate", NULL);
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

static void a_run_ends_when_it_is_asked_to(void **state)
{
    (void)state;
    char *text = topics(200);
    bench b = make_bench(text);
    wl_word2vec *model;
    wl_error error;
    int64_t words = 0;
    const volatile sig_atomic_t stop = 1;
    assert_int_equal(wl_word2vec_create(&model, b.ctx, &b.config, b.words, &error), WL_OK);
    assert_int_equal(wl_word2vec_train(model, b.corpus, end_at_second_epoch, &words, NULL, &error),
                     WL_INTERRUPTED);
    assert_true(words > 1600 && words <= 3200);
    assert_int_equal(wl_word2vec_train(model, b.corpus, NULL, NULL, &stop, &error), WL_INTERRUPTED);
    wl_vocabulary *counted;
    assert_int_equal(wl_word2vec_count(&counted, b.corpus, 1, NULL, NULL, &stop, &error),
                     WL_INTERRUPTED);
    wl_word2vec_destroy(model);
    free_bench(&b);
    free(text);
}

static void what_cannot_be_learnt_is_refused(void **state)
{
    (void)state;
    bench b = make_bench("a\nb\na\n");
    wl_word2vec *model;
    wl_vocabulary *words;
    wl_error error;
    assert_int_equal(wl_word2vec_create(&model, b.ctx, &b.config, b.words, &error), WL_OK);
    assert_int_equal(wl_word2vec_train(model, b.corpus, NULL, NULL, NULL, &error), WL_OUT_OF_RANGE);
    wl_word2vec_destroy(model);
    assert_int_equal(wl_word2vec_count(&words, b.corpus, 3, NULL, NULL, NULL, &error),
                     WL_OUT_OF_RANGE);
    assert_error(&error, "2 different words", "3 times", NULL);
    b.config.window = 0;
    assert_int_equal(wl_word2vec_create(&model, b.ctx, &b.config, b.words, &error),
                     WL_OUT_OF_RANGE);
    assert_error(&error, "window", "is 0", NULL);
    assert_null(model);
    free_bench(&b);
}

static void a_model_is_written_and_read_whole(void **state)
{
    (void)state;
    bench b = make_bench("x y z\nz y x\n");
    wl_word2vec *model;
    wl_vectors *read;
    wl_error error;
    float input[60], output[60];
    const char *path = in_folder("model.safetensors");
    assert_int_equal(wl_word2vec_create(&model, b.ctx, &b.config, b.words, &error), WL_OK);
    assert_int_equal(wl_word2vec_train(model, b.corpus, NULL, NULL, NULL, &error), WL_OK);
    assert_int_equal(wl_word2vec_tables(model, input, output, &error), WL_OK);
    assert_int_equal(wl_word2vec_write(model, path, WL_VECTORS_SAFETENSORS, &error), WL_OK);
    wl_word2vec_destroy(model);
    assert_int_equal(wl_vectors_read(&read, path, 0, &error), WL_OK);
    assert_int_equal(read->V, 3);
    assert_int_equal(read->D, 20);
    assert_memory_equal(read->table, input, sizeof input);
    assert_memory_equal(read->output, output, sizeof output);
    assert_non_null(strstr(read->config, "\"dim\":20"));
    assert_non_null(strstr(read->config, "\"lr\":0.05"));
    wl_vectors_destroy(read);
    free_bench(&b);
}

/* ------------------------------------------------------------------ neighbours */

static void neighbours_are_by_cosine_then_by_id(void **state)
{
    (void)state;
    const float table[] = { 1, 0, 0, 2, 3e30f, 3e30f, -1, 0, 0, 0, 1e-30f, 0 };
    wl_similar *similar;
    wl_neighbour near[6];
    wl_error error;
    int64_t found;
    assert_int_equal(wl_similar_create(&similar, table, 6, 2, &error), WL_OK);
    assert_int_equal(wl_similar_nearest(similar, table, -1, 6, near, &found, &error), WL_OK);
    const int64_t order[] = { 0, 5, 2, 1, 4, 3 };
    assert_int_equal(found, 6);
    for (int i = 0; i < 6; i++) assert_int_equal(near[i].id, order[i]);
    assert_true(near[0].cosine == 1 && near[1].cosine == 1 && near[5].cosine == -1);
    assert_true(fabsf(near[2].cosine - sqrtf(0.5f)) <= FLT_EPSILON);
    assert_int_equal(wl_similar_nearest(similar, table, 0, 2, near, &found, &error), WL_OK);
    assert_int_equal(found, 2);
    assert_int_equal(near[0].id, 5);
    assert_int_equal(near[1].id, 2);
    wl_similar_destroy(similar);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_arena_carves_what_it_measured),
        cmocka_unit_test(the_loss_falls_with_every_rule_and_type),
        cmocka_unit_test(bits_are_the_same_for_any_number_of_threads),
        cmocka_unit_test(both_devices_learn_the_same),
        cmocka_unit_test(words_of_a_topic_become_neighbours),
        cmocka_unit_test(the_first_batch_is_as_by_hand),
        cmocka_unit_test(a_run_that_diverges_stops_with_finite_tables),
        cmocka_unit_test(a_run_ends_when_it_is_asked_to),
        cmocka_unit_test(what_cannot_be_learnt_is_refused),
        cmocka_unit_test(a_model_is_written_and_read_whole),
        cmocka_unit_test(neighbours_are_by_cosine_then_by_id),
    };
    return cmocka_run_group_tests_name("models", tests, make_folder, remove_folder);
}
