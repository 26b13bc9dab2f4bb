/* Plants one mistake in every kernel that the emulator runs, so that a test can show that it would
 * notice it; and makes calls fail. Plain C. */
#ifndef EMULATOR_FAULT_H
#define EMULATOR_FAULT_H

enum emulator_fault {
    EMULATOR_NO_FAULT,
    EMULATOR_LOST_ATOMIC,     /* every fifth atomic addition is dropped */
    EMULATOR_MISSING_BARRIER, /* __syncthreads() returns at once */
    EMULATOR_SHORT_GRID,      /* the last block along x does not run, if there is more than one */
    EMULATOR_LOST_LAST_WARP,  /* the last warp of a block does not run, if there is more than one */
    EMULATOR_DEAF_SHUFFLE     /* shuffles and warp reductions return the lane's own value, and a
                                 product of tiles what it was to be added to */
};

#ifdef __cplusplus
extern "C" {
#endif

/* Takes effect from the next launch on; EMULATOR_NO_FAULT ends it. */
void emulator_plant(int fault);

/* How often the planted fault has struck: 0 says that the kernels have nothing for it to break. */
unsigned long long emulator_fault_hits(void);

/* After so many more that succeed, calls of this name fail with cudaErrorUnknown, until
 * emulator_refuse(NULL, 0): of the runtime, or a stand-in of the emulated build, such as "gemm". */
void emulator_refuse(const char *call, int after);

/* How many have failed since. */
int emulator_refusals(void);

#ifdef __cplusplus
}
#endif

#endif
