/* Words in upper case: by ASCII alone, or by all of Unicode. */
#ifndef WORDLOOM_HOST_UPPER_CASE_H
#define WORDLOOM_HOST_UPPER_CASE_H

#include <stddef.h>

/* Writes the `length` bytes at `from` with a to z as A to Z, which toupper of the "C" locale does,
 * and answers how many bytes it wrote: `length`. */
size_t wl_upper_case_ascii(char *to, const char *from, size_t length);

/* The same by Unicode's full, language-independent mapping, in which a character may become up to
 * three (the German sharp s becomes SS); `to` has room for 3 * length bytes. A byte that begins no
 * valid UTF-8 stays as it is. */
size_t wl_upper_case_unicode(char *to, const char *from, size_t length);

#endif
