/* Reference of <wordloom/word2vec.h>: subsampling, and hogwild. */
#include "word2vec_run.h"

wl_status WL_REF(word2vec_subsample)(wl_ctx *ctx, const wl_dims *d,
                                     const wl_word2vec_subsample_args *a)
{
    const uint64_t position = *(const uint64_t *)a->position.data;
    const uint32_t *keep = a->keep.data;
    int32_t *kept = a->kept.data;
    int64_t count = 0;
    wl_random drawn = { { 0 } };
    for (int64_t i = 0; i < d->N; i++) {
        const uint64_t place = position + (uint64_t)i;
        const int64_t id =
            checked_id(ctx, WL_ID_ROW(word2vec_subsample, tokens), &a->tokens, i, d->V, true);
        if (i == 0 || place % 4 == 0) drawn = wl_word2vec_survival_draw(a->seed, place);
        if (id < 0 || wl_word2vec_survives(drawn, place, keep[id])) kept[count++] = (int32_t)id;
    }
    *(int64_t *)a->count.data = count;
    return WL_OK;
}

/* One run of centres: here threads race, on the rows of the tables and on nothing else.
 * ThreadSanitizer is told by this name (tests/races_meant.txt). */
static wl_word2vec_tally hogwild_race(const call *c, int64_t from, int64_t to, char *memory)
{
    run r = run_of(c, memory);
    r.keeps = !c->direct && c->own_rows;
    if (r.keeps) keep_nothing(c, &r.at);
    return train_centres(&r, from, to, c->lr, c->slope);
}

wl_status WL_REF(word2vec_hogwild)(wl_ctx *ctx, const wl_dims *d, const wl_word2vec_args *a)
{
    const call c = call_of(ctx, d, a, WL_ID_ROW(word2vec_hogwild, tokens));
    const int64_t n = c.end > c.begin ? c.end - c.begin : 0, workers = a->workers;
    wl_word2vec_hogwild_space space;
    wl_word2vec_hogwild_carve(&space, ctx->workspace, &c.s, workers);
#pragma omp parallel for schedule(static, 1) if (workers > 1)
    for (int64_t w = 0; w < workers; w++)
        space.tally[w] =
            hogwild_race(&c, c.begin + n * w / workers, c.begin + n * (w + 1) / workers,
                         space.scratch + (size_t)w * space.scratch_bytes);
    write_tallies(&c, space.tally, workers, false);
    return WL_OK;
}
