/* Analogy questions: the tokens of a corpus, four a line. */
#include <wordloom/nn/corpus.h>
#include <wordloom/nn/questions.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS = 4 };

/* What belongs to one reading. */
typedef struct reading {
    wl_questions *questions;
    wl_corpus *corpus;
    const char *path;
    int64_t room, section_room;
    int64_t line; /* of the last token */
    int words;    /* so many of this line's have been met; at most one too many */
    int heads;    /* whether the line began with a colon */
    int32_t ids[WORDS];
    char *name; /* of the section that the line begins */
    size_t name_length;
    wl_error *error;
} reading;

static const char *shown(const reading *r)
{
    return strcmp(r->path, "-") ? r->path : "standard input";
}

static wl_status expected(const reading *r, const char *what, const char *found)
{
    return wl_error_set(r->error, WL_BAD_FILE, "%s: line %" PRId64 ": expected %s, found %s",
                        shown(r), r->line, what, found);
}

static wl_status no_memory(const reading *r)
{
    return wl_error_set(r->error, WL_NO_MEMORY, "%s: line %" PRId64 ": no memory for it", shown(r),
                        r->line);
}

/* ------------------------------------------------------------------ sections */

static wl_status add_to_name(reading *r, const wl_corpus_item *word)
{
    const size_t gap = r->name_length > 0, length = r->name_length + gap + word->length;
    char *name = realloc(r->name, length + 1);
    if (!name) return no_memory(r);
    r->name = name;
    if (gap) name[r->name_length] = ' ';
    memcpy(name + length - word->length, word->word, word->length + 1);
    r->name_length = length;
    return WL_OK;
}

static wl_status end_heading(reading *r)
{
    wl_questions *q = r->questions;
    if (!r->name) return expected(r, "the name of a section after the colon", "none");
    if (q->sections == r->section_room) {
        const int64_t room = r->section_room * 2 + 16;
        wl_question_section *section = realloc(q->section, (size_t)room * sizeof *section);
        if (!section) return no_memory(r);
        q->section = section;
        r->section_room = room;
    }
    q->section[q->sections++] = (wl_question_section){ r->name, q->count };
    r->name = NULL;
    r->name_length = 0;
    return WL_OK;
}

/* ------------------------------------------------------------------ questions */

static wl_status end_question(reading *r)
{
    static const char *const found[] = { "", "1 word", "2 words", "3 words", "", "5 or more" };
    wl_questions *q = r->questions;
    if (r->words != WORDS)
        return expected(r, "the four words of a question or \": \" and a name", found[r->words]);
    if (q->sections == 0) return expected(r, "\": \" and the name of a section", "a question");
    if (q->count == r->room) {
        const int64_t room = r->room * 2 + 256;
        int32_t *ids = realloc(q->ids, (size_t)room * sizeof r->ids);
        if (!ids) return no_memory(r);
        q->ids = ids;
        r->room = room;
    }
    memcpy(q->ids + WORDS * q->count++, r->ids, sizeof r->ids);
    return WL_OK;
}

static wl_status add_word(reading *r, const wl_corpus_item *word)
{
    int64_t id;
    if (r->words > WORDS || r->words++ == WORDS) return WL_OK;
    const wl_status status =
        wl_vocabulary_add_count(r->questions->words, word->word, word->length, 1, &id);
    if (status == WL_OUT_OF_RANGE)
        return expected(r, "at most 2^31 - 1 different words", "one more");
    if (status) return no_memory(r);
    r->ids[r->words - 1] = (int32_t)id;
    return WL_OK;
}

static wl_status add_token(reading *r, const wl_corpus_item *word)
{
    r->line = wl_corpus_tell(r->corpus).line;
    if (r->heads) return add_to_name(r, word);
    if (r->words > 0 || strcmp(word->word, ":")) return add_word(r, word);
    r->heads = 1;
    return WL_OK;
}

static wl_status end_line(reading *r)
{
    wl_status status = WL_OK;
    if (r->heads)
        status = end_heading(r);
    else if (r->words > 0)
        status = end_question(r);
    r->heads = r->words = 0;
    return status;
}

static wl_status read_all(reading *r)
{
    wl_corpus_item item = { WL_CORPUS_TOKEN, NULL, 0 };
    while (item.kind != WL_CORPUS_END) {
        wl_status status = wl_corpus_next(r->corpus, &item, r->error);
        if (!status && item.kind == WL_CORPUS_TOKEN) status = add_token(r, &item);
        if (!status && item.kind == WL_CORPUS_SENTENCE_END) status = end_line(r);
        if (status) return status;
    }
    r->line = wl_corpus_tell(r->corpus).line;
    return r->questions->count ? WL_OK : expected(r, "a question of four words", "the end");
}

wl_status wl_questions_read(wl_questions **out, const char *path, wl_error *error)
{
    reading r = { .path = path, .error = error, .line = 1 };
    *out = NULL;
    r.questions = calloc(1, sizeof *r.questions);
    wl_status status =
        r.questions && !wl_vocabulary_create(&r.questions->words) ? WL_OK : no_memory(&r);
    if (!status) status = wl_corpus_open(&r.corpus, path, error);
    if (!status) status = read_all(&r);
    wl_corpus_close(r.corpus);
    free(r.name);
    if (status)
        wl_questions_destroy(r.questions);
    else
        *out = r.questions;
    return status;
}

void wl_questions_destroy(wl_questions *questions)
{
    if (!questions) return;
    for (int64_t i = 0; i < questions->sections; i++) free(questions->section[i].name);
    free(questions->section);
    free(questions->ids);
    wl_vocabulary_destroy(questions->words);
    free(questions);
}
