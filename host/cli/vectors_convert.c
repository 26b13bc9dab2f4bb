/* wordloom vectors convert: word vectors from one file format to another. */
#include "options.h"
#include "program.h"
#include "vectors_format.h"

#include <inttypes.h>

typedef struct settings {
    const char *in, *out;
    int from, format; /* numbers of choices */
    bool quiet;
} settings;

static const char *const sources[] = { "content", "text", "safetensors", "binary",
                                       "glove",   "npy",  "fasttext",    NULL };
static const wl_vectors_format source_formats[] = { 0,
                                                    WL_VECTORS_TEXT,
                                                    WL_VECTORS_SAFETENSORS,
                                                    WL_VECTORS_BINARY,
                                                    WL_VECTORS_GLOVE,
                                                    WL_VECTORS_NPY,
                                                    WL_VECTORS_FASTTEXT };

static int read_settings(settings *s, int count, char **args)
{
    const option_row rows[] = {
        { .name = "format",
          .kind = OPTION_CHOICE,
          .value = &s->format,
          .choices = format_choices,
          .help = "of OUT; name: as its name ends" },
        { .name = "from",
          .kind = OPTION_CHOICE,
          .value = &s->from,
          .choices = sources,
          .help = "of IN; content: as its first bytes show" },
        { .name = "quiet",
          .kind = OPTION_FLAG,
          .value = &s->quiet,
          .help = "no summary on stderr" },
        { 0 },
    };
    const subcommand command = {
        .name = "vectors convert",
        .arguments = "IN OUT",
        .summary =
            "Writes the vectors of IN, - for stdin, to OUT. Names end in .txt or .vec (word2vec\n"
            "text), .bin (word2vec binary; binary-gensim has no newlines behind rows), .glove\n"
            "(text without a first line), .npy (numpy; the words are in NAME.vocab beside it)\n"
            "or .safetensors, which alone keeps what a model has besides words and vectors.\n"
            "fastText's .bin is read, with its n-grams, but not written.",
        .options = rows,
    };
    int first;
    const int code = options_read(&command, count, args, &first);
    if (code != OPTIONS_READ) return code;
    if (count - first != 2) {
        say("expected IN and OUT (see wordloom vectors convert --help)");
        return EXIT_USAGE;
    }
    s->in = args[first];
    s->out = args[first + 1];
    return OPTIONS_READ;
}

int run_vectors_convert(int count, char **args)
{
    settings s = { 0 };
    wl_vectors_format format;
    wl_vectors *vectors;
    wl_error error;
    int code = read_settings(&s, count, args);
    if (code != OPTIONS_READ) return code;
    code = format_choose("OUT", s.out, s.format, &format);
    if (code) return code;
    wl_status status = wl_vectors_read_as(&vectors, s.in, source_formats[s.from], 0, &error);
    if (status) return fail(status, &error);
    status = wl_vectors_write(vectors, s.out, format, &error);
    code = status ? fail(status, &error) : EXIT_DONE;
    if (!code && !s.quiet)
        say("wrote %s: %" PRId64 " words, %" PRId64 " numbers each", s.out, vectors->V, vectors->D);
    wl_vectors_destroy(vectors);
    return code;
}
