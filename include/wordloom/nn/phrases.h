/* Phrases of two words, such as new york, joined to words of their own (Mikolov et al. 2013,
 * "Distributed Representations of Words and Phrases and their Compositionality", section 4).
 *
 *   score(a, b)  =  (count(a b) - discount) N / (count(a) count(b))      N: all words of the text
 *
 * A pair of neighbours within a sentence, both counted often enough, is joined where its score is
 * above the threshold. From left to right: a word is joined with the one before it or with the one
 * behind it, not with both; longer phrases come of joining the result again. */
#ifndef WORDLOOM_NN_PHRASES_H
#define WORDLOOM_NN_PHRASES_H

#include <signal.h>

#include <wordloom/nn/corpus.h>

WL_BEGIN

typedef struct wl_phrases_config {
    int64_t min_count; /* of a word that may be joined, 1 or more; 5 */
    double discount;   /* 0 or more; 5 */
    double threshold;  /* 0 or more; 100 */
    int64_t memory;    /* bytes for counting pairs, 2^20 or more; 1 GiB */
} wl_phrases_config;

WL_API wl_phrases_config wl_phrases_defaults(void);

typedef struct wl_phrases_joined {
    int64_t words;   /* of the text */
    int64_t pairs;   /* different ones that were counted */
    int64_t phrases; /* of them above the threshold */
    int64_t joins;   /* how often two words became one */
} wl_phrases_joined;

/* Hears now and then how far one of the three readings, 0 to 2, is: of words, of pairs, for
 * writing. */
typedef void wl_phrases_report(void *user, int reading, int64_t bytes, int64_t total_bytes);

/* Replaces the file at `path` by the text with phrases joined by "_": a sentence a line, one space
 * between words. The same text and configuration give the same bytes, whatever the memory; of pairs
 * what does not fit in it goes to an unlinked file in $TMPDIR. `report` and `stop` may be null.
 * WL_OUT_OF_RANGE: names what of the configuration is. WL_INTERRUPTED: *stop is not 0; nothing is
 * written. WL_BAD_FILE, WL_IO_ERROR, WL_NO_MEMORY: as wl_corpus_next. */
WL_API wl_status wl_phrases_join(wl_corpus *corpus, const char *path,
                                 const wl_phrases_config *config, wl_phrases_joined *out,
                                 wl_phrases_report *report, void *user,
                                 const volatile sig_atomic_t *stop, wl_error *error);

WL_END
#endif
