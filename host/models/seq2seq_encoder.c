/* The encoder's pass: the source's tokens to the outputs and the last states of its layers. */
#include "seq2seq.h"

#include "../nn/queue.h"

/* Masks of the encoder: of the embedding, then of each layer's output. */
enum { EMBEDDED = 0 };

static bool drops(const wl_seq2seq_encoder *p)
{
    return p->training && p->model->config.dropout > 0;
}

static bool has_keys(const wl_seq2seq_encoder *p) { return p->model->key >= 0; }

static void carve_gradients(wl_seq2seq_encoder *p, wl_arena *arena)
{
    const wl_seq2seq_config *c = &p->model->config;
    for (int64_t l = 0; l < c->layers; l++)
        p->dlast[l] = wl_arena_take(arena, c->dtype, 2, (int64_t[4]){ p->B, c->hidden });
    if (c->model != WL_SEQ2SEQ_ATTENTION) return;
    p->dmemory = wl_arena_take(arena, c->dtype, 3, p->memory.shape);
    if (has_keys(p)) p->dkeys = wl_arena_take(arena, c->dtype, 3, p->memory.shape);
}

void wl_seq2seq_encoder_carve(wl_seq2seq_encoder *p, wl_arena *arena)
{
    const wl_seq2seq *m = p->model;
    const wl_seq2seq_config *c = &m->config;
    wl_lookup_carve(&p->embedded, &m->embedding[0], arena, p->S, p->B, p->training);
    p->embedded.ids = p->source;
    for (int64_t l = 0; l < c->layers; l++) {
        wl_seq2seq_layer_pass *layer = &p->layers[l];
        *layer = (wl_seq2seq_layer_pass){ .model = m,
                                          .mask = (int32_t)(EMBEDDED + 1 + l),
                                          .training = p->training,
                                          .step = p->step,
                                          .below = l ? p->layers[l - 1].output : p->embedded.y };
        wl_seq2seq_layer_carve(layer, &m->encoder[l], arena, p->S, p->B);
        for (int i = 0; i < m->encoder[l].ways; i++) {
            layer->way[i].lengths = p->lengths;
            layer->way[i].state[0] = layer->way[i].cell_state[0] = (wl_tensor){ 0 };
        }
    }
    p->memory = p->keys = p->layers[c->layers - 1].output;
    if (has_keys(p)) p->keys = wl_arena_take(arena, c->dtype, 3, p->memory.shape);
    if (p->training) carve_gradients(p, arena);
    for (int64_t l = 0; l < c->layers; l++) p->layers[l].dlast = p->dlast[l];
}

static wl_status project_keys(const wl_seq2seq_encoder *p, size_t *bytes)
{
    const wl_seq2seq *m = p->model;
    const wl_linear_forward_args a = { .size = sizeof a,
                                       .x = wl_seq2seq_rows(&p->memory),
                                       .w = wl_parameters_at(&m->parameters, m->key),
                                       .y = wl_seq2seq_rows(&p->keys) };
    return wl_queue_linear_forward(m->ctx, &a, bytes);
}

wl_status wl_seq2seq_encoder_forward(const wl_seq2seq_encoder *p, size_t *bytes)
{
    const wl_seq2seq *m = p->model;
    const wl_tensor *x = &p->embedded.y;
    wl_status status = wl_lookup_forward(&p->embedded, bytes);
    if (!status && drops(p)) status = wl_seq2seq_drop(m, &p->step, EMBEDDED, x, x, bytes);
    for (int64_t l = 0; l < m->config.layers && !status; l++)
        status = wl_seq2seq_layer_forward(&p->layers[l], bytes);
    return status || !has_keys(p) ? status : project_keys(p, bytes);
}

/* What the keys add to dmemory: in the keys' own memory, which is read no more. */
static wl_status unproject_keys(const wl_seq2seq_encoder *p, size_t *bytes)
{
    const wl_seq2seq *m = p->model;
    const wl_linear_backward_args a = { .size = sizeof a,
                                        .dy = wl_seq2seq_rows(&p->dkeys),
                                        .x = wl_seq2seq_rows(&p->memory),
                                        .w = wl_parameters_at(&m->parameters, m->key),
                                        .dx = wl_seq2seq_rows(&p->keys),
                                        .dw = wl_parameters_gradient(&m->parameters, m->key) };
    const wl_status status = wl_queue_linear_backward(m->ctx, &a, bytes);
    if (status) return status;
    return wl_seq2seq_add(m, &p->step, &p->dmemory, &p->keys, &p->dmemory, bytes);
}

wl_status wl_seq2seq_encoder_backward(const wl_seq2seq_encoder *p, size_t *bytes)
{
    const wl_seq2seq *m = p->model;
    const wl_tensor *d = p->dmemory.ndim ? &p->dmemory : NULL;
    wl_status status = has_keys(p) ? unproject_keys(p, bytes) : WL_OK;
    for (int64_t l = m->config.layers - 1; l >= 0 && !status; l--) {
        status = wl_seq2seq_layer_backward(&p->layers[l], d, bytes);
        d = &p->layers[l].dbelow;
    }
    if (!status && drops(p)) status = wl_seq2seq_undrop(m, &p->step, EMBEDDED, d, d, bytes);
    return status ? status : wl_lookup_backward(&p->embedded, d, bytes);
}
