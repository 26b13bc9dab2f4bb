/* Small texts for the tests of models. */
#include "texts.h"

#include <wordloom/nn/noise.h>
#include <wordloom/nn/word2vec.h>

wl_corpus *open_text(const char *text)
{
    wl_corpus *corpus;
    wl_error error;
    write_text(in_folder("corpus.txt"), text);
    assert_int_equal(wl_corpus_open(&corpus, in_folder("corpus.txt"), &error), WL_OK);
    return corpus;
}

wl_vocabulary *count(wl_corpus *corpus, int64_t min_count)
{
    wl_vocabulary *words;
    wl_error error;
    assert_int_equal(wl_word2vec_count(&words, corpus, min_count, NULL, NULL, NULL, &error), WL_OK);
    return words;
}

wl_vocabulary *of_counts(const int64_t *counts, int n)
{
    wl_vocabulary *words;
    assert_int_equal(wl_vocabulary_create(&words), WL_OK);
    for (int i = 0; i < n; i++) {
        char word[16];
        const int length = snprintf(word, sizeof word, "w%d", i);
        assert_int_equal(wl_vocabulary_add_count(words, word, (size_t)length, counts[i], NULL),
                         WL_OK);
    }
    return words;
}

uint64_t next_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

char *topics(int lines)
{
    char *text = malloc((size_t)lines * 24 + 1), *to = text;
    uint64_t state = 5;
    for (int i = 0; i < lines; i++) {
        const char topic = (char)('a' + next_random(&state) % 4);
        for (int j = 0; j < 8; j++) {
            *to++ = topic;
            *to++ = (char)('0' + next_random(&state) % 6);
            *to++ = j < 7 ? ' ' : '\n';
        }
    }
    *to = 0;
    return text;
}

static void make_room(stream *s, int64_t pairs, int64_t K)
{
    if (pairs <= s->room) return;
    s->room = 2 * pairs;
    s->inputs = realloc(s->inputs, (size_t)s->room * sizeof *s->inputs);
    s->samples = realloc(s->samples, (size_t)(s->room * K) * sizeof *s->samples);
    assert_true(s->inputs && s->samples);
}

stream read_stream(wl_corpus *corpus, const wl_vocabulary *words, wl_skipgram_config config,
                   int64_t epochs)
{
    stream s = { 0 };
    wl_noise *noise;
    wl_skipgram *batches;
    wl_skipgram_batch batch;
    wl_error error;
    const int64_t K = 1 + config.negative;
    assert_int_equal(wl_noise_create(&noise, words, 0.75, &error), WL_OK);
    assert_int_equal(wl_skipgram_create(&batches, &config, words, noise, &error), WL_OK);
    for (int64_t epoch = 0; epoch < epochs; epoch++) {
        wl_skipgram_begin(batches, corpus, epoch);
        for (;;) {
            assert_int_equal(wl_skipgram_plan(batches, &batch, &error), WL_OK);
            if (batch.centres == 0) break;
            make_room(&s, s.pairs + batch.pairs, K);
            wl_skipgram_fill(batches, s.inputs + s.pairs, s.samples + s.pairs * K);
            s.pairs += batch.pairs;
            s.centres += batch.centres;
        }
    }
    wl_skipgram_destroy(batches);
    wl_noise_destroy(noise);
    return s;
}

void free_stream(stream s)
{
    free(s.inputs);
    free(s.samples);
}
