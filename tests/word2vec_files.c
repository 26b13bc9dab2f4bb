/* What word2vec writes: vectors, and checkpoints from which a run goes on with the same bits. */
#include "training.h"

#include <math.h>

/* ------------------------------------------------------------------ vectors */

static void a_model_is_written_and_read_whole(void **state)
{
    (void)state;
    bench b = make_bench("x y z\nz y x\n");
    wl_vectors *read;
    wl_error error;
    float input[60], output[60];
    const char *path = in_folder("model.safetensors");
    wl_word2vec *model = make_model(&b);
    assert_int_equal(wl_word2vec_train(model, b.tokens, NULL, NULL, NULL, &error), WL_OK);
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
    assert_non_null(strstr(read->config, "\"hogwild\":false"));
    assert_null(strstr(read->config, "buckets"));
    wl_vectors_destroy(read);
    free_bench(&b);
}

/* rows that are no words are of no use to who reads words' vectors */
static void nodes_of_a_tree_are_not_written(void **state)
{
    (void)state;
    bench b = make_bench("x y z\nz y x\n");
    wl_vectors *read;
    wl_error error;
    float input[60], output[60];
    const char *path = in_folder("tree.safetensors");
    b.config.loss = WL_WORD2VEC_HIERARCHICAL;
    wl_word2vec *model = make_model(&b);
    assert_int_equal(wl_word2vec_train(model, b.tokens, NULL, NULL, NULL, &error), WL_OK);
    assert_int_equal(wl_word2vec_tables(model, input, output, &error), WL_OK);
    assert_int_equal(wl_word2vec_write(model, path, WL_VECTORS_SAFETENSORS, &error), WL_OK);
    wl_word2vec_destroy(model);
    for (int i = 0; i < 20; i++) assert_true(output[20 + i] != 0 && output[40 + i] == 0);
    assert_int_equal(wl_vectors_read(&read, path, 0, &error), WL_OK);
    assert_memory_equal(read->table, input, sizeof input);
    assert_null(read->output);
    assert_non_null(strstr(read->config, "\"loss\":\"hs\""));
    wl_vectors_destroy(read);
    free_bench(&b);
}

static double cosine(const float *x, const float *y, int64_t D)
{
    double xy = 0, xx = 0, yy = 0;
    for (int64_t i = 0; i < D; i++) {
        xy += (double)x[i] * (double)y[i];
        xx += (double)x[i] * (double)x[i];
        yy += (double)y[i] * (double)y[i];
    }
    return xy / sqrt(xx * yy);
}

/* A word of a topic's letter that is not in the text is nearer to the topic than to another; and
 * a word's vector is the mean of its rows. */
static void n_grams_give_unknown_words_a_vector(void **state)
{
    (void)state;
    char *text = topics(600);
    bench b = make_bench(text);
    wl_vectors *v;
    wl_error error;
    float *own = NULL, unknown[20];
    const char *path = in_folder("n-grams.safetensors");
    b.config.subword = (wl_subword){ 1, 2, 1000 };
    wl_word2vec *model = make_model(&b);
    assert_int_equal(wl_word2vec_train(model, b.tokens, NULL, NULL, NULL, &error), WL_OK);
    assert_int_equal(wl_word2vec_write(model, path, WL_VECTORS_SAFETENSORS, &error), WL_OK);
    own = tables_of(&b, model);
    wl_word2vec_destroy(model);
    assert_int_equal(wl_vectors_read(&v, path, 0, &error), WL_OK);
    assert_memory_equal(v->own, own, table_bytes(&b) / 2);
    assert_int_equal(v->subword.buckets, 1000);
    assert_int_equal(wl_vectors_compose(v, "a9", 2, unknown, &error), WL_OK);
    for (int64_t i = 0; i < 6; i++) {
        const char like[3] = { 'a', (char)('0' + i), 0 }, other[3] = { 'b', (char)('0' + i), 0 };
        const float *near = v->table + 20 * wl_vocabulary_find(v->words, like, 2);
        const float *far = v->table + 20 * wl_vocabulary_find(v->words, other, 2);
        assert_true(cosine(unknown, near, 20) > cosine(unknown, far, 20));
    }
    int32_t rows[8];
    assert_int_equal(wl_subword_rows(&v->subword, "c3", 2, rows, 8), 5); /* <c c c3 3 3> */
    const int64_t id = wl_vocabulary_find(v->words, "c3", 2);
    for (int64_t d = 0; d < 20; d++) {
        double sum = (double)v->own[20 * id + d];
        for (int i = 0; i < 5; i++) sum += (double)v->subwords[20 * rows[i] + d];
        assert_true(fabs(sum / 6 - (double)v->table[20 * id + d]) <= 1e-6);
    }
    wl_vectors_destroy(v);
    free(own);
    free_bench(&b);
    free(text);
}

/* ------------------------------------------------------------------ checkpoints */

/* A run that is kept at every so many reports, in files 0, 1, ... */
typedef struct kept_run {
    bench *b;
    wl_word2vec *model;
    int every, reports, files;
} kept_run;

static const char *file_number(int i)
{
    char name[16];
    snprintf(name, sizeof name, "%d", i);
    return in_folder(name);
}

static int keep(void *user, const wl_word2vec_progress *now)
{
    kept_run *r = user;
    wl_error error = { "" };
    if (r->reports++ % r->every == 0 &&
        wl_word2vec_save(r->model, r->b->tokens, file_number(r->files++), &error))
        fail_msg("%s", error.text);
    return keep_losses(r->b, now);
}

static void assert_goes_on(bench *b, const char *path, const float *whole, double loss)
{
    wl_error error = { "" };
    wl_word2vec *model = make_model(b);
    if (wl_word2vec_load(model, b->tokens, path, &error)) fail_msg("%s", error.text);
    if (wl_word2vec_train(model, b->tokens, keep_losses, b, NULL, &error))
        fail_msg("%s", error.text);
    float *tables = tables_of(b, model);
    assert_memory_equal(tables, whole, table_bytes(b));
    assert_true(b->losses[b->config.epochs - 1] == loss);
    free(tables);
    wl_word2vec_destroy(model);
}

/* The run as it is without checkpoints: to keep one waits for slices that are queued. */
static void check_checkpoints(bench *b, int every)
{
    kept_run r = { b, NULL, every, 0, 0 };
    wl_error error;
    float *whole = train(b);
    const double loss = b->losses[1];
    r.model = make_model(b);
    assert_int_equal(wl_word2vec_train(r.model, b->tokens, keep, &r, NULL, &error), WL_OK);
    float *kept = tables_of(b, r.model);
    assert_memory_equal(kept, whole, table_bytes(b));
    assert_true(b->losses[1] == loss);
    assert_true(r.files > 20 / every);
    for (int i = 0; i < r.files; i++) assert_goes_on(b, file_number(i), whole, loss);
    free(kept);
    free(whole);
    wl_word2vec_destroy(r.model);
}

static void a_run_goes_on_from_any_checkpoint_with_the_same_bits(void **state)
{
    (void)state;
    char *text = topics(150);
    for (int way = 0; way < 6; way++) {
        bench b = make_bench(text);
        b.config.epochs = 2;
        b.config.sample = 0.03;
        b.group = 1;
        b.shard_tokens = 500;
        b.config.loss = way < 4    ? WL_WORD2VEC_NEGATIVE
                        : way == 4 ? WL_WORD2VEC_HIERARCHICAL
                                   : WL_WORD2VEC_SOFTMAX;
        b.config.hogwild = way == 1 || way == 3; /* with one worker */
        b.config.dtype = way == 1 ? WL_BF16 : WL_F32;
        if (way > 1) b.config.method = WL_CBOW;
        if (way == 2 || way == 3) b.config.subword = (wl_subword){ 1, 2, 10 };
        check_checkpoints(&b, 1);
        check_checkpoints(&b, 3);
        free_bench(&b);
    }
    free(text);
}

/* A small run that is half over, and its checkpoint. */
static bench half_a_run(const char *path)
{
    bench b = make_bench("x y z\nz y x\n");
    wl_error error;
    b.config.dim = 3;
    wl_word2vec *model = make_model(&b);
    model->at.epoch = 2;
    assert_int_equal(wl_word2vec_save(model, b.tokens, path, &error), WL_OK);
    wl_word2vec_destroy(model);
    return b;
}

static wl_status load(const bench *b, const char *path, wl_error *error)
{
    wl_word2vec *model = make_model(b);
    const wl_status status = wl_word2vec_load(model, b->tokens, path, error);
    wl_word2vec_destroy(model);
    return status;
}

static void a_changed_or_cut_checkpoint_is_a_bad_file(void **state)
{
    (void)state;
    const char *path = in_folder("checkpoint"), *changed = in_folder("changed");
    const bench b = half_a_run(path);
    bench mine = b;
    size_t length;
    char *bytes = read_bytes(path, &length);
    wl_error error;
    assert_int_equal(load(&b, path, &error), WL_OK);
    for (size_t i = 0; i < length; i++) {
        const char changes[] = { 1, 4, ' ' ^ '\t', (char)0x80 };
        const char was = bytes[i];
        bytes[i] = (char)(was ^ changes[i % 4]);
        write_bytes(changed, bytes, length);
        bytes[i] = was;
        if (load(&b, changed, &error) != WL_BAD_FILE) fail_msg("byte %zu", i);
        assert_error(&error, "changed", NULL);
        write_bytes(changed, bytes, i);
        if (load(&b, changed, &error) != WL_BAD_FILE) fail_msg("length %zu", i);
    }
    bytes[length - 1] ^= 1;
    write_bytes(changed, bytes, length);
    assert_int_equal(load(&b, changed, &error), WL_BAD_FILE);
    assert_error(&error, "checksum", NULL);
    assert_int_equal(load(&b, in_folder("missing"), &error), WL_IO_ERROR);
    free(bytes);
    free_bench(&mine);
}

/* Whose checksum is right, but who knows of what. */
static void a_place_outside_the_run_is_a_bad_file(void **state)
{
    (void)state;
    bench b = make_bench("x y z\nz y x\n");
    wl_error error;
    const wl_word2vec_place places[] = {
        { .epoch = 5 }, { .first = 9 }, { .centre = INT64_MAX }, { .words = 7 }, { .pairs = -1 },
    };
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        wl_word2vec *model = make_model(&b);
        model->at = places[i];
        assert_int_equal(wl_word2vec_save(model, b.tokens, in_folder("place"), &error), WL_OK);
        wl_word2vec_destroy(model);
        assert_int_equal(load(&b, in_folder("place"), &error), WL_BAD_FILE);
        assert_error(&error, "a place within the run", NULL);
    }
    free_bench(&b);
}

static void a_model_is_no_checkpoint(void **state)
{
    (void)state;
    const char *path = in_folder("vectors.safetensors");
    bench b = make_bench("x y z\nz y x\n");
    wl_error error;
    wl_word2vec *model = make_model(&b);
    assert_int_equal(wl_word2vec_write(model, path, WL_VECTORS_SAFETENSORS, &error), WL_OK);
    assert_int_equal(wl_word2vec_load(model, b.tokens, path, &error), WL_BAD_FILE);
    assert_error(&error, "vectors.safetensors", "a checkpoint of word2vec", NULL);
    wl_word2vec_destroy(model);
    free_bench(&b);
}

/* The checkpoint's text with another one, or other options. */
static void a_checkpoint_of_another_run_is_told(void **state)
{
    (void)state;
    bench b = half_a_run(in_folder("checkpoint")), other;
    const struct {
        const char *text, *told;
    } texts[] = {
        { "x y z\nz x y\n", "the text differs" },
        { "x y z\nz y x x\n", "how often" },
        { "x y w\nw y x\n", "the vocabulary differs" },
        { "x y z\nz y x\nu\n", "the vocabulary differs" },
    };
    wl_error error;
    b.config.window++;
    assert_int_equal(load(&b, in_folder("checkpoint"), &error), WL_OUT_OF_RANGE);
    assert_error(&error, "checkpoint", "window is 5", "of this run 6", NULL);
    b.config.window--;
    b.config.subword = (wl_subword){ 3, 6, 10 };
    assert_int_equal(load(&b, in_folder("checkpoint"), &error), WL_OUT_OF_RANGE);
    assert_error(&error, "subword is none", "\"3-6\"", NULL);
    b.config.subword = (wl_subword){ 0 };
    b.config.workers = 7;
    assert_int_equal(load(&b, in_folder("checkpoint"), &error), WL_OK);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        other = make_bench(texts[i].text);
        other.config = b.config;
        assert_int_equal(load(&other, in_folder("checkpoint"), &error), WL_OUT_OF_RANGE);
        assert_error(&error, "of another run", texts[i].told, NULL);
        free_bench(&other);
    }
    free_bench(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_is_written_and_read_whole),
        cmocka_unit_test(nodes_of_a_tree_are_not_written),
        cmocka_unit_test(n_grams_give_unknown_words_a_vector),
        cmocka_unit_test(a_run_goes_on_from_any_checkpoint_with_the_same_bits),
        cmocka_unit_test(a_changed_or_cut_checkpoint_is_a_bad_file),
        cmocka_unit_test(a_place_outside_the_run_is_a_bad_file),
        cmocka_unit_test(a_model_is_no_checkpoint),
        cmocka_unit_test(a_checkpoint_of_another_run_is_told),
    };
    return cmocka_run_group_tests_name("word2vec_files", tests, make_folder, remove_folder);
}
