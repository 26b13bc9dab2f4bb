/* Any bytes as a checkpoint of a small model, with the right checksum: it loads, or it is a bad
 * file or one of another run. */
#include "memory_file.h"

#include <string.h>
#include <wordloom/nn/word2vec.h>
#include <xxhash.h>

/* The model that seeds/checkpoint is of. */
static wl_word2vec *model_of(wl_tokens **tokens)
{
    static const char text[] = "x y z\nz y x\n";
    wl_word2vec_config config = wl_word2vec_defaults();
    wl_ctx *ctx;
    wl_corpus *corpus;
    wl_vocabulary *words;
    wl_word2vec *model;
    config.dim = 3;
    const char *path = memory_file((const uint8_t *)text, sizeof text - 1);
    must(wl_ctx_create(&ctx, WL_CPU, 0) == WL_OK);
    must(wl_corpus_open(&corpus, path, NULL) == WL_OK);
    must(wl_tokens_count(tokens, &words, corpus, 1, 0, NULL, NULL, NULL, NULL) == WL_OK);
    must(wl_word2vec_create(&model, ctx, &config, words, NULL) == WL_OK);
    wl_corpus_close(corpus);
    return model;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    static wl_word2vec *model;
    static wl_tokens *tokens;
    wl_error error = { "" };
    if (!model) model = model_of(&tokens);
    if (length < sizeof(uint64_t)) return 0;
    const size_t before = length - sizeof(uint64_t);
    uint8_t *file = malloc(length);
    must(file != NULL);
    memcpy(file, bytes, length);
    const uint64_t checksum = XXH3_64bits(file, before);
    memcpy(file + before, &checksum, sizeof checksum);
    const wl_status status = wl_word2vec_load(model, tokens, memory_file(file, length), &error);
    must(status == WL_OK || status == WL_BAD_FILE || status == WL_OUT_OF_RANGE);
    free(file);
    return 0;
}
