/* Any bytes as pairs of words: they load, with finite scores and ids within their bounds, or they
 * are a bad file. */
#include "memory_file.h"

#include <math.h>
#include <string.h>
#include <wordloom/nn/word_pairs.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    wl_word_pairs *p;
    wl_error error = { "" };
    const wl_status status = wl_word_pairs_read(&p, memory_file(bytes, length), &error);
    if (status) {
        must(status == WL_BAD_FILE && strstr(error.text, "expected") != NULL);
        return 0;
    }
    must(p->count > 0);
    for (int64_t i = 0; i < p->count; i++) {
        must(isfinite(p->score[i]));
        for (int k = 0; k < 2; k++) {
            const int32_t id = p->ids[2 * i + k];
            must(id >= 0 && id < wl_vocabulary_size(p->words));
        }
    }
    wl_word_pairs_destroy(p);
    return 0;
}
