/* Examples of what a sequence-to-sequence model is to do: pairs of strings in memory, a source and
 * its target. */
#ifndef WORDLOOM_NN_EXAMPLES_H
#define WORDLOOM_NN_EXAMPLES_H

#include <wordloom/nn/error.h>

WL_BEGIN

typedef struct wl_examples wl_examples;

/* Reads UTF-8 text ("-": standard input), one pair a line. The first line that is not blank says
 * in which form all are:
 *
 *   with a tab      source TAB target; a further tab ends the target, and what follows is ignored
 *   without one     source_target, with exactly one _; spaces around either are padding, and go
 * (the form of the files of Saito, "Deep Learning from Scratch 2", chapter 7)
 *
 * Either string may be empty; where both are, and where a line has nothing but spaces, it is
 * skipped. Lines end with LF or CRLF; a byte order mark at the beginning is skipped. WL_BAD_FILE
 * names the line, what was expected and what was found: no tab, other than one _, no UTF-8 or a NUL
 * (with its byte), no pair at all. WL_OUT_OF_RANGE: more than 2^31 - 1 pairs. WL_IO_ERROR.
 * WL_NO_MEMORY. */
WL_API wl_status wl_examples_read(wl_examples **out, const char *path, wl_error *error);
WL_API void wl_examples_destroy(wl_examples *examples); /* takes null */

WL_API int64_t wl_examples_size(const wl_examples *examples); /* pairs, at least 1 */

/* The strings of pair i in 0..size-1, which the caller answers for; bytes[*length] is 0. They live
 * as long as the examples. `length` may be null. */
WL_API const char *wl_examples_source(const wl_examples *examples, int64_t i, size_t *length);
WL_API const char *wl_examples_target(const wl_examples *examples, int64_t i, size_t *length);

/* Holds back `held_count` of all pairs, drawn without replacement by the seed, each subset as
 * likely, and keeps the others; both are copies in the order of `all`, and the caller destroys
 * them. WL_OUT_OF_RANGE: one of the two would be empty. WL_NO_MEMORY. */
WL_API wl_status wl_examples_split(wl_examples **kept, wl_examples **held, const wl_examples *all,
                                   int64_t held_count, uint64_t seed, wl_error *error);

WL_API uint64_t wl_examples_hash(const wl_examples *examples); /* XXH3 of strings and lengths */

WL_END
#endif
