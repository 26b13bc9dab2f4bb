/* The sequence-to-sequence model's gradient is its loss's: see rises.h. */
#include "../host/models/seq2seq.h"
#include "rises.h"
#include "seq2seq_bench.h"

#include <math.h>
#include <stdio.h>

/* Sources and targets of several lengths, of 0 among them. */
static const char lines[] = "abc\txy\nd\tzyx\n\tx\nabcdd\t\n";
enum { PAIRS = 4, LABELS = 10 };

/* A batch whose loss is asked for again and again. */
typedef struct batch {
    wl_seq2seq *model;
    wl_seq2seq_pair pairs[PAIRS];
} batch;

/* A step at a learning rate of 0, with the same masks each time. */
static double loss(void *user)
{
    const batch *b = user;
    wl_error error = { "" };
    if (wl_seq2seq_step(&b->model->run->pass, b->pairs, PAIRS, 3, &error))
        fail_msg("%s", error.text);
    return (double)*(float *)b->model->run->pass.loss.data;
}

static void *copied(const void *from, int64_t bytes)
{
    void *to = malloc((size_t)bytes + 1);
    assert_non_null(to);
    memcpy(to, from, (size_t)bytes);
    return to;
}

/* The gradient is copied: the next step overwrites it. */
static void holds(const part *found, const batch *b, const char *what)
{
    part a = *found;
    const int64_t rows = a.rows ? a.count / a.E : 0;
    float *gradient = copied(a.gradient, a.count * 4);
    int64_t *numbers = a.rows ? copied(a.rows, rows * 8) : NULL;
    a.gradient = gradient, a.rows = numbers;
    rises_along(&a, LABELS, loss, (void *)(uintptr_t)b, what);
    free(gradient);
    free(numbers);
}

static void table_holds(const wl_lookup_pass *p, const batch *b, const char *what)
{
    const wl_lookup *l = p->lookup;
    if (l->number >= 0) return;
    loss((void *)(uintptr_t)b);
    const part a = { .name = l->name,
                     .value = l->table.data,
                     .gradient = p->sums.data,
                     .count = *(int64_t *)p->count.data * l->E,
                     .rows = p->rows.data,
                     .E = l->E };
    holds(&a, b, what);
}

/* Away from 0, where layers hardly differ. */
static void spread(wl_seq2seq *m)
{
    float *p = m->parameters.value.data;
    for (int64_t i = 0; i < m->parameters.size; i++) p[i] += 1.0f * sinf((float)i);
    for (int k = 0; k < 2; k++) {
        float *table = m->embedding[k].number < 0 ? m->embedding[k].table.data : NULL;
        for (int64_t i = 0; table && i < m->embedding[k].V * m->embedding[k].E; i++)
            table[i] += 0.5f * cosf((float)i);
    }
}

static void gradient_is_that_of_the_loss(const wl_seq2seq_config *what)
{
    bench b = make_bench(WL_CPU, lines, what);
    batch one = { .model = make_model(&b) };
    wl_seq2seq *m = one.model;
    char name[64];
    wl_error error = { "" };
    snprintf(name, sizeof name, "%d layers of %s, %s, %s", (int)b.config.layers,
             wl_cells[b.config.cell], wl_seq2seq_models[b.config.model],
             wl_seq2seq_scores[b.config.score]);
    spread(m);
    if (wl_seq2seq_begin_run(m, b.pairs, &error)) fail_msg("%s", error.text);
    assert_int_equal(wl_descent_set_rate(&m->run->descent, 0, &error), WL_OK);
    for (int64_t i = 0; i < PAIRS; i++) {
        wl_seq2seq_pair *p = &one.pairs[i];
        p->source = wl_pairs_source(b.pairs, i, &p->source_length);
        p->target = wl_pairs_target(b.pairs, i, &p->target_length);
    }
    for (int32_t i = 0; i < m->parameters.count; i++) {
        loss(&one);
        const part a = part_of_parameter(&m->parameters, i);
        holds(&a, &one, name);
    }
    assert_int_equal(m->run->pass.labels, LABELS);
    table_holds(&m->run->pass.encoder.embedded, &one, name);
    table_holds(&m->run->pass.decoder.embedded, &one, name);
    wl_seq2seq_destroy(m);
    free_bench(&b);
}

static void gradients_are_those_of_the_loss(void **state)
{
    enum { PLAIN = WL_SEQ2SEQ_PLAIN, PEEKY = WL_SEQ2SEQ_PEEKY, ATTENTION = WL_SEQ2SEQ_ATTENTION };
    enum { RNN = WL_CELL_RNN, GRU = WL_CELL_GRU, LSTM = WL_CELL_LSTM };
    static const wl_seq2seq_config models[] = {
        { .model = PLAIN, .cell = LSTM },
        { .model = PLAIN, .cell = GRU, .layers = 2, .reverse = 1, .tie = 1, .embed = 12 },
        { .model = PLAIN, .cell = RNN, .layers = 3, .residual = 1, .bidirectional = 1 },
        { .model = PLAIN, .cell = LSTM, .layers = 2, .dropout = 0.3, .residual = 1, .embed = 12 },
        { .model = PEEKY, .cell = LSTM, .shared = 1 },
        { .model = PEEKY, .cell = GRU, .layers = 2, .tie = 1, .embed = 24 },
        { .model = PEEKY, .cell = LSTM, .layers = 3, .residual = 1, .dropout = 0.2 },
        { .model = ATTENTION, .cell = LSTM, .smoothing = 0.1 },
        { .model = ATTENTION, .cell = GRU, .bidirectional = 1, .reverse = 1 },
        { .model = ATTENTION, .cell = LSTM, .score = WL_SCORE_GENERAL, .shared = 1 },
        { .model = ATTENTION, .cell = LSTM, .score = WL_SCORE_ADDITIVE, .layers = 2 },
        { .model = ATTENTION,
          .cell = LSTM,
          .score = WL_SCORE_ADDITIVE,
          .layers = 3,
          .bidirectional = 1,
          .residual = 1,
          .dropout = 0.2 },
        { .model = ATTENTION,
          .cell = GRU,
          .score = WL_SCORE_GENERAL,
          .layers = 2,
          .bidirectional = 1,
          .residual = 1,
          .dropout = 0.2,
          .shared = 1,
          .tie = 1,
          .embed = 24 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof models / sizeof *models; i++)
        gradient_is_that_of_the_loss(&models[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(gradients_are_those_of_the_loss) };
    return cmocka_run_group_tests_name("seq2seq_gradient", tests, make_folder, remove_folder);
}
