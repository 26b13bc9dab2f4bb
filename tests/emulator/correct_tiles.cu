// Correct tiles: ldmatrix and the tensor cores' product must do what the PTX ISA documents. nvcc
// compiles this file too: on a GPU it checks the real instructions (on_device.cu).
#include "selftest.h"
#include <mma_float.cuh>

#include <cfloat>
#include <cmath>

namespace
{

// ---- ldmatrix: every value is distinct and every lane points to a row of no obvious order

constexpr int stride = 24; // elements, of which 8 to 15 are loaded
constexpr int variants = 6;

__host__ __device__ constexpr int row_of_lane(int lane) { return (5 * lane + 3) % 32; }

struct alignas(16) long_row {
    unsigned short value[stride];
};

template <int matrices>
__device__ void load_both_ways(const unsigned short *row, unsigned *plain, unsigned *transposed)
{
    unsigned words[matrices];
    wl::ldmatrix(words, row);
    for (int m = 0; m < matrices; m++) plain[m] = words[m];
    wl::ldmatrix_trans(words, row);
    for (int m = 0; m < matrices; m++) transposed[m] = words[m];
}

__global__ void load_matrices(unsigned *out)
{
    WL_SHARED(long_row, rows, [32]);
    const int lane = int(threadIdx.x) % 32;
    for (int i = int(threadIdx.x); i < 32 * stride; i += int(blockDim.x))
        rows[i / stride].value[i % stride] = static_cast<unsigned short>(i);
    __syncthreads();
    const unsigned short *row = rows[row_of_lane(lane)].value + 8;
    unsigned *words = out + threadIdx.x * variants * 4;
    load_both_ways<1>(row, words, words + 4);
    load_both_ways<2>(row, words + 8, words + 12);
    load_both_ways<4>(row, words + 16, words + 20);
}

// What the documentation promises of element e of word m of a lane.
unsigned documented_element(int lane, int m, int e, bool transposed)
{
    const int row = transposed ? 2 * (lane % 4) + e : lane / 4;
    const int column = transposed ? lane / 4 : 2 * (lane % 4) + e;
    return unsigned(row_of_lane(8 * m + row) * stride + 8 + column);
}

void ldmatrix_gives_every_lane_the_documented_elements()
{
    constexpr int threads = 64; // two warps, which do not meet
    device_array<unsigned> out(threads * variants * 4);
    check(!launch({ 1, threads }, load_matrices, out), "ldmatrix runs");
    const auto got = out.host();
    bool right[variants] = { true, true, true, true, true, true };
    for (int i = 0; i < threads * variants * 8; i++) {
        const int thread = i / (variants * 8), variant = i / 8 % variants, m = i / 2 % 4, e = i % 2;
        if (m >= 1 << variant / 2) continue;
        const unsigned element = got[size_t(i / 2)] >> 16 * e & 0xffff;
        right[variant] &= element == documented_element(thread % 32, m, e, variant % 2);
    }
    const char *const claims[variants] = { "ldmatrix.x1", "ldmatrix.x1.trans",
                                           "ldmatrix.x2", "ldmatrix.x2.trans",
                                           "ldmatrix.x4", "ldmatrix.x4.trans" };
    for (int v = 0; v < variants; v++) check(right[v], claims[v]);
}

// ---- the product

template <class T> __host__ __device__ T narrow(float value);
template <> __host__ __device__ __half narrow(float value) { return __float2half_rn(value); }
template <> __host__ __device__ __nv_bfloat16 narrow(float value)
{
    return __float2bfloat16_rn(value);
}

template <class T> struct alignas(16) operands {
    T a[16][16], b[16][8];
    T a_across[16][16], b_across[8][16]; // [k,m] and [n,k]
};

template <class T> __device__ void fill(operands<T> &tile, const float *a, const float *b)
{
    for (int i = int(threadIdx.x); i < 16 * 16; i += int(blockDim.x)) {
        const int row = i / 16, k = i % 16;
        tile.a[row][k] = tile.a_across[k][row] = narrow<T>(a[i]);
        if (row < 8) tile.b[k][row] = tile.b_across[row][k] = narrow<T>(b[k * 8 + row]);
    }
}

template <class T> __device__ wl::fragment_a<T> plain_a(const operands<T> &tile, int lane)
{
    wl::fragment_a<T> to;
    for (int i = 0; i < 4; i++) {
        const wl::place at = wl::place_in_a(lane, 2 * i), next = wl::place_in_a(lane, 2 * i + 1);
        to.words[i] = wl::pack(tile.a[at.row][at.column], tile.a[next.row][next.column]);
    }
    return to;
}

template <class T> __device__ wl::fragment_b<T> plain_b(const operands<T> &tile, int lane)
{
    wl::fragment_b<T> to;
    for (int i = 0; i < 2; i++) {
        const wl::place at = wl::place_in_b(lane, 2 * i), next = wl::place_in_b(lane, 2 * i + 1);
        to.words[i] = wl::pack(tile.b[at.row][at.column], tile.b[next.row][next.column]);
    }
    return to;
}

__device__ void store(float *to, const wl::fragment_c &from, int lane)
{
    for (int i = 0; i < 4; i++) {
        const wl::place at = wl::place_in_c(lane, i);
        to[at.row * 8 + at.column] = from.values[i];
    }
}

constexpr int ways = 3; // of loading the operands: plainly, by ldmatrix, by ldmatrix_trans

template <class T>
__global__ void products(const float *a, const float *b, const float *c, float *out)
{
    WL_SHARED(operands<T>, tile);
    const int lane = int(threadIdx.x);
    fill(tile, a, b);
    __syncthreads();
    wl::fragment_c start;
    for (int i = 0; i < 4; i++) {
        const wl::place at = wl::place_in_c(lane, i);
        start.values[i] = c[at.row * 8 + at.column];
    }
    store(out, wl::mma(plain_a(tile, lane), plain_b(tile, lane), start), lane);

    wl::fragment_a<T> left;
    wl::fragment_b<T> right;
    wl::place row = wl::row_of_a(lane);
    wl::ldmatrix(left.words, &tile.a[row.row][row.column]);
    row = wl::row_of_b(lane);
    wl::ldmatrix(right.words, &tile.b_across[row.row][row.column]);
    store(out + 128, wl::mma(left, right, start), lane);

    row = wl::row_of_a_trans(lane);
    wl::ldmatrix_trans(left.words, &tile.a_across[row.row][row.column]);
    row = wl::row_of_b_trans(lane);
    wl::ldmatrix_trans(right.words, &tile.b[row.row][row.column]);
    store(out + 256, wl::mma(left, right, start), lane);
}

// Of seven bits and a sign, so that neither type rounds them, and of sizes from 2^-6 to 2^7.
std::vector<float> numbers(size_t count, unsigned seed)
{
    std::vector<float> to(count);
    for (float &value : to) {
        seed = seed * 1664525u + 1013904223u;
        value = std::ldexp(float(int(seed >> 24) - 128), int(seed >> 12 & 3) * 2 - 6);
    }
    return to;
}

// The products are exact in float. Where 17 terms are added one after another, each of 16 additions
// errs by less than a unit in the last place, 2^-23 of the sum of all sizes; where they are cut off
// at the last place of the largest and then added, each term does, and the result's rounding.
constexpr int sum_units = 18;

bool is_product(const float *a, const float *b, float c, float got, int units)
{
    double sum = c, sizes = std::fabs(double(c));
    for (int k = 0; k < 16; k++) {
        sum += double(a[k]) * b[k * 8];
        sizes += std::fabs(double(a[k]) * b[k * 8]);
    }
    return std::fabs(got - sum) <= units * double(FLT_EPSILON) * sizes;
}

template <class T> void a_tile_product_is_the_product_of_its_operands(const char *claim)
{
    const auto a = numbers(16 * 16, 1), b = numbers(16 * 8, 2);
    auto c = numbers(16 * 8, 3);
    for (float &value : c) value += 1.0f / 3;
    device_array<float> from_a(a), from_b(b), from_c(c), out(ways * 128);
    check(!launch({ 1, 32 }, products<T>, from_a, from_b, from_c, out), "mma runs");
    const auto got = out.host();
    bool right = true;
    for (size_t i = 0; i < ways * 128; i++) {
        const size_t row = i / 8 % 16, column = i % 8;
        right &= is_product(&a[row * 16], &b[column], c[row * 8 + column], got[i], sum_units);
    }
    check(right, claim);
}

// ---- floats: each by two numbers with 10 bits after the point

struct alignas(16) float_operands {
    float a[16][16], b_across[8][16];
};

__global__ void float_products(const float *a, const float *b, const float *c, float *out)
{
    WL_SHARED(float_operands, tile);
    const int lane = int(threadIdx.x);
    for (int i = lane; i < 16 * 16; i += int(blockDim.x)) {
        tile.a[i / 16][i % 16] = a[i];
        if (i < 8 * 16) tile.b_across[i / 16][i % 16] = b[i % 16 * 8 + i / 16];
    }
    __syncthreads();
    wl::fragment_c start;
    wl::fragment_a<float> left;
    wl::fragment_b<float> plain, right;
    for (int i = 0; i < 4; i++) {
        const wl::place at = wl::place_in_c(lane, i), of_b = wl::place_in_b_float(lane, i);
        start.values[i] = c[at.row * 8 + at.column];
        plain.words[i] = __float_as_uint(tile.b_across[of_b.column][of_b.row]);
    }
    for (int i = 0; i < 8; i++) {
        const wl::place at = wl::place_in_a_float(lane, i);
        left.words[i] = __float_as_uint(tile.a[at.row][at.column]);
    }
    store(out, wl::mma(left, wl::split(plain), start), lane);
    const wl::place row = wl::row_of_b_float(lane);
    wl::ldmatrix(right.words, &tile.b_across[row.row][row.column]);
    store(out + 128, wl::mma(left, wl::split(right), start), lane);
}

// An operand loses at most 2^-23 of itself, and a product besides 2^-22, that of what is left of
// both: units in the last place, beside those of the sum.
constexpr int float_units = 4;

void a_product_of_floats_loses_no_more_than_a_float()
{
    auto a = numbers(16 * 16, 1), b = numbers(16 * 8, 2), c = numbers(16 * 8, 3);
    for (auto *all : { &a, &b, &c })
        for (float &value : *all) value /= 3;
    device_array<float> from_a(a), from_b(b), from_c(c), out(2 * 128);
    check(!launch({ 1, 32 }, float_products, from_a, from_b, from_c, out), "mma of floats runs");
    const auto got = out.host();
    bool right = true;
    for (size_t i = 0; i < 2 * 128; i++) {
        const size_t row = i / 8 % 16, column = i % 8;
        right &= is_product(&a[row * 16], &b[column], c[row * 8 + column], got[i],
                            sum_units + float_units);
    }
    check(right, "a tile product of floats");
}

// ---- exponentials of sums

__global__ void powers(float *out, const float *from)
{
    out[threadIdx.x] = wl::power_of_two(from[threadIdx.x]);
}

void a_short_power_of_two_is_near_and_flushes()
{
    std::vector<float> x = { 0, -1, 126, -INFINITY, -200, INFINITY, NAN };
    while (x.size() < 64) x.push_back(float(x.size()) * 1.37f - 60);
    device_array<float> from(x), out(64);
    check(!launch({ 1, 64 }, powers, out, from), "powers of two run");
    const auto got = out.host();
    bool right = got[3] == 0 && got[4] == 0 && std::isinf(got[5]) && std::isnan(got[6]);
    for (size_t i = 0; i < 64; i++)
        right &= (i >= 3 && i < 7) ||
                 std::fabs(got[i] / std::exp2(double(x[i])) - 1) <= std::ldexp(1.0, -21);
    check(right, "a_short_power_of_two_is_near_and_flushes");
}

} // namespace

void run_correct_tiles()
{
    a_product_of_floats_loses_no_more_than_a_float();
    a_short_power_of_two_is_near_and_flushes();
    ldmatrix_gives_every_lane_the_documented_elements();
    a_tile_product_is_the_product_of_its_operands<__half>("a tile product of half");
    a_tile_product_is_the_product_of_its_operands<__nv_bfloat16>("a tile product of bfloat16");
}
