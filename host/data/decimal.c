/* Reading and writing a float. Most have few enough digits that one division or product of doubles
 * does it, exactly rounded; strtof and printf take the rest. */
#include "decimal.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct decimal {
    uint64_t digits; /* all of them, as one integer */
    int count;       /* of digits, leading zeros included */
    int exponent;    /* the value is digits * 10^exponent */
    int negative;
} decimal;

static const char *take_digits(const char *p, decimal *number)
{
    for (; *p >= '0' && *p <= '9' && number->count <= 18; p++, number->count++)
        number->digits = number->digits * 10 + (uint64_t)(*p - '0');
    return p;
}

static const char *take_exponent(const char *p, decimal *number)
{
    if (*p != 'e' && *p != 'E') return p;
    int negative = p[1] == '-', value = 0, count = 0;
    p += p[1] == '-' || p[1] == '+' ? 2 : 1;
    for (; *p >= '0' && *p <= '9' && count < 3; p++, count++) value = value * 10 + (*p - '0');
    number->exponent += negative ? -value : value;
    return count > 0 ? p : NULL;
}

/* Splits [+-]digits[.digits][e[+-]digits]. 0: it is not of this form, or has too many digits. */
static int split(const char *text, size_t length, decimal *number)
{
    const char *p = text + (*text == '-' || *text == '+');
    number->negative = *text == '-';
    p = take_digits(p, number);
    if (*p == '.') {
        int before = number->count;
        p = take_digits(p + 1, number);
        number->exponent = before - number->count;
    }
    if (number->count == 0 || number->count > 18) return 0;
    p = take_exponent(p, number);
    return p == text + length;
}

/* Both operands are exact doubles, so the result is the value rounded once. Rounding it again to
 * float gives the nearest float, unless it lies just between two floats (perhaps because of the
 * first rounding) or among the subnormal ones. 0: it does, or the operands are not exact. */
static int round_twice(const decimal *number, float *out)
{
    static const double power[] = { 1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };
    int e = number->exponent;
    if (number->digits >> 53 || e < -22 || e > 22) return 0;
    double value = (double)number->digits;
    value = e < 0 ? value / power[-e] : value * power[e];
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    if ((bits & 0x1fffffff) == 0x10000000) return 0;
    if (value > (double)FLT_MAX || (value < (double)FLT_MIN && number->digits)) return 0;
    *out = number->negative ? -(float)value : (float)value;
    return 1;
}

/* strtof also takes white space and hexadecimal, which these texts do not have. */
static int read_slowly(const char *text, size_t length, locale_t plain, float *out)
{
    const char *first = text + (*text == '-' || *text == '+');
    int named = *first == 'n' || *first == 'N' || *first == 'i' || *first == 'I';
    if (!named && strspn(text, "0123456789+-.eE") != length) return -1;
    char *end;
    *out = strtof_l(text, &end, plain);
    return length > 0 && end == text + length ? 0 : -1;
}

int wl_decimal_read(const char *text, size_t length, locale_t plain, float *out)
{
    decimal number = { 0 };
    if (split(text, length, &number) && round_twice(&number, out)) return 0;
    return read_slowly(text, length, plain, out);
}

/* The nine significant digits of a number with 1e-4 <= size < 1e9, as an integer; *exponent
 * receives that of the first. The product is exact, since a float has 24 bits and 5^12 has 28. */
static uint32_t nine_digits(double size, int *exponent)
{
    static const double power[] = { 1e0, 1e1, 1e2, 1e3,  1e4,  1e5, 1e6,
                                    1e7, 1e8, 1e9, 1e10, 1e11, 1e12 };
    int e = -4;
    while (e < 8 && size >= (e < -1 ? 1 / power[-e - 1] : power[e + 1])) e++;
    double digits = rint(size * power[8 - e]);
    if (digits == 1e9) digits = 1e8, e++;
    *exponent = e;
    return (uint32_t)digits;
}

/* Lays out nine digits of which the first stands for 10^exponent, without zeros at the end. */
static size_t lay_out(char *to, uint32_t digits, int exponent)
{
    char text[9];
    for (int i = 9; i-- > 0; digits /= 10) text[i] = (char)('0' + digits % 10);
    size_t used = 9, n = 0;
    while (used > 1 && text[used - 1] == '0') used--;
    for (int place = exponent < 0 ? exponent + 1 : 1; place < 1; place++) {
        to[n++] = '0';
        if (n == 1) to[n++] = '.';
    }
    for (size_t i = 0; i < used || (int)i <= exponent; i++) {
        if (exponent >= 0 && (int)i == exponent + 1) to[n++] = '.';
        to[n++] = text[i];
    }
    return n;
}

size_t wl_decimal_write(char to[WL_DECIMAL_ROOM], float value)
{
    double size = fabs((double)value);
    if (!(size >= 1e-4 && size < 1e9))
        return (size_t)snprintf(to, WL_DECIMAL_ROOM, "%.9g", (double)value);
    int exponent, negative = value < 0;
    uint32_t digits = nine_digits(size, &exponent);
    if (negative) to[0] = '-';
    return (size_t)negative + lay_out(to + negative, digits, exponent);
}
