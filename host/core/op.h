/* An operator as data: its contract, and the table of implementations that a backend fills. */
#ifndef WL_OP_H
#define WL_OP_H

#include <stdbool.h>

#include <wordloom/ops.h>

WL_BEGIN

/* The size bound to each shape letter of a call: d->T, d->B, ... */
typedef struct wl_dims {
    int64_t A, B, C, D, E, F, G, H, I, J, K, L, M, N, O, P, Q, R, S, T, U, V, W, X, Y, Z;
} wl_dims;

int64_t *wl_dim(wl_dims *d, char letter);

typedef enum wl_role {
    WL_IN,
    WL_OUT,   /* overwritten */
    WL_ACC,   /* added to */
    WL_STATE, /* updated in place */
    WL_HOST,  /* a scalar of the args struct, fixed when a graph is captured */
} wl_role;

typedef enum wl_kind {
    WL_REAL,   /* f32; f64 in the oracle */
    WL_STORED, /* f32, f16 or bf16, all of one call alike; f64 in the oracle */
    WL_ID,     /* i32 or i64 */
    WL_INT32,
    WL_INT64,
    WL_BYTE,
    WL_DOUBLE, /* from here on host scalars: double, int32_t, uint64_t */
    WL_CHOICE,
    WL_SEED,
    WL_LENGTH, /* int64_t that binds the letter of its shape */
} wl_kind;

/* How the case maker fills an input whose values depend on each other. */
typedef enum wl_maker {
    WL_ANY,      /* reals in -1..1; ids within their bound */
    WL_POSITIVE, /* reals in 0..1: second moments, learning rates */
    WL_DISTINCT, /* ids without a repetition */
    WL_COUNT,    /* an integer in 0..bound */
    WL_STEP,     /* a small integer from 1 */
    WL_LENGTHS,  /* integers in 0..bound, among them 0 and bound */
    WL_ALIASES,  /* [V,2]: thresholds of 32 bits, each beside an alias in 0..V-1 (alias.h) */
    WL_BITS,     /* any 32 bits */
    WL_OFFSETS,  /* integers that ascend from 0 to the bound */
    WL_SPANS,    /* [V,2] of a place below the bound and a length of at most L from there on */
    WL_PATHS,    /* [V,3]: the same with H or K in place of L, and a part of that length */
} wl_maker;

/* A row of a contract: one field of the args struct. */
typedef struct wl_arg {
    const char *name;
    size_t offset;
    wl_role role;
    wl_kind kind;
    const char *shape; /* "T B 4H": per axis a number, a letter, or a product such as 4H or NK; with
                          +S the size of S more, or none where S is an absent argument's; with +1
                          one more */
    bool optional;
    bool strided;      /* takes other than dense strides */
    bool absent;       /* an id of -1 means an empty slot */
    bool silent;       /* what is out of bounds is left out, or brought within, without a report */
    char bound;        /* an integer lies in 0..bound-1 (a count or length in 0..bound) */
    const char *alias; /* the one argument it may be: the same memory in the same strides */
    const char *count; /* the argument that tells how many entries of axis 0 are written */
    wl_maker maker;
    double low, high; /* the range of a host scalar */
    double tests[8];  /* its values in tests; the first stands where a case names none */
    int32_t ntests;
} wl_arg;

/* A row: operator, field, role, kind, shape, then designated extras. */
#define WL_ARG(op, field, ...)                                                                     \
    {                                                                                              \
        .name = #field, .offset = offsetof(wl_##op##_args, field), __VA_ARGS__                     \
    }

enum { WL_MAX_ARGS = 28 };

struct wl_backend;

typedef struct wl_op_spec {
    const char *name;
    size_t args_size;
    const char *gradient_of; /* the operator whose gradients this one computes */
    const char *rounded;     /* what is rounded to STORED between input and output, in words */
    wl_determinism determinism;
    /* bytes of workspace; null for none. `stored` is the dtype bound to STORED. */
    size_t (*workspace)(const struct wl_backend *backend, const wl_dims *d, const void *args);
    double (*flops)(const wl_dims *d); /* null where memory is what counts */
    /* least bytes to move, given those of an element; null where every argument moves once */
    double (*bytes)(const wl_dims *d, size_t real, size_t stored, size_t id);
    /* what the rows cannot say; null for nothing */
    wl_status (*check)(wl_ctx *ctx, const wl_dims *d, const void *args);
    wl_arg arg[WL_MAX_ARGS]; /* ends with a null name */
} wl_op_spec;

#define WL_OP(op) extern const wl_op_spec wl_##op##_spec;
#include "ops.def"
#undef WL_OP

/* The operators by number. */
enum {
#define WL_OP(op) WL_NUMBER_##op,
#include "ops.def"
#undef WL_OP
    WL_OPERATORS
};
extern const wl_op_spec *const wl_op_specs[WL_OPERATORS];
const wl_op_spec *wl_op_find(const char *name); /* null: none */

typedef struct wl_kernels {
#define WL_OP(op) wl_status (*op)(wl_ctx *, const wl_dims *, const wl_##op##_args *);
#include "ops.def"
#undef WL_OP
} wl_kernels;

/* One way to execute the operators. */
typedef struct wl_backend {
    const char *name;
    wl_device device;
    int32_t real; /* the dtype that stands where a contract says REAL */
    int (*count)(void);
    wl_status (*describe)(int ordinal, wl_device_info *out);
    wl_status (*open)(wl_ctx *ctx); /* makes what the context needs on its device */
    void (*close)(wl_ctx *ctx);
    wl_status (*enter)(wl_ctx *ctx, int *previous); /* makes the device current */
    void (*leave)(wl_ctx *ctx, int previous);
    wl_status (*alloc)(wl_ctx *ctx, void **out, size_t bytes);
    void (*free)(wl_ctx *ctx, void *ptr);
    wl_status (*alloc_host)(wl_ctx *ctx, void **out, size_t bytes);
    void (*free_host)(wl_ctx *ctx, void *ptr);
    wl_status (*copy)(wl_ctx *ctx, void *to, const void *from, size_t bytes);
    wl_status (*copy_async)(wl_ctx *ctx, void *to, const void *from, size_t bytes);
    wl_status (*sync)(wl_ctx *ctx);
    /* Streams of branches; null where calls work at once. What is queued on `stream` from now on
     * waits for what has been queued on `other`. */
    wl_status (*stream_open)(wl_ctx *ctx, void **stream);
    void (*stream_close)(wl_ctx *ctx, void *stream);
    wl_status (*stream_after)(wl_ctx *ctx, void *stream, void *other);
    /* Graphs; null where there are none. What is queued on *stream from begin to end is recorded.
     */
    wl_status (*graph_begin)(wl_ctx *ctx, void **stream);
    wl_status (*graph_end)(wl_ctx *ctx, void *stream, wl_graph **out);
    wl_status (*graph_launch)(wl_ctx *ctx, wl_graph *graph);
    void (*graph_destroy)(wl_ctx *ctx, wl_graph *graph);
    size_t (*grouping_bytes)(int64_t n);  /* workspace to order n ids by row */
    size_t (*selection_bytes)(int64_t n); /* workspace to select of n items; null: none needed */
    size_t gemm_bytes;                    /* workspace of a matrix product */
    wl_kernels kernels;
} wl_backend;

/* The backends linked in, best first, ending with null: see backends.c. */
extern const wl_backend *const wl_backends[];

/* Ids out of bounds since the last sync, in the device's memory. Of several calls, the first to
 * meet one is kept: calls of one branch run in order. */
typedef struct wl_bad_ids {
    uint64_t count;
    uint64_t first; /* the least position, counted in elements of the tensor */
    uint32_t where; /* WL_ID_ROW, or 0 for none */
    uint32_t unused;
} wl_bad_ids;

/* Names a tensor of ids for wl_bad_ids. */
#define WL_ID_ROW(op, field)                                                                       \
    ((uint32_t)(WL_NUMBER_##op + 1) << 16 | (uint32_t)offsetof(wl_##op##_args, field))

/* Where a branch's calls are queued, and their scratch. */
typedef struct wl_branch_state {
    void *stream;
    char *workspace;
    size_t workspace_bytes;
    bool open; /* the stream is there */
} wl_branch_state;

struct wl_ctx {
    const wl_backend *backend;
    int ordinal;
    int branch;                          /* the current one: its stream and workspace stand here, */
    wl_branch_state others[WL_BRANCHES]; /* and those of the others there */
    void *stream;
    void *outer;    /* the caller's stream, while `stream` is what is recorded: */
    bool recording; /* between wl_graph_begin and wl_graph_end */
    char *workspace;
    size_t workspace_bytes;
    wl_bad_ids *bad_ids; /* in the device's memory */
    bool early;          /* on CUDA: kernels may come before earlier ones have ended */
    void *gemm;          /* the backend's own handle */
    wl_log_callback *log;
    void *log_user;
    char error[512];
};

/* Makes a context on a backend of the caller's choice, such as a test's oracle. */
wl_status wl_ctx_create_on(wl_ctx **out, const wl_backend *backend, int ordinal);

wl_status wl_fail(wl_ctx *ctx, wl_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Checks a call against its contract and binds the letters; `full` receives the args, zero where
 * the caller's struct ends earlier. */
wl_status wl_op_check(wl_ctx *ctx, const wl_op_spec *spec, const void *args, void *full,
                      wl_dims *dims);
/* The same for a workspace query: data pointers are not looked at. */
wl_status wl_op_query(wl_ctx *ctx, const wl_op_spec *spec, const void *args, void *full,
                      size_t *bytes);

/* Elements from one entry of an axis to the next. */
static inline int64_t wl_stride(const wl_tensor *t, int axis)
{
    if (t->stride[t->ndim - 1]) return t->stride[axis];
    int64_t stride = 1;
    for (int i = t->ndim - 1; i > axis; i--) stride *= t->shape[i];
    return stride;
}

static inline bool wl_present(const wl_tensor *t) { return t->ndim > 0; }

/* Null where it is absent. */
static inline const wl_tensor *wl_if_present(const wl_tensor *t)
{
    return wl_present(t) ? t : NULL;
}

/* Elements in a partial sum of optimizer_sum_squares: the same on every backend and device. */
enum { WL_SQUARES_PART = 4096 };
/* Partial sums of a column on CUDA, at most: see kernels/sums.cuh. */
enum { WL_COLUMN_PARTS = 64 };

/* Bytes of one part of a workspace: rounded up so that the next part is aligned too. */
static inline size_t wl_part(int64_t count, size_t size)
{
    return ((size_t)count * size + 255) / 256 * 256;
}

WL_END
#endif
