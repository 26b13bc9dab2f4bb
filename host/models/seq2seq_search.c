/* Beam search: see seq2seq_search.h. As in Sutskever et al. 2014, section 3.2, the beam of a
 * sentence becomes narrower by each hypothesis that ends. */
#include "seq2seq_search.h"

#include <math.h>
#include <stdlib.h>

static wl_status no_memory(wl_error *error)
{
    return wl_error_set(error, WL_NO_MEMORY, "no memory for a beam search");
}

wl_status wl_beam_create(wl_beam *out, int64_t width, int64_t sentences, int64_t V,
                         double length_penalty, const int64_t *most, wl_error *error)
{
    const size_t rows = (size_t)(width * sentences);
    *out = (wl_beam){ .width = width,
                      .sentences = sentences,
                      .V = V,
                      .length_penalty = length_penalty,
                      .unknown = -1,
                      .sentence = calloc((size_t)sentences, sizeof *out->sentence),
                      .log_probability = calloc(rows, sizeof *out->log_probability),
                      .node = malloc(rows * sizeof *out->node),
                      .parents = malloc(rows * sizeof *out->parents),
                      .ids = calloc(rows, sizeof *out->ids),
                      .candidates = malloc((size_t)width * sizeof *out->candidates) };
    if (!out->sentence || !out->log_probability || !out->node || !out->parents || !out->ids ||
        !out->candidates) {
        wl_beam_destroy(out);
        return no_memory(error);
    }
    for (int64_t b = 0; b < sentences; b++)
        out->sentence[b] = (wl_beam_sentence){
            .live = 1, .most = most[b], .best = -HUGE_VAL, .best_log = -HUGE_VAL, .best_node = -1
        };
    for (int64_t r = 0; r < (int64_t)rows; r++) out->node[r] = -1;
    return WL_OK;
}

void wl_beam_destroy(wl_beam *b)
{
    free(b->sentence);
    free(b->log_probability);
    free(b->node);
    free(b->parents);
    free(b->ids);
    free(b->candidates);
    free(b->nodes);
    *b = (wl_beam){ 0 };
}

/* ------------------------------------------------------------------ candidates */

static bool better(const wl_beam_candidate *a, const wl_beam_candidate *b)
{
    if (a->log_probability != b->log_probability) return a->log_probability > b->log_probability;
    return a->row != b->row ? a->row < b->row : a->id < b->id;
}

/* Keeps the best `most` in order; answers how many there are. */
static int64_t keep(wl_beam_candidate *kept, int64_t count, int64_t most, wl_beam_candidate one)
{
    if (count == most && !better(&one, &kept[count - 1])) return count;
    int64_t at = count < most ? count : count - 1;
    for (; at > 0 && better(&one, &kept[at - 1]); at--) kept[at] = kept[at - 1];
    kept[at] = one;
    return count < most ? count + 1 : count;
}

/* log sum exp of a row, in double; NaN and +inf make it no number. */
static double normalizer(const float *logits, int64_t V)
{
    double sum = 0;
    float most = -HUGE_VALF;
    for (int64_t v = 0; v < V; v++) most = logits[v] > most ? logits[v] : most;
    for (int64_t v = 0; v < V; v++) sum += (double)expf(logits[v] - most);
    return (double)most + log(sum);
}

/* The best continuations of a row among those of its sentence. */
static int64_t keep_row(const wl_beam *b, int64_t row, const float *logits, int64_t count,
                        int64_t most)
{
    const double before = b->log_probability[row] - normalizer(logits, b->V);
    for (int64_t v = 0; v < b->V; v++) {
        const wl_beam_candidate one = { before + (double)logits[v], row, (int32_t)v };
        if (v == b->start || v == b->unknown || !isfinite(one.log_probability)) continue;
        count = keep(b->candidates, count, most, one);
    }
    return count;
}

/* ------------------------------------------------------------------ hypotheses */

/* A hypothesis of n tokens with </s>. */
static double score_of(const wl_beam *b, double log_probability, int64_t n)
{
    return log_probability / pow((5 + (double)n) / 6, b->length_penalty);
}

static wl_status add_node(wl_beam *b, int32_t id, int64_t before, int64_t *out, wl_error *error)
{
    if (b->node_count == b->node_room) {
        const int64_t room = b->node_room + b->node_room / 2 + 1024;
        wl_beam_node *more = realloc(b->nodes, (size_t)room * sizeof *more);
        if (!more) return no_memory(error);
        b->nodes = more;
        b->node_room = room;
    }
    b->nodes[b->node_count] = (wl_beam_node){ id, before };
    *out = b->node_count++;
    return WL_OK;
}

static void finish(wl_beam *b, wl_beam_sentence *s, double log_probability, int64_t node,
                   int64_t tokens, bool ended)
{
    const double score = score_of(b, log_probability, tokens);
    s->done++;
    if (s->done > 1 && !(score > s->best)) return;
    s->best = score, s->best_log = log_probability, s->best_node = node, s->best_ended = ended;
}

/* The kept candidates become the sentence's hypotheses, but for those that end. */
static wl_status take_kept(wl_beam *b, int64_t sentence, int64_t count, int64_t *nodes,
                           wl_error *error)
{
    wl_beam_sentence *s = &b->sentence[sentence];
    const int64_t first = sentence * b->width, n = b->tokens + 1;
    s->live = 0;
    for (int64_t i = 0; i < count; i++) {
        const wl_beam_candidate *c = &b->candidates[i];
        const int64_t before = nodes[c->row - first], at = first + s->live;
        if (c->id == b->end) {
            finish(b, s, c->log_probability, before, n, true);
            continue;
        }
        int64_t node = -1;
        const wl_status status = add_node(b, c->id, before, &node, error);
        if (status) return status;
        if (n >= s->most) {
            finish(b, s, c->log_probability, node, n, false);
            continue;
        }
        b->node[at] = node;
        b->parents[at] = (int32_t)c->row;
        b->ids[at] = c->id;
        b->log_probability[at] = c->log_probability;
        s->live++;
    }
    return WL_OK;
}

/* Nothing that goes on can pass what has ended: it only becomes less probable, and at best as long
 * as it may. */
static bool settled(const wl_beam *b, const wl_beam_sentence *s, int64_t first)
{
    return s->done > 0 && score_of(b, b->log_probability[first], s->most) <= s->best;
}

static wl_status extend(wl_beam *b, int64_t sentence, const float *logits, wl_error *error)
{
    wl_beam_sentence *s = &b->sentence[sentence];
    const int64_t first = sentence * b->width, most = b->width - s->done;
    int64_t nodes[WL_BEAM_MOST], count = 0;
    for (int64_t i = 0; i < s->live; i++) nodes[i] = b->node[first + i];
    for (int64_t i = 0; i < s->live; i++)
        count = keep_row(b, first + i, logits + (first + i) * b->V, count, most);
    if (count == 0)
        return wl_error_set(error, WL_NOT_FINITE,
                            "nothing can be told of the next token: the scores are not finite");
    const wl_status status = take_kept(b, sentence, count, nodes, error);
    if (!status && s->live > 0 && settled(b, s, first)) s->live = 0;
    return status;
}

wl_status wl_beam_extend(wl_beam *b, const float *logits, int64_t *live, wl_error *error)
{
    wl_status status = WL_OK;
    *live = 0;
    for (int64_t r = 0; r < b->width * b->sentences; r++) b->parents[r] = (int32_t)r;
    for (int64_t i = 0; i < b->sentences && !status; i++) {
        if (b->sentence[i].live > 0) status = extend(b, i, logits, error);
        *live += b->sentence[i].live > 0;
    }
    b->tokens++;
    return status;
}

wl_status wl_beam_best(const wl_beam *b, int64_t sentence, wl_translation *out, wl_error *error)
{
    const wl_beam_sentence *s = &b->sentence[sentence];
    int64_t count = 0;
    for (int64_t n = s->best_node; n >= 0; n = b->nodes[n].before) count++;
    *out = (wl_translation){ .ids = malloc((size_t)count * sizeof *out->ids + 1),
                             .count = count,
                             .ended = s->best_ended,
                             .log_probability = s->best_log,
                             .score = s->best };
    if (!out->ids) return no_memory(error);
    for (int64_t n = s->best_node; n >= 0; n = b->nodes[n].before)
        out->ids[--count] = b->nodes[n].id;
    return WL_OK;
}
