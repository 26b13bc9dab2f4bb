/* The generated tasks of <wordloom/nn/tasks.h>. */
#include <wordloom/nn/tasks.h>

#include "../core/philox.h"
#include "examples.h"
#include "upper_case.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

const char *const wl_tasks[] = {
    [WL_TASK_ADDITION] = "addition", [WL_TASK_DATE] = "date", [WL_TASK_COPY] = "copy",
    [WL_TASK_REVERSE] = "reverse",   [WL_TASK_SORT] = "sort", NULL
};

enum { LONGEST = 64 };

typedef struct example {
    char source[LONGEST], target[LONGEST];
} example;

/* The random numbers of one example, in order. */
typedef struct draws {
    uint64_t seed, index;
    uint32_t taken;
    wl_random drawn;
} draws;

/* 0 to n - 1 */
static int below(draws *d, int n)
{
    const uint32_t at = d->taken++ % 4;
    if (at == 0) d->drawn = wl_philox(d->seed, d->index, d->taken / 4, WL_PURPOSE_TASK);
    return (int)((uint64_t)d->drawn.word[at] * (uint64_t)n >> 32);
}

/* ------------------------------------------------------------------ numbers */

static void addition(example *e, draws *d)
{
    const int a = below(d, 1000), b = below(d, 1000);
    snprintf(e->source, sizeof e->source, "%d+%d", a, b);
    snprintf(e->target, sizeof e->target, "%d", a + b);
}

enum { LEAST_DIGITS = 3, MOST_DIGITS = 10 };

/* The digits go to the source; answers how many. */
static int digits(example *e, draws *d)
{
    const int n = LEAST_DIGITS + below(d, MOST_DIGITS - LEAST_DIGITS + 1);
    for (int i = 0; i < n; i++) e->source[i] = (char)('0' + below(d, 10));
    e->source[n] = 0;
    return n;
}

static void copy(example *e, draws *d) { memcpy(e->target, e->source, (size_t)digits(e, d) + 1); }

static void reverse(example *e, draws *d)
{
    const int n = digits(e, d);
    for (int i = 0; i < n; i++) e->target[i] = e->source[n - 1 - i];
    e->target[n] = 0;
}

static void sort(example *e, draws *d)
{
    const int n = digits(e, d);
    char *to = e->target;
    for (char digit = '0'; digit <= '9'; digit++)
        for (int i = 0; i < n; i++)
            if (e->source[i] == digit) *to++ = digit;
    *to = 0;
}

/* ------------------------------------------------------------------ dates */

static const char *const months[] = { "January",   "February", "March",    "April",
                                      "May",       "June",     "July",     "August",
                                      "September", "October",  "November", "December" };
static const char *const weekdays[] = { "Thursday", "Friday",  "Saturday", "Sunday",
                                        "Monday",   "Tuesday", "Wednesday" };

enum { FIRST_YEAR = 1970, DAYS = 18262 /* of 1970 to 2019 */ };

typedef struct date {
    int year, month, day; /* month and day from 0 */
    const char *weekday;
} date;

static bool is_leap(int year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

static int days_of_month(int year, int month)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    return days[month] + (month == 1 && is_leap(year));
}

/* The date so many days after the first one, a Thursday. */
static date date_of(int days)
{
    date at = { .year = FIRST_YEAR, .weekday = weekdays[days % 7] };
    for (; days >= 365 + is_leap(at.year); at.year++) days -= 365 + is_leap(at.year);
    for (; days >= days_of_month(at.year, at.month); at.month++)
        days -= days_of_month(at.year, at.month);
    at.day = days;
    return at;
}

static void write_date(char to[LONGEST], const date *at, int style)
{
    const char *month = months[at->month];
    const int day = at->day + 1;
    if (style == 0)
        snprintf(to, LONGEST, "%d/%d/%02d", at->month + 1, day, at->year % 100);
    else if (style == 1)
        snprintf(to, LONGEST, "%.3s %d, %d", month, day, at->year);
    else if (style == 2)
        snprintf(to, LONGEST, "%s %d, %d", month, day, at->year);
    else
        snprintf(to, LONGEST, "%s, %s %d, %d", at->weekday, month, day, at->year);
}

static void lower_case(char *text)
{
    for (; *text; text++)
        if (*text >= 'A' && *text <= 'Z') *text = (char)(*text - 'A' + 'a');
}

static void date_task(example *e, draws *d)
{
    const date at = date_of(below(d, DAYS));
    write_date(e->source, &at, below(d, 4));
    const int letters = below(d, 4);
    if (letters == 0) lower_case(e->source);
    if (letters == 1) wl_upper_case_ascii(e->source, e->source, strlen(e->source));
    snprintf(e->target, sizeof e->target, "%04d-%02d-%02d", at.year, at.month + 1, at.day + 1);
}

/* ------------------------------------------------------------------ examples */

static void (*const make[])(example *e, draws *d) = { [WL_TASK_ADDITION] = addition,
                                                      [WL_TASK_DATE] = date_task,
                                                      [WL_TASK_COPY] = copy,
                                                      [WL_TASK_REVERSE] = reverse,
                                                      [WL_TASK_SORT] = sort };
enum { TASKS = sizeof make / sizeof *make };

wl_status wl_examples_generate(wl_examples **out, int32_t task, int64_t count, uint64_t seed,
                               wl_error *error)
{
    *out = NULL;
    if (task < 0 || task >= TASKS)
        return wl_error_set(error, WL_OUT_OF_RANGE, "task: expected 0 to %d, found %d", TASKS - 1,
                            (int)task);
    if (count < 1 || count > INT32_MAX)
        return wl_error_set(error, WL_OUT_OF_RANGE,
                            "%s: expected 1 to 2^31 - 1 examples, found %" PRId64, wl_tasks[task],
                            count);
    wl_examples *examples;
    wl_status status = wl_examples_create(&examples);
    for (int64_t i = 0; i < count && !status; i++) {
        example e;
        draws d = { .seed = seed, .index = (uint64_t)i };
        make[task](&e, &d);
        status = wl_examples_add(examples, e.source, strlen(e.source), e.target, strlen(e.target));
    }
    if (!status) {
        *out = examples;
        return WL_OK;
    }
    wl_examples_destroy(examples);
    return wl_error_set(error, status, "%s: no memory for %" PRId64 " examples", wl_tasks[task],
                        count);
}
