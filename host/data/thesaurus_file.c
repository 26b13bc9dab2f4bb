/* Files of the thesaurus, in memory: their lines, and the fields of these. */
#include "thesaurus.h"

#include <wordloom/nn/file.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SHOWN = 64, MOST_BYTES = 999999999 /* as offsets have nine digits */ };

bool wl_next_field(wl_fields_of_line *line, wl_word_field *out)
{
    const char *from = line->at;
    while (line->at < line->end && *line->at != ' ') line->at++;
    *out = (wl_word_field){ from, line->at - from };
    if (line->at < line->end) line->at++;
    return out->length > 0;
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 16;
}

bool wl_next_number(wl_fields_of_line *line, int base, int32_t *out)
{
    wl_word_field field;
    *out = 0;
    if (!wl_next_field(line, &field) || field.length > (base == 10 ? 9 : 7)) return false;
    for (int64_t i = 0; i < field.length; i++) {
        const int digit = digit_of(field.text[i]);
        if (digit >= base) return false;
        *out = *out * base + digit;
    }
    return true;
}

wl_fields_of_line wl_line_at(const wl_lexical_file *file, int64_t at)
{
    const char *from = file->text + at, *end = strchr(from, '\n');
    if (!end) end = file->text + file->length;
    return (wl_fields_of_line){ from, end };
}

wl_status wl_bad_line(const wl_lexical_file *file, int64_t at, const char *what,
                      const wl_word_field *found, wl_error *error)
{
    int64_t number = 1;
    for (int64_t i = 0; i < at; i++) number += file->text[i] == '\n';
    const int length = (int)(found->length < SHOWN ? found->length : SHOWN);
    return wl_error_set(error, WL_BAD_FILE, "%s: line %" PRId64 ": expected %s, found \"%.*s\"",
                        file->path, number, what, length, found->text);
}

static wl_status read_whole(wl_lexical_file *file, wl_error *error)
{
    wl_reader *reader;
    wl_status status = wl_reader_open(&reader, file->path, error);
    if (status) return status;
    file->length = wl_reader_size(reader);
    file->text = malloc((size_t)file->length + 1);
    if (!file->text)
        status = wl_error_set(error, WL_NO_MEMORY, "%s: no memory for its %" PRId64 " bytes",
                              file->path, file->length);
    if (!status) status = wl_reader_read(reader, file->text, (size_t)file->length, error);
    wl_reader_close(reader);
    if (status) return status;
    file->text[file->length] = 0;
    const wl_word_field nothing = { "\\0", 2 }, more = { "more", 4 };
    if (file->length > MOST_BYTES)
        return wl_bad_line(file, 0, "less than a billion bytes", &more, error);
    const size_t whole = strlen(file->text);
    return whole == (size_t)file->length
               ? WL_OK
               : wl_bad_line(file, (int64_t)whole, "text", &nothing, error);
}

wl_status wl_lexical_read(wl_lexical_file *out, const char *directory, const char *prefix,
                          const char *suffix, bool may_be_missing, wl_error *error)
{
    if (asprintf(&out->path, "%s/%s%s", directory, prefix, suffix) < 0) {
        out->path = NULL;
        return wl_error_set(error, WL_NO_MEMORY, "%s: no memory for the thesaurus", directory);
    }
    return may_be_missing && access(out->path, F_OK) ? WL_OK : read_whole(out, error);
}
