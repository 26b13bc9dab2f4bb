/* Analogies and similarities on tables whose answers are known by hand, both ways of counting
 * where they differ, and many
 * questions against one at a time. On the CPU, and on CUDA where it is. */
#include "data_files.h"

#include <wordloom/nn/evaluate.h>

#include <float.h>
#include <math.h>
#include <omp.h>

/* Vectors, what is asked of them, and the answers. */
typedef struct bench {
    wl_ctx *ctx;
    float *table; /* null: the test's own */
    wl_vocabulary *words;
    wl_similar *similar;
    wl_questions *questions;
    wl_word_pairs *pairs;
    wl_evaluate_config config;
    wl_analogy_score *analogy;
    wl_similarity_score *similarity;
} bench;

static wl_device where = WL_CPU; /* of every bench */

/* `words` are apart by spaces; the table has a row of D for each. */
static bench make_bench(const char *words, const float *table, int64_t D)
{
    bench b = { .config = { WL_COUNTING_WORD2VEC, WL_ANALOGY_ADD, 0 } };
    wl_error error;
    assert_int_equal(wl_vocabulary_create(&b.words), WL_OK);
    for (const char *word = words; *word;) {
        const size_t length = strcspn(word, " ");
        assert_int_equal(wl_vocabulary_add(b.words, word, length), WL_OK);
        word += length + (word[length] == ' ');
    }
    assert_int_equal(wl_ctx_create(&b.ctx, where, 0), WL_OK);
    assert_int_equal(
        wl_similar_create(&b.similar, b.ctx, table, wl_vocabulary_size(b.words), D, &error), WL_OK);
    return b;
}

static void free_bench(bench *b)
{
    wl_vocabulary_destroy(b->words);
    wl_similar_destroy(b->similar);
    wl_ctx_destroy(b->ctx);
    free(b->table);
    wl_questions_destroy(b->questions);
    wl_word_pairs_destroy(b->pairs);
    wl_analogy_score_destroy(b->analogy);
    wl_similarity_score_destroy(b->similarity);
}

static void answer(bench *b)
{
    wl_error error;
    wl_analogy_score_destroy(b->analogy);
    assert_int_equal(
        wl_evaluate_analogies(&b->analogy, b->similar, b->words, b->questions, &b->config, &error),
        WL_OK);
}

static void ask(bench *b, const char *text)
{
    wl_error error;
    wl_questions_destroy(b->questions);
    write_text(in_folder("questions"), text);
    assert_int_equal(wl_questions_read(&b->questions, in_folder("questions"), &error), WL_OK);
    answer(b);
}

static void compare(bench *b, const char *text)
{
    wl_error error;
    wl_word_pairs_destroy(b->pairs);
    wl_similarity_score_destroy(b->similarity);
    write_text(in_folder("pairs"), text);
    assert_int_equal(wl_word_pairs_read(&b->pairs, in_folder("pairs"), &error), WL_OK);
    assert_int_equal(wl_evaluate_similarities(&b->similarity, b->similar, b->words, b->pairs,
                                              &b->config, &error),
                     WL_OK);
}

static void assert_tally(const wl_tally *t, int64_t questions, int64_t answered, int64_t right)
{
    assert_int_equal(t->questions, questions);
    assert_int_equal(t->answered, answered);
    assert_int_equal(t->right, right);
}

/* man king woman queen apple, orthogonal but for what king and queen share. */
static const char royal_words[] = "man king woman queen apple";
static const float royal[] = { 1, 0, 0, 0, .6f, 0, .8f, 0, 0, 1, 0, 0, 0, 3, 4, 0, 0, 0, 0, 1 };

/* ------------------------------------------------------------------ one question */

static void an_analogy_by_sum_is_as_by_hand(void **state)
{
    (void)state;
    bench b = make_bench(royal_words, royal, 4);
    const int64_t abc[] = { 0, 1, 2 };
    wl_neighbour found[5];
    wl_error error;
    int64_t n;
    assert_int_equal(wl_similar_analogy(b.similar, abc, WL_ANALOGY_ADD, 5, found, &n, &error),
                     WL_OK);
    assert_int_equal(n, 2); /* not man, king and woman */
    assert_int_equal(found[0].id, 3);
    assert_int_equal(found[1].id, 4);
    /* (-.4, 1, .8, 0) of length sqrt 1.8 against (0, .6, .8, 0) */
    assert_true(fabs((double)found[0].cosine - 1.24 / sqrt(1.8)) <= 2 * (double)FLT_EPSILON);
    assert_true(found[1].cosine == 0);
    free_bench(&b);
}

/* a, b and c are orthogonal, so that x and y are their cosines with each. By sum y wins with
 * 1.414 to 1.4, by product x. */
static void the_two_scores_differ_as_by_hand(void **state)
{
    (void)state;
    const float half = sqrtf(0.5f);
    const float table[] = { 1, 0, 0, 0, 1, 0, 0, 0, 1, -.8f, .6f, 0, 0, half, half };
    bench b = make_bench("a b c x y", table, 3);
    const int64_t abc[] = { 0, 1, 2 };
    wl_neighbour found[2];
    wl_error error;
    int64_t n;
    assert_int_equal(wl_similar_analogy(b.similar, abc, WL_ANALOGY_ADD, 2, found, &n, &error),
                     WL_OK);
    assert_int_equal(found[0].id, 4);
    assert_int_equal(wl_similar_analogy(b.similar, abc, WL_ANALOGY_MULTIPLY, 2, found, &n, &error),
                     WL_OK);
    assert_int_equal(n, 2);
    assert_int_equal(found[0].id, 3);
    const double x = .8 * .5 / (.1 + .001), y = pow((1 + sqrt(.5)) / 2, 2) / (.5 + .001);
    /* .1 is 1 - .8 in float, halved: its error is a tenth of an epsilon, ten times greater in 1/.1
     */
    assert_true(fabs((double)found[0].cosine / x - 1) <= 10 * (double)FLT_EPSILON);
    assert_true(fabs((double)found[1].cosine / y - 1) <= 10 * (double)FLT_EPSILON);
    ask(&b, ": s\na b c x\na b c y\n");
    assert_tally(&b.analogy->all, 2, 2, 1);
    assert_int_equal(b.analogy->answer[0], 4);
    b.config.method = WL_ANALOGY_MULTIPLY;
    answer(&b);
    assert_tally(&b.analogy->all, 2, 2, 1);
    assert_int_equal(b.analogy->answer[0], 3);
    free_bench(&b);
}

/* ------------------------------------------------------------------ counting */

static void sections_are_tallied_and_unknown_words_told(void **state)
{
    (void)state;
    bench b = make_bench(royal_words, royal, 4);
    ask(&b, ": royal\nman king woman queen\nMAN King woman QUEEN\nman king woman apple\n"
            ": gram1\nman king woman duchess\nduke king woman queen\nman king duke duchess\n"
            ": none\n: gramophone\nwoman queen man king\n");
    assert_int_equal(b.analogy->sections, 4);
    assert_tally(&b.analogy->section[0], 3, 3, 2);
    assert_tally(&b.analogy->section[1], 3, 0, 0);
    assert_tally(&b.analogy->section[2], 0, 0, 0);
    assert_tally(&b.analogy->section[3], 1, 1, 1);
    assert_tally(&b.analogy->semantic, 3, 3, 2);
    assert_tally(&b.analogy->syntactic, 4, 1, 1);
    assert_tally(&b.analogy->all, 7, 4, 3);
    assert_int_equal(b.analogy->unknowns, 2);
    const char *unknown[] = { "duchess", "duke" };
    for (int i = 0; i < 2; i++)
        assert_string_equal(wl_vocabulary_word(b.questions->words, b.analogy->unknown[i], NULL),
                            unknown[i]);
    const int32_t answers[] = { 3, 3, 3, -2, -2, -2, 1 };
    assert_memory_equal(b.analogy->answer, answers, sizeof answers);
    free_bench(&b);
}

static void words_of_the_question_are_no_answers(void **state)
{
    (void)state;
    const float table[] = { 1, 0, 0, 1, .6f, .8f };
    bench b = make_bench("a c d", table, 2);
    ask(&b, ": s\na a c d\na a c c\n"); /* a - a + c is c */
    assert_int_equal(b.analogy->answer[0], 2);
    assert_int_equal(b.analogy->answer[1], 2);
    assert_tally(&b.analogy->all, 2, 2, 1);
    free_bench(&b);
}

/* Woman is no row of the question, and nearest; only gensim looks at how it is spelt. */
static void another_spelling_of_a_question_word_answers_word2vec_alone(void **state)
{
    (void)state;
    const float table[] = { 1, 0, 0, 0, .6f, 0, .8f, 0, 0, 1, 0, 0, 0, 3, 4, 0, -2, 5, 4, 0 };
    bench b = make_bench("man king woman queen Woman", table, 4);
    ask(&b, ": s\nman king woman queen\nman king woman woman\n");
    assert_int_equal(b.analogy->answer[0], 4);
    assert_tally(&b.analogy->all, 2, 2, 1); /* the second: spelt as the fourth word */
    b.config.counting = WL_COUNTING_GENSIM;
    answer(&b);
    assert_int_equal(b.analogy->answer[0], 3);
    assert_tally(&b.analogy->all, 2, 2, 1);
    free_bench(&b);
}

/* Where the best five are spelt like c, the fifth is gensim's answer, right where d is too. */
static void the_fifth_of_five_other_spellings_answers_gensim(void **state)
{
    (void)state;
    const float table[] = { 1, 0, 0, 1, .1f, 1, .2f, 1, .3f, 1, .4f, 1, .5f, 1, 1, 1 };
    bench b = make_bench("a cat Cat cAt caT CAt CaT dog", table, 2);
    b.config.counting = WL_COUNTING_GENSIM;
    ask(&b, ": s\na a cat dog\na a cat cat\n");
    assert_int_equal(b.analogy->answer[0], 6);
    assert_tally(&b.analogy->all, 2, 2, 1);
    b.config.counting = WL_COUNTING_WORD2VEC;
    answer(&b);
    assert_int_equal(b.analogy->answer[0], 2);
    free_bench(&b);
}

static void no_positive_score_answers_gensim_alone(void **state)
{
    (void)state;
    const float table[] = { 1, 0, 0, 1, .6f, -.8f };
    bench b = make_bench("a c d", table, 2);
    ask(&b, ": s\na a c d\n");
    assert_int_equal(b.analogy->answer[0], -1);
    assert_tally(&b.analogy->all, 1, 1, 0);
    b.config.counting = WL_COUNTING_GENSIM;
    answer(&b);
    assert_int_equal(b.analogy->answer[0], 2);
    assert_tally(&b.analogy->all, 1, 1, 1);
    free_bench(&b);
}

static void upper_case_beyond_ascii_is_gensims(void **state)
{
    (void)state;
    bench b = make_bench("\xc3\xa9tat king stra\xc3\x9f"
                         "e queen apple",
                         royal, 4);
    ask(&b, ": s\n\xc3\x89tat king STRASSE queen\n");
    assert_tally(&b.analogy->all, 1, 0, 0);
    assert_int_equal(b.analogy->unknowns, 2);
    b.config.counting = WL_COUNTING_GENSIM;
    answer(&b);
    assert_tally(&b.analogy->all, 1, 1, 1);
    free_bench(&b);
}

static void the_first_of_words_alike_counts(void **state)
{
    (void)state;
    const float table[] = { 1, 0, 0, 1, .6f, .8f, -1, .1f };
    bench b = make_bench("a C d c", table, 2);
    for (int counting = WL_COUNTING_WORD2VEC; counting <= WL_COUNTING_GENSIM; counting++) {
        b.config.counting = (wl_counting)counting;
        ask(&b, ": s\nA a c D\n"); /* c is row 1, so that d is nearest */
        assert_tally(&b.analogy->all, 1, 1, 1);
        compare(&b, "a c 0\na d .6\nc d .8\n");
        assert_true(fabs(b.similarity->pearson - 1) < 1e-7);
    }
    free_bench(&b);
}

static void only_the_first_words_are_considered(void **state)
{
    (void)state;
    bench b = make_bench(royal_words, royal, 4);
    ask(&b, ": s\nman king woman queen\nman king woman apple\n");
    assert_tally(&b.analogy->all, 2, 2, 1);
    b.config.considered = 4;
    answer(&b);
    assert_tally(&b.analogy->all, 2, 1, 1);
    compare(&b, "man king 1\nman apple 2\nking queen 3\n");
    assert_int_equal(b.similarity->used, 2);
    b.config.considered = 3; /* nothing is left to answer with */
    ask(&b, ": s\nman king woman king\n");
    assert_int_equal(b.analogy->answer[0], -1);
    b.config.considered = 1000;
    answer(&b);
    assert_int_equal(b.analogy->answer[0], 3);
    free_bench(&b);
}

/* ------------------------------------------------------------------ similarities */

/* Ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4: 4.5 / sqrt(4.5 * 5). */
static void equal_scores_have_their_mean_rank(void **state)
{
    (void)state;
    const float table[] = { 1, 0, 0, 1, .6f, .8f, .8f, .6f, 2, 0 };
    bench b = make_bench("o n p q same", table, 2);
    compare(&b, "o n 1\no p 2\nO q 2\no same 30\nnone o 5\n");
    assert_int_equal(b.similarity->pairs, 5);
    assert_int_equal(b.similarity->used, 4);
    assert_int_equal(b.similarity->unknowns, 1);
    assert_true(fabs(b.similarity->spearman - 4.5 / sqrt(4.5 * 5)) < 1e-15);
    /* deviations -7.75 -6.75 -6.75 21.25 of scores, -.6 0 .2 .4 of cosines */
    const double r = (4.65 - 1.35 + 8.5) / sqrt((60.0625 + 2 * 45.5625 + 451.5625) * .56);
    assert_true(fabs(b.similarity->pearson - r) < 1e-7);
    compare(&b, "o same 1\no n 2\n");
    assert_true(fabs(b.similarity->spearman + 1) < 1e-15);
    free_bench(&b);
}

static void pairs_of_a_word_with_itself_are_equal(void **state)
{
    (void)state;
    const float table[] = { 1, 2, 3, .1f, .7f, -.3f, 5, 1e-3f, .3f, -1, 0, 0 };
    bench b = make_bench("a b c d", table, 3);
    compare(&b, "a a 5\nb b 5\nc c 5\na d 1\nB b 5\n");
    assert_true(fabs(b.similarity->spearman - 1) < 1e-15);
    free_bench(&b);
}

static void what_has_no_correlation_is_nan(void **state)
{
    (void)state;
    bench b = make_bench(royal_words, royal, 4);
    static const char *const texts[] = { "man king 1\n", "x y 1\n", "man king 1\nking queen 1\n",
                                         "man king 1\nking man 2\n" };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        compare(&b, texts[i]);
        assert_true(isnan(b.similarity->spearman) && isnan(b.similarity->pearson));
    }
    free_bench(&b);
}

/* ------------------------------------------------------------------ many questions */

enum { ROWS = 1100, WIDTH = 20, QUESTIONS = 1030 }; /* more than are asked at once */

static bench make_large_bench(int questions)
{
    float *table = malloc(sizeof(float) * ROWS * WIDTH);
    char *words = malloc(ROWS * 8), *text = malloc((size_t)questions * 40 + 8), *to = words;
    uint64_t random = 1;
    for (int i = 0; i < ROWS * WIDTH; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        table[i] = (float)(random >> 40) / (1 << 23) - 1;
    }
    for (int i = 0; i < ROWS; i++) to += sprintf(to, i ? " w%d" : "w%d", i);
    to = text + sprintf(text, ": s\n");
    for (int i = 0; i < questions; i++)
        to += sprintf(to, "w%d w%d w%d w%d\n", i * 7 % ROWS, i * 31 % ROWS, ROWS - 1 - i, i);
    bench b = make_bench(words, table, WIDTH);
    ask(&b, text);
    b.table = table;
    free(words);
    free(text);
    return b;
}

static void many_questions_are_answered_as_one_at_a_time(void **state)
{
    const int questions = where == WL_CPU ? QUESTIONS : 30; /* the emulator takes its time */
    (void)state;
    bench b = make_large_bench(questions);
    for (int method = WL_ANALOGY_ADD; method <= WL_ANALOGY_MULTIPLY; method++) {
        b.config.method = (wl_analogy_method)method;
        answer(&b);
        for (int i = 0; i < questions; i++) {
            const int64_t abc[] = { i * 7 % ROWS, i * 31 % ROWS, ROWS - 1 - i };
            wl_neighbour best;
            wl_error error;
            int64_t n;
            assert_int_equal(
                wl_similar_analogy(b.similar, abc, b.config.method, 1, &best, &n, &error), WL_OK);
            assert_int_equal(b.analogy->answer[i], best.id);
        }
    }
    free_bench(&b);
}

/* ------------------------------------------------------------------ sparse rows */

enum { SPARSE_ROWS = 60, SPARSE_QUESTIONS = 100 };

/* Of a table's numbers those that are not 0. */
static wl_sparse sparse_of(const float *table, int64_t V, int64_t D)
{
    wl_sparse m = { .rows = V, .columns = D };
    m.offsets = calloc((size_t)V + 1, sizeof *m.offsets);
    m.column = malloc((size_t)(V * D) * sizeof *m.column);
    m.value = malloc((size_t)(V * D) * sizeof *m.value);
    assert_true(m.offsets && m.column && m.value);
    for (int64_t i = 0; i < V * D; i++) {
        if (table[i] != 0) {
            m.column[m.count] = (int32_t)(i % D);
            m.value[m.count++] = table[i];
        }
        m.offsets[i / D + 1] = m.count;
    }
    return m;
}

/* Rows of which a hundredth and a row's own number, at least, are not 0; free() it */
static float *mostly_zeros(int64_t D)
{
    float *table = calloc((size_t)(SPARSE_ROWS * D), sizeof *table);
    uint64_t random = 5;
    assert_non_null(table);
    for (int64_t i = 0; i < SPARSE_ROWS * D; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        if (random >> 40 < 1 << 18 || i % D == i / D)
            table[i] = (float)(random >> 20 & 1023) / 512 - 1;
    }
    return table;
}

/* Words and questions to any rows. */
static bench make_sparse_bench(const float *table, int64_t D)
{
    char words[8 * SPARSE_ROWS] = "", text[64 * SPARSE_QUESTIONS] = ": s\n";
    for (int i = 0; i < SPARSE_ROWS; i++) sprintf(words + strlen(words), i ? " w%d" : "w%d", i);
    for (int i = 0; i < SPARSE_QUESTIONS; i++)
        sprintf(text + strlen(text), "w%d w%d w%d w%d\n", i % SPARSE_ROWS, i * 7 % SPARSE_ROWS,
                i * 31 % SPARSE_ROWS, i * 13 % SPARSE_ROWS);
    bench b = make_bench(words, table, D);
    ask(&b, text);
    return b;
}

/* Puts the same rows, sparse, in the place of the dense ones. */
static void make_sparse(bench *b, const wl_sparse *matrix)
{
    wl_error error;
    wl_similar_destroy(b->similar);
    assert_int_equal(wl_similar_create_sparse(&b->similar, matrix, &error), WL_OK);
}

/* The cosine of two rows, and how far one is from it whose m products that are not 0 are summed in
 * float: m - 1 roundings of the sum, and `others` of each product. */
static double cosine_of(const float *table, int64_t D, int64_t a, int64_t b, double others,
                        double *within)
{
    double aa = 0, bb = 0, ab = 0, magnitudes = 0, m = 0;
    for (int64_t d = 0; d < D; d++) {
        const double x = (double)table[a * D + d], y = (double)table[b * D + d];
        aa += x * x, bb += y * y, ab += x * y;
        magnitudes += fabs(x * y);
        m += x * y != 0;
    }
    *within = (m - 1 + others) * 0x1p-24 * magnitudes / sqrt(aa * bb);
    return ab / sqrt(aa * bb);
}

/* Dense: the query's number, the product, two inverse lengths and the products with them. Sparse:
 * the row's number, the query's twice, the product. */
static void sparse_rows_are_near_as_dense_ones(void **state)
{
    static const double others[] = { 6, 4 };
    enum { D = 300 };
    (void)state;
    float *table = mostly_zeros(D);
    wl_sparse matrix = sparse_of(table, SPARSE_ROWS, D);
    bench dense = make_sparse_bench(table, D), sparse = make_sparse_bench(table, D);
    make_sparse(&sparse, &matrix);
    const bench *const both[] = { &dense, &sparse };
    for (int64_t i = 0; i < SPARSE_ROWS; i++) {
        wl_neighbour near[2][5];
        wl_error error;
        int64_t n;
        for (int k = 0; k < 2; k++) {
            assert_int_equal(wl_similar_nearest_row(both[k]->similar, i, 5, near[k], &n, &error),
                             WL_OK);
            assert_int_equal(n, 5);
        }
        for (int k = 0; k < 5; k++) {
            double within[2];
            for (int j = 0; j < 2; j++) {
                const double exact = cosine_of(table, D, i, near[j][k].id, others[j], &within[j]);
                assert_true(fabs((double)near[j][k].cosine - exact) <= within[j]);
            }
            assert_true(fabs((double)near[0][k].cosine - (double)near[1][k].cosine) <=
                        within[0] + within[1]);
            if (near[0][k].cosine > 0.01f) assert_int_equal(near[0][k].id, near[1][k].id);
        }
    }
    compare(&dense, "w1\tw2\t1\nw3\tw4\t2\nw5\tw5\t3\nw6\tw7\t1\n");
    compare(&sparse, "w1\tw2\t1\nw3\tw4\t2\nw5\tw5\t3\nw6\tw7\t1\n");
    assert_true(dense.similarity->pearson == sparse.similarity->pearson);
    free_bench(&dense), free_bench(&sparse);
    wl_sparse_destroy(&matrix);
    free(table);
}

static void sparse_questions_are_answered_as_one_at_a_time(void **state)
{
    static const int64_t widths[] = { 300, 60000 };
    (void)state;
    for (int w = 0; w < 2; w++) {
        float *table = mostly_zeros(widths[w]);
        wl_sparse matrix = sparse_of(table, SPARSE_ROWS, widths[w]);
        bench b = make_sparse_bench(table, widths[w]);
        make_sparse(&b, &matrix);
        for (int method = WL_ANALOGY_ADD; method <= WL_ANALOGY_MULTIPLY; method++) {
            b.config.method = (wl_analogy_method)method;
            answer(&b);
            for (int i = 0; i < SPARSE_QUESTIONS; i += 3) {
                const int64_t abc[] = { i % SPARSE_ROWS, i * 7 % SPARSE_ROWS,
                                        i * 31 % SPARSE_ROWS };
                wl_neighbour best;
                wl_error error;
                int64_t n;
                assert_int_equal(
                    wl_similar_analogy(b.similar, abc, b.config.method, 1, &best, &n, &error),
                    WL_OK);
                if (best.cosine > 0) assert_int_equal(b.analogy->answer[i], best.id);
            }
        }
        free_bench(&b);
        wl_sparse_destroy(&matrix);
        free(table);
    }
}

static void answers_are_the_same_for_any_number_of_threads(void **state)
{
    (void)state;
    bench b = make_large_bench(QUESTIONS);
    int32_t first[QUESTIONS];
    const int most = omp_get_max_threads(), threads[] = { 1, 2, 5 };
    for (int i = 0; i < 3; i++) {
        omp_set_num_threads(threads[i]);
        answer(&b);
        if (i == 0) memcpy(first, b.analogy->answer, sizeof first);
        assert_memory_equal(b.analogy->answer, first, sizeof first);
    }
    omp_set_num_threads(most);
    free_bench(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_analogy_by_sum_is_as_by_hand),
        cmocka_unit_test(the_two_scores_differ_as_by_hand),
        cmocka_unit_test(sections_are_tallied_and_unknown_words_told),
        cmocka_unit_test(words_of_the_question_are_no_answers),
        cmocka_unit_test(another_spelling_of_a_question_word_answers_word2vec_alone),
        cmocka_unit_test(the_fifth_of_five_other_spellings_answers_gensim),
        cmocka_unit_test(no_positive_score_answers_gensim_alone),
        cmocka_unit_test(upper_case_beyond_ascii_is_gensims),
        cmocka_unit_test(the_first_of_words_alike_counts),
        cmocka_unit_test(only_the_first_words_are_considered),
        cmocka_unit_test(equal_scores_have_their_mean_rank),
        cmocka_unit_test(pairs_of_a_word_with_itself_are_equal),
        cmocka_unit_test(what_has_no_correlation_is_nan),
        cmocka_unit_test(many_questions_are_answered_as_one_at_a_time),
        cmocka_unit_test(sparse_rows_are_near_as_dense_ones),
        cmocka_unit_test(sparse_questions_are_answered_as_one_at_a_time),
    };
    const struct CMUnitTest threads[] = {
        cmocka_unit_test(answers_are_the_same_for_any_number_of_threads),
    };
    int failed = cmocka_run_group_tests_name("evaluate", tests, make_folder, remove_folder);
    failed += cmocka_run_group_tests_name("evaluate, threads", threads, make_folder, remove_folder);
    where = WL_CUDA;
    if (wl_device_count(where) > 0)
        failed += cmocka_run_group_tests_name("evaluate, CUDA", tests, make_folder, remove_folder);
    return failed;
}
