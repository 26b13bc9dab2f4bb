/* <wordloom/lstm.h> against the golden files time_lstm_*. */
#include "golden_recurrent.h"

#include <stdbool.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *named(char *to, const char *prefix, const char *name, const char *chunk)
{
    snprintf(to, 64, "%s%s%s", prefix, name, chunk);
    return to;
}

/* A pass of T steps, both ways, as the file has it for one chunk ("" where there is one alone).
 * States that are null begin as 0; those at the end are left in `h` and `c`. */
static void one_chunk(const golden *g, const char *chunk, double *h, double *c, bool begins_at_0)
{
    char name[64], gradient[16];
    const long long B = golden_axis(g, named(name, "in.xs", "", chunk), 0);
    const long long T = golden_axis(g, name, 1), D = golden_axis(g, name, 2);
    const long long H = golden_axis(g, "param.weight_h", 0);
    op_case f = golden_case("lstm_forward", "T=%lld B=%lld D=%lld H=%lld -lengths%s", T, B, D, H,
                            begins_at_0 ? " -h0 -c0" : "");
    put_steps(&f, "x", g, name);
    put_gates(&f, "w", g, "param.weight_x");
    put_gates(&f, "r", g, "param.weight_h");
    put_gates(&f, "b", g, "param.bias");
    if (!begins_at_0) put_values(&f, "h0", h), put_values(&f, "c0", c);
    outcome o = golden_run(&f);
    reproduces_steps(g, named(name, "out.hs", "", chunk), row_of(&o, "h"));
    reproduces(g, named(name, "out.h", *chunk ? chunk : "_last", ""), row_of(&o, "hT"));
    reproduces(g, named(name, "out.c", *chunk ? chunk : "_last", ""), row_of(&o, "cT"));

    op_case k = golden_case("lstm_backward", "T=%lld B=%lld D=%lld H=%lld -lengths -dhT -dcT%s", T,
                            B, D, H, begins_at_0 ? " -h0 -c0" : "");
    static const char *const shared[] = { "x", "w", "r" };
    static const char *const kept[] = { "h", "c", "gates" };
    for (int i = 0; i < 3; i++) {
        put_values(&k, shared[i], f.value[case_row(&f, shared[i])]);
        put_values(&k, kept[i], row_of(&o, kept[i]));
    }
    if (!begins_at_0) put_values(&k, "h0", h), put_values(&k, "c0", c);
    put_steps(&k, "dh", g, named(name, "in.dhs", "", chunk));
    put_everywhere(&k, "dw", 0), put_everywhere(&k, "dr", 0), put_everywhere(&k, "db", 0);
    outcome b = golden_run(&k);
    snprintf(gradient, sizeof gradient, "grad%s", chunk);
    reproduces_steps(g, named(name, "out.dxs", "", chunk), row_of(&b, "dx"));
    reproduces(g, *chunk ? named(name, "out.dh", "", chunk) : "out.dh0", row_of(&b, "dh0"));
    reproduces_gates(g, named(name, gradient, ".weight_x", ""), row_of(&b, "dw"));
    reproduces_gates(g, named(name, gradient, ".weight_h", ""), row_of(&b, "dr"));
    reproduces_gates(g, named(name, gradient, ".bias", ""), row_of(&b, "db"));
    memcpy(h, row_of(&o, "hT"), (size_t)(B * H) * sizeof *h);
    memcpy(c, row_of(&o, "cT"), (size_t)(B * H) * sizeof *c);
    outcome_free(&o), outcome_free(&b);
    case_free(&f), case_free(&k);
}

enum { MOST = 64 };

static void sequences_are_the_books(void **state)
{
    static const char *const files[] = { "time_lstm_stateless", "time_lstm_set_state",
                                         "time_lstm_set_state_hc" };
    (void)state;
    for (int i = 0; i < 3; i++) {
        golden *g = golden_open(files[i]);
        double h[MOST] = { 0 }, c[MOST] = { 0 };
        assert_in_range(golden_count(g, "out.h_last"), 1, MOST);
        const size_t bytes = (size_t)golden_count(g, "out.h_last") * sizeof *h;
        if (i > 0) memcpy(h, golden_values(g, "in.h0"), bytes);
        if (i > 1) memcpy(c, golden_values(g, "in.c0"), bytes);
        one_chunk(g, "", h, c, i == 0);
        golden_close(g);
    }
}

/* The second of two chunks begins where the first ended; their gradients are their own. */
static void chunks_are_the_books(void **state)
{
    (void)state;
    golden *g = golden_open("time_lstm_stateful");
    double h[MOST] = { 0 }, c[MOST] = { 0 };
    assert_in_range(golden_count(g, "out.h0"), 1, MOST);
    one_chunk(g, "0", h, c, false);
    one_chunk(g, "1", h, c, false);
    golden_close(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sequences_are_the_books),
        cmocka_unit_test(chunks_are_the_books),
    };
    return golden_result(cmocka_run_group_tests_name("golden_recurrent", tests, NULL, NULL));
}
