/* Tables and JSON of an evaluation: see evaluation_report.h. */
#include "evaluation_report.h"

#include "text_width.h"

#include <wordloom/nn/file.h>

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN = 8 };

static double accuracy(const wl_tally *t)
{
    return t->answered ? 100 * (double)t->right / (double)t->answered : (double)NAN;
}

/* ------------------------------------------------------------------ tables */

static void print_tally(const char *name, int widest, const wl_tally *t)
{
    printf("%s%*s  %9" PRId64 "  %8" PRId64 "  %8" PRId64 "  %7" PRId64, name,
           widest - text_width(name), "", t->questions, t->questions - t->answered, t->answered,
           t->right);
    if (t->answered)
        printf("  %6.2f %%\n", accuracy(t));
    else
        printf("  %8s\n", "-");
}

/* "... skipped for 5 unknown words: a, b, ..." */
static void print_skipped(int64_t skipped, const char *what, const wl_vocabulary *words,
                          const int32_t *unknown, int64_t unknowns)
{
    if (!skipped) return;
    printf("%" PRId64 " %s%s skipped for %" PRId64 " unknown word%s:", skipped, what,
           skipped == 1 ? "" : "s", unknowns, unknowns == 1 ? "" : "s");
    for (int64_t i = 0; i < unknowns && i < SHOWN; i++)
        printf("%s %s", i ? "," : "", wl_vocabulary_word(words, unknown[i], NULL));
    printf("%s\n", unknowns > SHOWN ? ", ..." : "");
}

static void print_analogies(const wl_questions *q, const wl_analogy_score *s)
{
    int widest = text_width("syntactic");
    for (int64_t i = 0; i < s->sections; i++)
        if (text_width(q->section[i].name) > widest) widest = text_width(q->section[i].name);
    printf("%-*s  questions   skipped  answered    right  accuracy\n", widest, "section");
    for (int64_t i = 0; i < s->sections; i++)
        print_tally(q->section[i].name, widest, &s->section[i]);
    print_tally("semantic", widest, &s->semantic);
    print_tally("syntactic", widest, &s->syntactic);
    print_tally("all", widest, &s->all);
    print_skipped(s->all.questions - s->all.answered, "question", q->words, s->unknown,
                  s->unknowns);
}

static void print_correlation(const char *name, double value)
{
    if (isfinite(value))
        printf("%-12s  %8.4f\n", name, value);
    else
        printf("%-12s  %8s\n", name, "-");
}

static void print_similarities(const wl_word_pairs *p, const wl_similarity_score *s)
{
    printf("%-12s  %8" PRId64 "\n", "pairs", s->pairs);
    printf("%-12s  %8" PRId64 "\n", "used", s->used);
    print_correlation("Spearman rho", s->spearman);
    print_correlation("Pearson r", s->pearson);
    print_skipped(s->pairs - s->used, "pair", p->words, s->unknown, s->unknowns);
}

void evaluation_print(const evaluation_report *r)
{
    if (r->analogy) print_analogies(r->questions, r->analogy);
    if (r->analogy && r->similarity) printf("\n");
    if (r->similarity) print_similarities(r->pairs, r->similarity);
    if (!r->likeness) return;
    printf("%sWith the thesaurus:\n", r->analogy || r->similarity ? "\n" : "");
    print_similarities(r->drawn, r->likeness);
}

/* ------------------------------------------------------------------ JSON */

static json_t *number(double x) { return isfinite(x) ? json_real(x) : json_null(); }

/* JSON has no bytes that are no UTF-8, which paths may have. */
static json_t *text(const char *s)
{
    json_t *string = json_string(s);
    return string ? string : json_null();
}

static json_t *tally(const char *name, const wl_tally *t)
{
    return json_pack("{s:o, s:I, s:I, s:I, s:o}", "name", text(name), "questions",
                     (json_int_t)t->questions, "answered", (json_int_t)t->answered, "right",
                     (json_int_t)t->right, "accuracy", number(accuracy(t)));
}

static json_t *unknown_words(const wl_vocabulary *words, const int32_t *unknown, int64_t unknowns)
{
    json_t *list = json_array();
    for (int64_t i = 0; i < unknowns; i++)
        json_array_append_new(list, text(wl_vocabulary_word(words, unknown[i], NULL)));
    return list;
}

static json_t *analogies(const evaluation_report *r)
{
    const wl_analogy_score *s = r->analogy;
    if (!s) return json_null();
    json_t *sections = json_array();
    for (int64_t i = 0; i < s->sections; i++)
        json_array_append_new(sections, tally(r->questions->section[i].name, &s->section[i]));
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "file", text(r->analogies), "sections",
                     sections, "semantic", tally("semantic", &s->semantic), "syntactic",
                     tally("syntactic", &s->syntactic), "all", tally("all", &s->all),
                     "unknown_words", unknown_words(r->questions->words, s->unknown, s->unknowns));
}

/* `file` is null where the pairs are of none. */
static json_t *similarities(const char *file, const wl_word_pairs *pairs,
                            const wl_similarity_score *s)
{
    if (!s) return json_null();
    return json_pack("{s:o, s:I, s:I, s:o, s:o, s:o}", "file", file ? text(file) : json_null(),
                     "pairs", (json_int_t)s->pairs, "used", (json_int_t)s->used, "spearman",
                     number(s->spearman), "pearson", number(s->pearson), "unknown_words",
                     unknown_words(pairs->words, s->unknown, s->unknowns));
}

static wl_status write_text(const char *json, const char *path, wl_error *error)
{
    wl_writer *writer;
    if (!strcmp(path, "-")) {
        puts(json);
        return WL_OK;
    }
    wl_status status = wl_writer_open(&writer, path, error);
    if (status) return status;
    status = wl_writer_write(writer, json, strlen(json), error);
    if (!status) status = wl_writer_write(writer, "\n", 1, error);
    if (!status) status = wl_writer_commit(writer, error);
    wl_writer_close(writer);
    return status;
}

wl_status evaluation_write(const evaluation_report *r, const char *path, wl_error *error)
{
    json_t *object = json_pack(
        "{s:o, s:I, s:I, s:s, s:s, s:I, s:o, s:o, s:o}", "vectors", text(r->vectors), "words",
        (json_int_t)r->words, "dimensions", (json_int_t)r->dimensions, "counting", r->counting,
        "method", r->method, "restrict", (json_int_t)r->considered, "analogies", analogies(r),
        "similarities", similarities(r->similarities, r->pairs, r->similarity), "thesaurus",
        similarities(NULL, r->drawn, r->likeness));
    char *json = object ? json_dumps(object, JSON_INDENT(2) | JSON_REAL_PRECISION(15)) : NULL;
    const wl_status status = json ? write_text(json, path, error)
                                  : wl_error_set(error, WL_NO_MEMORY, "no memory for the JSON");
    free(json);
    json_decref(object);
    return status;
}
