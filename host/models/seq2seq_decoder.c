/* The decoder's pass: from the target's tokens, and what it sees of the source, to the loss. */
#include "seq2seq.h"

#include "../nn/queue.h"

/* Masks of the decoder come after those of the encoder. */
enum { EMBEDDED = 1 + WL_SEQ2SEQ_MOST_LAYERS };

static bool drops(const wl_seq2seq_decoder *p)
{
    return p->training && p->model->config.dropout > 0;
}

static bool attends(const wl_seq2seq_decoder *p)
{
    return p->model->config.model == WL_SEQ2SEQ_ATTENTION;
}

static bool peeks(const wl_seq2seq_decoder *p)
{
    return p->model->config.model == WL_SEQ2SEQ_PEEKY;
}

static bool has_context(const wl_seq2seq_decoder *p)
{
    return p->model->config.model != WL_SEQ2SEQ_PLAIN;
}

static const wl_tensor *top(const wl_seq2seq_decoder *p)
{
    return &p->layers[p->model->config.layers - 1].output;
}

/* ------------------------------------------------------------------ memory */

static void carve_layer(wl_seq2seq_decoder *p, int64_t l, const wl_tensor *first, wl_arena *arena)
{
    const wl_seq2seq *m = p->model;
    wl_seq2seq_layer_pass *layer = &p->layers[l];
    *layer = (wl_seq2seq_layer_pass){ .model = m,
                                      .mask = (int32_t)(EMBEDDED + 1 + l),
                                      .training = p->training,
                                      .step = p->step,
                                      .below = l ? p->layers[l - 1].output : p->embedded.y,
                                      .dfirst = layer->dfirst };
    if (peeks(p))
        layer->encoded = p->context.encoded;
    else if (wl_seq2seq_reads_context(&m->config, l))
        layer->context = p->context.y;
    wl_seq2seq_layer_carve(layer, &m->decoder[l], arena, p->T, p->B);
    if (!first) return;
    layer->way[0].state[0] = *first;
    layer->way[0].cell_state[0] = (wl_tensor){ 0 };
}

void wl_seq2seq_decoder_carve(wl_seq2seq_decoder *p, const wl_tensor *const *first, wl_arena *arena,
                              bool weights)
{
    const wl_seq2seq *m = p->model;
    const wl_seq2seq_config *c = &m->config;
    wl_lookup_carve(&p->embedded, wl_seq2seq_target_embedding(m), arena, p->T, p->B, p->training);
    p->embedded.ids = p->inputs;
    if (attends(p)) { /* the first layer asks */
        carve_layer(p, 0, first ? first[0] : NULL, arena);
        p->context.query = p->layers[0].output;
    }
    if (has_context(p))
        wl_seq2seq_context_carve(&p->context, arena, p->T, p->B, p->training, weights);
    for (int64_t l = attends(p) ? 1 : 0; l < c->layers; l++)
        carve_layer(p, l, first ? first[l] : NULL, arena);
    p->x = *top(p);
    const int64_t shape[4] = { p->T, p->B, c->hidden + wl_seq2seq_context_width(c) };
    if (has_context(p)) p->x = wl_arena_take(arena, c->dtype, 3, shape);
    if (!p->training) return;
    p->dx = p->doutput = wl_arena_take(arena, c->dtype, 3, shape);
    if (has_context(p)) p->doutput = wl_arena_take(arena, c->dtype, 3, top(p)->shape);
}

/* ------------------------------------------------------------------ forward */

static wl_status join_output(const wl_seq2seq_decoder *p, size_t *bytes)
{
    const wl_rearrange_concat_args a = { .size = sizeof a,
                                         .a = wl_seq2seq_rows(&p->context.y),
                                         .b = wl_seq2seq_rows(top(p)),
                                         .y = wl_seq2seq_rows(&p->x) };
    return wl_queue_rearrange_concat(p->model->ctx, &a, bytes);
}

wl_status wl_seq2seq_decoder_forward(const wl_seq2seq_decoder *p, size_t *bytes)
{
    const wl_seq2seq *m = p->model;
    const wl_tensor *y = &p->embedded.y;
    const int64_t asks = attends(p) ? 0 : -1; /* the layer after which the context is made */
    wl_status status = wl_lookup_forward(&p->embedded, bytes);
    if (!status && drops(p)) status = wl_seq2seq_drop(m, &p->step, EMBEDDED, y, y, bytes);
    if (!status && has_context(p) && asks < 0)
        status = wl_seq2seq_context_forward(&p->context, bytes);
    for (int64_t l = 0; l < m->config.layers && !status; l++) {
        status = wl_seq2seq_layer_forward(&p->layers[l], bytes);
        if (!status && l == asks) status = wl_seq2seq_context_forward(&p->context, bytes);
    }
    return status || !has_context(p) ? status : join_output(p, bytes);
}

static wl_tensor labels_of(const wl_seq2seq_decoder *p)
{
    return (wl_tensor){ p->labels.data, p->labels.dtype, 1, { p->T * p->B }, { 0 } };
}

wl_status wl_seq2seq_decoder_loss(const wl_seq2seq_decoder *p, size_t *bytes)
{
    const wl_seq2seq *m = p->model;
    const wl_softmax_xent_linear_forward_args a = { .size = sizeof a,
                                                    .x = wl_seq2seq_rows(&p->x),
                                                    .w =
                                                        wl_parameters_at(&m->parameters, m->weight),
                                                    .b = wl_parameters_at(&m->parameters, m->bias),
                                                    .labels = labels_of(p),
                                                    .loss = p->loss };
    return wl_queue_softmax_xent_linear_forward(m->ctx, &a, bytes);
}

/* ------------------------------------------------------------------ backward */

/* The loss, and the gradients at x, the output's weights and its bias. */
static wl_status output_gradients(const wl_seq2seq_decoder *p, size_t *bytes)
{
    const wl_seq2seq *m = p->model;
    const wl_softmax_xent_linear_backward_args a = {
        .size = sizeof a,
        .x = wl_seq2seq_rows(&p->x),
        .w = wl_parameters_at(&m->parameters, m->weight),
        .b = wl_parameters_at(&m->parameters, m->bias),
        .labels = labels_of(p),
        .dloss = p->loss_scale,
        .loss = p->loss,
        .dx = wl_seq2seq_rows(&p->dx),
        .dw = wl_parameters_gradient(&m->parameters, m->weight),
        .db = wl_parameters_gradient(&m->parameters, m->bias),
        .smoothing = m->config.smoothing,
    };
    const wl_status status = wl_queue_softmax_xent_linear_backward(m->ctx, &a, bytes);
    if (status || !has_context(p)) return status;
    const wl_rearrange_concat_backward_args parts = { .size = sizeof parts,
                                                      .dy = wl_seq2seq_rows(&p->dx),
                                                      .da = wl_seq2seq_rows(&p->context.dy),
                                                      .db = wl_seq2seq_rows(&p->doutput) };
    return wl_queue_rearrange_concat_backward(m->ctx, &parts, bytes);
}

/* A layer, and what it adds to the context's gradient. */
static wl_status layer_backward(const wl_seq2seq_decoder *p, int64_t l, const wl_tensor *d,
                                size_t *bytes)
{
    const wl_seq2seq_layer_pass *layer = &p->layers[l];
    const wl_tensor *dcontext = &p->context.dy;
    const wl_status status = wl_seq2seq_layer_backward(layer, d, bytes);
    if (status || !layer->context.ndim) return status;
    return wl_seq2seq_add(p->model, &p->step, dcontext, &layer->dcontext, dcontext, bytes);
}

/* What has come of what was encoded to the output, and to each layer. */
static wl_status encoded_backward(const wl_seq2seq_decoder *p, size_t *bytes)
{
    const wl_tensor *sum = &p->context.dencoded;
    wl_status status = wl_seq2seq_context_backward(&p->context, bytes);
    for (int64_t l = 0; l < p->model->config.layers && !status; l++)
        status = wl_seq2seq_add(p->model, &p->step, sum, &p->layers[l].dencoded, sum, bytes);
    return status;
}

wl_status wl_seq2seq_decoder_backward(const wl_seq2seq_decoder *p, size_t *bytes)
{
    const wl_seq2seq *m = p->model;
    const wl_tensor *d = &p->doutput, *dquery = &p->context.dquery;
    wl_status status = output_gradients(p, bytes);
    for (int64_t l = m->config.layers - 1; l >= 0 && !status; l--) {
        if (l == 0 && attends(p)) { /* its output is the query too */
            status = wl_seq2seq_context_backward(&p->context, bytes);
            if (!status) status = wl_seq2seq_add(m, &p->step, d, dquery, d, bytes);
        }
        if (!status) status = layer_backward(p, l, d, bytes);
        d = &p->layers[l].dbelow;
    }
    if (!status && peeks(p)) status = encoded_backward(p, bytes);
    if (!status && drops(p)) status = wl_seq2seq_undrop(m, &p->step, EMBEDDED, d, d, bytes);
    return status ? status : wl_lookup_backward(&p->embedded, d, bytes);
}
