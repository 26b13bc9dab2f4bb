/* One who builds models in C11: the installed host layer links and runs. */
#include <wordloom/nn/vocabulary.h>

#include <stdlib.h>

int main(void)
{
    wl_vocabulary *words = NULL;
    int64_t id = -1;
    const int good = wl_vocabulary_create(&words) == WL_OK &&
                     wl_vocabulary_add_count(words, "loom", 4, 2, &id) == WL_OK && id == 0 &&
                     wl_vocabulary_find(words, "loom", 4) == 0 &&
                     wl_vocabulary_count(words, 0) == 2;
    wl_vocabulary_destroy(words);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
