/* What the tests of the program share: runs of it, and what it said. WORDLOOM_PROGRAM is its path.
 */
#ifndef WORDLOOM_TESTS_PROGRAM_RUNS_H
#define WORDLOOM_TESTS_PROGRAM_RUNS_H

#include "data_files.h"

#include <sys/types.h>

/* make_folder, with an empty file for stdin in it. */
int make_program_folder(void **state);

/* Runs in the background with stdin, stdout and stderr in files of the folder; args[0] is
 * WORDLOOM_PROGRAM, and a null ends them. */
pid_t start(char **args);
int wait_for(pid_t child); /* the exit code, or 1000 and the signal */

/* The exit code after the arguments, which end with a null. */
int run(const char *first, ...);

/* A file of the folder, such as "stderr", has the part, or no byte at all. */
void assert_has(const char *file, const char *part);
void assert_empty(const char *file);
/* Two files of the folder have the same bytes. */
void assert_same(const char *one, const char *two);

/* Lines of words that stand with their like, into a file of the folder. */
void write_corpus(const char *name, int lines);

#endif
