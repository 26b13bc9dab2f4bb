/* Steps of the book's models: see golden_step.h. */
#include "golden_step.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

golden_step golden_step_of(const golden *g, int number)
{
    golden_step s = { .g = g, .number = number, .before = "param" };
    snprintf(s.now, sizeof s.now, "step%d", number);
    if (number) snprintf(s.before, sizeof s.before, "step%d.after", number - 1);
    return s;
}

const char *golden_named(golden_text to, const char *which, const char *name)
{
    snprintf(to, sizeof(golden_text), "%s.%s", which, name);
    return to;
}

void golden_ids(double *to, const golden_step *s, const char *name, int64_t first, int64_t T)
{
    golden_text text;
    const double *ids = golden_values(s->g, golden_named(text, s->now, name));
    const int64_t N = golden_axis(s->g, text, 0), all = golden_axis(s->g, text, 1);
    for (int64_t n = 0; n < N; n++)
        for (int64_t t = 0; t < T; t++) to[t * N + n] = ids[n * all + first + t];
}

static double *room(int64_t count)
{
    double *made = malloc((size_t)count * sizeof *made + 1);
    assert_non_null(made);
    return made;
}

/* The book's [in,out] is our [out,in]. */
static double *transposed(const double *from, int64_t rows, int64_t columns)
{
    double *to = room(rows * columns);
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < columns; c++) to[c * rows + r] = from[r * columns + c];
    return to;
}

static const char *gradient_name(golden_text to, const golden_step *s, const char *name)
{
    golden_text grad;
    return golden_named(to, golden_named(grad, s->now, "grad"), name);
}

static void holds_gradient(const golden_step *s, const char *name, const double *got)
{
    golden_text text;
    reproduces(s->g, gradient_name(text, s, name), got);
}

/* ------------------------------------------------------------------ embeddings */

/* A case of an operator with the sizes of an embedding. */
static op_case table_case(const char *op, const golden_step *s, const char *name, int64_t N,
                          const char *more)
{
    golden_text text;
    golden_named(text, s->before, name);
    return golden_case(op, "N=%lld V=%lld D=%lld %s", (long long)N,
                       (long long)golden_axis(s->g, text, 0), (long long)golden_axis(s->g, text, 1),
                       more);
}

void embed(double *y, const golden_step *s, const char *name, const double *ids, int64_t N)
{
    golden_text text;
    op_case c = table_case("embedding_gather", s, name, N, "");
    put_golden(&c, "table", s->g, golden_named(text, s->before, name));
    put_values(&c, "ids", ids);
    golden_row(y, &c, "y");
}

void embed_back(const golden_step *s, const char *name, const double *ids, int64_t N,
                const double *dy, const double *dtable)
{
    op_case c = table_case("embedding_scatter", s, name, N, "K=1 -weights mean=0");
    put_values(&c, "ids", ids);
    put_values(&c, "dy", dy);
    put_everywhere(&c, "dtable", 0);
    if (dtable) put_values(&c, "dtable", dtable);
    outcome o = golden_run(&c);
    holds_gradient(s, name, row_of(&o, "dtable"));
    outcome_free(&o);
    case_free(&c);
}

/* ------------------------------------------------------------------ recurrent layers */

static op_case layer_case(const golden_layer *l, const char *way, const golden_step *s,
                          const char *more)
{
    char op[32];
    golden_text layer, text;
    snprintf(op, sizeof op, "%s_%s", l->cell->name, way);
    op_case c = golden_case(op, "T=%lld B=%lld D=%lld H=%lld -s%s -lengths%s%s%s", l->T, l->B, l->D,
                            l->H, strcmp(way, "backward") ? "" : " -ds", l->h0 ? "" : " -h0",
                            l->cell->cells && !l->c0 ? " -c0" : "", more);
    golden_named(layer, s->before, l->name);
    put_values(&c, "x", l->x);
    if (l->h0) put_values(&c, "h0", l->h0);
    if (l->c0 && l->cell->cells) put_values(&c, "c0", l->c0);
    put_gates(&c, "w", s->g, golden_named(text, layer, "weight_x"), l->cell);
    put_gates(&c, "r", s->g, golden_named(text, layer, "weight_h"), l->cell);
    return c;
}

void recur(golden_layer *l, const golden_step *s)
{
    golden_text layer, text;
    l->forward = layer_case(l, "forward", s, "");
    golden_named(layer, s->before, l->name);
    put_gates(&l->forward, "b", s->g, golden_named(text, layer, "bias"), l->cell);
    l->ahead = golden_run(&l->forward);
}

static void holds_gates(const golden_layer *l, const golden_step *s, const char *part,
                        const double *got)
{
    golden_text layer, text;
    gradient_name(layer, s, l->name);
    reproduces_gates(s->g, golden_named(text, layer, part), got, l->cell);
}

void recur_back(const golden_layer *l, const golden_step *s, const double *dh, const double *dhT,
                double *dx, double *dh0)
{
    static const char *const kept[] = { "h", "c", "gates" };
    char without[32];
    snprintf(without, sizeof without, "%s%s%s", dh ? "" : " -dh", dhT ? "" : " -dhT",
             l->cell->cells ? " -dcT" : "");
    op_case c = layer_case(l, "backward", s, without);
    for (int i = 0; i < 3; i++)
        if (case_row(&c, kept[i]) >= 0) put_values(&c, kept[i], row_of(&l->ahead, kept[i]));
    if (dh) put_values(&c, "dh", dh);
    if (dhT) put_values(&c, "dhT", dhT);
    put_everywhere(&c, "dw", 0), put_everywhere(&c, "dr", 0), put_everywhere(&c, "db", 0);
    outcome o = golden_run(&c);
    holds_gates(l, s, "weight_x", row_of(&o, "dw"));
    holds_gates(l, s, "weight_h", row_of(&o, "dr"));
    holds_gates(l, s, "bias", row_of(&o, "db"));
    memcpy(dx, row_of(&o, "dx"), (size_t)(l->T * l->B * l->D) * sizeof *dx);
    memcpy(dh0, row_of(&o, "dh0"), (size_t)(l->B * l->H) * sizeof *dh0);
    outcome_free(&o);
    case_free(&c);
}

void recur_free(golden_layer *l)
{
    outcome_free(&l->ahead);
    case_free(&l->forward);
}

/* ------------------------------------------------------------------ the output layer */

void put_output(op_case *c, const golden_step *s, const golden_output *o)
{
    golden_text text;
    const double *weight = golden_values(s->g, golden_named(text, s->before, o->weight));
    double *turned = transposed(weight, o->D, o->V);
    put_values(c, "w", o->tied ? weight : turned);
    put_values(c, "x", o->x);
    put_golden(c, "b", s->g, golden_named(text, s->before, o->bias));
    if (case_row(c, "labels") >= 0) put_values(c, "labels", o->labels);
    free(turned);
}

void foretell(const golden_output *o, const golden_step *s, double *dx, double *dtable)
{
    golden_text text;
    op_case c = golden_case("softmax_xent_linear_backward", "N=%lld V=%lld D=%lld -dloss", o->N,
                            o->V, o->D);
    put_output(&c, s, o);
    put_everywhere(&c, "dw", 0), put_everywhere(&c, "db", 0);
    outcome out = golden_run(&c);
    reproduces(s->g, golden_named(text, s->now, "loss"), row_of(&out, "loss"));
    holds_gradient(s, o->bias, row_of(&out, "db"));
    memcpy(dx, row_of(&out, "dx"), (size_t)(o->N * o->D) * sizeof *dx);
    if (o->tied)
        memcpy(dtable, row_of(&out, "dw"), (size_t)(o->V * o->D) * sizeof *dtable);
    else {
        double *dw = transposed(row_of(&out, "dw"), o->V, o->D);
        holds_gradient(s, o->weight, dw);
        free(dw);
    }
    outcome_free(&out);
    case_free(&c);
}

/* ------------------------------------------------------------------ the optimiser */

golden_descent golden_descent_of(const golden *g, const char *words)
{
    golden_descent d = { 0 };
    for (int64_t i = 0; golden_name(g, i); i++) {
        const char *name = golden_name(g, i);
        if (strncmp(name, "param.", strlen("param.")) != 0) continue;
        assert_in_range(d.count, 0, GOLDEN_PARAMETERS - 1);
        op_case c = golden_case("optimizer_update", "N=%lld -copy %s",
                                (long long)golden_count(g, name), words);
        put_golden(&c, "p", g, name);
        put_golden(&c, "rule.lr", g, "hyper.lr");
        if (c.value[case_row(&c, "m")]) put_everywhere(&c, "m", 0);
        if (c.value[case_row(&c, "v")]) put_everywhere(&c, "v", 0);
        d.name[d.count] = name + strlen("param.");
        d.update[d.count++] = c;
    }
    return d;
}

static double sum_of_squares(const golden_descent *d, const golden_step *s)
{
    double sum = 0;
    for (int i = 0; i < d->count; i++) {
        golden_text text;
        gradient_name(text, s, d->name[i]);
        op_case c = golden_case("optimizer_sum_squares", "N=1 D=%lld -count",
                                (long long)golden_count(s->g, text));
        put_golden(&c, "x", s->g, text);
        put_values(&c, "sum", &sum);
        golden_row(&sum, &c, "sum");
    }
    return sum;
}

/* What gradients are to be multiplied by. */
static double clip(const golden_descent *d, const golden_step *s)
{
    golden_text text;
    const double sum = sum_of_squares(d, s), norm = sqrt(sum);
    const double most = *golden_values(s->g, "hyper.max_grad"); /* 0: any */
    double scale;
    reproduces(s->g, golden_named(text, s->now, "grad_norm"), &norm);
    op_case c = golden_case("optimizer_clip",
                            "max_norm=%.17g -step -skipped -in_a_row -loss -total -loss_scale "
                            "-clean",
                            most > 0 ? most : (double)INFINITY);
    put_values(&c, "sum", &sum);
    golden_row(&scale, &c, "scale");
    return scale;
}

static void update(op_case *c, const golden_step *s, const char *name, double scale)
{
    static const char *const kept[] = { "p", "m", "v" };
    golden_text after, before, text;
    put_golden(c, "g", s->g, gradient_name(text, s, name));
    put_values(c, "rule.scale", &scale);
    if (c->value[case_row(c, "rule.step")]) put_everywhere(c, "rule.step", s->number + 1);
    outcome o = golden_run(c);
    golden_named(after, golden_named(text, s->now, "after"), name);
    reproduces_move(s->g, golden_named(before, s->before, name), after, c->value[case_row(c, "p")],
                    row_of(&o, "p"));
    for (int i = 0; i < 3; i++)
        if (c->value[case_row(c, kept[i])]) put_values(c, kept[i], row_of(&o, kept[i]));
    outcome_free(&o);
}

void descend(golden_descent *d, const golden_step *s)
{
    const double scale = clip(d, s);
    for (int i = 0; i < d->count; i++) update(&d->update[i], s, d->name[i], scale);
}

void golden_descent_free(golden_descent *d)
{
    for (int i = 0; i < d->count; i++) case_free(&d->update[i]);
}
