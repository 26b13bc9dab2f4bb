/* What the tests of paths share: cases that run on the emulated kernels, are right, and launch what
 * is expected of them. */
#ifndef WORDLOOM_TESTS_LAUNCHES_H
#define WORDLOOM_TESTS_LAUNCHES_H

#include "judge.h"

#include "emulator/watch.h"

/* A call, and the kernels that it is to launch, in order. */
typedef struct path {
    const char *op, *sizes;
    const char *kernels[10]; /* ends with null */
} path;

/* CUDA's backend, emulated. */
const wl_backend *the_kernels(void);

/* Runs a case once on the kernels, and fails unless the result is right. */
void run(const char *op, const char *sizes);

/* Each of the paths, which end with a row without an operator, launches its kernels and no more. */
void all_take(const path *paths);

/* The grid and the block of the only launch of a kernel since the last run. */
void launches_once(const char *kernel, unsigned grid, unsigned block);

#endif
