/* Any bytes as analogy questions: they load, and every id is within its bounds, or they are a bad
 * file. */
#include "memory_file.h"

#include <string.h>
#include <wordloom/nn/questions.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    wl_questions *q;
    wl_error error = { "" };
    const wl_status status = wl_questions_read(&q, memory_file(bytes, length), &error);
    if (status) {
        must(status == WL_BAD_FILE && strstr(error.text, "expected") != NULL);
        return 0;
    }
    must(q->count > 0 && q->sections > 0 && q->section[0].first == 0);
    for (int64_t i = 0; i < 4 * q->count; i++)
        must(q->ids[i] >= 0 && q->ids[i] < wl_vocabulary_size(q->words));
    for (int64_t i = 0; i < q->sections; i++) {
        must(q->section[i].name[0] && q->section[i].first <= q->count);
        must(i == 0 || q->section[i].first >= q->section[i - 1].first);
    }
    wl_questions_destroy(q);
    return 0;
}
