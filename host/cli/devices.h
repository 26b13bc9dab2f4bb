/* The device that --device names. */
#ifndef WL_CLI_DEVICES_H
#define WL_CLI_DEVICES_H

#include <wordloom/context.h>

/* The choices of --device. */
enum { DEVICE_AUTO, DEVICE_CUDA, DEVICE_CPU };
extern const char *const device_choices[];

/* Makes a context on it; the caller destroys it. Answers 0, or says why not and answers the exit
 * code. */
int device_open(int choice, wl_ctx **out);

/* How many runs of hogwild keep it busy: threads of the CPU, or 32 warps a multiprocessor. */
int64_t device_workers(int choice);

#endif
