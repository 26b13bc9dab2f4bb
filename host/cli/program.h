/* What the files of the program share: its subcommands, its exit codes, its messages. */
#ifndef WL_CLI_PROGRAM_H
#define WL_CLI_PROGRAM_H

#include <wordloom/nn/error.h>

enum {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_BAD_FILE = 3,
    EXIT_NO_DEVICE = 4,
    EXIT_INTERRUPTED = 130,
};

/* Each takes the arguments after noun and verb, args[0] being the verb, and answers an exit code.
 */
int run_devices(int count, char **args);
int run_classify_train(int count, char **args);
int run_classify_eval(int count, char **args);
int run_thesaurus(int count, char **args);
int run_thesaurus_similarity(int count, char **args);
int run_vectors_train(int count, char **args);
int run_vectors_phrases(int count, char **args);
int run_vectors_convert(int count, char **args);
int run_vectors_similar(int count, char **args);
int run_vectors_analogy(int count, char **args);
int run_vectors_eval(int count, char **args);
int run_lm_train(int count, char **args);
int run_lm_eval(int count, char **args);
int run_lm_generate(int count, char **args);
int run_seq2seq_train(int count, char **args);
int run_seq2seq_eval(int count, char **args);
int run_seq2seq_translate(int count, char **args);
int run_seq2seq_map(int count, char **args);
int run_seq2seq_examples(int count, char **args);

/* "wordloom: ..." and a newline to stderr. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Says what the error says, and answers the exit code that the status asks for. */
int fail(wl_status status, const wl_error *error);

#endif
