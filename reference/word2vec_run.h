/* Neighbouring centres of <wordloom/word2vec.h> worked through, one unit after another: what
 * hogwild and sync have in common. */
#ifndef WL_REF_WORD2VEC_RUN_H
#define WL_REF_WORD2VEC_RUN_H

#include "word2vec_kept.h"
#include "word2vec_unit.h"

/* What works through neighbouring centres. In sync it reads and adds to buffers: x and dx of the
 * tokens from `first` on; and the centre's slots, what they have and the rows that it is meant for.
 */
typedef struct run {
    const call *c;
    wl_word2vec_scratch at;
    unit u;
    loss_sum loss;
    int64_t pairs, skipped;
    bool sync, keeps; /* keeps: rows of contexts */
    int64_t first, slots;
    real *x, *dx, *dout, **terms, *weights;
    int32_t *input_rows, *input_counts, *output_rows, *output_counts;
} run;

static run run_of(const call *c, char *memory)
{
    run r = { .c = c, .loss = { 0, 0, 1 } };
    wl_word2vec_carve(&r.at, memory, &c->s);
    r.u = (unit){ .D = c->d->D,
                  .x = (real **)r.at.x_at,
                  .dx = (real **)r.at.dx_at,
                  .o = (real **)r.at.o_at,
                  .dout = (real **)r.at.dout_at,
                  .g = r.at.g,
                  .quads = r.at.quads };
    memset(r.at.spare, 0, (size_t)c->d->D * sizeof(real));
    return r;
}

static real *cleared(void *rows, int64_t i, int64_t D)
{
    return memset(nth_row(rows, i, D), 0, (size_t)D * sizeof(real));
}

/* Rows that are REAL may be read and added to in place. */
static bool in_place(const run *r) { return !r->sync && one_tile(r->u.inputs, r->u.padded); }

/* Input i of the unit is the word at a place. */
static void bind_input(run *r, int64_t i, int64_t place)
{
    const call *c = r->c;
    const int64_t D = c->d->D, id = token_at(c, place);
    const bool direct = r->keeps || (c->direct && c->own_rows);
    real *row = r->keeps ? kept_row(c, &r->at, place) : row_of(&c->a->input, id, 0).data;
    if (r->sync) {
        r->u.x[i] = direct ? row : nth_row(r->x, place - r->first, D);
        r->u.dx[i] = nth_row(r->dx, place - r->first, D);
        return;
    }
    const bool here = direct && in_place(r);
    r->u.x[i] = here ? row : nth_row(r->at.x, i, D);
    if (r->keeps && !here)
        memcpy(r->u.x[i], row, (size_t)D * sizeof *row);
    else if (!here)
        word_vector(c, id, r->u.x[i]);
    r->u.dx[i] = direct ? row : cleared(r->at.dx, i, D);
}

/* Inputs are added to where they are bound. */
static bool inputs_take_all(const run *r)
{
    return r->sync || r->keeps || (r->c->direct && r->c->own_rows);
}

/* Sample j of the unit is a word, or -1; in sync sums for it go to a slot. */
static void bind_sample(run *r, int64_t j, int32_t id, int64_t slot)
{
    const call *c = r->c;
    const int64_t D = c->d->D;
    if (id < 0) {
        r->u.o[j] = r->u.o[0];
        r->u.dout[j] = r->at.spare;
        return;
    }
    const row at = row_of(&c->a->output, id, 0);
    const bool here = c->direct && (r->sync || in_place(r));
    r->u.o[j] = here ? at.data : nth_row(r->at.o, j, D);
    if (!here) load_row(r->u.o[j], at, D);
    if (r->u.input_only) return;
    r->u.dout[j] = r->sync     ? nth_row(r->dout, slot, D)
                   : c->direct ? at.data
                               : cleared(r->at.dout, j, D);
}

/* The first sample and a set of others. */
static void bind_samples(run *r, const centre *m, int64_t set)
{
    const int32_t *drawn = m->drawn + set * r->c->s.negative;
    bind_sample(r, 0, m->target, 0);
    for (int64_t j = 1; j < r->u.samples; j++) bind_sample(r, j, drawn[j - 1], j);
    for (int64_t j = r->u.samples; j < r->u.padded; j++) bind_sample(r, j, -1, 0);
}

static uint32_t step_of(const run *r, const centre *m, int64_t unit)
{
    return wl_word2vec_rounding_step(r->c->position + (uint64_t)m->at, r->c->s.units, unit);
}

static int64_t set_of(const run *r, int64_t unit) { return r->c->s.sets == 1 ? 0 : unit; }

static void store_samples(const run *r, const centre *m, int64_t unit)
{
    const call *c = r->c;
    const int64_t set = set_of(r, unit);
    if (c->direct) return;
    for (int64_t j = 0; j < r->u.samples; j++) {
        const int32_t id = j ? m->drawn[set * c->s.negative + j - 1] : m->target;
        if (id >= 0) add_to_row(c, &c->a->output, id, r->u.dout[j], 1, step_of(r, m, unit));
    }
}

/* In sync, contexts first..first + n - 1 and a set of samples have gradients meant for their rows.
 */
static void count_rows(run *r, const centre *m, int64_t first, int64_t n, int64_t set)
{
    const int64_t rows = r->c->s.rows, K = r->c->s.negative, D = r->c->d->D;
    for (int64_t i = first; i < first + n; i++) {
        const int64_t place = context_at(m, i), id = token_at(r->c, place), at = place - r->first;
        const int32_t *pieces;
        if (r->input_counts[at]++) continue;
        const int64_t some = 1 + pieces_of(r->c, id, &pieces);
        for (int64_t k = 0; k < some; k++)
            r->input_rows[at * rows + k] = (int32_t)input_row(r->c, id, pieces, k);
    }
    for (int64_t j = 0; j < r->u.samples; j++) {
        const int64_t slot = set * (1 + K) + j;
        r->output_rows[slot] = j ? m->drawn[set * K + j - 1] : m->target;
        r->output_counts[slot] = (int32_t)r->u.inputs;
        r->terms[slot] = r->u.input_only ? r->u.x[0] : nth_row(r->dout, slot, D);
        r->weights[slot] = r->u.input_only ? r->u.g[j] : 1;
    }
}

/* Runs the unit of contexts first..first + n - 1; false: nothing came of it. */
static bool run_unit(run *r, const centre *m, int64_t first, int64_t n, int64_t unit, real lr)
{
    const int64_t set = set_of(r, unit);
    if (compute(&r->u, lr, m->drawn + set * r->c->s.negative, &r->loss)) {
        r->pairs += r->u.inputs;
        if (r->sync)
            count_rows(r, m, first, n, set);
        else
            store_samples(r, m, unit);
        return true;
    }
    r->skipped++;
    return false;
}

/* Contexts first..first + inputs - 1 of a centre with one set of negatives. */
static void skipgram_unit(run *r, const centre *m, int64_t first, int64_t inputs, int64_t unit,
                          real lr)
{
    const call *c = r->c;
    r->u.inputs = inputs;
    for (int64_t i = 0; i < inputs; i++) bind_input(r, i, context_at(m, first + i));
    bind_samples(r, m, set_of(r, unit));
    if (!run_unit(r, m, first, inputs, unit, lr) || inputs_take_all(r)) return;
    for (int64_t i = 0; i < inputs; i++)
        add_to_word(c, token_at(c, context_at(m, first + i)), r->u.dx[i], 1, step_of(r, m, unit));
}

/* The unit's one input is the mean, or the sum, of the contexts, which are bound as a unit's inputs
 * are: to be read, and added to where that is done in place. */
static void cbow_unit(run *r, const centre *m, real lr)
{
    const call *c = r->c;
    const int64_t D = c->d->D, n = contexts_of(m);
    const bool bound = inputs_take_all(r);
    real **const x_at = r->u.x, **const dx_at = r->u.dx;
    real *x = memset(r->at.mean, 0, (size_t)D * sizeof *x);
    real *dx = memset(r->at.dmean, 0, (size_t)D * sizeof *dx);
    r->u.inputs = n;
    for (int64_t i = 0; i < n; i++) bind_input(r, i, context_at(m, i));
    add_sum(x, c->a->context == WL_CONTEXT_SUM ? 1 : 1 / (real)n, x_at, n, D);
    r->u.inputs = 1;
    r->u.x = &x;
    r->u.dx = &dx;
    bind_samples(r, m, 0);
    const bool good = run_unit(r, m, 0, n, 0, lr);
    r->u.x = x_at;
    r->u.dx = dx_at;
    if (!good) return;
    if (bound) add_to_each(dx_at, n, share(c, n), dx, D);
    for (int64_t i = 0; !bound && i < n; i++)
        add_to_word(c, token_at(c, context_at(m, i)), dx, share(c, n), step_of(r, m, 0));
}

/* Meanwhile the next centre's negatives a pair are fetched. In sync nothing is read before a batch
 * ends, and the units with the same negatives are one. */
static void skipgram_units(run *r, const centre *m, const centre *next, real lr)
{
    const wl_word2vec_sizes *s = &r->c->s;
    const int64_t n = contexts_of(m), inputs = wl_word2vec_inputs(n, r->sync ? s->sets : s->units);
    const int64_t sets = next->target < 0 || s->sets == 1 ? 0 : contexts_of(next);
    int64_t unit = 0;
    for (int64_t first = 0; first < n; first += inputs, unit++) {
        if (unit < sets) prefetch_set(r->c, next, unit);
        skipgram_unit(r, m, first, least(inputs, n - first), unit, lr);
    }
    for (; unit < sets; unit++) prefetch_set(r->c, next, unit);
}

static void train_centre(run *r, const centre *m, const centre *next, real lr)
{
    const int64_t n = contexts_of(m);
    r->u.samples = m->samples;
    r->u.padded = (m->samples + SIX - 1) / SIX * SIX;
    r->u.yes = m->yes;
    if (m->target < 0 || n == 0) return;
    if (r->c->a->method == WL_CBOW)
        cbow_unit(r, m, lr);
    else
        skipgram_units(r, m, next, lr);
}

static void write_tallies(const call *c, const wl_word2vec_tally *tally, int64_t n, bool more)
{
    wide loss = 0;
    int64_t pairs = more ? *(int64_t *)c->a->pairs.data : 0;
    int64_t skipped = more ? *(int64_t *)c->a->skipped.data : 0;
    for (int64_t i = 0; i < n; i++) {
        loss += (wide)tally[nth(i, n)].loss;
        pairs += tally[i].pairs;
        skipped += tally[i].skipped;
    }
    *(int64_t *)c->a->pairs.data = pairs;
    *(int64_t *)c->a->skipped.data = skipped;
    if (!wl_present(&c->a->loss)) return;
    real *out = c->a->loss.data;
    *out = (real)(loss + (more ? (wide)*out : 0));
}

/* In sync the slots of a centre are next to those of the centre before, and so is what they have.
 */
static void next_slots(run *r)
{
    const int64_t slots = r->slots, D = r->c->d->D;
    r->terms += slots;
    r->weights += slots;
    r->output_rows += slots;
    r->output_counts += slots;
    if (r->u.fresh) r->dout += slots * D;
    if (r->c->a->method == WL_CBOW) r->at.mean = nth_row(r->at.mean, 1, D);
}

/* Trains on centres from..to-1, planning and fetching one ahead. */
static wl_word2vec_tally train_centres(run *r, int64_t from, int64_t to, real lr, real slope)
{
    centre next = centre_of(r->c, from, r->at.drawn[0]);
    for (int64_t i = from; i < to; i++) {
        const centre now = next;
        next = centre_of(r->c, i + 1 < to ? i + 1 : r->c->end, r->at.drawn[(i + 1 - from) % 2]);
        prefetch_centre(r->c, &next);
        if (r->sync && i > from) next_slots(r);
        if (r->keeps) release_rows(r->c, &r->at, i - r->c->s.window, i);
        train_centre(r, &now, &next, lr + slope * (real)(i - r->c->begin));
    }
    if (r->keeps) release_rows(r->c, &r->at, INT64_MAX, to);
    return (wl_word2vec_tally){ (double)loss_of(&r->loss), r->pairs, r->skipped };
}

#endif
