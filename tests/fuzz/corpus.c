/* Any bytes as a text: its tokens are what lies between its white space, twice, or it is bad. */
#include "memory_file.h"

#include <string.h>
#include <wordloom/nn/corpus.h>

/* Reads to the end or the first error; answers the sum of what it met. */
static wl_status read_through(wl_corpus *corpus, uint64_t *sum)
{
    wl_error error = { "" };
    wl_corpus_item item = { .kind = WL_CORPUS_TOKEN };
    wl_status status = WL_OK;
    *sum = 0;
    while (item.kind != WL_CORPUS_END) {
        int64_t before = wl_corpus_position(corpus);
        status = wl_corpus_next(corpus, &item, &error);
        must(wl_corpus_position(corpus) >= before);
        if (status) break;
        *sum = *sum * 31 + (uint64_t)item.kind;
        if (item.kind != WL_CORPUS_TOKEN) continue;
        must(item.length > 0 && item.word[item.length] == 0);
        must(strlen(item.word) == item.length && !strpbrk(item.word, " \t\r\n\v\f"));
        *sum = *sum * 31 + item.length;
    }
    must(status == WL_OK || (status == WL_BAD_FILE && strstr(error.text, ": line ")));
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    wl_corpus *corpus;
    uint64_t first, second;
    must(wl_corpus_open(&corpus, memory_file(bytes, length), NULL) == WL_OK);
    wl_status status = read_through(corpus, &first);
    wl_corpus_rewind(corpus);
    must(read_through(corpus, &second) == status && first == second);
    wl_corpus_close(corpus);
    return 0;
}
