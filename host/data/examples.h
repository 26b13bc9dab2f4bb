/* How examples are put together, by reading or by making them. */
#ifndef WORDLOOM_HOST_EXAMPLES_H
#define WORDLOOM_HOST_EXAMPLES_H

#include <wordloom/nn/examples.h>

/* No examples yet. WL_NO_MEMORY. */
wl_status wl_examples_create(wl_examples **out);

/* Copies one more pair behind the others. WL_OUT_OF_RANGE: there are 2^31 - 1 already.
 * WL_NO_MEMORY. After an error the examples are what they were before. */
wl_status wl_examples_add(wl_examples *examples, const char *source, size_t source_length,
                          const char *target, size_t target_length);

#endif
