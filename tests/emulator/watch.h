/* What the emulator launched, and the size of the device that it claims to be: so that a test can
 * tell which of its paths a launcher took. Plain C. */
#ifndef EMULATOR_WATCH_H
#define EMULATOR_WATCH_H

typedef struct emulator_launch {
    const char *kernel; /* "gather<float, 4>" */
    unsigned grid[3], block[3];
    int device;
} emulator_launch;

#ifdef __cplusplus
extern "C" {
#endif

/* Multiprocessors from now on; 0: as many as WL_EMULATOR_SMS says. */
void emulator_set_multiprocessors(int count);

/* Devices from now on: one at first. They differ in number only. */
void emulator_set_devices(int count);
int emulator_current_device(void); /* of the calling thread */

/* Runs no more than this many blocks along x of every later grid, which is then one of so many: a
 * kernel is to step through what is left over, as it does where blocks_for caps its grid. 0: all.
 */
void emulator_cap_grids(unsigned blocks);

/* The device has no room for clusters of more blocks. 0: up to 16. */
void emulator_cap_clusters(unsigned blocks);

/* Forgets the launches so far, and notes those to come. */
void emulator_watch(void);

/* Launches since then of a kernel, or, named without "<...>", of all its instances. */
int emulator_launches_of(const char *kernel);

/* All launches since then, in order, until the next one. Returns how many. */
int emulator_launches(const emulator_launch **out);

#ifdef __cplusplus
}
#endif

#endif
