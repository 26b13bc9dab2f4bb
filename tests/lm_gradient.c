/* The language model's gradient is its loss's: see rises.h. */
#include "../host/models/lm.h"
#include "../host/nn/branches.h"
#include "data_files.h"
#include "rises.h"

#include <math.h>
#include <stdio.h>

enum { E = 6, T = 5, B = 3, LONG = 17, PART = 8 }; /* LONG has three parts */

static _Alignas(256) char workspace[1 << 20]; /* of training and evaluation */

/* What all tests read. */
typedef struct world {
    wl_ctx *ctx;
    wl_text *text;
    wl_vocabulary *words;
} world;

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
    c.time = what->time ? what->time : T, c.batch = B;
    if (what->seed) c.seed = what->seed;
    return c;
}

/* A parameter, or the table where it is not tied. */
static part part_of(const wl_lm *m, int32_t number)
{
    const wl_parameters *all = &m->parameters;
    const wl_lookup_pass *p = &m->run->embedded;
    if (number < all->count) return part_of_parameter(all, number);
    return (part){ .name = "the table",
                   .value = m->embedding.table.data,
                   .gradient = p->sums.data,
                   .count = *(int64_t *)p->count.data * E,
                   .rows = p->rows.data,
                   .E = E };
}

/* A model away from 0, where layers hardly differ; its pass in parts of so many steps, 0: as ever.
 */
static wl_lm *model_of(const wl_lm_config *what, int64_t part_steps, wl_ctx *ctx,
                       const wl_vocabulary *words, const wl_text *text)
{
    const wl_lm_config c = config_of(what);
    wl_error error = { "" };
    wl_lm *m;
    if (wl_lm_create(&m, ctx, &c, words, &error)) fail_msg("%s", error.text);
    float *p = m->parameters.value.data, *table = m->config.tie ? NULL : m->embedding.table.data;
    for (int64_t i = 0; i < m->parameters.size; i++) p[i] += 0.3f * sinf((float)i);
    for (int64_t i = 0; table && i < m->V * E; i++) table[i] += 0.5f * cosf((float)i);
    m->part_steps = part_steps;
    if (wl_lm_begin_run(m, text, &error)) fail_msg("%s", error.text);
    return m;
}

/* The loss of the pass's batch. */
static double loss(void *user)
{
    const wl_lm *m = user;
    assert_int_equal(wl_lm_forward(m->run, NULL), WL_OK);
    assert_int_equal(wl_lm_loss(m->run, NULL), WL_OK);
    return (double)*(float *)m->run->loss.data;
}

static void gradient_is_that_of_the_loss(const wl_lm_config *what, wl_ctx *ctx,
                                         const wl_vocabulary *words, const wl_text *text)
{
    char what_it_is[64];
    wl_error error = { "" };
    wl_lm *m = model_of(what, what->time ? PART : 0, ctx, words, text);
    assert_int_equal(wl_lm_step(m->run, &error), WL_OK); /* states that are not 0 */
    wl_ctx_set_workspace(ctx, workspace, sizeof workspace);
    assert_int_equal(wl_lm_read(m->run, NULL), WL_OK);
    assert_int_equal(wl_lm_forward(m->run, NULL), WL_OK);
    assert_int_equal(wl_lm_backward(m->run, NULL), WL_OK);
    for (int32_t i = 0; i < m->parameters.count + !m->config.tie; i++) {
        const part a = part_of(m, i);
        snprintf(what_it_is, sizeof what_it_is, "%d layers of %s", (int)what->layers,
                 wl_cells[what->cell]);
        rises_along(&a, m->config.time * B, loss, m, what_it_is);
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
        { .cell = WL_CELL_RNN, .layers = 2, .hidden = 7, .time = LONG },
        { .cell = WL_CELL_GRU,
          .layers = 3,
          .dropout = 0.2,
          .weight_drop = 0.3,
          .norm = 1,
          .residual = 1,
          .time = LONG },
        { .cell = WL_CELL_RNN, .layers = 6, .residual = 1, .tie = 1, .time = LONG },
    };
    const world *w = *state;
    for (size_t i = 0; i < sizeof models / sizeof *models; i++)
        gradient_is_that_of_the_loss(&models[i], w->ctx, w->words, w->text);
}

/* Loss of the first batch. */
static double first_loss(const world *w, const wl_lm_config *what, int64_t part_steps)
{
    wl_lm *m = model_of(what, part_steps, w->ctx, w->words, w->text);
    assert_int_equal(wl_branches_use(w->ctx, &m->run->workspace), WL_OK);
    wl_ctx_set_workspace(w->ctx, workspace, sizeof workspace);
    assert_int_equal(wl_lm_read(m->run, NULL), WL_OK);
    const double found = loss(m);
    wl_lm_destroy(m);
    return found;
}

/* A pass in parts drops what the whole one does: its loss is another by nothing against what other
 * masks make of it. */
static void parts_of_a_pass_drop_as_the_whole(void **state)
{
    const world *w = *state;
    wl_lm_config what = {
        .cell = WL_CELL_LSTM, .layers = 2, .dropout = 0.4, .residual = 1, .time = LONG, .seed = 1
    };
    const double whole = first_loss(w, &what, LONG), parts = first_loss(w, &what, PART);
    what.seed = 2;
    const double other = first_loss(w, &what, LONG);
    assert_true(fabs(parts - whole) <= fabs(other - whole) / 1000);
}

static int make_world(void **state)
{
    static world w;
    wl_error error = { "" };
    if (make_folder(state)) return -1;
    *state = &w;
    assert_int_equal(wl_ctx_create(&w.ctx, WL_CPU, 0), WL_OK);
    write_text(in_folder("text"), "a b c d e\nc b a\nd e a b\nb b c\ne d a\na c e b d\nd c b a\n"
                                  "e e a\nb d a c\nc a b\na b c\nd a e\n");
    if (wl_text_count(&w.text, &w.words, in_folder("text"), WL_TEXT_WORD, 1, 0, &error))
        fail_msg("%s", error.text);
    return 0;
}

static int free_world(void **state)
{
    const world *w = *state;
    wl_text_destroy(w->text);
    wl_vocabulary_destroy(w->words);
    wl_ctx_destroy(w->ctx);
    return remove_folder(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_are_those_of_the_loss),
        cmocka_unit_test(parts_of_a_pass_drop_as_the_whole),
    };
    return cmocka_run_group_tests_name("lm_gradient", tests, make_world, free_world);
}
