/* Reference of word2vec_sync of <wordloom/word2vec.h>: a batch adds to buffers, which are then
 * ordered by row and summed. */
#include "grouping.h"
#include "word2vec_run.h"

enum { PART = WL_WORD2VEC_PART };

/* The vectors of the tokens around a part, where they are not rows of the table as it is. */
static void part_vectors(const run *r, int64_t reach)
{
    const call *c = r->c;
    if (c->direct && c->own_rows) return;
    for (int64_t i = 0; i < reach; i++) {
        const int64_t place = r->first + i;
        const int32_t id = place >= 0 && place < c->d->N ? token_at(c, place) : -1;
        if (id >= 0) word_vector(c, id, nth_row(r->x, i, c->d->D));
    }
}

/* A mean's gradient goes to the pieces of a word whole, unless it is to be corrected. */
static void correct_gradients(const run *r, int64_t reach)
{
    const call *c = r->c;
    if (c->own_rows || c->a->context != WL_CONTEXT_MEAN_CORRECTED) return;
    for (int64_t i = 0; i < reach; i++) {
        const int32_t *pieces, id = r->input_rows[i * c->s.rows];
        real *dx = nth_row(r->dx, i, c->d->D);
        const real part = id < 0 ? 0 : share(c, 1 + pieces_of(c, id, &pieces));
        for (int64_t k = 0; k < c->d->D; k++) dx[k] *= part;
    }
}

/* Part number `p` of the batch from..to-1: its gradients, and the rows that they are meant for. */
static void compute_part(const call *c, const wl_word2vec_sync_space *space, int64_t p,
                         int64_t from, int64_t to, real lr)
{
    const int64_t D = c->d->D, begin = from + p * PART, reach = space->reach;
    const int64_t slot = p * PART * space->slots;
    const bool cbow = c->a->method == WL_CBOW;
    run r = run_of(c, space->scratch + (size_t)p * space->scratch_bytes);
    r.sync = true;
    r.first = begin - c->s.window;
    r.slots = space->slots;
    r.u.fresh = space->sums;
    r.u.input_only = !space->sums;
    if (cbow) r.at.mean = nth_row(space->mean, p * PART, D);
    r.x = nth_row(space->x, p * reach, D);
    r.dx = nth_row(space->dx, p * reach, D);
    if (r.u.fresh) r.dout = nth_row(space->dout, slot, D);
    r.terms = (real **)space->terms + slot;
    r.weights = (real *)space->weights + slot;
    r.input_rows = space->input_rows + p * reach * c->s.rows;
    r.input_counts = space->input_counts + p * reach;
    r.output_rows = space->output_rows + slot;
    r.output_counts = space->output_counts + slot;
    memset(r.dx, 0, (size_t)(reach * D) * sizeof(real));
    memset(r.input_rows, 0xff, (size_t)(reach * c->s.rows) * sizeof(int32_t));
    memset(r.output_rows, 0xff, (size_t)(PART * space->slots) * sizeof(int32_t));
    memset(r.input_counts, 0, (size_t)reach * sizeof(int32_t));
    part_vectors(&r, reach);
    space->tally[p] = train_centres(&r, begin, least(to, begin + PART), lr, 0);
    correct_gradients(&r, reach);
}

/* One table's side of a batch: what its slots have, as weights times rows of floats or, for `share`
 * slots each, gradients; of how many updates that is; and the slots ordered by row. */
typedef struct side {
    const wl_tensor *table;
    real *gradients, *const *terms;
    const real *weights;
    const int32_t *counts;
    int64_t share;
    double cap;
    grouping by;
} side;

static side output_side(const call *c, const wl_word2vec_sync_space *space, int64_t parts)
{
    const int64_t slots = parts * PART * space->slots;
    const wl_tensor ids = { space->output_rows, WL_I32, 1, { slots }, { 0 } };
    return (side){ &c->a->output,
                   NULL,
                   (real **)space->terms,
                   space->weights,
                   space->output_counts,
                   1,
                   2 * c->a->cap,
                   WL_REF(group)(c->ctx, c->where, &ids, slots, c->d->V, space->output_grouping) };
}

static side input_side(const call *c, const wl_word2vec_sync_space *space, int64_t parts)
{
    const int64_t slots = parts * space->reach * c->s.rows;
    const wl_tensor ids = { space->input_rows, WL_I32, 1, { slots }, { 0 } };
    return (side){ &c->a->input,
                   space->dx,
                   NULL,
                   NULL,
                   space->input_counts,
                   c->s.rows,
                   c->a->cap,
                   WL_REF(group)(c->ctx, c->where, &ids, slots, c->d->R, space->input_grouping) };
}

/* The factor that keeps a row's updates to the cap. */
static real capped(const side *s, int64_t group)
{
    int64_t n = 0;
    for (int64_t i = s->by.start[group]; i < s->by.start[group + 1]; i++)
        n += s->counts[s->by.slot[i] / s->share];
    return s->cap > 0 && (double)n > s->cap ? (real)(s->cap / (double)n) : 1;
}

/* to += scale (the sum over a group's slots, from some feature on) */
static void add_slots(const side *s, int64_t group, int64_t feature, int64_t width, int64_t D,
                      real scale, real *to)
{
    enum { SOME = 32 };
    const int64_t from = s->by.start[group], n = s->by.start[group + 1] - from;
    for (int64_t first = 0; first < n; first += SOME) {
        real *rows[SOME], weights[SOME];
        const int64_t some = least(SOME, n - first);
        for (int64_t i = 0; i < some; i++) {
            const int64_t slot = s->by.slot[from + nth(first + i, n)];
            rows[i] = s->terms ? s->terms[slot] : nth_row(s->gradients, slot / s->share, D);
            rows[i] += feature;
            weights[i] = s->weights ? s->weights[slot] : 1;
        }
        add_weighed(to, scale, rows, weights, some, width);
    }
}

/* table[row] += the capped sum over the slots of one group */
static void apply_group(const call *c, const side *s, int64_t group, uint32_t step)
{
    const int64_t D = c->d->D, index = (int64_t)s->by.row[s->by.start[group]];
    const real scale = capped(s, group);
    if (c->direct) {
        add_slots(s, group, 0, D, D, scale, row_of(s->table, index, 0).data);
        return;
    }
    for (int64_t k = 0; k < D; k += BLOCK) {
        real sum[BLOCK] = { 0 };
        add_slots(s, group, k, least(BLOCK, D - k), D, scale, sum);
        add_block(c, s->table, index, k, least(BLOCK, D - k), sum, 1, step);
    }
}

/* The centres from..to-1 as one batch; every thread of a team calls it. Inputs are added to last:
 * the other side's terms may be their rows. */
static void train_batch(const call *c, const wl_word2vec_sync_space *space, side sides[2],
                        int64_t from, int64_t to)
{
    const real lr = c->lr + c->slope * (real)(from - c->begin);
    const uint32_t step = (uint32_t)(c->position + (uint64_t)from);
    const int64_t parts = (to - from + PART - 1) / PART;
#pragma omp for schedule(static, 1)
    for (int64_t p = 0; p < parts; p++) compute_part(c, space, p, from, to, lr);
#pragma omp single nowait
    sides[0] = output_side(c, space, parts);
#pragma omp single
    {
        sides[1] = input_side(c, space, parts);
        write_tallies(c, space->tally, parts, true);
    }
#pragma omp for schedule(dynamic, 16)
    for (int64_t i = 0; i < sides[0].by.groups; i++) apply_group(c, &sides[0], i, step);
#pragma omp for schedule(dynamic, 16)
    for (int64_t i = 0; i < sides[1].by.groups; i++) apply_group(c, &sides[1], i, step);
}

wl_status WL_REF(word2vec_sync)(wl_ctx *ctx, const wl_dims *d, const wl_word2vec_args *a)
{
    const call c = call_of(ctx, d, a, WL_ID_ROW(word2vec_sync, tokens));
    wl_word2vec_sync_space space;
    side sides[2];
    wl_word2vec_sync_carve(&space, ctx->workspace, &c.s, a, ctx->backend->grouping_bytes);
    write_tallies(&c, NULL, 0, false);
#pragma omp parallel if (a->batch > PART)
    for (int64_t from = c.begin; from < c.end; from += a->batch)
        train_batch(&c, &space, sides, from, least(c.end, from + a->batch));
    return WL_OK;
}
