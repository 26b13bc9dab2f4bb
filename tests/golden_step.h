/* A training step of a model of the book, composed of our operators: layers that hold loss and
 * gradients to the golden file, and the optimiser. A step begins from the file's parameters.
 * Tensors NAME of the file are param.NAME, step0.grad.NAME and step0.after.NAME. */
#ifndef GOLDEN_STEP_H
#define GOLDEN_STEP_H

#include "golden_recurrent.h"

typedef struct golden_step {
    const golden *g;
    int number;
    char before[24], now[24]; /* "param", then "step0.after"; "step0" */
} golden_step;

golden_step golden_step_of(const golden *g, int number);

/* WHICH.NAME: a tensor's name. */
typedef char golden_text[96];
const char *golden_named(golden_text to, const char *which, const char *name);

/* Columns `first` to `first` + T - 1 of the step's ids NAME [N,T'], as [T,N]. */
void golden_ids(double *to, const golden_step *s, const char *name, int64_t first, int64_t T);

/* An embedding: y [N,D]. */
void embed(double *y, const golden_step *s, const char *name, const double *ids, int64_t N);
/* dtable: what other layers give of its gradient, or null. */
void embed_back(const golden_step *s, const char *name, const double *ids, int64_t N,
                const double *dy, const double *dtable);

/* A recurrent layer, whose parameters are NAME.weight_x, NAME.weight_h and NAME.bias. */
typedef struct golden_layer {
    const char *name;
    const book_cell *cell;
    long long T, B, D, H;
    const double *x, *h0, *c0; /* [T,B,D], [B,H]; null: states of 0 */
    op_case forward;           /* of which the outcome is */
    outcome ahead;
} golden_layer;

void recur(golden_layer *l, const golden_step *s);
/* dh [T,B,H] and dhT [B,H] may be null; dx [T,B,D] may lie where dh does; dh0 [B,H]. */
void recur_back(const golden_layer *l, const golden_step *s, const double *dh, const double *dhT,
                double *dx, double *dh0);
void recur_free(golden_layer *l);

/* The output layer and the mean of its losses. The weight is [D,V] in the file or, tied, an
 * embedding's [V,D]. */
typedef struct golden_output {
    const char *weight, *bias;
    bool tied;
    long long N, V, D;
    const double *x, *labels; /* [N,D], [N] */
} golden_output;

/* Puts x, weight, bias and, where the case has a row for them, labels. */
void put_output(op_case *c, const golden_step *s, const golden_output *o);
/* dx [N,D]; dtable [V,D]: the gradient of a weight that is tied, of which it is but a part. */
void foretell(const golden_output *o, const golden_step *s, double *dx, double *dtable);

/* The optimiser: an update a parameter of the file, whose p, m and v go from step to step. */
enum { GOLDEN_PARAMETERS = 16 };
typedef struct golden_descent {
    int count;
    const char *name[GOLDEN_PARAMETERS];
    op_case update[GOLDEN_PARAMETERS];
} golden_descent;

/* words: of the rule, as of optimizer_update. */
golden_descent golden_descent_of(const golden *g, const char *words);
/* By the file's gradients, whose norm is the file's, clipped. */
void descend(golden_descent *d, const golden_step *s);
void golden_descent_free(golden_descent *d);

#endif
