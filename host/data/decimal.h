/* Floats in decimal text, the same under every locale. */
#ifndef WORDLOOM_HOST_DECIMAL_H
#define WORDLOOM_HOST_DECIMAL_H

#include <locale.h>
#include <stddef.h>

/* The float nearest to the `length` bytes at `text`, of which text[length] is 0: digits with an
 * optional sign, point and exponent, or a spelling of NaN or infinity; what is too great for a
 * float becomes infinite. `plain` is the "C" locale. Answers 0, or -1 where it is none of these. */
int wl_decimal_read(const char *text, size_t length, locale_t plain, float *out);

enum { WL_DECIMAL_ROOM = 32 };

/* Writes what printf would for %.9g in the "C" locale, which the calling thread must be in, and
 * no 0 behind. Answers the length. Nine digits read back as the same float. */
size_t wl_decimal_write(char to[WL_DECIMAL_ROOM], float value);

#endif
