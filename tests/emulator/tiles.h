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

// In tiles.cpp: of __half, __nv_bfloat16 and float.
template <class T> void run_product(void *const *records, unsigned mask, location at);

template <class T> inline constexpr collective product_kind = { "mma", run_product<T>, false };

template <class T> inline void multiply_tiles(product &lane_part, location at)
{
    collect(product_kind<T>, ~0u, &lane_part, at);
    if (deaf_to_other_lanes()) std::memcpy(lane_part.d, lane_part.c, sizeof lane_part.d);
}

} // namespace emulator

#endif
