/* The options of a subcommand as tables, which drive parsing, help and defaults alike. */
#ifndef WL_CLI_OPTIONS_H
#define WL_CLI_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

typedef enum option_kind {
    OPTION_FLAG = 1,
    OPTION_TEXT,
    OPTION_INTEGER,
    OPTION_REAL,
    OPTION_CHOICE,
} option_kind;

/* A row. `value` points to what the option sets, which holds its default beforehand: a bool, a
 * const char * (null: none), an int64_t, a double, or an int that is the number of a choice (-1:
 * none). */
typedef struct option_row {
    const char *name; /* without the dashes */
    option_kind kind;
    void *value;
    const char *help;
    double low, high;           /* of a number */
    const char *const *choices; /* end with null */
    const char *placeholder;    /* what stands for a text's value, such as FILE */
    bool required;
    unsigned only; /* bits of the choices of the command's `decisive` option for which it is; 0: all
                    */
} option_row;

/* A subcommand as its help shows it. */
typedef struct subcommand {
    const char *name;      /* "vectors train" */
    const char *arguments; /* after the options, such as "VECTORS WORD..."; "" for none */
    const char *summary;   /* what it does, in whole lines */
    const option_row *options, *common; /* both end with a row without a name; either may be null */
    const char *decisive; /* the choice by which some options are refused; null: none */
} subcommand;

/* Adds a table to another, of `room` rows; both end with a row without a name. */
void options_append(option_row *to, int room, const option_row *rows);

/* Restricts all rows of a table to choices of the decisive option. */
void options_restrict(option_row *rows, unsigned only);

enum { OPTIONS_READ = -1 };

/* Parses args[1..count-1] into the tables, by glibc's getopt_long but without its abbreviations:
 * --name VALUE or --name=VALUE. Sets *first to the first argument that is no option; those stand
 * last in `args` then. Answers OPTIONS_READ to go on, or the exit code to end with: 0 after
 * --help, which goes to stdout, 2 after a mistake, which is told on stderr. */
int options_read(const subcommand *command, int count, char **args, int *first);

/* What every subcommand that computes takes. */
typedef struct common_options {
    int device, dtype; /* numbers of choices: auto cuda cpu; f32 f16 bf16 */
    int64_t threads;   /* 0: as OpenMP has it */
    int64_t seed;
    bool quiet;
    const char *log; /* null: none */
} common_options;

enum { COMMON_ROWS = 7 };

/* Sets the defaults, and fills the rows, which point to them. */
void options_common(common_options *values, option_row rows[COMMON_ROWS]);

/* Makes OpenMP use the threads asked for, and OpenBLAS one: its own threads would change bits. */
void options_apply_threads(int64_t threads);

#endif
