// mma.sync as such, which is most of what emulated products cost: compiled for speed, and without
// sanitizers, which have nothing to find here (the lanes' parts are the runtime's own records).
#include "tiles.h"

namespace emulator
{

namespace
{

struct product_tiles {
    float a[16][16], b[16][8], c[16][8];
};

template <class T> float widen(unsigned short bits);
template <> float widen<__half>(unsigned short bits) { return half_to_float(bits); }
template <> float widen<__nv_bfloat16>(unsigned short bits)
{
    return bits_as<float>(unsigned(bits) << 16);
}

template <class T> void gather(void *const *records, product_tiles &to)
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
template <> void gather<float>(void *const *records, product_tiles &to)
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
void multiply(product_tiles &t, int depth)
{
    for (int row = 0; row < 16; row++)
        for (int k = 0; k < depth; k++)
            for (int column = 0; column < 8; column++)
                t.c[row][column] += t.a[row][k] * t.b[k][column];
}

} // namespace

template <class T> void run_product(void *const *records, unsigned mask, location at)
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

template void run_product<__half>(void *const *, unsigned, location);
template void run_product<__nv_bfloat16>(void *const *, unsigned, location);
template void run_product<float>(void *const *, unsigned, location);

} // namespace emulator
