/* Whether bytes are UTF-8, and if not, where. */
#ifndef WORDLOOM_HOST_UTF8_H
#define WORDLOOM_HOST_UTF8_H

#include <stddef.h>

/* Where the first sequence begins that is not valid UTF-8; `length`: there is none. */
size_t wl_invalid_utf8(const char *text, size_t length);

#endif
