/* Tests of <wordloom/rearrange.h>. */
#include "judge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static double *row_in(const op_case *c, const char *name) { return c->value[case_row(c, name)]; }

static const double *row_out(const outcome *o, const char *name)
{
    return o->value[case_row(o->of, name)];
}

static outcome of(const op_case *c, const wl_backend *backend)
{
    outcome o;
    if (execute(&o, c, backend)) fail_msg("%s", o.trouble);
    return o;
}

/* ------------------------------------------------------------------ by hand */

static void features_lie_beside_each_other(void **state)
{
    static const double a[4] = { 1, 2, 3, 4 }, b[6] = { 5, 6, 7, 8, 9, 10 },
                        both[10] = { 1, 2, 5, 6, 7, 3, 4, 8, 9, 10 };
    static const char *const left_out[] = { "", "-da", "-db" };
    (void)state;
    op_case c = made("rearrange_concat", "N=2 D=2 E=3 F=5");
    put_values(&c, "a", a), put_values(&c, "b", b);
    gives(&c, "y", both);
    case_free(&c);
    for (int i = 0; i < 3; i++) {
        char text[64] = "N=2 D=2 E=3 F=5 ";
        op_case back = made("rearrange_concat_backward", strcat(text, left_out[i]));
        put_values(&back, "dy", both);
        if (i != 1) gives(&back, "da", a);
        if (i != 2) gives(&back, "db", b);
        case_free(&back);
    }
}

static void every_step_is_given_the_same_and_gives_its_part_of_the_sum(void **state)
{
    static const double x[4] = { 1, 2, 3, 4 }, y[8] = { 1, 2, 3, 4, 1, 2, 3, 4 };
    static const double dy[8] = { 1, 2, 3, 4, 10, 20, 30, 40 }, dx[4] = { 11, 22, 33, 44 };
    (void)state;
    op_case c = made("rearrange_broadcast", "T=2 B=2 D=2"),
            back = made("rearrange_broadcast_backward", "T=2 B=2 D=2");
    put_values(&c, "x", x), put_values(&back, "dy", dy);
    gives(&c, "y", y);
    gives(&back, "dx", dx);
    case_free(&c), case_free(&back);
}

/* In f32 1 is lost beside 2^24, and again, unless the two come first; of 16 bits they are not,
 * since only the sum is rounded: 255 + 1 + 1 is 257, which bf16 does not have, and then 258 is. */
static void steps_are_summed_in_order_and_rounded_once(void **state)
{
    static const double late[4] = { 0x1p24, 1, 1, -0x1p24 }, nothing[1] = { 0 };
    static const double soon[4] = { 1, 1, 0x1p24, -0x1p24 }, two[1] = { 2 };
    static const double parts[4] = { 255, 1, 1, 1 }, whole[1] = { 258 };
    (void)state;
    op_case c = made("rearrange_broadcast_backward", "T=4 B=1 D=1"),
            rounded = made("rearrange_broadcast_backward", "T=4 B=1 D=1 dtype=bf16");
    put_values(&c, "dy", late);
    gives(&c, "dx", nothing);
    put_values(&c, "dy", soon);
    gives(&c, "dx", two);
    put_values(&rounded, "dy", parts);
    gives(&rounded, "dx", whole);
    case_free(&c), case_free(&rounded);
}

/* Of three steps: two, none, all; and what is no length is brought within. */
static void sequences_are_reversed_by_their_lengths(void **state)
{
    static const double x[9] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
    static const double some[3] = { 2, 0, 3 }, wild[3] = { -5, 2147483647, 1 };
    static const double y[9] = { 4, 0, 9, 1, 0, 6, 0, 0, 3 },
                        brought[9] = { 0, 8, 3, 0, 5, 0, 0, 2, 0 },
                        all[9] = { 7, 8, 9, 4, 5, 6, 1, 2, 3 };
    (void)state;
    op_case c = made("rearrange_reverse", "T=3 B=3 D=1"),
            whole = made("rearrange_reverse", "T=3 B=3 D=1 -lengths");
    put_values(&c, "x", x), put_values(&whole, "x", x);
    put_values(&c, "lengths", some);
    gives(&c, "y", y);
    put_values(&c, "lengths", wild);
    gives(&c, "y", brought);
    gives(&whole, "y", all);
    case_free(&c), case_free(&whole);
}

static void steps_and_sequences_change_places(void **state)
{
    static const double x[12] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };
    static const double y[12] = { 1, 2, 7, 8, 3, 4, 9, 10, 5, 6, 11, 12 };
    (void)state;
    op_case c = made("rearrange_transpose", "T=2 B=3 D=2");
    put_values(&c, "x", x);
    gives(&c, "y", y);
    case_free(&c);
}

/* ------------------------------------------------------------------ agreement */

static const char *const features[] = {
    "N=0 D=3 E=2 F=5",           /* no rows */
    "N=3 D=0 E=4 F=4",           /* the first part is nothing */
    "N=3 D=4 E=0 F=4",           /* the second is */
    "N=3 D=0 E=0 F=0",           /* both are */
    "N=1 D=1 E=1 F=2",           /* one of each */
    "N=5 D=3 E=5 F=8",           /* whole packs, of parts that are none */
    "N=5 D=7 E=9 F=16",          /* one less than a pack of 16 bits, and one more */
    "N=3 D=8 E=16 F=24",         /* whole packs */
    "N=3 D=12 E=4 F=16",         /* of f32 alone */
    "N=17 D=7 E=8 F=15",         /* one element less than a block has threads */
    "N=64 D=8 E=8 F=16",         /* as many packs of f32 */
    "N=257 D=1 E=0 F=1",         /* one element more */
    "N=4 D=8 E=8 F=16 pad=3",    /* rows that begin where no pack does */
    "N=4 D=8 E=16 F=24 pad=8",   /* rows apart, of whole packs */
    "N=4 D=8 E=8 F=16 offset=1", /* element-aligned pointers */
    "N=70 D=128 E=107 F=235",    /* more than one thread's of the reference */
    NULL,
};

static const char *const steps[] = {
    "T=0 B=3 D=5",              /* no steps */
    "T=3 B=0 D=5",              /* no sequences */
    "T=3 B=2 D=0",              /* no features */
    "T=1 B=1 D=1",              /* one of each */
    "T=2 B=3 D=7",              /* one less than a pack of 16 bits */
    "T=3 B=2 D=8",              /* a pack */
    "T=2 B=3 D=9",              /* one more */
    "T=3 B=4 D=12",             /* packs of f32 alone */
    "T=35 B=2 D=3",             /* many steps */
    "T=5 B=3 D=17",             /* one element less than a block has threads */
    "T=4 B=8 D=32",             /* as many packs of f32 */
    "T=1 B=1 D=257",            /* one element more, and one more than a block of the reference */
    "T=3 B=4 D=40 pad=3",       /* rows that begin where no pack does */
    "T=3 B=4 D=40 pad=8",       /* rows apart, of whole packs */
    "T=3 B=4 D=16 swap=1",      /* batch first, of whole packs */
    "T=4 B=3 D=7 swap=1 pad=1", /* the same, padded */
    "T=3 B=4 D=16 offset=1",    /* element-aligned pointers */
    "T=7 B=33 D=72",            /* more than one thread's of the reference */
    NULL,
};

static void concat_holds(void **state) { (void)state, all_hold("rearrange_concat", features, ""); }

static void concat_backward_holds(void **state)
{
    (void)state;
    all_hold("rearrange_concat_backward", features, "");
    all_hold("rearrange_concat_backward", features, "-da");
    all_hold("rearrange_concat_backward", features, "-db");
}

static void broadcast_holds(void **state)
{
    (void)state;
    all_hold("rearrange_broadcast", steps, "");
    all_hold("rearrange_broadcast_backward", steps, "");
}

static void reverse_holds(void **state)
{
    (void)state;
    all_hold("rearrange_reverse", steps, "");
    all_hold("rearrange_reverse", steps, "-lengths");
}

static void transpose_holds(void **state)
{
    (void)state;
    all_hold("rearrange_transpose", steps, "");
}

static void gradients_hold(void **state)
{
    (void)state;
    differentiates("rearrange_concat_backward", "N=3 D=4 E=5 F=9");
    differentiates("rearrange_concat_backward", "N=3 D=4 E=5 F=9 -da");
    differentiates("rearrange_concat_backward", "N=3 D=4 E=5 F=9 -db");
    differentiates("rearrange_broadcast_backward", "T=5 B=3 D=20");
}

/* ------------------------------------------------------------------ properties, to the bit */

static void a_split_undoes_concat(void **state)
{
    static const char *const texts[] = { "N=5 D=8 E=16 F=24", "N=5 D=3 E=10 F=13 pad=1",
                                         "N=5 D=16 E=8 F=24 dtype=f16",
                                         "N=5 D=9 E=4 F=13 dtype=bf16 offset=1" };
    (void)state;
    for (const wl_backend *const *b = backends_under_test(); *b; b++)
        for (int i = 0; i < 4; i++) {
            op_case c = made("rearrange_concat", texts[i]),
                    back = made("rearrange_concat_backward", texts[i]);
            outcome y = of(&c, *b);
            put_values(&back, "dy", row_out(&y, "y"));
            gives(&back, "da", row_in(&c, "a"));
            gives(&back, "db", row_in(&c, "b"));
            outcome_free(&y);
            case_free(&c), case_free(&back);
        }
}

/* x is 0 past its sequences' ends. */
static void reversed_twice_it_is_as_it_was(void **state)
{
    static const char *const texts[] = { "T=7 B=5 D=8", "T=7 B=5 D=3 swap=1 pad=1",
                                         "T=7 B=5 D=16 dtype=f16", "T=7 B=5 D=9 dtype=bf16" };
    (void)state;
    for (const wl_backend *const *b = backends_under_test(); *b; b++)
        for (int i = 0; i < 4; i++) {
            op_case c = made("rearrange_reverse", texts[i]);
            const int64_t B = c.dims.B, D = c.dims.D, n = c.dims.T * B * D;
            double x[7 * 5 * 16];
            for (int64_t k = 0; k < n; k++)
                if ((double)(k / (B * D)) >= row_in(&c, "lengths")[k / D % B])
                    row_in(&c, "x")[k] = 0;
            memcpy(x, row_in(&c, "x"), (size_t)n * sizeof *x);
            outcome once = of(&c, *b);
            put_values(&c, "x", row_out(&once, "y"));
            gives(&c, "y", x);
            outcome_free(&once);
            case_free(&c);
        }
}

static void transposed_twice_it_is_as_it_was(void **state)
{
    static const char *const texts[][2] = {
        { "T=7 B=5 D=8", "T=5 B=7 D=8" },
        { "T=7 B=5 D=3 swap=1 pad=1", "T=5 B=7 D=3" },
        { "T=7 B=5 D=16 dtype=f16", "T=5 B=7 D=16 dtype=f16 pad=8" },
        { "T=7 B=5 D=9 dtype=bf16", "T=5 B=7 D=9 dtype=bf16 swap=1" },
    };
    (void)state;
    for (const wl_backend *const *b = backends_under_test(); *b; b++)
        for (int i = 0; i < 4; i++) {
            op_case c = made("rearrange_transpose", texts[i][0]),
                    back = made("rearrange_transpose", texts[i][1]);
            outcome y = of(&c, *b);
            put_values(&back, "x", row_out(&y, "y"));
            gives(&back, "y", row_in(&c, "x"));
            outcome_free(&y);
            case_free(&c), case_free(&back);
        }
}

/* Whole numbers, whose sums are exact. */
static void broadcast_and_then_summed_it_is_t_times_as_much(void **state)
{
    static const char *const texts[] = { "T=6 B=3 D=8", "T=6 B=3 D=5 dtype=f16",
                                         "T=6 B=3 D=8 dtype=bf16 pad=8" };
    (void)state;
    for (const wl_backend *const *b = backends_under_test(); *b; b++)
        for (int i = 0; i < 3; i++) {
            op_case c = made("rearrange_broadcast", texts[i]),
                    back = made("rearrange_broadcast_backward", texts[i]);
            double sums[3 * 8];
            for (int k = 0; k < 3 * (int)c.dims.D; k++) {
                row_in(&c, "x")[k] = k * 7 % 31 - 15;
                sums[k] = 6 * row_in(&c, "x")[k];
            }
            outcome y = of(&c, *b);
            put_values(&back, "dy", row_out(&y, "y"));
            gives(&back, "dx", sums);
            outcome_free(&y);
            case_free(&c), case_free(&back);
        }
}

/* sum y reverse(x) = sum reverse(y) x, of whole numbers. */
static void reverse_is_its_own_gradient(void **state)
{
    enum { N = 7 * 5 * 6 };
    (void)state;
    for (const wl_backend *const *b = backends_under_test(); *b; b++) {
        op_case c = made("rearrange_reverse", "T=7 B=5 D=6");
        double x[N], y[N], one = 0, other = 0;
        for (int k = 0; k < N; k++) x[k] = k * 37 % 101 - 50, y[k] = k * 53 % 89 - 44;
        put_values(&c, "x", x);
        outcome of_x = of(&c, *b);
        put_values(&c, "x", y);
        outcome of_y = of(&c, *b);
        for (int k = 0; k < N; k++) {
            one += y[k] * row_out(&of_x, "y")[k];
            other += x[k] * row_out(&of_y, "y")[k];
        }
        assert_true(one == other && one != 0);
        outcome_free(&of_x), outcome_free(&of_y);
        case_free(&c);
    }
}

/* The rows of to's sequences are those of from's in another order: sequence b in the place of
 * 2 b + 1 (mod 5). The first axes, of which there are `outer` entries, stay. */
static void permute(double *to, const double *from, int64_t outer, int64_t width)
{
    for (int64_t i = 0; i < outer * 5; i++)
        memcpy(to + (i / 5 * 5 + (i % 5 * 2 + 1) % 5) * width, from + i * width,
               (size_t)width * sizeof *to);
}

static void a_permuted_batch_permutes(void **state)
{
    enum { T = 4, B = 5, D = 9 };
    static const char *const ops[] = { "rearrange_reverse", "rearrange_broadcast",
                                       "rearrange_broadcast_backward", "rearrange_transpose" };
    static const struct {
        const char *in, *out;
        int64_t steps_in, steps_out, width_out; /* a transposed row is a whole sequence */
    } shapes[] = { { "x", "y", T, T, D },
                   { "x", "y", 1, T, D },
                   { "dy", "dx", T, 1, D },
                   { "x", "y", T, 1, (int64_t)T * D } };
    (void)state;
    for (const wl_backend *const *b = backends_under_test(); *b; b++)
        for (int i = 0; i < 4; i++) {
            op_case c = made(ops[i], "T=4 B=5 D=9"), other = made(ops[i], "T=4 B=5 D=9");
            double y[T * B * D];
            permute(row_in(&other, shapes[i].in), row_in(&c, shapes[i].in), shapes[i].steps_in, D);
            if (i == 0) permute(row_in(&other, "lengths"), row_in(&c, "lengths"), 1, 1);
            outcome o = of(&c, *b);
            permute(y, row_out(&o, shapes[i].out), shapes[i].steps_out, shapes[i].width_out);
            gives(&other, shapes[i].out, y);
            outcome_free(&o);
            case_free(&c), case_free(&other);
        }
}

/* All 65,536 of 16 bits, NaNs of every kind among them. */
static void what_is_moved_keeps_its_bits(void **state)
{
    enum { N = 65536 };
    static const char *const texts[] = { "T=1 B=256 D=256 dtype=f16",
                                         "T=1 B=256 D=256 dtype=bf16 offset=1" };
    static uint16_t bits[N], moved[N];
    char trouble[256];
    (void)state;
    for (int i = 0; i < N; i++) bits[i] = (uint16_t)i;
    for (const wl_backend *const *on = backends_under_test(); *on; on++)
        for (int i = 0; i < 2; i++) {
            bound_case b;
            op_case c = made("rearrange_broadcast", texts[i]);
            if (case_bind(&b, &c, *on, trouble)) fail_msg("%s", trouble);
            const wl_tensor *x = bound_tensor(&b, case_row(&c, "x")),
                            *y = bound_tensor(&b, case_row(&c, "y"));
            assert_int_equal(wl_ctx_copy(b.ctx, x->data, bits, sizeof bits), WL_OK);
            assert_int_equal(bound_call(&b), WL_OK);
            assert_int_equal(wl_ctx_sync(b.ctx), WL_OK);
            assert_int_equal(wl_ctx_copy(b.ctx, moved, y->data, sizeof moved), WL_OK);
            assert_memory_equal(moved, bits, sizeof bits);
            bound_free(&b);
            case_free(&c);
        }
}

/* ------------------------------------------------------------------ what is refused */

static void refuses(const char *op, const char *text, const char *row, int64_t size,
                    const char *message)
{
    for (const wl_backend *const *on = backends_under_test(); *on; on++) {
        bound_case b;
        char trouble[256];
        op_case c = made(op, text);
        if (case_bind(&b, &c, *on, trouble)) fail_msg("%s", trouble);
        wl_tensor *t = bound_tensor(&b, case_row(&c, row));
        if (size)
            t->shape[1] = size;
        else
            memset(t, 0, sizeof *t);
        assert_int_equal(bound_call(&b), size ? WL_BAD_SHAPE : WL_MISSING);
        assert_string_equal(wl_ctx_error(b.ctx), message);
        bound_free(&b);
        case_free(&c);
    }
}

static void features_that_do_not_add_up_are_refused(void **state)
{
    (void)state;
    refuses("rearrange_concat", "N=2 D=3 E=4 F=7", "y", 6,
            "rearrange_concat: y: has 6 features, expected D + E = 3 + 4");
    refuses("rearrange_concat", "N=2 D=3 E=4 F=7", "a", 2,
            "rearrange_concat: y: has 7 features, expected D + E = 2 + 4");
    refuses("rearrange_concat_backward", "N=2 D=3 E=4 F=7", "db", 3,
            "rearrange_concat_backward: dy: has 7 features, expected D + E = 3 + 3");
    refuses("rearrange_concat_backward", "N=2 D=3 E=4 F=7 -da", "dy", 3,
            "rearrange_concat_backward: dy: has 3 features, expected 4 or more");
    refuses("rearrange_concat_backward", "N=2 D=3 E=4 F=7 -db", "da", 0,
            "rearrange_concat_backward: da: is missing like db, expected one of them");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(features_lie_beside_each_other),
        cmocka_unit_test(every_step_is_given_the_same_and_gives_its_part_of_the_sum),
        cmocka_unit_test(steps_are_summed_in_order_and_rounded_once),
        cmocka_unit_test(sequences_are_reversed_by_their_lengths),
        cmocka_unit_test(steps_and_sequences_change_places),
        cmocka_unit_test(concat_holds),
        cmocka_unit_test(concat_backward_holds),
        cmocka_unit_test(broadcast_holds),
        cmocka_unit_test(reverse_holds),
        cmocka_unit_test(transpose_holds),
        cmocka_unit_test(gradients_hold),
        cmocka_unit_test(a_split_undoes_concat),
        cmocka_unit_test(reversed_twice_it_is_as_it_was),
        cmocka_unit_test(transposed_twice_it_is_as_it_was),
        cmocka_unit_test(broadcast_and_then_summed_it_is_t_times_as_much),
        cmocka_unit_test(reverse_is_its_own_gradient),
        cmocka_unit_test(a_permuted_batch_permutes),
        cmocka_unit_test(what_is_moved_keeps_its_bits),
        cmocka_unit_test(features_that_do_not_add_up_are_refused),
    };
    return cmocka_run_group_tests_name("rearrange", tests, NULL, NULL);
}
