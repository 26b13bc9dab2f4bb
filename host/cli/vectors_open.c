/* Opening word vectors, dense or sparse: see vectors_open.h. */
#include "vectors_open.h"

static wl_status open_counts(opened_vectors *o, const char *path, wl_error *error)
{
    const wl_status status = wl_counts_read(&o->counts, path, error);
    o->words = o->counts.words;
    o->V = o->counts.matrix.rows;
    o->D = o->counts.matrix.columns;
    return status;
}

wl_status vectors_open(opened_vectors *o, const char *path, wl_error *error)
{
    *o = (opened_vectors){ 0 };
    if (wl_counts_recognise(path)) return open_counts(o, path, error);
    const wl_status status = wl_vectors_read(&o->vectors, path, 0, error);
    if (status) return status;
    o->words = o->vectors->words;
    o->V = o->vectors->V;
    o->D = o->vectors->D;
    return WL_OK;
}

void vectors_close(opened_vectors *o)
{
    wl_vectors_destroy(o->vectors);
    wl_counts_destroy(&o->counts);
}

wl_status vectors_similar(wl_similar **out, wl_ctx *ctx, const opened_vectors *o, wl_error *error)
{
    if (!o->vectors) return wl_similar_create_sparse(out, &o->counts.matrix, error);
    return wl_similar_create(out, ctx, o->vectors->table, wl_vocabulary_size(o->words), o->D,
                             error);
}
