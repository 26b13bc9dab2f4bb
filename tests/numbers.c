/* What numerics.md promises of single numbers: conversions to 16 bits, and the reference's own
 * functions, against models in double. */
#define WL_REF_VARIANT numbers
#include "../reference/ref.h"

#include <float.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* The number's spacing in a format of so many fraction bits and least exponent. */
static double spacing(double x, int bits, int least_exponent)
{
    int exponent = least_exponent;
    if (x != 0) frexp(x, &exponent);
    exponent--; /* frexp's fraction is from 1/2 */
    return ldexp(1, (exponent < least_exponent ? least_exponent : exponent) - bits);
}

/* Floats of every exponent, in a fixed order. */
static float some_float(uint64_t i) { return wl_f32_of_bits(wl_philox(1, i, 0, 0).word[0]); }

static void conversions_round_to_nearest_even(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 2000000; i++) {
        const float any = some_float(i);
        if (!isfinite(any) || any == 0) continue;
        /* every other one with half the exponent, where f16 is at home */
        const float x = i % 2 ? any : ldexpf(any, -ilogbf(any) / 2);
        const double h = spacing(x, 10, -14), b = spacing(x, 7, -126);
        const double half = nearbyint((double)x / h) * h, brain = nearbyint((double)x / b) * b;
        const double got = (double)wl_f32_of_f16(wl_f16_of_f32(x));
        const double most = ldexp(2 - 0x1p-7, 127);
        assert_true(fabs(half) > 65504 ? isinf(got) && (got > 0) == (x > 0) : got == half);
        const double other = (double)wl_f32_of_bf16(wl_bf16_of_f32(x));
        assert_true(fabs(brain) > most ? isinf(other) && (other > 0) == (x > 0) : other == brain);
    }
}

static void every_pattern_comes_back(void **state)
{
    (void)state;
    for (uint32_t u = 0; u < 65536; u++) {
        const uint16_t h = (uint16_t)u;
        const float x = wl_f32_of_f16(h), y = wl_f32_of_bf16(h);
        assert_int_equal(wl_f16_of_f32(x), isnan(x) ? 0x7fff : h);
        assert_int_equal(wl_bf16_of_f32(y), isnan(y) ? 0x7fff : h);
    }
}

/* Stochastic rounding leaves what is exact, takes one of the two neighbours, and the upper one for
 * as many of the 65,536 draws as its share says. */
static void stochastic_rounding_has_the_right_odds(void **state)
{
    const float values[] = { 1.0f, 1.0003f, -3.14159f, 1e-6f, -4e-8f, 1234.56f };
    (void)state;
    for (int v = 0; v < 6; v++) {
        const double x = (double)values[v];
        const double h = spacing(x, 10, -14), b = spacing(x, 7, -126);
        int64_t half_away = 0, brain_away = 0;
        for (uint32_t random = 0; random < 65536; random++) {
            const double p = (double)wl_f32_of_f16(wl_f16_stochastic(values[v], random));
            const double q = (double)wl_f32_of_bf16(wl_bf16_stochastic(values[v], random));
            assert_true(p == trunc(x / h) * h || p == (trunc(x / h) + copysign(1, x)) * h);
            assert_true(q == trunc(x / b) * b || q == (trunc(x / b) + copysign(1, x)) * b);
            half_away += p != trunc(x / h) * h;
            brain_away += q != trunc(x / b) * b;
        }
        /* f16 draws by 13 of the 16 bits: steps of 8 */
        assert_true(fabs((double)half_away - 65536 * fabs(x / h - trunc(x / h))) <= 8);
        assert_true(fabs((double)brain_away - 65536 * fabs(x / b - trunc(x / b))) <= 1);
    }
}

/* The largest error in units of the last place, over x and over log(1 + e). */
static void the_references_functions_are_as_near_as_promised(void **state)
{
    double worst_exp = 0, worst_log = 0;
    (void)state;
    for (int i = -870000; i <= 880000; i++) {
        const float x = (float)i * 1e-4f;
        const double right = exp((double)x);
        worst_exp =
            fmax(worst_exp, fabs((double)exponential(x) - right) / spacing(right, 23, -126));
    }
    for (int i = 0; i <= 1000000; i++) {
        const float e = (float)i * 1e-6f;
        const double right = log1p((double)e);
        worst_log =
            fmax(worst_log, fabs((double)log_one_plus(e) - right) / spacing(right, 23, -126));
    }
    print_message("exp within %.2f ulp, log(1 + e) within %.2f ulp\n", worst_exp, worst_log);
    assert_true(worst_exp <= 2 && worst_log <= 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conversions_round_to_nearest_even),
        cmocka_unit_test(every_pattern_comes_back),
        cmocka_unit_test(stochastic_rounding_has_the_right_odds),
        cmocka_unit_test(the_references_functions_are_as_near_as_promised),
    };
    return cmocka_run_group_tests_name("numbers", tests, NULL, NULL);
}
