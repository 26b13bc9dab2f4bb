/* What the tests of the file layer share: a folder of their own, files made and read back, and a
 * child process with little memory. */
#ifndef WORDLOOM_TESTS_DATA_FILES_H
#define WORDLOOM_TESTS_DATA_FILES_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <wordloom/nn/error.h>

/* For groups of tests: make the folder (which becomes $TMPDIR), and remove it with what it has. */
int make_folder(void **state);
int remove_folder(void **state);

/* Where a file of this name is in the folder; good for eight calls. */
const char *in_folder(const char *name);
int files_in_folder(void);

void write_bytes(const char *path, const void *bytes, size_t length);
void write_text(const char *path, const char *text);
char *read_bytes(const char *path, size_t *length); /* free() it */

/* Two files of the folder have the same bytes. */
void assert_same_files(const char *one, const char *two);

/* The error has each of the parts, which end with a null. */
void assert_error(const wl_error *error, ...);

/* Whether standard input now comes from a pipe into which a child writes the bytes. */
void pipe_into_stdin(const void *bytes, size_t length);

/* Skips the test where a sanitizer needs the address space, which the next function limits. */
void needs_an_address_space(void);

/* The status that `load` answers in a child process which may take `bytes` more of memory than
 * it has. */
wl_status with_memory(size_t bytes, wl_status (*load)(const char *path), const char *path);

#endif
