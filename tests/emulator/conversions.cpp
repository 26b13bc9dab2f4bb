// The 16-bit conversions: every pattern there and back, and floats against a model in double that
// knows nothing of bits.
#include "cuda_bf16.h"
#include "cuda_fp16.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace
{

int passed = 0, failed = 0;

void check(bool holds, const char *claim)
{
    (holds ? passed : failed)++;
    if (!holds) std::printf("FAILED %s\n", claim);
}

struct format {
    const char *name;
    int digits;      // of the significand, the leading one included
    int least, most; // exponents of the normal numbers
    unsigned short (*narrow)(float);
    float (*widen)(unsigned short);
};

const format formats[] = {
    { "half", 11, -14, 15, [](float f) { return __half_as_ushort(__float2half_rn(f)); },
      [](unsigned short u) { return __half2float(__ushort_as_half(u)); } },
    { "bfloat16", 8, -126, 127,
      [](float f) { return __bfloat16_as_ushort(__float2bfloat16_rn(f)); },
      [](unsigned short u) { return __bfloat162float(__ushort_as_bfloat16(u)); } },
};

// The nearest value of the format, ties to even; the default rounding of nearbyint is that.
double nearest(const format &f, double x)
{
    if (x == 0 || std::isinf(x)) return x;
    const int exponent = std::max(std::ilogb(x), f.least);
    const double step = std::ldexp(1.0, exponent - f.digits + 1);
    const double rounded = std::nearbyint(x / step) * step;
    const double largest = std::ldexp(2.0 - std::ldexp(1.0, 1 - f.digits), f.most);
    return std::fabs(rounded) > largest ? std::copysign(INFINITY, x) : rounded;
}

bool agrees(const format &f, float x)
{
    const unsigned short bits = f.narrow(x);
    if (std::isnan(x)) return bits == 0x7fff;
    const double want = nearest(f, x), got = f.widen(bits);
    return got == want && std::signbit(got) == std::signbit(want);
}

void every_pattern_survives(const format &f)
{
    bool right = true;
    for (unsigned u = 0; u < 65536; u++) {
        const auto bits = static_cast<unsigned short>(u);
        const float wide = f.widen(bits);
        const unsigned exponent_bits = 16 - unsigned(f.digits);
        const unsigned fraction = u & ((1u << (f.digits - 1)) - 1);
        const bool special =
            (u >> (f.digits - 1) & ((1u << exponent_bits) - 1)) == (1u << exponent_bits) - 1;
        right &= std::isnan(wide) == (special && fraction);
        right &= std::isinf(wide) == (special && !fraction);
        right &= std::isnan(wide) ? f.narrow(wide) == 0x7fff : f.narrow(wide) == bits;
    }
    check(right, f.name);
}

void floats_round_to_nearest(const format &f)
{
    bool right = true;
    for (std::uint64_t u = 0; u < 1ull << 32; u += 1021) // 4.2 million patterns
        right &= agrees(f, __uint_as_float(unsigned(u)));
    for (unsigned u = 0; u < 65535; u++) { // ties between neighbours, and what lies beside them
        const float low = f.widen(static_cast<unsigned short>(u));
        const float high = f.widen(static_cast<unsigned short>(u + 1));
        if (std::isnan(low) || std::isnan(high)) continue;
        const auto tie = float((double(low) + double(high)) / 2);
        for (float x : { tie, std::nextafter(tie, -INFINITY), std::nextafter(tie, INFINITY) })
            right &= agrees(f, x);
    }
    check(right, f.name);
}

} // namespace

int main()
{
    for (const format &f : formats) {
        every_pattern_survives(f);
        floats_round_to_nearest(f);
    }
    const __half2 h = __floats2half2_rn(1.5f, -2.0f);
    const __nv_bfloat162 b = __floats2bfloat162_rn(1.5f, -2.0f);
    check(__low2float(h) == 1.5f && __half22float2(h).y == -2.0f && sizeof h == 4, "half pairs");
    check(__high2float(b) == -2.0f && __bfloat1622float2(b).x == 1.5f && sizeof b == 4,
          "bfloat16 pairs");
    check(__half2float(__float2half_rn(65519.0f)) == 65504.0f &&
              std::isinf(__half2float(__float2half_rn(65520.0f))),
          "half overflows from 65520 on");
    std::printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
