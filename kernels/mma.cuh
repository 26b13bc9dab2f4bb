/* Tensor cores: matrices of 16-bit floats from shared memory (ldmatrix), and the product of a warp
 * (mma.sync, m16n8k16). The nvcc bodies are for sm_80 and later. */
#ifndef WL_MMA_CUH
#define WL_MMA_CUH

#include "simt.cuh"

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#if defined(WL_EMULATED)
#include "tiles.h"
#endif

namespace wl
{

/* What one lane holds of A [16,16], B [16,8] and C [16,8], the matrices of a product; T is __half
 * or
 * __nv_bfloat16. A word holds two elements, the first in its low half: elements 2i and 2i+1 are
 * word i. Where an element lies in its matrix is place_in_a, place_in_b or place_in_c. */
template <class T> struct fragment_a {
    unsigned words[4];
};

template <class T> struct fragment_b {
    unsigned words[2];
};

struct fragment_c {
    float values[4];
};

struct place {
    int row, column;
};

/* element 0 to 7 */
__host__ __device__ constexpr place place_in_a(int lane, int element)
{
    return { lane / 4 + element / 2 % 2 * 8, lane % 4 * 2 + element % 2 + element / 4 * 8 };
}

/* element 0 to 3 */
__host__ __device__ constexpr place place_in_b(int lane, int element)
{
    return { lane % 4 * 2 + element % 2 + element / 2 * 8, lane / 4 };
}

/* element 0 to 3 */
__host__ __device__ constexpr place place_in_c(int lane, int element)
{
    return { lane / 4 + element / 2 * 8, lane % 4 * 2 + element % 2 };
}

/* Where the row begins that a lane hands to ldmatrix, so that the words are those of a fragment:
 * of A and B as the product takes them, from A [m,k] and B [n,k] by ldmatrix, from A [k,m] and
 * B [k,n] by ldmatrix_trans. A takes four matrices, B two, of lanes 0 to 15. */
__host__ __device__ constexpr place row_of_a(int lane) { return { lane % 16, lane / 16 * 8 }; }

__host__ __device__ constexpr place row_of_a_trans(int lane)
{
    return { lane % 8 + lane / 16 * 8, lane / 8 % 2 * 8 };
}

__host__ __device__ constexpr place row_of_b(int lane) { return { lane % 8, lane / 8 % 2 * 8 }; }

__host__ __device__ constexpr place row_of_b_trans(int lane) { return { lane % 16, 0 }; }

/* Two elements as a word. */
__device__ __forceinline__ unsigned pack(__half low, __half high)
{
    return __half_as_ushort(low) | unsigned(__half_as_ushort(high)) << 16;
}

__device__ __forceinline__ unsigned pack(__nv_bfloat16 low, __nv_bfloat16 high)
{
    return __bfloat16_as_ushort(low) | unsigned(__bfloat16_as_ushort(high)) << 16;
}

/* ldmatrix loads one, two or four matrices [8,8] of 16 bits from shared memory; all 32 lanes must
 * call. Lane 8m + r points to row r of matrix m, 16 bytes at a multiple of 16; what other lanes
 * point to is ignored. (An array is aligned as its type is: alignas(16).) Word m of lane l becomes
 * elements 2(l%4) and 2(l%4)+1 of row l/4 of matrix m, or, transposed, of column l/4. It orders no
 * memory: after others' stores, a barrier.
 *
 * mma returns a b + c: sums in float, in an order that the hardware does not tell; all 32 lanes
 * must call. */
#if defined(WL_EMULATED)

template <int matrices>
inline void ldmatrix(unsigned (&to)[matrices], const void *row, EMULATOR_SITE)
{
    emulator::load_matrices<false>(to, row, EMULATOR_AT("ldmatrix"));
}

template <int matrices>
inline void ldmatrix_trans(unsigned (&to)[matrices], const void *row, EMULATOR_SITE)
{
    emulator::load_matrices<true>(to, row, EMULATOR_AT("ldmatrix.trans"));
}

template <class T>
inline fragment_c mma(const fragment_a<T> &a, const fragment_b<T> &b, const fragment_c &c,
                      EMULATOR_SITE)
{
    emulator::product part = { { a.words[0], a.words[1], a.words[2], a.words[3] },
                               { b.words[0], b.words[1] },
                               { c.values[0], c.values[1], c.values[2], c.values[3] },
                               {} };
    emulator::multiply_tiles<T>(part, EMULATOR_AT("mma"));
    return { { part.d[0], part.d[1], part.d[2], part.d[3] } };
}

#else

__device__ __forceinline__ void ldmatrix(unsigned (&to)[1], const void *row)
{
    asm volatile("ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%0}, [%1];"
                 : "=r"(to[0])
                 : "r"(shared_address(row))
                 : "memory");
}

__device__ __forceinline__ void ldmatrix(unsigned (&to)[2], const void *row)
{
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0, %1}, [%2];"
                 : "=r"(to[0]), "=r"(to[1])
                 : "r"(shared_address(row))
                 : "memory");
}

__device__ __forceinline__ void ldmatrix(unsigned (&to)[4], const void *row)
{
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
                 : "r"(shared_address(row))
                 : "memory");
}

__device__ __forceinline__ void ldmatrix_trans(unsigned (&to)[1], const void *row)
{
    asm volatile("ldmatrix.sync.aligned.m8n8.x1.trans.shared.b16 {%0}, [%1];"
                 : "=r"(to[0])
                 : "r"(shared_address(row))
                 : "memory");
}

__device__ __forceinline__ void ldmatrix_trans(unsigned (&to)[2], const void *row)
{
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0, %1}, [%2];"
                 : "=r"(to[0]), "=r"(to[1])
                 : "r"(shared_address(row))
                 : "memory");
}

__device__ __forceinline__ void ldmatrix_trans(unsigned (&to)[4], const void *row)
{
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
                 : "r"(shared_address(row))
                 : "memory");
}

__device__ __forceinline__ fragment_c mma(const fragment_a<__half> &a, const fragment_b<__half> &b,
                                          const fragment_c &c)
{
    fragment_c d;
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 "
                 "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%10, %11, %12, %13};"
                 : "=f"(d.values[0]), "=f"(d.values[1]), "=f"(d.values[2]), "=f"(d.values[3])
                 : "r"(a.words[0]), "r"(a.words[1]), "r"(a.words[2]), "r"(a.words[3]),
                   "r"(b.words[0]), "r"(b.words[1]), "f"(c.values[0]), "f"(c.values[1]),
                   "f"(c.values[2]), "f"(c.values[3]));
    return d;
}

__device__ __forceinline__ fragment_c mma(const fragment_a<__nv_bfloat16> &a,
                                          const fragment_b<__nv_bfloat16> &b, const fragment_c &c)
{
    fragment_c d;
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
                 "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%10, %11, %12, %13};"
                 : "=f"(d.values[0]), "=f"(d.values[1]), "=f"(d.values[2]), "=f"(d.values[3])
                 : "r"(a.words[0]), "r"(a.words[1]), "r"(a.words[2]), "r"(a.words[3]),
                   "r"(b.words[0]), "r"(b.words[1]), "f"(c.values[0]), "f"(c.values[1]),
                   "f"(c.values[2]), "f"(c.values[3]));
    return d;
}

#endif

} // namespace wl

#endif
