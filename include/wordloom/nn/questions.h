/* Files of analogy questions, "A is to B as C is to D", in sections: the form of word2vec's
 * questions-words.txt. */
#ifndef WORDLOOM_NN_QUESTIONS_H
#define WORDLOOM_NN_QUESTIONS_H

#include <wordloom/nn/vocabulary.h>

WL_BEGIN

typedef struct wl_question_section {
    char *name;    /* its words, one space apart */
    int64_t first; /* number of its first question; it ends where the next one begins */
} wl_question_section;

/* What wl_questions_read makes and wl_questions_destroy frees, every field with it. */
typedef struct wl_questions {
    int64_t count, sections;
    wl_vocabulary *words;         /* each spelling once, in order of appearance, with counts */
    int32_t *ids;                 /* [count,4]: A, B, C and D, ids of `words` */
    wl_question_section *section; /* [sections] */
} wl_questions;

/* Reads UTF-8 text ("-": standard input) of which each line is ": NAME", which begins a section,
 * or four words, or empty; words are apart as in <wordloom/nn/corpus.h>. WL_BAD_FILE names the
 * line, what was expected and what was found: other than four words, a question before the first
 * section, a section without a name, no question at all, no valid UTF-8. WL_IO_ERROR.
 * WL_NO_MEMORY. */
WL_API wl_status wl_questions_read(wl_questions **out, const char *path, wl_error *error);
WL_API void wl_questions_destroy(wl_questions *questions); /* takes null */

WL_END
#endif
