/* The results of `vectors eval` as tables and as JSON. */
#ifndef WL_CLI_EVALUATION_REPORT_H
#define WL_CLI_EVALUATION_REPORT_H

#include <wordloom/nn/evaluate.h>

/* Everything there is to tell; it owns nothing. */
typedef struct evaluation_report {
    const char *vectors, *analogies, *similarities; /* paths */
    int64_t words, dimensions;
    const char *counting, *method; /* as the options name them */
    int64_t considered;            /* 0: all words */
    const wl_questions *questions; /* null, with the next: there are no analogies */
    const wl_analogy_score *analogy;
    const wl_word_pairs *pairs; /* null, with the next: there are no similarities */
    const wl_similarity_score *similarity;
    const wl_word_pairs *drawn; /* the same of the thesaurus */
    const wl_similarity_score *likeness;
} evaluation_report;

/* Tables to stdout. */
void evaluation_print(const evaluation_report *report);

/* One JSON object to a file, which is replaced, or to stdout for "-". A figure that is undefined,
 * such as the accuracy of no questions, is null. WL_IO_ERROR. WL_NO_MEMORY. */
wl_status evaluation_write(const evaluation_report *report, const char *path, wl_error *error);

#endif
