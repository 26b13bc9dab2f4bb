/* What the tests of training share: runs on small texts. */
#ifndef WORDLOOM_TESTS_TRAINING_H
#define WORDLOOM_TESTS_TRAINING_H

#include "texts.h"

#include "../host/models/word2vec.h"

/* Everything that a training run needs. */
typedef struct bench {
    wl_ctx *ctx;
    wl_vocabulary *words;
    wl_tokens *tokens;
    wl_word2vec_config config;
    int64_t slice, group, shard_tokens; /* as a model has them; 0: as it begins */
    double losses[64];                  /* of each epoch */
    wl_word2vec_progress last;
} bench;

/* On the CPU, all words of the text, 20 numbers each, in batches of 32 and without subsampling. */
bench make_bench(const char *text);
void free_bench(bench *b);

/* A model as the bench has it, which wl_word2vec_destroy frees. */
wl_word2vec *make_model(const bench *b);
/* Notes losses and progress in the bench, which is the user. */
int keep_losses(void *user, const wl_word2vec_progress *now);

/* The tables of a model: input, then output; free() them. */
float *tables_of(const bench *b, wl_word2vec *model);
size_t table_bytes(const bench *b);
/* Those after a whole run. */
float *train(bench *b);

#endif
