/* fastText's models (.bin, versions 11 and 12): the dictionary, the rows of words and n-grams, and
 * the output side of negative sampling. The vectors are what fastText makes of them. */
#include "subword.h"
#include "vectors_format.h"

#include <inttypes.h>
#include <stdlib.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "files hold little-endian numbers");

enum { MAGIC = 793712314, NEGATIVE_SAMPLING = 2, SUPERVISED = 3, LONGEST_WORD = 1 << 14 };

/* The head of the file as it lies there, after the magic number. */
enum { VERSION, DIM, WS, EPOCH, MIN_COUNT, NEG, WORD_NGRAMS, LOSS, MODEL, BUCKET, MINN, MAXN };
enum { HEAD = MAXN + 1 };

/* What belongs to one reading. */
typedef struct fasttext {
    wl_vectors *vectors;
    wl_reader *reader;
    uint32_t flags;
    int32_t head[HEAD];
    int32_t words, labels;
    int64_t pruned; /* n-grams that were kept; -1: all */
    wl_error *error;
} fasttext;

static wl_status no_memory(const fasttext *f)
{
    return wl_error_set(f->error, WL_NO_MEMORY, "%s: no memory for the vectors",
                        wl_reader_name(f->reader));
}

/* The next number is not what was expected; it began `back` bytes before. */
static wl_status wrong(const fasttext *f, int64_t back, const char *what, int64_t found)
{
    return wl_error_set(f->error, WL_BAD_FILE, "%s: byte %" PRId64 ": expected %s, found %" PRId64,
                        wl_reader_name(f->reader), wl_reader_position(f->reader) - back, what,
                        found);
}

static wl_status take(const fasttext *f, void *to, size_t bytes)
{
    return wl_reader_read(f->reader, to, bytes, f->error);
}

static wl_status check_head(const fasttext *f)
{
    const int32_t *head = f->head;
    static const struct {
        int place, low, high;
        const char *what;
    } ranges[] = {
        { VERSION, 11, 12, "version 11 or 12 of fastText's models" },
        { DIM, 1, INT32_MAX, "dimensions, at least 1" },
        { LOSS, 1, 4, "a loss from 1 to 4" },
        { MODEL, 1, 3, "a model from 1 to 3" },
        { BUCKET, 0, INT32_MAX, "a number of buckets, at least 0" },
        { MINN, 0, WL_SUBWORD_LONGEST, "n-grams of at least 0 to 64 characters" },
        { MAXN, 0, WL_SUBWORD_LONGEST, "n-grams of at most 0 to 64 characters" },
    };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        int32_t value = head[ranges[i].place];
        if (value < ranges[i].low || value > ranges[i].high)
            return wl_error_set(f->error, WL_BAD_FILE, "%s: byte %d: expected %s, found %" PRId32,
                                wl_reader_name(f->reader), 4 + 4 * ranges[i].place, ranges[i].what,
                                value);
    }
    return WL_OK;
}

/* The magic number and the arguments. Supervised models of version 11 had n-grams of no
 * characters, whatever they say. */
static wl_status read_head(fasttext *f)
{
    int32_t magic;
    struct {
        int32_t rate;
        char t[8];
    } rest;
    wl_status status = take(f, &magic, sizeof magic);
    if (!status && magic != MAGIC) return wrong(f, 4, "fastText's number 793712314", magic);
    if (!status) status = take(f, f->head, sizeof f->head);
    if (!status) status = check_head(f);
    if (!status) status = take(f, &rest, sizeof rest);
    if (f->head[VERSION] == 11 && f->head[MODEL] == SUPERVISED) f->head[MAXN] = 0;
    return status;
}

/* The sizes of the dictionary, whose entries take at least 11 bytes each. */
static wl_status read_sizes(fasttext *f)
{
    int32_t size[3];
    int64_t tokens;
    wl_status status = take(f, size, sizeof size);
    if (!status) status = take(f, &tokens, sizeof tokens);
    if (!status) status = take(f, &f->pruned, sizeof f->pruned);
    if (status) return status;
    f->words = size[1];
    f->labels = size[2];
    int64_t left = wl_reader_size(f->reader) - wl_reader_position(f->reader);
    if (size[1] < 1 || size[2] < 0 || (int64_t)size[1] + size[2] != size[0])
        return wrong(f, 28, "words, at least 1, and labels in the number of entries", size[0]);
    if (f->pruned > 0 || f->pruned < -1)
        return wrong(f, 8, "a model that is neither pruned nor quantised", f->pruned);
    return size[0] <= left / 11 ? WL_OK
                                : wrong(f, 28, "no more entries than bytes for them", size[0]);
}

/* One of the entries: its word, its count, and its type, 0 for a word and 1 for a label. */
static wl_status read_entry(const fasttext *f, int32_t index)
{
    static const unsigned char zero[256] = { [0] = 1 };
    wl_vectors *v = f->vectors;
    int64_t begin = wl_reader_position(f->reader), count;
    char type;
    wl_token word;
    wl_status status = wl_reader_token(f->reader, zero, &word, f->error);
    if (status) return status;
    if (word.stop < 0 || word.length > LONGEST_WORD)
        return wl_error_set(f->error, WL_BAD_FILE,
                            "%s: byte %" PRId64 ": expected a word of at most %d bytes and a 0, "
                            "found \"%.*s\" of %zu%s",
                            wl_reader_name(f->reader), begin, LONGEST_WORD, wl_vectors_shown(&word),
                            word.bytes, word.length, word.stop < 0 ? ", the end of the file" : "");
    int known = index < f->words;
    if (known) status = wl_vectors_add_word(v, &word, 0, f->reader, "byte", begin, f->error);
    if (!status) status = take(f, &count, sizeof count);
    if (!status) status = take(f, &type, sizeof type);
    if (status) return status;
    if (type != !known) return wrong(f, 1, known ? "0, a word" : "1, a label", type);
    if (!known) return WL_OK;
    size_t length;
    const char *kept = wl_vocabulary_word(v->words, index, &length);
    status = wl_vocabulary_add_count(v->words, kept, length, count, NULL);
    return status ? wrong(f, 9, "a count, in all at most 2^63 - 1", count) : WL_OK;
}

static wl_status read_dictionary(fasttext *f)
{
    wl_status status = read_sizes(f);
    if (!status && wl_vocabulary_create(&f->vectors->words)) status = no_memory(f);
    int64_t entries = status ? 0 : (int64_t)f->words + f->labels;
    for (int64_t i = 0; i < entries && !status; i++) status = read_entry(f, (int32_t)i);
    return status;
}

/* Whether the matrix that follows is quantised, and its size, which the file can hold. */
static wl_status read_shape(const fasttext *f, int64_t *rows)
{
    char quantised;
    int64_t shape[2], bytes;
    wl_status status = take(f, &quantised, 1);
    if (!status && quantised)
        return wrong(f, 1, "a model that is not quantised (0 before each matrix)", quantised);
    if (!status) status = take(f, shape, sizeof shape);
    if (status) return status;
    int64_t left = wl_reader_size(f->reader) - wl_reader_position(f->reader);
    if (shape[1] != f->vectors->D)
        return wrong(f, 8, "a matrix with as many columns as dimensions", shape[1]);
    if (shape[0] < 0 || __builtin_mul_overflow(shape[0], shape[1] * 4, &bytes) || bytes > left)
        return wrong(f, 16, "no more rows than the file has bytes for", shape[0]);
    *rows = shape[0];
    return WL_OK;
}

/* The next rows into new memory. */
static wl_status read_rows(const fasttext *f, int64_t rows, float **out)
{
    int64_t D = f->vectors->D, begin = wl_reader_position(f->reader);
    size_t bytes = (size_t)(rows * D) * sizeof **out;
    *out = malloc(bytes + 1);
    if (!*out) return no_memory(f);
    wl_status status = take(f, *out, bytes);
    if (status || f->flags & WL_VECTORS_ALLOW_NONFINITE) return status;
    int64_t bad = wl_vectors_nonfinite(*out, rows, D);
    if (bad < 0) return WL_OK;
    return wl_error_set(f->error, WL_BAD_FILE,
                        "%s: byte %" PRId64 ": expected a finite number, found %g",
                        wl_reader_name(f->reader), begin + bad * 4, (double)(*out)[bad]);
}

static void skip_rows(const fasttext *f, int64_t rows)
{
    wl_reader_seek(f->reader, wl_reader_position(f->reader) + rows * f->vectors->D * 4);
}

/* The means of each word's rows. Sums of finite rows may not be finite. */
static wl_status compose(const fasttext *f)
{
    wl_vectors *v = f->vectors;
    v->table = malloc((size_t)(v->V * v->D) * sizeof *v->table);
    if (!v->table) return no_memory(f);
    for (int64_t id = 0; id < v->V; id++) {
        size_t length;
        const char *word = wl_vocabulary_word(v->words, id, &length);
        float *to = v->table + id * v->D;
        wl_subword_mean(&v->subword, v->own + id * v->D, v->subwords, v->D, word, length, to);
        if (f->flags & WL_VECTORS_ALLOW_NONFINITE || wl_vectors_nonfinite(to, 1, v->D) < 0)
            continue;
        return wl_error_set(f->error, WL_BAD_FILE,
                            "%s: byte %" PRId64 ": expected rows before with finite sums, found "
                            "none of them for \"%.64s\"",
                            wl_reader_name(f->reader), wl_reader_position(f->reader), word);
    }
    return WL_OK;
}

/* The rows of the words, then those of the buckets, which without n-grams have no use. */
static wl_status read_input(fasttext *f)
{
    wl_vectors *v = f->vectors;
    int64_t rows, buckets = f->head[BUCKET];
    wl_status status = read_shape(f, &rows);
    if (status) return status;
    if (rows != v->V + buckets)
        return wrong(f, 16, "a matrix with one row for each word and bucket", rows);
    int grams = f->head[MAXN] > 0 && f->head[MINN] <= f->head[MAXN] && f->pruned < 0 && buckets > 0;
    if (!grams) {
        status = read_rows(f, v->V, &v->table);
        if (!status) skip_rows(f, buckets);
        return status;
    }
    v->subword = (wl_subword){ f->head[MINN], f->head[MAXN], buckets };
    status = read_rows(f, v->V, &v->own);
    if (!status) status = read_rows(f, buckets, &v->subwords);
    return status ? status : compose(f);
}

static wl_status read_output(const fasttext *f)
{
    int64_t rows;
    wl_status status = read_shape(f, &rows);
    if (status) return status;
    if (f->head[LOSS] == NEGATIVE_SAMPLING && f->head[MODEL] != SUPERVISED) {
        if (rows != f->vectors->V)
            return wrong(f, 16, "an output matrix with one row for each word", rows);
        status = read_rows(f, rows, &f->vectors->output);
    } else {
        skip_rows(f, rows);
    }
    int64_t left = wl_reader_size(f->reader) - wl_reader_position(f->reader);
    if (status || left == 0) return status;
    return wl_error_set(f->error, WL_BAD_FILE,
                        "%s: byte %" PRId64 ": expected the end of the file, found %" PRId64
                        " more bytes",
                        wl_reader_name(f->reader), wl_reader_position(f->reader), left);
}

wl_status wl_vectors_read_fasttext(wl_vectors *vectors, wl_reader *reader, uint32_t flags,
                                   wl_error *error)
{
    fasttext f = { .vectors = vectors, .reader = reader, .flags = flags, .error = error };
    wl_status status = read_head(&f);
    if (!status) status = read_dictionary(&f);
    vectors->V = f.words;
    vectors->D = f.head[DIM];
    if (!status) status = read_input(&f);
    return status ? status : read_output(&f);
}
