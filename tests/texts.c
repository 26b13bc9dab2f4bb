/* Small texts for the tests of models. */
#include "texts.h"

wl_corpus *open_text(const char *text)
{
    wl_corpus *corpus;
    wl_error error;
    write_text(in_folder("corpus.txt"), text);
    assert_int_equal(wl_corpus_open(&corpus, in_folder("corpus.txt"), &error), WL_OK);
    return corpus;
}

wl_tokens *count_text(const char *text, int64_t min_count, wl_vocabulary **words)
{
    wl_corpus *corpus = open_text(text);
    wl_tokens *tokens;
    wl_error error;
    assert_int_equal(
        wl_tokens_count(&tokens, words, corpus, min_count, 0, NULL, NULL, NULL, &error), WL_OK);
    wl_corpus_close(corpus);
    return tokens;
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
