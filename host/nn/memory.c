/* Arenas of <wordloom/nn/memory.h>. */
#include <wordloom/nn/memory.h>

enum { ALIGNMENT = 256 };

/* The next `bytes`, or null while measuring; what does not fit a size_t leaves SIZE_MAX. */
static void *take(wl_arena *arena, size_t bytes)
{
    size_t end;
    if (arena->used == SIZE_MAX || __builtin_add_overflow(bytes, ALIGNMENT - 1, &bytes) ||
        __builtin_add_overflow(arena->used, bytes / ALIGNMENT * ALIGNMENT, &end)) {
        arena->used = SIZE_MAX;
        return NULL;
    }
    void *part = arena->base ? arena->base + arena->used : NULL;
    arena->used = end;
    return part;
}

wl_tensor wl_arena_take(wl_arena *arena, int32_t dtype, int32_t ndim, const int64_t shape[4])
{
    wl_tensor tensor = { .dtype = dtype, .ndim = ndim };
    size_t bytes = wl_dtype_size(dtype);
    for (int32_t i = 0; i < ndim; i++) {
        tensor.shape[i] = shape[i];
        if (__builtin_mul_overflow(bytes, (size_t)shape[i], &bytes)) arena->used = SIZE_MAX;
    }
    tensor.data = take(arena, bytes);
    return tensor;
}

wl_tensor wl_arena_take_rows(wl_arena *arena, int32_t dtype, int64_t rows, int64_t columns,
                             size_t align)
{
    const int64_t unit = (int64_t)(align / wl_dtype_size(dtype));
    int64_t stride;
    if (__builtin_add_overflow(columns, unit - 1, &stride)) stride = INT64_MAX;
    stride = stride / unit * unit;
    wl_tensor tensor = wl_arena_take(arena, dtype, 2, (int64_t[4]){ rows, stride });
    tensor.shape[1] = columns;
    if (stride == columns) return tensor;
    tensor.stride[0] = stride;
    tensor.stride[1] = 1;
    return tensor;
}

/* Memory of another size. */
static wl_status allocate(wl_arena *arena, size_t bytes, wl_error *error)
{
    void *base = NULL;
    if (arena->base) wl_ctx_free(arena->ctx, arena->base);
    arena->base = NULL, arena->size = 0;
    if (bytes == SIZE_MAX || wl_ctx_alloc(arena->ctx, &base, bytes))
        return wl_error_set(error, WL_NO_MEMORY, "no memory for %zu MiB on the device",
                            bytes >> 20);
    arena->base = base;
    arena->size = bytes;
    return WL_OK;
}

wl_status wl_arena_fit(wl_arena *arena, wl_arena_carve *carve, void *owner, int *moved,
                       wl_error *error)
{
    wl_arena measured = { .ctx = arena->ctx };
    *moved = 0;
    wl_status status = carve(owner, &measured);
    if (status) return status;
    if (!arena->base || measured.used > arena->size) {
        *moved = 1;
        status = allocate(arena, measured.used, error);
    }
    arena->used = 0;
    return status ? status : carve(owner, arena);
}

wl_status wl_arena_create(wl_arena *out, wl_ctx *ctx, wl_arena_carve *carve, void *owner,
                          wl_error *error)
{
    int moved;
    *out = (wl_arena){ .ctx = ctx };
    return wl_arena_fit(out, carve, owner, &moved, error);
}

void wl_arena_destroy(wl_arena *arena)
{
    if (arena->base) wl_ctx_free(arena->ctx, arena->base);
    *arena = (wl_arena){ 0 };
}
