/* Products of floats on tensor cores, which know floats with 10 bits after the point (tf32) only:
 * each operand is a sum of two of these, and three products of theirs, of the fourth what is left
 * out, make one (Ootomo and Yokota 2022, "Recovering single precision accuracy from Tensor Cores
 * while surpassing the FP32 theoretical peak performance", section 3). The nvcc bodies are for
 * sm_80 and later. */
#ifndef WL_MMA_FLOAT_CUH
#define WL_MMA_FLOAT_CUH

#include "mma.cuh"

namespace wl
{

/* What one lane holds of A [16,16] and B [16,8] of floats, a word each. Where an element lies is
 * place_in_a_float and place_in_b_float. ldmatrix loads B from B [n,k] by four matrices, whose rows
 * begin at row_of_b_float. */
template <> struct fragment_a<float> {
    unsigned words[8];
};

template <> struct fragment_b<float> {
    unsigned words[4];
};

/* element 0 to 7 */
__host__ __device__ constexpr place place_in_a_float(int lane, int element)
{
    return { lane / 4 + element % 2 * 8, lane % 4 + element / 2 * 4 };
}

/* element 0 to 3 */
__host__ __device__ constexpr place place_in_b_float(int lane, int element)
{
    return { lane % 4 + element * 4, lane / 4 };
}

__host__ __device__ constexpr place row_of_b_float(int lane) { return { lane % 8, lane / 8 * 4 }; }

/* tf32 rounds to the nearest tf32, ties away from zero. mma_tf32 returns a b + c of matrices [16,8]
 * and [8,8], the first or the second half of a fragment's words; sums as those of mma. */
#if defined(WL_EMULATED)

inline unsigned tf32(float x)
{
    unsigned bits;
    std::memcpy(&bits, &x, sizeof bits);
    return x != x ? 0x7fffffffu : (bits + 0x1000u) & ~0x1fffu;
}

inline fragment_c mma_tf32(const unsigned *a, const unsigned *b, const fragment_c &c, EMULATOR_SITE)
{
    emulator::product part = { { a[0], a[1], a[2], a[3] },
                               { b[0], b[1] },
                               { c.values[0], c.values[1], c.values[2], c.values[3] },
                               {} };
    emulator::multiply_tiles<float>(part, EMULATOR_AT("mma_tf32"));
    return { { part.d[0], part.d[1], part.d[2], part.d[3] } };
}

#else

__device__ __forceinline__ unsigned tf32(float x)
{
    unsigned
        bits; /* volatile: not for all of a loop's words before it, which would fill registers */
    asm volatile("cvt.rna.tf32.f32 %0, %1;" : "=r"(bits) : "f"(x));
    return bits;
}

__device__ __forceinline__ fragment_c mma_tf32(const unsigned *a, const unsigned *b,
                                               const fragment_c &c)
{
    fragment_c d;
    asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 "
                 "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%10, %11, %12, %13};"
                 : "=f"(d.values[0]), "=f"(d.values[1]), "=f"(d.values[2]), "=f"(d.values[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]),
                   "f"(c.values[0]), "f"(c.values[1]), "f"(c.values[2]), "f"(c.values[3]));
    return d;
}

#endif

/* Floats as sums of two tf32: what is left of one has 12 bits at most, of which the second loses
 * one. EXACT: of tf32 nothing is left. */
template <int N, bool EXACT = false> struct split_words {
    unsigned high[N], low[N];
    __device__ __forceinline__ explicit split_words(const unsigned *words)
    {
#pragma unroll
        for (int i = 0; i < N; i++) set(i, __uint_as_float(words[i]));
    }
    __device__ __forceinline__ explicit split_words(const float (&x)[N])
    {
#pragma unroll
        for (int i = 0; i < N; i++) set(i, x[i]);
    }

  private:
    __device__ __forceinline__ void set(int i, float x)
    {
        high[i] = EXACT ? __float_as_uint(x) : tf32(x);
        low[i] = EXACT ? 0 : tf32(x - __uint_as_float(high[i]));
    }
};

/* B as mma takes it, for products with several A: 16 bits as they are. */
template <class T> __device__ __forceinline__ const fragment_b<T> &split(const fragment_b<T> &b)
{
    return b;
}

__device__ __forceinline__ split_words<4> split(const fragment_b<float> &b)
{
    return split_words<4>(b.words);
}

/* Half a product, of matrices [16,8] and [8,8]: returns what the large parts give, and adds to
 * `small` what the others do. The caller adds the former up outside the tensor cores, which cut
 * sums off instead of rounding them. */
template <bool EXACT>
__device__ __forceinline__ fragment_c mma_half(fragment_c &small, const split_words<4, EXACT> &a,
                                               const unsigned *high, const unsigned *low)
{
    if constexpr (!EXACT) small = mma_tf32(a.low, high, small);
    small = mma_tf32(a.high, low, small);
    return mma_tf32(a.high, high, fragment_c{});
}

/* a b + c to about the last bit of a float. */
__device__ __forceinline__ fragment_c mma(const fragment_a<float> &a, const split_words<4> &b,
                                          const fragment_c &c)
{
    fragment_c sum = c, small = {};
#pragma unroll
    for (int half = 0; half < 2; half++) {
        const split_words<4> left(a.words + 4 * half);
        const fragment_c large = mma_half(small, left, b.high + 2 * half, b.low + 2 * half);
#pragma unroll
        for (int e = 0; e < 4; e++) sum.values[e] += large.values[e];
    }
#pragma unroll
    for (int e = 0; e < 4; e++) sum.values[e] += small.values[e];
    return sum;
}

} // namespace wl

#endif
