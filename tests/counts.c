/* Counting texts into sparse matrices and their PMI, on either device. */
#include "texts.h"

#include "judge.h"

#include <wordloom/nn/counts.h>
#include <wordloom/nn/safetensors.h>

#include <float.h>
#include <math.h>
#include <omp.h>
#include <unistd.h>

static wl_ctx *context(const wl_backend *backend)
{
    wl_ctx *ctx;
    assert_int_equal(wl_ctx_create_on(&ctx, backend, 0), WL_OK);
    return ctx;
}

static wl_ctx *cpu(void)
{
    wl_ctx *ctx;
    assert_int_equal(wl_ctx_create(&ctx, WL_CPU, 0), WL_OK);
    return ctx;
}

/* A text, counted. */
typedef struct counted {
    wl_vocabulary *words;
    wl_tokens *tokens;
    wl_sparse matrix;
    wl_counts_progress last;
    int64_t most_spilled;
} counted;

static void on_report(void *user, const wl_counts_progress *now)
{
    counted *c = user;
    c->last = *now;
    if (now->spilled > c->most_spilled) c->most_spilled = now->spilled;
}

static counted count_on(wl_ctx *ctx, const char *text, const wl_counts_config *config)
{
    counted c = { 0 };
    wl_error error = { "" };
    c.tokens = count_text(text, 1, &c.words);
    if (wl_counts_make(&c.matrix, ctx, c.tokens, wl_vocabulary_size(c.words), config, on_report, &c,
                       NULL, &error))
        fail_msg("%s", error.text);
    return c;
}

static void free_counted(counted *c)
{
    wl_sparse_destroy(&c->matrix);
    wl_tokens_destroy(c->tokens);
    wl_vocabulary_destroy(c->words);
}

/* The entry of two words; 0: there is none. */
static float entry(const counted *c, const char *row, const char *column)
{
    const int64_t i = wl_vocabulary_find(c->words, row, strlen(row));
    const int64_t j = wl_vocabulary_find(c->words, column, strlen(column));
    for (int64_t at = c->matrix.offsets[i]; at < c->matrix.offsets[i + 1]; at++)
        if (c->matrix.column[at] == j) return c->matrix.value[at];
    return 0;
}

static void assert_alike(const wl_sparse *a, const wl_sparse *b)
{
    assert_int_equal(a->rows, b->rows);
    assert_int_equal(a->columns, b->columns);
    assert_int_equal(a->count, b->count);
    assert_memory_equal(a->offsets, b->offsets, ((size_t)a->rows + 1) * sizeof *a->offsets);
    assert_memory_equal(a->column, b->column, (size_t)a->count * sizeof *a->column);
    assert_memory_equal(a->value, b->value, (size_t)a->count * sizeof *a->value);
}

/* Lines of 0 to 30 words, of which the first are the more frequent; free() it */
static char *random_text(int words, int vocabulary)
{
    char *text = malloc((size_t)words * 8 + 1), *to = text;
    uint64_t state = 7;
    for (int i = 0; i < words; i++) {
        const double u = (double)(next_random(&state) >> 11) * 0x1p-53;
        to +=
            sprintf(to, "w%d%c", (int)(u * u * vocabulary), next_random(&state) % 16 ? ' ' : '\n');
    }
    *to = 0;
    return text;
}

/* ------------------------------------------------------------------ counting */

static void a_text_is_counted_by_hand(void **state)
{
    (void)state;
    wl_counts_config config = wl_counts_defaults();
    config.window = 1;
    for (const wl_backend *const *b = backends_under_test(); *b; b++) {
        wl_ctx *ctx = context(*b);
        counted c = count_on(ctx, "a b a\nc a\nc\n", &config);
        assert_int_equal(c.matrix.count, 4);
        assert_true(entry(&c, "a", "b") == 2 && entry(&c, "b", "a") == 2);
        assert_true(entry(&c, "a", "c") == 1 && entry(&c, "c", "a") == 1);
        free_counted(&c);
        wl_ctx_destroy(ctx);
    }
}

static void neighbours_weigh_by_their_distance(void **state)
{
    static const float right[3][3] = { { 1, 1, 1 },
                                       { 1, 0.5f, (float)(1 / 3.0) },
                                       { 1, (float)(2 / 3.0), (float)(1 / 3.0) } };
    (void)state;
    wl_ctx *ctx = cpu();
    wl_counts_config config = wl_counts_defaults();
    config.window = 3;
    for (config.distances = 0; config.distances < 3; config.distances++) {
        counted c = count_on(ctx, "a b c d", &config);
        const char *const words[] = { "b", "c", "d" };
        for (int i = 0; i < 3; i++)
            assert_true(entry(&c, "a", words[i]) == right[config.distances][i]);
        free_counted(&c);
    }
    wl_ctx_destroy(ctx);
}

/* Of windows so wide that no unit divides all distances. */
static void wide_harmonic_windows_are_within_2_to_the_minus_30(void **state)
{
    enum { W = 100 };
    char text[8 * W], *to = text;
    (void)state;
    wl_ctx *ctx = cpu();
    wl_counts_config config = wl_counts_defaults();
    config.window = W;
    config.distances = WL_DISTANCE_HARMONIC;
    for (int i = 0; i <= W; i++) to += sprintf(to, "w%d ", i);
    counted c = count_on(ctx, text, &config);
    for (int d = 1; d <= W; d++) {
        char word[16];
        sprintf(word, "w%d", d);
        assert_true(fabs((double)entry(&c, "w0", word) - 1.0 / d) <= 0x1p-30 + 0x1p-24 / d);
    }
    free_counted(&c);
    wl_ctx_destroy(ctx);
}

/* Against the definition, with a dense matrix. */
static void check_definition(const counted *c, int64_t W)
{
    const int64_t V = c->matrix.rows, N = wl_tokens_size(c->tokens);
    int32_t *ids = malloc((size_t)N * sizeof *ids);
    double *right = calloc((size_t)(V * V), sizeof *right);
    int64_t n, found = 0;
    wl_error error;
    assert_true(ids && right);
    assert_int_equal(wl_tokens_read(c->tokens, 0, ids, N, &n, &error), WL_OK);
    for (int64_t p = 0; p < N; p++)
        for (int64_t q = p + 1; ids[p] >= 0 && q < N && q - p <= W && ids[q] >= 0; q++) {
            right[ids[p] * V + ids[q]]++;
            right[ids[q] * V + ids[p]]++;
        }
    for (int64_t i = 0; i < V * V; i++) found += right[i] > 0;
    assert_int_equal(c->matrix.count, found);
    for (int64_t i = 0; i < V; i++)
        for (int64_t at = c->matrix.offsets[i]; at < c->matrix.offsets[i + 1]; at++)
            assert_true((double)c->matrix.value[at] == right[i * V + c->matrix.column[at]]);
    free(ids), free(right);
}

static void what_is_spilled_comes_back_to_the_bit(void **state)
{
    char *text = random_text(20000, 900);
    (void)state;
    for (const wl_backend *const *b = backends_under_test(); *b; b++) {
        wl_ctx *ctx = context(*b);
        wl_counts_config config = wl_counts_defaults();
        config.window = 8;
        counted whole = count_on(ctx, text, &config);
        check_definition(&whole, 8);
        config.memory = WL_COUNTS_LEAST_MEMORY;
        counted pieces = count_on(ctx, text, &config);
        assert_alike(&pieces.matrix, &whole.matrix);
        assert_int_equal(whole.most_spilled, 0);
        assert_true(pieces.most_spilled > 3 * WL_COUNTS_LEAST_MEMORY / 8);
        assert_int_equal(pieces.last.tokens, wl_tokens_size(pieces.tokens));
        assert_true(pieces.last.merged >= pieces.matrix.count);
        free_counted(&whole), free_counted(&pieces);
        wl_ctx_destroy(ctx);
    }
    assert_int_equal(files_in_folder(), 1); /* corpus.txt */
    free(text);
}

static void threads_do_not_change_a_bit(void **state)
{
    char *text = random_text(20000, 900);
    const int team = omp_get_max_threads();
    (void)state;
    wl_ctx *ctx = cpu();
    wl_counts_config config = wl_counts_defaults();
    config.distances = WL_DISTANCE_HARMONIC;
    counted c[2];
    for (int i = 0; i < 2; i++) {
        omp_set_num_threads(1 + 3 * i);
        c[i] = count_on(ctx, text, &config);
    }
    omp_set_num_threads(team);
    assert_alike(&c[0].matrix, &c[1].matrix);
    free_counted(&c[0]), free_counted(&c[1]);
    wl_ctx_destroy(ctx);
    free(text);
}

/* ------------------------------------------------------------------ limits */

static wl_tokens *child_tokens;
static wl_ctx *child_ctx;
static int64_t child_memory, child_V;

/* Counts within the memory of a child. */
static wl_status count_in_a_child(const char *path)
{
    wl_counts_config config = wl_counts_defaults();
    wl_sparse matrix;
    wl_error error;
    (void)path;
    omp_set_num_threads(1); /* the threads of the parent's team are not here */
    config.memory = child_memory;
    config.window = 5;
    return wl_counts_make(&matrix, child_ctx, child_tokens, child_V, &config, NULL, NULL, NULL,
                          &error);
}

static void no_more_memory_is_taken_than_was_asked_for(void **state)
{
    (void)state;
    needs_an_address_space();
    const size_t MiB = 1 << 20;
    wl_vocabulary *words;
    char *text = random_text(300000, 300);
    child_tokens = count_text(text, 1, &words);
    child_V = wl_vocabulary_size(words);
    child_ctx = cpu();
    child_memory = 8 << 20;
    /* and a matrix of 90,000 entries at most, which grows by half */
    assert_int_equal(with_memory(11 * MiB, count_in_a_child, ""), WL_OK);
    child_memory = 64 << 20;
    assert_int_equal(with_memory(11 * MiB, count_in_a_child, ""), WL_NO_MEMORY);
    wl_ctx_destroy(child_ctx);
    wl_tokens_destroy(child_tokens);
    wl_vocabulary_destroy(words);
    free(text);
}

static void check_refused(const wl_counts_config *config, const char *part)
{
    wl_ctx *ctx = cpu();
    wl_vocabulary *words;
    wl_tokens *tokens = count_text("a b a b\nb a\n", 1, &words);
    wl_sparse matrix;
    wl_error error;
    assert_int_equal(wl_counts_make(&matrix, ctx, tokens, 2, config, NULL, NULL, NULL, &error),
                     WL_OUT_OF_RANGE);
    assert_error(&error, part, "expected", NULL);
    assert_null(matrix.offsets);
    wl_tokens_destroy(tokens);
    wl_vocabulary_destroy(words);
    wl_ctx_destroy(ctx);
}

static void configurations_out_of_range_are_refused(void **state)
{
    (void)state;
    wl_counts_config c = wl_counts_defaults();
    c.window = 0, check_refused(&c, "window");
    c.window = 1001, check_refused(&c, "window");
    c = wl_counts_defaults(), c.memory = WL_COUNTS_LEAST_MEMORY - 1, check_refused(&c, "memory");
    c = wl_counts_defaults(), c.distances = 3, check_refused(&c, "distance-weights");
    c = wl_counts_defaults(), c.method = 2, check_refused(&c, "method");
    c = wl_counts_defaults(), c.power = NAN, check_refused(&c, "context-power");
    c = wl_counts_defaults(), c.shift = 0.5, check_refused(&c, "shift");
    c = wl_counts_defaults(), c.eps = -1, check_refused(&c, "epsilon");
}

static void memory_too_small_for_a_window_is_refused(void **state)
{
    char *text = random_text(5000, 9);
    (void)state;
    wl_ctx *ctx = cpu();
    wl_vocabulary *words;
    wl_tokens *tokens = count_text(text, 1, &words);
    wl_counts_config config = wl_counts_defaults();
    wl_sparse matrix;
    wl_error error;
    config.window = 500;
    config.memory = WL_COUNTS_LEAST_MEMORY;
    assert_int_equal(wl_counts_make(&matrix, ctx, tokens, wl_vocabulary_size(words), &config, NULL,
                                    NULL, NULL, &error),
                     WL_OUT_OF_RANGE);
    assert_error(&error, "memory is 1048576 bytes", "window of 500", NULL);
    wl_tokens_destroy(tokens);
    wl_vocabulary_destroy(words);
    wl_ctx_destroy(ctx);
    free(text);
}

static volatile sig_atomic_t stop;

static void stop_now(void *user, const wl_counts_progress *now)
{
    (void)user;
    if (now->tokens > 5000) stop = 1;
}

static void counting_can_be_stopped(void **state)
{
    char *text = random_text(20000, 900);
    (void)state;
    wl_ctx *ctx = cpu();
    wl_vocabulary *words;
    wl_tokens *tokens = count_text(text, 1, &words);
    wl_counts_config config = wl_counts_defaults();
    wl_sparse matrix;
    wl_error error;
    config.memory = WL_COUNTS_LEAST_MEMORY;
    assert_int_equal(wl_counts_make(&matrix, ctx, tokens, wl_vocabulary_size(words), &config,
                                    stop_now, NULL, &stop, &error),
                     WL_INTERRUPTED);
    assert_null(matrix.offsets);
    assert_int_equal(files_in_folder(), 1);
    stop = 0;
    wl_tokens_destroy(tokens);
    wl_vocabulary_destroy(words);
    wl_ctx_destroy(ctx);
    free(text);
}

static void a_folder_that_cannot_be_written_is_told(void **state)
{
    char *text = random_text(20000, 900);
    (void)state;
    wl_ctx *ctx = cpu();
    wl_vocabulary *words;
    wl_tokens *tokens = count_text(text, 1, &words);
    wl_counts_config config = wl_counts_defaults();
    wl_sparse matrix;
    wl_error error;
    config.memory = WL_COUNTS_LEAST_MEMORY;
    config.window = 8;
    assert_int_equal(setenv("TMPDIR", in_folder("missing"), 1), 0);
    assert_int_equal(wl_counts_make(&matrix, ctx, tokens, wl_vocabulary_size(words), &config, NULL,
                                    NULL, NULL, &error),
                     WL_IO_ERROR);
    assert_error(&error, "$TMPDIR", NULL);
    assert_int_equal(setenv("TMPDIR", in_folder(""), 1), 0);
    wl_tokens_destroy(tokens);
    wl_vocabulary_destroy(words);
    wl_ctx_destroy(ctx);
    free(text);
}

/* ------------------------------------------------------------------ ppmi */

/* The definition in double of one entry of counts, whose sums are those of rows and columns. */
static double pmi_of(const counted *c, int64_t i, int64_t at, const wl_counts_config *config)
{
    const wl_sparse *m = &c->matrix;
    double row = 0, column = 0, all = 0;
    for (int64_t k = 0; k < m->rows; k++) {
        double sum = 0;
        for (int64_t l = m->offsets[k]; l < m->offsets[k + 1]; l++) sum += (double)m->value[l];
        if (k == i) row = sum;
        if (k == m->column[at]) column = pow(sum, config->power);
        all += pow(sum, config->power);
    }
    return log2((double)m->value[at] * all / (row * column) + config->eps) - log2(config->shift);
}

static void ppmi_is_its_definition_without_zeros(void **state)
{
    char *text = random_text(600, 25);
    const wl_counts_config ways[] = {
        { 2, 1 << 30, 0, WL_COUNTS_PPMI, 1, 1, 1e-8 },
        { 2, 1 << 30, 0, WL_COUNTS_PPMI, 0.75, 1, 0 },
        { 3, 1 << 30, 1, WL_COUNTS_PPMI, 0.5, 1.5, 0 },
    };
    (void)state;
    for (const wl_backend *const *b = backends_under_test(); *b; b++)
        for (int way = 0; way < 3; way++) {
            wl_ctx *ctx = context(*b);
            wl_error error;
            counted c = count_on(ctx, text, &ways[way]), p = count_on(ctx, text, &ways[way]);
            assert_int_equal(wl_counts_associate(&p.matrix, ctx, &ways[way], NULL, &error), WL_OK);
            int64_t to = 0, zeros = 0;
            for (int64_t i = 0; i < c.matrix.rows; i++) {
                for (int64_t at = c.matrix.offsets[i]; at < c.matrix.offsets[i + 1]; at++) {
                    const double right = pmi_of(&c, i, at, &ways[way]);
                    zeros += right <= 0;
                    if (right <= 0) continue;
                    assert_int_equal(p.matrix.column[to], c.matrix.column[at]);
                    assert_true(fabs((double)p.matrix.value[to++] - right) <=
                                (double)FLT_EPSILON * (right + 4));
                }
                assert_int_equal(p.matrix.offsets[i + 1], to);
            }
            assert_int_equal(p.matrix.count, to);
            assert_true(to > 0 && zeros > 0);
            free_counted(&c), free_counted(&p);
            wl_ctx_destroy(ctx);
        }
    free(text);
}

/* ------------------------------------------------------------------ the Penn Treebank */

/* The text as the book reads it: one row of words, of which "<eos>" ends each line; free() it. Null
 * where there is none. */
static char *treebank(void)
{
    static const char path[] = WORDLOOM_SOURCE_DIR "/../shared/data/ptb.zip";
    char command[4096];
    if (access(path, R_OK)) return NULL;
    snprintf(command, sizeof command, "unzip -p '%s' ptb.train.txt", path);
    FILE *from = popen(command, "r");
    char *text = malloc(8 << 20), *to = text;
    assert_true(from && text);
    for (int c; (c = fgetc(from)) != EOF;)
        if (c == '\n')
            to += sprintf(to, "<eos> ");
        else
            *to++ = (char)c;
    *to = 0;
    if (pclose(from) == 0 && to > text) return text;
    free(text);
    return NULL;
}

static double sum_of(const wl_sparse *m)
{
    double sum = 0;
    for (int64_t i = 0; i < m->count; i++) sum += (double)m->value[i];
    return sum;
}

static void the_books_treebank_has_the_books_counts(void **state)
{
    (void)state;
    char *text = treebank();
    if (!text) {
        print_message("skipped: no ../shared/data/ptb.zip, or no unzip\n");
        skip();
    }
    wl_ctx *ctx = cpu();
    wl_counts_config config = wl_counts_defaults();
    wl_error error;
    counted c = count_on(ctx, text, &config);
    assert_int_equal(wl_tokens_words(c.tokens), 929589);
    assert_int_equal(c.matrix.rows, 10000);
    assert_int_equal(c.matrix.count, 962242);
    assert_true(sum_of(&c.matrix) == 3718350);
    assert_int_equal(wl_counts_associate(&c.matrix, ctx, &config, NULL, &error), WL_OK);
    assert_int_equal(c.matrix.count, 834067);
    free_counted(&c);
    wl_ctx_destroy(ctx);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_counted_by_hand),
        cmocka_unit_test(neighbours_weigh_by_their_distance),
        cmocka_unit_test(wide_harmonic_windows_are_within_2_to_the_minus_30),
        cmocka_unit_test(what_is_spilled_comes_back_to_the_bit),
        cmocka_unit_test(threads_do_not_change_a_bit),
        cmocka_unit_test(no_more_memory_is_taken_than_was_asked_for),
        cmocka_unit_test(configurations_out_of_range_are_refused),
        cmocka_unit_test(memory_too_small_for_a_window_is_refused),
        cmocka_unit_test(counting_can_be_stopped),
        cmocka_unit_test(a_folder_that_cannot_be_written_is_told),
        cmocka_unit_test(ppmi_is_its_definition_without_zeros),
        cmocka_unit_test(the_books_treebank_has_the_books_counts),
    };
    return cmocka_run_group_tests_name("counts", tests, make_folder, remove_folder);
}
