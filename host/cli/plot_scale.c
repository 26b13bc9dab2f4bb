/* Axes of charts: see plot_scale.h. */
#include "plot_scale.h"

#include <math.h>
#include <stdio.h>

enum { FEWEST = 5, STEPS = 8 };              /* ticks of logarithms at least; steps at most */
enum { MOST_DECIMALS = 6 };                  /* of a number, */
static const double PLAIN = 1e7;             /* and the least that has an exponent */
static const double LARGEST = 1e300;         /* that is drawn */
static const double ROOM = 0.04, FACTOR = 3; /* of the span at each end; that asks for logarithms */

/* Leading numbers of logarithmic ticks, from few to many; each list ends with 0. */
static const double leads[][10] = {
    { 1 }, { 1, 3 }, { 1, 2, 5 }, { 1, 1.5, 2, 3, 5, 7 }, { 1, 2, 3, 4, 5, 6, 7, 8, 9 }
};

static void add_tick(plot_scale *s, double value)
{
    const bool later = s->ticks == 0 || value > s->tick[s->ticks - 1];
    if (later && s->ticks < PLOT_MOST_TICKS && value >= s->low && value <= s->high)
        s->tick[s->ticks++] = value;
}

static void add_leads(plot_scale *s, const double *lead)
{
    const double every = pow(10, ceil(log10(s->high / s->low) / PLOT_MOST_TICKS));
    s->ticks = 0;
    for (double power = pow(10, floor(log10(s->low))); power <= s->high; power *= every)
        for (int i = 0; lead[i] > 0; i++) add_tick(s, lead[i] * power);
}

/* 1, 2 or 5 times a power of ten, such that there are at most STEPS of them in the span. */
static double step_of(double span)
{
    const double least = span / STEPS, power = pow(10, floor(log10(least)));
    if (least <= power) return power;
    return least <= 2 * power ? 2 * power : least <= 5 * power ? 5 * power : 10 * power;
}

static void add_steps(plot_scale *s, double least)
{
    const double step = fmax(step_of(s->high - s->low), least), first = ceil(s->low / step);
    const double decimals = fmax(-floor(log10(step) + 1e-9), 0);
    const bool plain = fmax(fabs(s->low), fabs(s->high)) < PLAIN && decimals <= MOST_DECIMALS;
    s->decimals = plain ? (int)decimals : -1;
    for (int i = 0; i < PLOT_MOST_TICKS; i++) add_tick(s, (first + i) * step);
}

static void add_logarithmic(plot_scale *s)
{
    s->decimals = -1;
    for (size_t i = 0; i < sizeof leads / sizeof *leads && s->ticks < FEWEST; i++)
        add_leads(s, leads[i]);
}

plot_scale plot_scale_of(const plot_axis *axis, double low, double high)
{
    plot_scale s = { .logarithmic =
                         axis->logarithmic && low >= 1 / LARGEST && high / low >= FACTOR };
    if (s.logarithmic) {
        const double room = pow(high / low, ROOM);
        s.low = low / room, s.high = high * room;
        add_logarithmic(&s);
        return s;
    }
    const double alone = axis->whole || low == 0 ? 0.5 : fabs(low) / 2;
    const double most = axis->whole ? 0.5 : HUGE_VAL; /* or another number would be seen */
    const double room = high > low ? fmin(ROOM * (high - low), most) : alone;
    s.low = low - room, s.high = high + room;
    add_steps(&s, axis->whole ? 1 : 0);
    return s;
}

bool plot_scale_has(const plot_scale *s, double value)
{
    return fabs(value) <= LARGEST && (!s->logarithmic || value > 0);
}

double plot_scale_part(const plot_scale *s, double value)
{
    if (s->logarithmic) return log(value / s->low) / log(s->high / s->low);
    return (value - s->low) / (s->high - s->low);
}

void plot_scale_text(const plot_scale *s, int tick, char *to, size_t room)
{
    const double value = s->tick[tick];
    if (s->decimals < 0)
        snprintf(to, room, "%.6g", value);
    else
        snprintf(to, room, "%.*f", s->decimals, value);
}
