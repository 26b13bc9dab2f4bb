/* Unlinked temporary files, which are gone with the process that made them. */
#ifndef WL_SPOOL_H
#define WL_SPOOL_H

#include <stddef.h>

/* A file without a name in $TMPDIR, or else /tmp, open for reading and writing. -1: errno says
 * why there is none. */
int wl_spool_open(void);

/* Appends where the descriptor stands. -1: errno says why not all was written. */
int wl_spool_write(int fd, const void *from, size_t bytes);

#endif
