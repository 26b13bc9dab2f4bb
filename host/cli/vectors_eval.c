/* wordloom vectors eval: analogy questions answered, and agreement with people on similarity. */
#include "devices.h"
#include "evaluation_report.h"
#include "options.h"
#include "program.h"
#include "thesaurus.h"
#include "vectors_open.h"

#include <wordloom/nn/thesaurus_pairs.h>

#include <string.h>

enum { AS_COUNTED = -1, GENSIM_CONSIDERS = 300000, SEED = 1 /* of pairs of nouns */ };

static const char *const countings[] = { "word2vec", "gensim", NULL };
static const char *const methods[] = { "add", "multiply", NULL };

typedef struct settings {
    const char *vectors, *analogies, *similarities, *json; /* paths; null: not asked for */
    const char *thesaurus;                                 /* likewise, or "wordnet" */
    int counting, method, device;                          /* numbers of choices */
    int64_t considered, threads;
} settings;

/* What the run owns. */
typedef struct evaluation {
    wl_ctx *ctx;
    wl_questions *questions;
    wl_word_pairs *pairs, *drawn; /* drawn: from the thesaurus */
    wl_thesaurus *thesaurus;
    opened_vectors opened;
    wl_similar *similar;
    wl_analogy_score *analogy;
    wl_similarity_score *similarity, *likeness; /* with people; with the thesaurus */
} evaluation;

static int read_settings(settings *s, int count, char **args)
{
    const option_row rows[] = {
        { .name = "analogies",
          .kind = OPTION_TEXT,
          .value = &s->analogies,
          .placeholder = "FILE",
          .help = "questions, such as questions-words.txt" },
        { .name = "similarities",
          .kind = OPTION_TEXT,
          .value = &s->similarities,
          .placeholder = "FILE",
          .help = "pairs with scores, such as wordsim353.tsv" },
        { .name = "thesaurus",
          .kind = OPTION_TEXT,
          .value = &s->thesaurus,
          .placeholder = "DIR",
          .help = "WordNet's files; wordnet: where wordloom thesaurus looks" },
        { .name = "counting",
          .kind = OPTION_CHOICE,
          .value = &s->counting,
          .choices = countings,
          .help = "whose figures come out" },
        { .name = "method",
          .kind = OPTION_CHOICE,
          .value = &s->method,
          .choices = methods,
          .help = "how answers score: 3CosAdd or 3CosMul" },
        { .name = "restrict",
          .kind = OPTION_INTEGER,
          .value = &s->considered,
          .low = AS_COUNTED,
          .high = 0x1p62,
          .help = "only the first N words; 0: all; -1: as counted" },
        { .name = "json",
          .kind = OPTION_TEXT,
          .value = &s->json,
          .placeholder = "FILE",
          .help = "write JSON too; - for stdout, without tables" },
        { .name = "threads",
          .kind = OPTION_INTEGER,
          .value = &s->threads,
          .high = 4096,
          .help = "CPU threads, 0 for all; results are the same" },
        { .name = "device",
          .kind = OPTION_CHOICE,
          .value = &s->device,
          .choices = device_choices,
          .help = "where to search; auto: CUDA if there is a GPU" },
        { 0 },
    };
    const subcommand command = {
        .name = "vectors eval",
        .arguments = "VECTORS",
        .summary =
            "Answers the analogy questions of one file and compares cosines with the scores of\n"
            "another by rank; or with the likeness of nouns in a thesaurus. VECTORS is a file of "
            "any format that "
            "vectors\n"
            "convert reads, or of counts. In analogies, each line is \": SECTION\" or four words; "
            "in\n"
            "similarities, two words and a score. Words are compared in upper case; of words alike "
            "then, the\n"
            "first counts. A question with an unknown word is skipped; answers are words other\n"
            "than its first three.\n\n"
            "Counting word2vec is that of its compute-accuracy: the upper case of ASCII, all "
            "words\n"
            "considered, and the one word that scores highest, if above 0, is the answer. "
            "Counting\n"
            "gensim is that of evaluate_word_analogies and evaluate_word_pairs: the upper case of\n"
            "Unicode, the first 300,000 words considered, and of the five words that score "
            "highest\n"
            "the first that is no other spelling of the three is the answer.\n\n"
            "With --thesaurus 100,000 pairs of the 5,000 first words that WordNet has as nouns,\n"
            "always the same of the same words, are scored by Wu and Palmer's similarity.",
        .options = rows,
    };
    int first;
    s->considered = AS_COUNTED;
    const int status = options_read(&command, count, args, &first);
    if (status != OPTIONS_READ) return status;
    if (count - first != 1 || (!s->analogies && !s->similarities && !s->thesaurus)) {
        say("expected VECTORS, and --analogies FILE, --similarities FILE or --thesaurus DIR (see "
            "wordloom vectors eval --help)");
        return EXIT_USAGE;
    }
    s->vectors = args[first];
    return OPTIONS_READ;
}

/* The small files first: what is wrong with them is told at once. */
static wl_status read_files(evaluation *e, const settings *s, wl_error *error)
{
    wl_status status = WL_OK;
    if (s->analogies) status = wl_questions_read(&e->questions, s->analogies, error);
    if (!status && s->similarities) status = wl_word_pairs_read(&e->pairs, s->similarities, error);
    if (!status) status = vectors_open(&e->opened, s->vectors, error);
    return status ? status : vectors_similar(&e->similar, e->ctx, &e->opened, error);
}

static wl_status evaluate(evaluation *e, const settings *s, int64_t considered, wl_error *error)
{
    static const wl_counting counting_of[] = { WL_COUNTING_WORD2VEC, WL_COUNTING_GENSIM };
    static const wl_analogy_method method_of[] = { WL_ANALOGY_ADD, WL_ANALOGY_MULTIPLY };
    const wl_evaluate_config config = { counting_of[s->counting], method_of[s->method],
                                        considered };
    const wl_vocabulary *words = e->opened.words;
    wl_status status = WL_OK;
    if (e->thesaurus) status = wl_thesaurus_pairs(&e->drawn, e->thesaurus, words, SEED, error);
    if (!status && e->drawn)
        status =
            wl_evaluate_similarities(&e->likeness, e->similar, words, e->drawn, &config, error);
    if (!status && e->questions)
        status =
            wl_evaluate_analogies(&e->analogy, e->similar, words, e->questions, &config, error);
    if (!status && e->pairs)
        status =
            wl_evaluate_similarities(&e->similarity, e->similar, words, e->pairs, &config, error);
    return status;
}

static int run(evaluation *e, const settings *s)
{
    wl_error error;
    const bool gensim = !strcmp(countings[s->counting], "gensim");
    const int64_t considered = s->considered != AS_COUNTED ? s->considered
                               : gensim                    ? GENSIM_CONSIDERS
                                                           : 0;
    const char *directory = s->thesaurus && strcmp(s->thesaurus, "wordnet") ? s->thesaurus : NULL;
    const int code = s->thesaurus ? thesaurus_open(&e->thesaurus, directory) : EXIT_DONE;
    if (code) return code;
    wl_status status = read_files(e, s, &error);
    if (!status) status = evaluate(e, s, considered, &error);
    if (status) return fail(status, &error);
    const evaluation_report report = {
        s->vectors,         s->analogies, s->similarities,
        e->opened.V,        e->opened.D,  countings[s->counting],
        methods[s->method], considered,   e->questions,
        e->analogy,         e->pairs,     e->similarity,
        e->drawn,           e->likeness,
    };
    if (!s->json || strcmp(s->json, "-")) evaluation_print(&report);
    if (s->json) status = evaluation_write(&report, s->json, &error);
    return status ? fail(status, &error) : EXIT_DONE;
}

int run_vectors_eval(int count, char **args)
{
    settings s = { 0 };
    evaluation e = { 0 };
    int code = read_settings(&s, count, args);
    if (code != OPTIONS_READ) return code;
    options_apply_threads(s.threads);
    code = device_open(s.device, &e.ctx);
    if (!code) code = run(&e, &s);
    wl_analogy_score_destroy(e.analogy);
    wl_similarity_score_destroy(e.similarity);
    wl_similarity_score_destroy(e.likeness);
    wl_similar_destroy(e.similar);
    vectors_close(&e.opened);
    wl_word_pairs_destroy(e.pairs);
    wl_word_pairs_destroy(e.drawn);
    wl_thesaurus_close(e.thesaurus);
    wl_questions_destroy(e.questions);
    wl_ctx_destroy(e.ctx);
    return code;
}
