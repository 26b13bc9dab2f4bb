/* Any bytes as a sequence-to-sequence model: it opens, translates a little, and is the same once
 * written and opened again; or it is a bad file. */
#include "memory_file.h"

#include <string.h>
#include <wordloom/nn/seq2seq.h>

enum { SOURCES = 3, TOKENS = 3 };

/* Numbers that are no longer finite may leave nothing to say. */
static wl_status translate(wl_seq2seq *model, wl_translation found[SOURCES])
{
    const int64_t V = wl_vocabulary_size(wl_seq2seq_source(model));
    const int32_t first[TOKENS] = { 0 }, last = (int32_t)V - 1;
    const int32_t *const sources[SOURCES] = { first, &last, first };
    const int64_t lengths[SOURCES] = { V ? TOKENS : 0, V ? 1 : 0, 0 };
    const wl_seq2seq_search search = { .beam = 2, .most = TOKENS, .batch = 2 };
    wl_error error = { "" };
    const wl_status status =
        wl_seq2seq_translate(model, sources, lengths, SOURCES, &search, NULL, found, &error);
    must(status == WL_OK || (status == WL_NOT_FINITE && strstr(error.text, "nothing can be told")));
    return status;
}

static void must_be_alike(const wl_seq2seq *a, const wl_seq2seq *b)
{
    const wl_seq2seq_config *one = wl_seq2seq_configuration(a), *two = wl_seq2seq_configuration(b);
    must(one->model == two->model && one->score == two->score && one->cell == two->cell);
    must(one->level == two->level && one->reverse == two->reverse && one->tie == two->tie);
    must(one->bidirectional == two->bidirectional && one->residual == two->residual);
    must(one->layers == two->layers && one->embed == two->embed && one->hidden == two->hidden);
    must(one->shared == two->shared && wl_seq2seq_parameters(a) == wl_seq2seq_parameters(b));
}

static void must_translate_alike(wl_seq2seq *a, wl_seq2seq *b)
{
    wl_translation one[SOURCES], two[SOURCES];
    const wl_status status = translate(a, one);
    must(status == translate(b, two));
    for (int i = 0; i < SOURCES && !status; i++) {
        const int64_t V = wl_vocabulary_size(wl_seq2seq_target(a));
        must(one[i].count == two[i].count && one[i].count <= TOKENS);
        for (int64_t t = 0; t < one[i].count; t++)
            must(one[i].ids[t] == two[i].ids[t] && one[i].ids[t] >= 0 && one[i].ids[t] < V);
    }
    wl_translations_free(one, SOURCES);
    wl_translations_free(two, SOURCES);
}

static void write_and_open_again(wl_seq2seq *model, wl_ctx *ctx)
{
    wl_seq2seq *copy;
    wl_error error = { "" };
    char path[64];
    snprintf(path, sizeof path, "/tmp/wordloom-fuzz.%ld", (long)getpid());
    const wl_status status = wl_seq2seq_write(model, path, &error);
    must(status == WL_OK || status == WL_NOT_FINITE); /* what f16 cannot hold */
    if (status) return;
    const int32_t dtype = wl_seq2seq_configuration(model)->dtype;
    must(wl_seq2seq_open(&copy, ctx, path, dtype, &error) == WL_OK);
    must_be_alike(copy, model);
    must_translate_alike(copy, model);
    wl_seq2seq_destroy(copy);
    unlink(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    static wl_ctx *ctx;
    static unsigned turn;
    wl_seq2seq *model;
    wl_translation found[SOURCES];
    wl_error error = { "" };
    if (!ctx) must(wl_ctx_create(&ctx, WL_CPU, 0) == WL_OK);
    const wl_status status = wl_seq2seq_open(&model, ctx, memory_file(bytes, length), 0, &error);
    if (status) {
        must(status == WL_BAD_FILE && *error.text && !model);
        return 0;
    }
    translate(model, found);
    wl_translations_free(found, SOURCES);
    if (turn++ % 64 == 0) write_and_open_again(model, ctx);
    wl_seq2seq_destroy(model);
    return 0;
}
