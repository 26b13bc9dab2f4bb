/* Options by table: see options.h. */
#include "options.h"

#include "devices.h"
#include "program.h"
#include "spelling.h"

#include <cblas.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_OPTIONS = 64, TEXT = 80 };

/* Both tables of a subcommand as one. */
typedef struct all_options {
    const subcommand *command;
    const option_row *row[MOST_OPTIONS];
    const char *name[MOST_OPTIONS + 1]; /* of each, and "help" */
    bool given[MOST_OPTIONS];
    int count;
} all_options;

static void join(all_options *all, const option_row *table)
{
    for (; table && table->name && all->count < MOST_OPTIONS; table++) {
        all->name[all->count] = table->name;
        all->row[all->count++] = table;
    }
}

/* ------------------------------------------------------------------ help */

static const char *placeholder(const option_row *row)
{
    switch (row->kind) {
    case OPTION_FLAG: return "";
    case OPTION_INTEGER: return "N";
    case OPTION_REAL: return "X";
    default: return row->placeholder ? row->placeholder : "";
    }
}

static void join_choices(char *out, const option_row *row)
{
    size_t at = 0;
    out[0] = 0;
    for (int i = 0; row->choices[i]; i++)
        at += (size_t)snprintf(out + at, TEXT - at, i ? "|%s" : "%s", row->choices[i]);
}

static void print_default(const option_row *row)
{
    const char *text = row->kind == OPTION_TEXT ? *(const char *const *)row->value : NULL;
    if (row->kind == OPTION_INTEGER) printf(" [%" PRId64 "]", *(const int64_t *)row->value);
    if (row->kind == OPTION_REAL) printf(" [%g]", *(const double *)row->value);
    if (row->kind == OPTION_CHOICE && *(const int *)row->value >= 0)
        printf(" [%s]", row->choices[*(const int *)row->value]);
    if (text) printf(" [%s]", text);
    if (row->required) printf(" (required)");
    printf("\n");
}

/* The option by whose choice others are refused; null: none. */
static const option_row *decisive(const subcommand *command)
{
    const option_row *row = command->decisive ? command->options : NULL;
    while (row && strcmp(row->name, command->decisive) != 0) row++;
    return row;
}

/* "With --method skipgram or cbow:" above options that are not for all. */
static void print_heading(const subcommand *command, unsigned only)
{
    const option_row *by = decisive(command);
    const char *between = "";
    printf("\nWith --%s ", by->name);
    for (int i = 0; by->choices[i]; i++) {
        if (!(only >> i & 1)) continue;
        printf("%s%s", between, by->choices[i]);
        between = " or ";
    }
    printf(":\n");
}

/* With headings, where the command is given. */
static void print_rows(const subcommand *command, const option_row *row)
{
    unsigned only = 0;
    for (; row && row->name; row++) {
        char left[2 * TEXT], choices[TEXT];
        const char *value = placeholder(row);
        if (command && row->only && row->only != only) print_heading(command, row->only);
        only = row->only;
        if (row->kind == OPTION_CHOICE) join_choices(choices, row), value = choices;
        snprintf(left, sizeof left, "--%s%s%s", row->name, *value ? " " : "", value);
        if (strlen(left) > 26)
            printf("  %s\n  %-26s %s", left, "", row->help);
        else
            printf("  %-26s %s", left, row->help);
        print_default(row);
    }
}

static void print_help(const subcommand *command)
{
    printf("Usage: wordloom %s [options]%s%s\n\n%s\n", command->name,
           *command->arguments ? " " : "", command->arguments, command->summary);
    if (command->options) printf("\nOptions (defaults in brackets):\n");
    print_rows(command, command->options);
    if (command->common) printf("\nCommon options:\n");
    print_rows(NULL, command->common);
    printf("\n  %-26s %s\n", "--help", "print this and end");
}

/* ------------------------------------------------------------------ values */

static int refuse(const all_options *all, const option_row *row, const char *text)
{
    char expected[2 * TEXT], choices[TEXT];
    switch (row->kind) {
    case OPTION_INTEGER:
        snprintf(expected, sizeof expected, "an integer from %.0f to %.0f", row->low, row->high);
        break;
    case OPTION_REAL:
        snprintf(expected, sizeof expected,
                 isinf(row->high) ? "a number of %g or more" : "a number from %g to %g", row->low,
                 row->high);
        break;
    default:
        join_choices(choices, row);
        snprintf(expected, sizeof expected, "one of %s", choices);
        break;
    }
    say("--%s: expected %s, found \"%s\" (see wordloom %s --help)", row->name, expected, text,
        all->command->name);
    return EXIT_USAGE;
}

static int set_choice(const all_options *all, const option_row *row, const char *text)
{
    for (int i = 0; row->choices[i]; i++)
        if (!strcmp(row->choices[i], text)) {
            *(int *)row->value = i;
            return OPTIONS_READ;
        }
    return refuse(all, row, text);
}

static bool whole(const char *text, const char *end) { return *text && end != text && !*end; }

static int set_number(const all_options *all, const option_row *row, const char *text)
{
    char *end;
    errno = 0;
    if (row->kind == OPTION_INTEGER) {
        const long long value = strtoll(text, &end, 10);
        const bool fits = (double)value >= row->low && (double)value <= row->high;
        if (errno || !whole(text, end) || !fits) return refuse(all, row, text);
        *(int64_t *)row->value = value;
    } else {
        const double value = strtod(text, &end);
        const bool fits = isfinite(value) && value >= row->low && value <= row->high;
        if (!whole(text, end) || !fits) return refuse(all, row, text);
        *(double *)row->value = value;
    }
    return OPTIONS_READ;
}

static int set(const all_options *all, const option_row *row, const char *text)
{
    switch (row->kind) {
    case OPTION_FLAG: *(bool *)row->value = true; return OPTIONS_READ;
    case OPTION_TEXT: *(const char **)row->value = text; return OPTIONS_READ;
    case OPTION_CHOICE: return set_choice(all, row, text);
    default: return set_number(all, row, text);
    }
}

/* ------------------------------------------------------------------ parsing */

static int unknown(const all_options *all, const char *argument, size_t length)
{
    char name[TEXT];
    snprintf(name, sizeof name, "%.*s", (int)(length < TEXT ? length : TEXT), argument);
    const char *bare = name + strspn(name, "-");
    const char *nearest =
        spelling_nearest(bare, all->name, (size_t)all->count + 1, sizeof *all->name);
    say("%s: unknown option; the nearest is --%s (see wordloom %s --help)", name, nearest,
        all->command->name);
    return EXIT_USAGE;
}

/* getopt_long takes abbreviations and says little of what it refuses: names are checked first. */
static int check_names(const all_options *all, int count, char **args)
{
    for (int i = 1; i < count; i++) {
        const char *argument = args[i];
        if (argument[0] != '-' || !argument[1]) continue;
        if (!strcmp(argument, "--")) break;
        const size_t length = strcspn(argument, "=");
        int found = -1;
        for (int j = 0; j <= all->count; j++)
            if (!strncmp(argument, "--", 2) && strlen(all->name[j]) == length - 2 &&
                !strncmp(argument + 2, all->name[j], length - 2))
                found = j;
        if (found < 0 && strcmp(argument, "-h")) return unknown(all, argument, length);
        const bool takes = found >= 0 && found < all->count && all->row[found]->kind != OPTION_FLAG;
        if (argument[length] && !takes) {
            say("%.*s: takes no value (see wordloom %s --help)", (int)length, argument,
                all->command->name);
            return EXIT_USAGE;
        }
        if (takes && !argument[length] && ++i == count) {
            say("%s: a value is missing (see wordloom %s --help)", argument, all->command->name);
            return EXIT_USAGE;
        }
    }
    return OPTIONS_READ;
}

static int check_required(const all_options *all)
{
    for (int i = 0; i < all->count; i++) {
        if (!all->row[i]->required || *(const char *const *)all->row[i]->value) continue;
        say("--%s is missing (see wordloom %s --help)", all->name[i], all->command->name);
        return EXIT_USAGE;
    }
    return OPTIONS_READ;
}

/* Refuses what was given but is not for the choice that was made. */
static int check_decision(const all_options *all)
{
    const option_row *by = decisive(all->command);
    for (int i = 0; by && i < all->count; i++) {
        const int choice = *(const int *)by->value;
        if (!all->given[i] || !all->row[i]->only || all->row[i]->only >> choice & 1) continue;
        say("--%s: is not an option of --%s %s (see wordloom %s --help)", all->name[i], by->name,
            by->choices[choice], all->command->name);
        return EXIT_USAGE;
    }
    return OPTIONS_READ;
}

/* Defaults are in the values until they are set, so help is printed before. */
static int parse(all_options *all, int count, char **args)
{
    struct option table[MOST_OPTIONS + 2] = { { 0 } };
    for (int i = 0; i <= all->count; i++) {
        const bool takes = i < all->count && all->row[i]->kind != OPTION_FLAG;
        table[i] =
            (struct option){ all->name[i], takes ? required_argument : no_argument, NULL, 0 };
    }
    for (int pass = 0; pass < 2; pass++) {
        int c, index = 0;
        opterr = 0;
        optind = 0;
        while ((c = getopt_long(count, args, ":h", table, &index)) != -1) {
            const bool help = c == 'h' || (c == 0 && index == all->count);
            if (help && pass == 0) {
                print_help(all->command);
                return EXIT_DONE;
            }
            if (c != 0 || pass == 0) continue;
            all->given[index] = true;
            const int status = set(all, all->row[index], optarg);
            if (status != OPTIONS_READ) return status;
        }
    }
    return OPTIONS_READ;
}

int options_read(const subcommand *command, int count, char **args, int *first)
{
    all_options all = { .command = command };
    join(&all, command->options);
    join(&all, command->common);
    all.name[all.count] = "help";
    int status = check_names(&all, count, args);
    if (status == OPTIONS_READ) status = parse(&all, count, args);
    if (status == OPTIONS_READ) status = check_required(&all);
    if (status == OPTIONS_READ) status = check_decision(&all);
    *first = optind;
    if (status != OPTIONS_READ || *command->arguments || optind == count) return status;
    say("%s: unexpected argument (see wordloom %s --help)", args[optind], command->name);
    return EXIT_USAGE;
}

/* ------------------------------------------------------------------ common options */

void options_append(option_row *to, int room, const option_row *rows)
{
    int n = 0;
    while (to[n].name) n++;
    while (rows->name && n < room - 1) to[n++] = *rows++;
}

void options_restrict(option_row *rows, unsigned only)
{
    for (; rows->name; rows++) rows->only = only;
}

void options_common(common_options *v, option_row rows[COMMON_ROWS])
{
    static const char *const dtypes[] = { "f32", "f16", "bf16", NULL };
    *v = (common_options){ .seed = 1 };
    const option_row table[COMMON_ROWS] = {
        { .name = "device",
          .kind = OPTION_CHOICE,
          .value = &v->device,
          .choices = device_choices,
          .help = "where to compute; auto: CUDA if there is a GPU" },
        { .name = "dtype",
          .kind = OPTION_CHOICE,
          .value = &v->dtype,
          .choices = dtypes,
          .help = "how tables are stored; arithmetic is in f32" },
        { .name = "threads",
          .kind = OPTION_INTEGER,
          .value = &v->threads,
          .high = 4096,
          .help = "CPU threads, 0 for all; same results but for --hogwild" },
        { .name = "seed",
          .kind = OPTION_INTEGER,
          .value = &v->seed,
          .high = 0x1p62,
          .help = "of every random draw; the same seed, the same result" },
        { .name = "quiet",
          .kind = OPTION_FLAG,
          .value = &v->quiet,
          .help = "no progress and no summary on stderr" },
        { .name = "log",
          .kind = OPTION_TEXT,
          .value = &v->log,
          .placeholder = "FILE",
          .help = "write one JSON object a report" },
        { 0 },
    };
    memcpy(rows, table, sizeof table);
}

void options_apply_threads(int64_t threads)
{
    if (threads > 0) omp_set_num_threads((int)threads);
    openblas_set_num_threads(1);
}
