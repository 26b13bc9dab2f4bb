/* Counting a text into a sparse matrix: see <wordloom/nn/counts.h>. A piece of the text is counted
 * by the operator and leaves a sorted run; the runs are merged. */
#include "count_runs.h"

#include <wordloom/nn/counts.h>
#include <wordloom/nn/memory.h>
#include <wordloom/ops.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_TOKENS = 1 << 21, MOST_WINDOW = 1000 };

/* Weights are in units of 1/unit: see cooccurrence.h. */
static const int64_t FINEST_UNIT = 1 << 30;

/* What a run of counting owns. */
typedef struct counter {
    wl_ctx *ctx;
    const wl_tokens *text;
    const wl_counts_config *config;
    int64_t V, W;
    int64_t room; /* tokens of a piece at most, those that are old among them */
    int64_t unit, weight[MOST_WINDOW];
    wl_arena arena;
    wl_tensor tokens, weights, keys, sums, count, workspace;
    int32_t *ids; /* [room] */
    wl_count_runs *runs;
    wl_counts_progress progress;
    wl_counts_report *report;
    void *user;
    const volatile sig_atomic_t *stop;
} counter;

static wl_status failed(const counter *c, wl_status status, wl_error *error)
{
    return wl_error_set(error, status, "%s", wl_ctx_error(c->ctx));
}

/* ------------------------------------------------------------------ weights */

static int64_t gcd(int64_t a, int64_t b) { return b ? gcd(b, a % b) : a; }

/* The least multiple of 1..W, or FINEST_UNIT where that is less. */
static int64_t harmonic_unit(int64_t W)
{
    int64_t unit = 1;
    for (int64_t d = 2; d <= W; d++) {
        unit = unit / gcd(unit, d) * d;
        if (unit > FINEST_UNIT) return FINEST_UNIT;
    }
    return unit;
}

static void set_weights(counter *c)
{
    c->unit = c->config->distances == WL_DISTANCE_HARMONIC ? harmonic_unit(c->W)
              : c->config->distances == WL_DISTANCE_LINEAR ? c->W
                                                           : 1;
    for (int64_t d = 1; d <= c->W; d++)
        c->weight[d - 1] = c->config->distances == WL_DISTANCE_HARMONIC ? (c->unit + d / 2) / d
                           : c->config->distances == WL_DISTANCE_LINEAR ? c->W - d + 1
                                                                        : 1;
}

/* ------------------------------------------------------------------ a piece */

static wl_tensor first_of(wl_tensor t, int64_t n)
{
    t.shape[0] = n;
    return t;
}

static wl_cooccurrence_count_args counting(const counter *c, int64_t n, int64_t old)
{
    return (wl_cooccurrence_count_args){
        .size = sizeof(wl_cooccurrence_count_args),
        .tokens = first_of(c->tokens, n),
        .weights = c->weights,
        .keys = first_of(c->keys, 2 * c->W * n),
        .sums = first_of(c->sums, 2 * c->W * n),
        .count = c->count,
        .V = c->V,
        .old = old,
    };
}

static wl_status carve(void *owner, wl_arena *arena)
{
    counter *c = owner;
    size_t bytes = 0;
    const int64_t pairs = 2 * c->W * c->room;
    c->tokens = wl_arena_take(arena, WL_I32, 1, (int64_t[4]){ c->room });
    c->weights = wl_arena_take(arena, WL_I64, 1, (int64_t[4]){ c->W });
    c->keys = wl_arena_take(arena, WL_I64, 1, (int64_t[4]){ pairs });
    c->sums = wl_arena_take(arena, WL_I64, 1, (int64_t[4]){ pairs });
    c->count = wl_arena_take(arena, WL_I64, 1, (int64_t[4]){ 1 });
    const wl_cooccurrence_count_args a = counting(c, c->room, 0);
    const wl_status status = wl_cooccurrence_count_workspace(c->ctx, &a, &bytes);
    c->workspace = wl_arena_take(arena, WL_U8, 1, (int64_t[4]){ (int64_t)bytes });
    return status;
}

/* Copies what the operator left into a run. */
static wl_status keep_run(counter *c, wl_error *error)
{
    int64_t entries = 0;
    wl_count_run run;
    wl_status status = wl_ctx_copy(c->ctx, &entries, c->count.data, sizeof entries);
    if (!status) status = wl_ctx_sync(c->ctx);
    if (status) return failed(c, status, error);
    status = wl_count_runs_add(c->runs, entries, &run, error);
    if (status) return status;
    const size_t bytes = (size_t)entries * sizeof *run.key;
    status = wl_ctx_copy(c->ctx, run.key, c->keys.data, bytes);
    if (!status) status = wl_ctx_copy(c->ctx, run.sum, c->sums.data, bytes);
    return status ? failed(c, status, error) : WL_OK;
}

static wl_status count_piece(counter *c, int64_t n, int64_t old, wl_error *error)
{
    const wl_cooccurrence_count_args a = counting(c, n, old);
    wl_ctx_set_workspace(c->ctx, c->workspace.data, (size_t)c->workspace.shape[0]);
    wl_status status = wl_ctx_copy(c->ctx, c->tokens.data, c->ids, (size_t)n * sizeof *c->ids);
    if (!status) status = wl_cooccurrence_count(c->ctx, &a);
    return status ? failed(c, status, error) : keep_run(c, error);
}

/* ------------------------------------------------------------------ all pieces */

static wl_status listen(const counter *c, wl_error *error)
{
    if (c->stop && *c->stop)
        return wl_error_set(error, WL_INTERRUPTED, "interrupted while counting");
    if (c->report) c->report(c->user, &c->progress);
    return WL_OK;
}

/* Each piece begins with the last tokens of the one before it. */
static wl_status count_pieces(counter *c, wl_error *error)
{
    int64_t old = 0, n;
    wl_status status = WL_OK;
    for (int64_t place = 0; place < wl_tokens_size(c->text) && !status; place += n) {
        status = wl_tokens_read(c->text, place, c->ids + old, c->room - old, &n, error);
        if (!status) status = count_piece(c, old + n, old, error);
        if (status) return status;
        const int64_t all = old + n;
        old = all < c->W ? all : c->W;
        memmove(c->ids, c->ids + all - old, (size_t)old * sizeof *c->ids);
        c->progress.tokens = place + n;
        c->progress.spilled = wl_count_runs_spilled(c->runs);
        status = listen(c, error);
    }
    return status;
}

/* ------------------------------------------------------------------ memory */

/* Bytes that pieces of so many tokens take. */
static wl_status measure(counter *c, int64_t room, size_t *bytes, wl_error *error)
{
    wl_arena measured = { .ctx = c->ctx };
    c->room = room;
    const wl_status status = carve(c, &measured);
    *bytes = measured.used == SIZE_MAX ? SIZE_MAX : measured.used + (size_t)room * sizeof *c->ids;
    return status ? failed(c, status, error) : WL_OK;
}

/* The longest pieces of `least` to `most` tokens that take half of the memory. */
static wl_status choose_room(counter *c, int64_t least, int64_t most, size_t *bytes,
                             wl_error *error)
{
    const size_t half = (size_t)c->config->memory / 2;
    wl_status status = measure(c, least, bytes, error);
    if (status) return status;
    if (*bytes > half)
        return wl_error_set(error, WL_OUT_OF_RANGE,
                            "counts: memory is %" PRId64 " bytes, expected %zu or more for a "
                            "window of %" PRId64,
                            c->config->memory, 2 * *bytes, c->W);
    while (least < most && !status) {
        const int64_t middle = least + (most - least + 1) / 2;
        status = measure(c, middle, bytes, error);
        if (*bytes <= half)
            least = middle;
        else
            most = middle - 1;
    }
    return status ? status : measure(c, least, bytes, error);
}

/* Pieces bring twice what they share, and the runs get what they leave. */
static wl_status take_memory(counter *c, wl_error *error)
{
    const int64_t size = wl_tokens_size(c->text);
    const int64_t most = size < MOST_TOKENS ? size : MOST_TOKENS;
    size_t bytes;
    wl_status status = choose_room(c, most < 2 * c->W ? most : 2 * c->W, most, &bytes, error);
    if (!status) status = wl_arena_create(&c->arena, c->ctx, carve, c, error);
    if (status) return status;
    c->ids = malloc((size_t)c->room * sizeof *c->ids + 1);
    if (!c->ids) return wl_error_set(error, WL_NO_MEMORY, "no memory to count in");
    status = wl_ctx_copy(c->ctx, c->weights.data, c->weight, (size_t)c->W * sizeof *c->weight);
    if (status) return failed(c, status, error);
    return wl_count_runs_create(&c->runs, c->config->memory - (int64_t)bytes, 2 * c->W * c->room,
                                c->stop, error);
}

static void free_pieces(counter *c)
{
    wl_arena_destroy(&c->arena);
    free(c->ids);
    c->ids = NULL;
}

/* ------------------------------------------------------------------ the matrix */

/* The matrix as it grows: rows before `row` are whole, whose keys are below `end`. */
typedef struct builder {
    counter *counter;
    wl_sparse *matrix;
    int64_t room, row, end;
} builder;

static wl_status make_room(builder *b, int64_t entries, wl_error *error)
{
    wl_sparse *m = b->matrix;
    if (m->count + entries <= b->room) return WL_OK;
    const int64_t room = b->room + b->room / 2 + entries;
    int32_t *column = realloc(m->column, (size_t)room * sizeof *column);
    if (column) m->column = column;
    float *value = column ? realloc(m->value, (size_t)room * sizeof *value) : NULL;
    if (!value)
        return wl_error_set(error, WL_NO_MEMORY, "no memory for a matrix of %" PRId64 " entries",
                            room);
    m->value = value;
    b->room = room;
    return WL_OK;
}

static void begin_row(builder *b)
{
    b->matrix->offsets[++b->row] = b->matrix->count;
    b->end += b->matrix->columns;
}

static wl_status append_part(void *user, const wl_count_run *part, wl_error *error)
{
    builder *b = user;
    counter *c = b->counter;
    wl_sparse *m = b->matrix;
    const double unit = (double)c->unit;
    const wl_status status = make_room(b, part->entries, error);
    if (status) return status;
    for (int64_t i = 0; i < part->entries; i++) {
        while (part->key[i] >= b->end) begin_row(b);
        m->column[m->count] = (int32_t)(part->key[i] - (b->end - m->columns));
        m->value[m->count++] = (float)((double)part->sum[i] / unit);
    }
    c->progress.merged += part->entries;
    return listen(c, error);
}

static wl_status build(counter *c, wl_sparse *out, wl_error *error)
{
    builder b = { .counter = c, .matrix = out, .end = c->V };
    *out = (wl_sparse){ .rows = c->V, .columns = c->V };
    out->offsets = calloc((size_t)c->V + 1, sizeof *out->offsets);
    if (!out->offsets) return wl_error_set(error, WL_NO_MEMORY, "no memory for a matrix");
    c->progress.total_merged = wl_count_runs_entries(c->runs);
    const wl_status status = wl_count_runs_merge(c->runs, append_part, &b, error);
    while (!status && b.row < c->V) begin_row(&b);
    return status;
}

wl_status wl_counts_make(wl_sparse *out, wl_ctx *ctx, const wl_tokens *tokens, int64_t V,
                         const wl_counts_config *config, wl_counts_report *report, void *user,
                         const volatile sig_atomic_t *stop, wl_error *error)
{
    *out = (wl_sparse){ 0 };
    wl_status status = wl_counts_check(config, error);
    if (status) return status;
    counter c = { .ctx = ctx,
                  .text = tokens,
                  .config = config,
                  .V = V,
                  .W = config->window,
                  .progress = { .total_tokens = wl_tokens_size(tokens) },
                  .report = report,
                  .user = user,
                  .stop = stop };
    set_weights(&c);
    status = take_memory(&c, error);
    if (!status) status = count_pieces(&c, error);
    free_pieces(&c);
    if (!status) status = build(&c, out, error);
    wl_count_runs_destroy(c.runs);
    if (status) wl_sparse_destroy(out);
    return status;
}
