/* The language model's gradient is its loss's, however its parts are put together: operators are
 * right by tests of their own, here it is their wiring. */
#include "../host/models/lm.h"
#include "data_files.h"

#include <float.h>
#include <math.h>

enum { E = 6, T = 5, B = 3 };

static _Alignas(256) char workspace[1 << 20]; /* of training and evaluation */

static wl_lm_config config_of(const wl_lm_config *what)
{
    wl_lm_config c = wl_lm_defaults();
    c.cell = what->cell, c.layers = what->layers, c.tie = what->tie;
    c.dropout = what->dropout, c.variational = what->variational;
    c.weight_drop = what->weight_drop, c.residual = what->residual;
    c.zoneout = what->zoneout, c.zoneout_c = what->zoneout_c;
    c.norm = what->norm;
    c.embed = E;
    c.hidden = what->hidden ? what->hidden : E;
    c.time = T, c.batch = B;
    return c;
}

/* A parameter, or the table where it is not tied, and its gradient as `backward` left it: of each
 * element, or of some rows. */
typedef struct part {
    const char *name;
    float *value;
    const float *gradient;
    int64_t count;
    const int64_t *rows; /* of E elements; null: all */
} part;

static int64_t place(const part *a, int64_t i) { return a->rows ? a->rows[i / E] * E + i % E : i; }

static void move(const part *a, double factor)
{
    for (int64_t i = 0; i < a->count; i++)
        a->value[place(a, i)] += (float)(factor * (double)a->gradient[i]);
}

static part part_of(const wl_lm *m, int32_t number)
{
    const wl_parameters *all = &m->parameters;
    if (number == all->count)
        return (part){ "the table", m->embedding.table.data, m->run->embedded.sums.data,
                       *(int64_t *)m->run->embedded.count.data * E, m->run->embedded.rows.data };
    const wl_tensor value = wl_parameters_value(all, number);
    const wl_tensor gradient = wl_parameters_gradient(all, number);
    return (part){ all->list[number].name, value.data, gradient.data, all->list[number].count,
                   NULL };
}

/* The loss of the pass's batch. */
static double loss(const wl_lm *m)
{
    assert_int_equal(wl_lm_forward(m->run, NULL), WL_OK);
    assert_int_equal(wl_lm_loss(m->run, NULL), WL_OK);
    return (double)*(float *)m->run->loss.data;
}

/* Along its gradient the loss rises by the square of its norm: by central differences, of which two
 * leave an error of the fourth order, under what they differ by. A loss is the mean of T B numbers
 * of f32, each rounded by half an epsilon and more on its way. */
static void rises_along(const part *a, const wl_lm *m)
{
    double rise = 0, differences[2], lost = 0;
    for (int64_t i = 0; i < a->count; i++) rise += (double)a->gradient[i] * (double)a->gradient[i];
    assert_true(rise > 0);
    for (int i = 0; i < 2; i++) {
        const double step = 0.001 / rise * (i + 1); /* a small part of the loss */
        move(a, step);
        const double above = loss(m);
        move(a, -2 * step);
        differences[i] = (above - loss(m)) / (2 * step);
        move(a, step);
        lost = fmax(lost, T * B * (double)FLT_EPSILON * above / (2 * step));
    }
    const double found = (4 * differences[0] - differences[1]) / 3;
    if (!(fabs(found - rise) < lost + fabs(differences[0] - differences[1])))
        fail_msg("%s of %s, %d layers: the loss rises by %g, its gradient says %g", a->name,
                 wl_cells[m->config.cell], (int)m->config.layers, found, rise);
}

static void gradient_is_that_of_the_loss(const wl_lm_config *what, wl_ctx *ctx,
                                         const wl_vocabulary *words, const wl_text *text)
{
    const wl_lm_config c = config_of(what);
    wl_error error = { "" };
    wl_lm *m;
    if (wl_lm_create(&m, ctx, &c, words, &error)) fail_msg("%s", error.text);
    float *p = m->parameters.value.data, *table = m->config.tie ? NULL : m->embedding.table.data;
    for (int64_t i = 0; i < m->parameters.size; i++) /* away from 0, where layers hardly differ */
        p[i] += 0.3f * sinf((float)i);
    for (int64_t i = 0; table && i < m->V * E; i++) table[i] += 0.5f * cosf((float)i);
    if (wl_lm_begin_run(m, text, &error)) fail_msg("%s", error.text);
    assert_int_equal(wl_lm_step(m->run, &error), WL_OK); /* states that are not 0 */
    wl_ctx_set_workspace(ctx, workspace, sizeof workspace);
    assert_int_equal(wl_lm_read(m->run, NULL), WL_OK);
    assert_int_equal(wl_lm_forward(m->run, NULL), WL_OK);
    assert_int_equal(wl_lm_backward(m->run, NULL), WL_OK);
    for (int32_t i = 0; i < m->parameters.count + !m->config.tie; i++) {
        const part a = part_of(m, i);
        rises_along(&a, m);
    }
    wl_lm_destroy(m);
}

static void gradients_are_those_of_the_loss(void **state)
{
    static const wl_lm_config models[] = {
        { .cell = WL_CELL_RNN, .layers = 1, .hidden = 7 },
        { .cell = WL_CELL_GRU, .layers = 2 },
        { .cell = WL_CELL_LSTM, .layers = 2, .tie = 1 },
        { .cell = WL_CELL_LSTM, .layers = 3, .residual = 1 },
        { .cell = WL_CELL_RNN, .layers = 3, .residual = 1, .hidden = 8 },
        { .cell = WL_CELL_GRU, .layers = 2, .dropout = 0.4, .tie = 1 },
        { .cell = WL_CELL_LSTM, .layers = 2, .dropout = 0.4, .variational = 1 },
        { .cell = WL_CELL_LSTM, .layers = 2, .weight_drop = 0.4 },
        { .cell = WL_CELL_RNN, .layers = 2, .zoneout = 0.3 },
        { .cell = WL_CELL_GRU, .layers = 2, .zoneout = 0.3, .tie = 1 },
        { .cell = WL_CELL_LSTM, .layers = 2, .zoneout = 0.2, .zoneout_c = 0.4, .residual = 1 },
        { .cell = WL_CELL_RNN, .layers = 1, .hidden = 7, .norm = 1 },
        { .cell = WL_CELL_LSTM, .layers = 2, .hidden = 8, .norm = 1 },
        { .cell = WL_CELL_LSTM, .layers = 3, .norm = 1, .residual = 1 },
        { .cell = WL_CELL_GRU,
          .layers = 3,
          .dropout = 0.2,
          .weight_drop = 0.3,
          .norm = 1,
          .residual = 1,
          .tie = 1 },
        { .cell = WL_CELL_GRU,
          .layers = 3,
          .dropout = 0.2,
          .weight_drop = 0.3,
          .residual = 1,
          .tie = 1,
          .variational = 1 },
    };
    wl_ctx *ctx;
    wl_text *text;
    wl_vocabulary *words;
    wl_error error = { "" };
    (void)state;
    assert_int_equal(wl_ctx_create(&ctx, WL_CPU, 0), WL_OK);
    write_text(in_folder("text"), "a b c d e\nc b a\nd e a b\nb b c\ne d a\na c e b d\nd c b a\n"
                                  "e e a\nb d a c\nc a b\na b c\nd a e\n");
    if (wl_text_count(&text, &words, in_folder("text"), WL_TEXT_WORD, 1, 0, &error))
        fail_msg("%s", error.text);
    for (size_t i = 0; i < sizeof models / sizeof *models; i++)
        gradient_is_that_of_the_loss(&models[i], ctx, words, text);
    wl_text_destroy(text);
    wl_vocabulary_destroy(words);
    wl_ctx_destroy(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(gradients_are_those_of_the_loss) };
    return cmocka_run_group_tests_name("lm_gradient", tests, make_folder, remove_folder);
}
