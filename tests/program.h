/* What the tests of the program share: running it, and reading what it wrote. WORDLOOM_PROGRAM is
 * the path of the program. */
#ifndef WORDLOOM_TESTS_PROGRAM_H
#define WORDLOOM_TESTS_PROGRAM_H

#include "data_files.h"

#include <sys/types.h>

/* Runs in the background with stdin, stdout and stderr in files of the folder. The arguments begin
 * with the program's path and end with a null. */
pid_t start(char **args);
/* The exit code; 1000 and the signal's number, where it was one. */
int wait_for(pid_t child);
/* The exit code after the arguments, which end with a null. */
int run(const char *first, ...);

/* A file of the folder has this part, or has nothing. */
void assert_has(const char *file, const char *part);
void assert_empty(const char *file);
/* Two files of the folder have the same bytes. */
void assert_same(const char *one, const char *two);

/* Lines of words that stand with their like. */
void write_corpus(const char *name, int lines);

#endif
