/* Files of pairs of words with the similarity that people gave them: WordSim-353, SimLex-999 and
 * their like. */
#ifndef WORDLOOM_NN_WORD_PAIRS_H
#define WORDLOOM_NN_WORD_PAIRS_H

#include <wordloom/nn/vocabulary.h>

WL_BEGIN

/* What wl_word_pairs_read makes and wl_word_pairs_destroy frees, every field with it. */
typedef struct wl_word_pairs {
    int64_t count;        /* at least 1 */
    wl_vocabulary *words; /* each spelling once, in order of appearance, with counts */
    int32_t *ids;         /* [count,2]: ids of `words` */
    double *score;        /* [count], finite */
} wl_word_pairs;

/* Reads UTF-8 text ("-": standard input), one pair a line: two words and a score, and further
 * columns, which do not count. Columns are apart by tabs in a line that has one, else by spaces.
 * Empty lines and those that begin with # are skipped. The first other line may be a header, which
 * is one whose third column begins with neither digit, sign nor point; where the header has a
 * column SimLex999, the score is there (the layout of SimLex-999's own file), else in the third.
 * WL_BAD_FILE names the line, what was expected and what was found: too few columns, an empty word,
 * a malformed or infinite score, no pair at all, no valid UTF-8. WL_IO_ERROR. WL_NO_MEMORY. */
WL_API wl_status wl_word_pairs_read(wl_word_pairs **out, const char *path, wl_error *error);
WL_API void wl_word_pairs_destroy(wl_word_pairs *pairs); /* takes null */

WL_END
#endif
