/* Arenas: all tensors of one lifetime in one piece of a device's memory. One routine carves them,
 * and is run twice: first on an arena without memory, which only measures, then on one of the
 * size that was measured. So there is no list of sizes to keep in step, and nothing is allocated
 * inside a training step. */
#ifndef WORDLOOM_NN_MEMORY_H
#define WORDLOOM_NN_MEMORY_H

#include <wordloom/context.h>
#include <wordloom/nn/error.h>

WL_BEGIN

typedef struct wl_arena {
    wl_ctx *ctx; /* whose device the memory is on */
    char *base;  /* null while measuring */
    size_t used; /* bytes carved or measured; SIZE_MAX: more than there can be */
    size_t size; /* bytes of its memory */
} wl_arena;

/* The next tensor: dense, of `ndim` axes (1 to 4) whose sizes, 0 or more, are the first of
 * `shape`; it begins at a multiple of 256 bytes. While measuring its data is null, which is what
 * the operators' workspace queries take. */
WL_API wl_tensor wl_arena_take(wl_arena *arena, int32_t dtype, int32_t ndim,
                               const int64_t shape[4]);

/* A matrix whose rows begin at multiples of `align` bytes, a power of two no less than an
 * element: its stride is set where that leaves a gap between rows. */
WL_API wl_tensor wl_arena_take_rows(wl_arena *arena, int32_t dtype, int64_t rows, int64_t columns,
                                    size_t align);

/* Takes all tensors of `owner` from the arena, in an order and of sizes that do not change
 * between two calls. It may ask for workspaces, but touches no tensor's data. A status other than
 * WL_OK ends wl_arena_create, which passes it on. */
typedef wl_status wl_arena_carve(void *owner, wl_arena *arena);

/* Runs `carve` on `owner` to measure, allocates on the device of `ctx`, and runs it again to
 * carve. The contents are undefined. WL_NO_MEMORY: the error tells how many bytes were wanted. */
WL_API wl_status wl_arena_create(wl_arena *out, wl_ctx *ctx, wl_arena_carve *carve, void *owner,
                                 wl_error *error);

/* The same for an arena that exists: in its memory where that is enough, else in new memory, after
 * the old is freed; *moved then becomes 1, else 0. */
WL_API wl_status wl_arena_fit(wl_arena *arena, wl_arena_carve *carve, void *owner, int *moved,
                              wl_error *error);

/* Frees the memory, and with it all its tensors. Takes an arena that is all zero. */
WL_API void wl_arena_destroy(wl_arena *arena);

WL_END
#endif
