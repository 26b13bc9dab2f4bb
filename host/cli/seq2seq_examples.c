/* wordloom seq2seq examples: the pairs of a task, as a run of training would make them. */
#include "program.h"
#include "seq2seq.h"

#include <stdio.h>

static int print_examples(const seq2seq_task *task, uint64_t seed)
{
    wl_error error;
    wl_examples *examples;
    const wl_status status = seq2seq_examples(&examples, task, NULL, seed, &error);
    if (status) return fail(status, &error);
    for (int64_t i = 0; i < wl_examples_size(examples) && !ferror(stdout); i++)
        printf("%s\t%s\n", wl_examples_source(examples, i, NULL),
               wl_examples_target(examples, i, NULL));
    wl_examples_destroy(examples);
    return EXIT_DONE;
}

static const char summary[] =
    "Prints examples of a task, on each line a source, a tab and its target:\n"
    "\n"
    "  addition   two numbers of 0 to 999, and their sum\n"
    "  date       a day of 1970 to 2019 in words or figures, and as YYYY-MM-DD\n"
    "  copy       3 to 10 digits, and the same\n"
    "  reverse    3 to 10 digits, and the same from the last to the first\n"
    "  sort       3 to 10 digits, and the same from the least to the greatest\n"
    "\n"
    "They are those that wordloom seq2seq train makes by the same seed; fewer examples are the\n"
    "first of more. wordloom seq2seq train --pairs reads what this prints.";

int run_seq2seq_examples(int count, char **args)
{
    seq2seq_task task;
    int64_t seed = 1;
    option_row rows[SEQ2SEQ_TASK_ROWS];
    const option_row more[] = {
        { .name = "seed",
          .kind = OPTION_INTEGER,
          .value = &seed,
          .high = 0x1p62,
          .help = "of every random draw; the same seed, the same examples" },
        { 0 },
    };
    const subcommand command = { .name = "seq2seq examples",
                                 .arguments = "",
                                 .summary = summary,
                                 .options = rows,
                                 .common = more };
    int first;
    seq2seq_task_options(&task, 10, rows);
    const int code = options_read(&command, count, args, &first);
    if (code != OPTIONS_READ) return code;
    if (task.task < 0) {
        say("--task is missing (see wordloom seq2seq examples --help)");
        return EXIT_USAGE;
    }
    return print_examples(&task, (uint64_t)seed);
}
