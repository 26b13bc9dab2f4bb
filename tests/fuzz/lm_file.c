/* Any bytes as a language model: it opens, writes a few words, and is the same once written and
 * opened again; or it is a bad file. */
#include "memory_file.h"

#include <string.h>
#include <wordloom/nn/lm.h>

enum { DRAWN = 3 };

/* What a model has written. */
typedef struct drawn {
    int32_t ids[DRAWN];
    int64_t count, words;
} drawn;

static int hear(void *user, int32_t id)
{
    drawn *d = user;
    must(d->count < DRAWN && id >= 0 && id < d->words);
    d->ids[d->count++] = id;
    return 0;
}

/* Numbers that are no longer finite may leave nothing to draw from. */
static drawn generate(wl_lm *model)
{
    const wl_lm_draw draw = { .temperature = 1, .top_p = 1, .seed = 1 };
    const int32_t prompt = 0;
    drawn d = { .words = wl_vocabulary_size(wl_lm_vocabulary(model)) };
    wl_error error = { "" };
    if (d.words == 0) return d;
    const wl_status status = wl_lm_generate(model, &prompt, 1, DRAWN, &draw, hear, &d, &error);
    must(status == WL_OK ? d.count == DRAWN
                         : status == WL_OUT_OF_RANGE && strstr(error.text, "nothing is left"));
    return d;
}

static void must_be_alike(const wl_lm *a, const wl_lm *b)
{
    const wl_lm_config *one = wl_lm_configuration(a), *two = wl_lm_configuration(b);
    must(one->level == two->level && one->cell == two->cell && one->tie == two->tie);
    must(one->layers == two->layers && one->embed == two->embed && one->hidden == two->hidden);
    must(wl_lm_parameters(a) == wl_lm_parameters(b));
}

static void write_and_open_again(wl_lm *model, wl_ctx *ctx)
{
    wl_lm *copy;
    wl_error error = { "" };
    char path[64];
    snprintf(path, sizeof path, "/tmp/wordloom-fuzz.%ld", (long)getpid());
    const wl_status status = wl_lm_write(model, path, &error);
    must(status == WL_OK || status == WL_NOT_FINITE); /* what f16 cannot hold */
    if (status) return;
    must(wl_lm_open(&copy, ctx, path, wl_lm_configuration(model)->dtype, &error) == WL_OK);
    must_be_alike(copy, model);
    const drawn one = generate(model), two = generate(copy);
    must(one.count == two.count && memcmp(one.ids, two.ids, sizeof one.ids) == 0);
    wl_lm_destroy(copy);
    unlink(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    static wl_ctx *ctx;
    static unsigned turn;
    wl_lm *model;
    wl_error error = { "" };
    if (!ctx) must(wl_ctx_create(&ctx, WL_CPU, 0) == WL_OK);
    const wl_status status = wl_lm_open(&model, ctx, memory_file(bytes, length), 0, &error);
    if (status) {
        must(status == WL_BAD_FILE && *error.text && !model);
        return 0;
    }
    generate(model);
    if (turn++ % 64 == 0) write_and_open_again(model, ctx);
    wl_lm_destroy(model);
    return 0;
}
