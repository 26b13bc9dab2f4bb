/* What numerics.md promises of single numbers: conversions to 16 bits, and the reference's own
 * functions, against models in double. */
#define WL_REF_VARIANT numbers
#include "../reference/activation.h"

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

static double in_last_places(float got, double right)
{
    return fabs((double)got - right) / spacing(right, 23, -126);
}

/* The largest error in units of the last place. */
static void the_references_functions_are_as_near_as_promised(void **state)
{
    double worst_exp = 0, worst_log = 0, worst_logistic = 0;
    (void)state;
    for (int i = -870000; i <= 880000; i++) {
        const float x = (float)i * 1e-4f;
        worst_exp = fmax(worst_exp, in_last_places(exponential(x), exp((double)x)));
        worst_logistic =
            fmax(worst_logistic, in_last_places(logistic_function(x), 1 / (1 + exp(-(double)x))));
    }
    for (int i = 0; i <= 1000000; i++) {
        const float e = (float)i * 1e-6f;
        worst_log = fmax(worst_log, in_last_places(log_one_plus(e), log1p((double)e)));
    }
    print_message("exp within %.2f ulp, log(1 + e) within %.2f, 1 / (1 + e^-x) within %.2f\n",
                  worst_exp, worst_log, worst_logistic);
    assert_true(worst_exp <= 2 && worst_log <= 3 && worst_logistic <= 3);
}

/* Over floats of every exponent: what is small is as near in relative terms. */
static void the_hyperbolic_tangent_is_as_near_as_promised(void **state)
{
    double worst = 0;
    (void)state;
    for (uint32_t u = 0; u <= wl_bits_of_f32(32); u += 997) {
        const float x = wl_f32_of_bits(u), y = hyperbolic_tangent(x);
        worst = fmax(worst, in_last_places(y, tanh((double)x)));
        assert_true(y <= 1 && hyperbolic_tangent(-x) == -y);
    }
    print_message("tanh within %.2f ulp\n", worst);
    assert_true(worst <= 3);
    assert_true(signbit(hyperbolic_tangent(-0.0f)) && isnan(hyperbolic_tangent(NAN)));
    assert_true(hyperbolic_tangent(INFINITY) == 1 && hyperbolic_tangent(-FLT_MAX) == -1);
    assert_true(logistic_function(INFINITY) == 1 && logistic_function(-INFINITY) < FLT_MIN);
}

/* P of GELU: beside 1, and its small values beside themselves. */
static void the_normal_distribution_is_as_near_as_promised(void **state)
{
    double worst = 0, relative = 0, density = 0;
    (void)state;
    for (int i = -1400000; i <= 1400000; i++) {
        const float x = (float)i * 1e-5f;
        const double right = 0.5 * erfc(-(double)x * sqrt(0.5));
        const double slope = exp(-0.5 * (double)x * (double)x) / sqrt(2 * acos(-1));
        const normal got = normal_at(x);
        const double error = fabs((double)got.below - right);
        worst = fmax(worst, error);
        density = fmax(density, fabs((double)got.density - slope));
        if (right > FLT_MIN) relative = fmax(relative, error / right);
    }
    print_message("P(x) within %.3g, and %.3g of itself; its density within %.3g\n", worst,
                  relative, density);
    assert_true(worst <= 3 * 0x1p-24 && relative <= 1e-5 && density <= 0x1p-24);
    assert_true(normal_at(INFINITY).below == 1 && normal_at(-FLT_MAX).below == 0);
    assert_true(normal_at(0).below == 0.5f && isnan(normal_at(NAN).below));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conversions_round_to_nearest_even),
        cmocka_unit_test(every_pattern_comes_back),
        cmocka_unit_test(stochastic_rounding_has_the_right_odds),
        cmocka_unit_test(the_references_functions_are_as_near_as_promised),
        cmocka_unit_test(the_hyperbolic_tangent_is_as_near_as_promised),
        cmocka_unit_test(the_normal_distribution_is_as_near_as_promised),
    };
    return cmocka_run_group_tests_name("numbers", tests, NULL, NULL);
}
