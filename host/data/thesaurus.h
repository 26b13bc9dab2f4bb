/* What the files of the thesaurus share: see <wordloom/nn/thesaurus.h>. */
#ifndef WL_THESAURUS_H
#define WL_THESAURUS_H

#include <wordloom/nn/thesaurus.h>

#include <stdbool.h>

WL_BEGIN

/* A file in memory, and its lines. */
typedef struct wl_lexical_file {
    char *path;
    char *text; /* [length], then a 0 */
    int64_t length;
} wl_lexical_file;

/* A line of index.POS: where its lemma stands, and its senses. */
typedef struct wl_index_line {
    int64_t at;    /* of the lemma in the text */
    int32_t first; /* of its senses in the part's list */
    int32_t count;
} wl_index_line;

typedef struct wl_part {
    wl_lexical_file data, index, exceptions; /* exceptions: the text may be null */
    int32_t first, count;                    /* its synsets among all */
    wl_index_line *lines;
    int64_t line_count;
    int32_t *senses; /* ids, by the index's lines */
    int64_t sense_count;
    int64_t *exception; /* where the lines of exceptions begin */
    int64_t exception_count;
} wl_part;

struct wl_thesaurus {
    wl_part part[WL_PARTS_OF_SPEECH];
    int32_t count;                       /* synsets */
    int64_t *at;                         /* [count]: where a synset's line begins in its file */
    int32_t *depth;                      /* [count] */
    int32_t *first_hypernym, *hypernyms; /* [count + 1]; ids */
    int32_t *steps, *queue;              /* [count]: of a climb; steps are -1 between climbs */
};

/* A line's fields, apart by single spaces. */
typedef struct wl_fields_of_line {
    const char *at, *end;
} wl_fields_of_line;

typedef struct wl_word_field {
    const char *text;
    int64_t length;
} wl_word_field;

/* The next field; false: there is none, or it is empty. */
bool wl_next_field(wl_fields_of_line *line, wl_word_field *out);
/* The next field, a whole number from 0 to 999999999 of digits to a base of 10 or 16. */
bool wl_next_number(wl_fields_of_line *line, int base, int32_t *out);

/* The line that begins at a place. */
wl_fields_of_line wl_line_at(const wl_lexical_file *file, int64_t at);

/* WL_BAD_FILE: "PATH: line N: expected WHAT, found ...". */
wl_status wl_bad_line(const wl_lexical_file *file, int64_t at, const char *what,
                      const wl_word_field *found, wl_error *error);

/* Reads DIRECTORY/NAME; where it may be missing, no text. */
wl_status wl_lexical_read(wl_lexical_file *out, const char *directory, const char *prefix,
                          const char *suffix, bool may_be_missing, wl_error *error);

/* The synsets and their hypernyms, of data.POS of every part; then depths. */
wl_status wl_thesaurus_read_data(wl_thesaurus *thesaurus, wl_error *error);
/* The words and the exceptions, of index.POS and POS.exc of a part. */
wl_status wl_thesaurus_read_index(wl_thesaurus *thesaurus, int32_t part, wl_error *error);

/* The synset whose line begins at a place of its part's file; -1: none. */
int32_t wl_synset_at(const wl_thesaurus *thesaurus, int32_t part, int64_t at);

WL_END
#endif
