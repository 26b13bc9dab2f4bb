/* An embedding: a parameter among others where its gradient is dense, such as one that is the
 * output's weight too; else a table of its own, of which only the rows that are looked up have a
 * gradient. */
#ifndef WL_LOOKUP_H
#define WL_LOOKUP_H

#include <stdbool.h>

#include <wordloom/nn/parameters.h>

WL_BEGIN

typedef struct wl_lookup {
    wl_parameters *parameters;
    int64_t V, E;
    int32_t number; /* of the parameter; -1: a table of its own, */
    const char *name;
    wl_arena arena;  /* where it lies: */
    wl_tensor table; /* STORED [V,E] */
    wl_tensor m, v;  /* REAL [V,E] where the rule has them */
} wl_lookup;

/* Announces the embedding of a name that outlives it; as a parameter where `dense`. */
void wl_lookup_add(wl_lookup *lookup, wl_parameters *parameters, int64_t V, int64_t E, bool dense,
                   const char *name);
/* Gives a table its memory, and the moments that its parameters' rule has, after
 * wl_parameters_create. */
wl_status wl_lookup_create(wl_lookup *lookup, wl_error *error);
void wl_lookup_destroy(wl_lookup *lookup); /* takes one that is all zero */

/* As operators read it; and its numbers as files have them. */
wl_tensor wl_lookup_at(const wl_lookup *lookup);
wl_tensor wl_lookup_value(const wl_lookup *lookup);
/* Draws them as the book does, with a deviation of 0.01; a table counts its draws as `number`. */
wl_status wl_lookup_draw(const wl_lookup *lookup, int32_t number, uint64_t seed, wl_error *error);

typedef struct wl_lookup_pass {
    const wl_lookup *lookup;
    wl_tensor ids;               /* I32 [T,B]: the caller's */
    wl_tensor y;                 /* STORED [T,B,E] */
    wl_tensor rows, count, sums; /* of a table's gradient: I64 [TB], I64 [1], REAL [TB,E] */
} wl_lookup_pass;

/* Takes the tensors from the arena, but for the caller's. */
void wl_lookup_carve(wl_lookup_pass *pass, const wl_lookup *lookup, wl_arena *arena, int64_t T,
                     int64_t B, bool training);

/* The calls of a pass, as wl_recurrent_forward and wl_recurrent_backward are: see
 * <wordloom/nn/recurrent.h>. `dy`: STORED [T,B,E]. */
wl_status wl_lookup_forward(const wl_lookup_pass *pass, size_t *bytes);
wl_status wl_lookup_backward(const wl_lookup_pass *pass, const wl_tensor *dy, size_t *bytes);

WL_END
#endif
