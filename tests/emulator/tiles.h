// Tiles in a warp: ldmatrix and mma.sync, each one collective of all 32 lanes. The
// layouts are written from the PTX ISA, independently of kernels/mma.cuh, which the self-test
// compares with them.
#ifndef EMULATOR_TILES_H
#define EMULATOR_TILES_H

#include <cstring>

#include "cuda_bf16.h"
#include "cuda_fp16.h"

namespace emulator
{

inline void need_whole_warp(unsigned mask, location at)
{
    if (mask != ~0u) fail(at, "%s needs all 32 lanes, the warp has %08x", at.what, mask);
}

// ---- ldmatrix: lanes 8m to 8m+7 bring the rows of matrix m, and word m of each lane is from it

struct matrix_row {
    unsigned short value[8];
};

template <int matrices> struct matrix_load {
    matrix_row row;
    unsigned words[matrices];
};

inline unsigned word_of_matrix(const matrix_row *rows, int lane, bool transposed)
{
    const int group = lane / 4, pair = lane % 4 * 2;
    if (transposed) return rows[pair].value[group] | unsigned(rows[pair + 1].value[group]) << 16;
    return rows[group].value[pair] | unsigned(rows[group].value[pair + 1]) << 16;
}

template <int matrices, bool transposed>
EMULATOR_UNTRACED void run_matrix_load(void *const *records, unsigned mask, location at)
{
    need_whole_warp(mask, at);
    matrix_row rows[matrices * 8];
    for (int i = 0; i < matrices * 8; i++)
        rows[i] = static_cast<matrix_load<matrices> *>(records[i])->row;
    for (int i = 0; i < 32; i++) {
        auto *to = static_cast<matrix_load<matrices> *>(records[i]);
        for (int m = 0; m < matrices; m++)
            to->words[m] = word_of_matrix(rows + m * 8, i, transposed);
    }
}

template <int matrices, bool transposed>
inline constexpr collective matrix_load_kind = { "ldmatrix", run_matrix_load<matrices, transposed>,
                                                 false };

// A lane reads its row itself, so that the sanitizers see who reads what.
template <bool transposed, int matrices>
inline void load_matrices(unsigned (&to)[matrices], const void *row, location at)
{
    static_assert(matrices == 1 || matrices == 2 || matrices == 4, "ldmatrix has .x1, .x2 and .x4");
    matrix_load<matrices> record = {};
    if (lane < matrices * 8) {
        if (reinterpret_cast<std::uintptr_t>(row) % sizeof record.row)
            fail(at, "%s: misaligned row %p, a multiple of 16 is needed", at.what, row);
        need_shared(row, sizeof record.row, at);
        std::memcpy(&record.row, row, sizeof record.row);
    }
    collect(matrix_load_kind<matrices, transposed>, ~0u, &record, at);
    for (int m = 0; m < matrices; m++) to[m] = record.words[m];
}

// ---- mma.sync.m16n8k16, of tf32 m16n8k8: d = a b + c, where a lane holds some elements of each

struct product {
    unsigned a[4], b[2];
    float c[4], d[4];
};

struct product_tiles {
    float a[16][16], b[16][8], c[16][8];
};

template <class T> float widen(unsigned short bits);
template <> inline float widen<__half>(unsigned short bits) { return half_to_float(bits); }
template <> inline float widen<__nv_bfloat16>(unsigned short bits)
{
    return bits_as<float>(unsigned(bits) << 16);
}

template <class T> EMULATOR_UNTRACED void gather(void *const *records, product_tiles &to)
{
    for (int i = 0; i < 32; i++) {
        const auto *from = static_cast<const product *>(records[i]);
        const int group = i / 4, pair = i % 4 * 2;
        for (int e = 0; e < 8; e++)
            to.a[group + e / 2 % 2 * 8][pair + e % 2 + e / 4 * 8] =
                widen<T>(static_cast<unsigned short>(from->a[e / 2] >> e % 2 * 16));
        for (int e = 0; e < 4; e++) {
            to.b[pair + e % 2 + e / 2 * 8][group] =
                widen<T>(static_cast<unsigned short>(from->b[e / 2] >> e % 2 * 16));
            to.c[group + e / 2 * 8][pair + e % 2] = from->c[e];
        }
    }
}

// Of tf32 the last 13 bits of a word say nothing.
template <> EMULATOR_UNTRACED inline void gather<float>(void *const *records, product_tiles &to)
{
    for (int i = 0; i < 32; i++) {
        const auto *from = static_cast<const product *>(records[i]);
        const int group = i / 4, inside = i % 4;
        for (int e = 0; e < 4; e++) {
            to.a[group + e % 2 * 8][inside + e / 2 * 4] = bits_as<float>(from->a[e] & ~0x1fffu);
            to.c[group + e / 2 * 8][inside * 2 + e % 2] = from->c[e];
        }
        for (int e = 0; e < 2; e++)
            to.b[inside + e * 4][group] = bits_as<float>(from->b[e] & ~0x1fffu);
    }
}

// The products are exact in float; the sums are rounded one after another, in the order of k.
inline void multiply(product_tiles &t, int depth)
{
    for (int row = 0; row < 16; row++)
        for (int k = 0; k < depth; k++)
            for (int column = 0; column < 8; column++)
                t.c[row][column] += t.a[row][k] * t.b[k][column];
}

template <class T>
EMULATOR_UNTRACED void run_product(void *const *records, unsigned mask, location at)
{
    need_whole_warp(mask, at);
    product_tiles tiles;
    gather<T>(records, tiles);
    multiply(tiles, 32 / int(sizeof(T)));
    for (int i = 0; i < 32; i++) {
        auto *to = static_cast<product *>(records[i]);
        for (int e = 0; e < 4; e++) to->d[e] = tiles.c[i / 4 + e / 2 * 8][i % 4 * 2 + e % 2];
    }
}

template <class T> inline constexpr collective product_kind = { "mma", run_product<T>, false };

template <class T> inline void multiply_tiles(product &lane_part, location at)
{
    collect(product_kind<T>, ~0u, &lane_part, at);
    if (deaf_to_other_lanes()) std::memcpy(lane_part.d, lane_part.c, sizeof lane_part.d);
}

} // namespace emulator

#endif
