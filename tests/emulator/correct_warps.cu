// Correct warps: what their lanes compute together must be what CUDA promises; and what a lane
// computes alone.
#include "selftest.h"

#include <cmath>
#include <cstring>

namespace
{

constexpr unsigned full = ~0u;

__global__ void shuffle_kinds(int *out)
{
    const int i = int(threadIdx.x), v = 100 + i;
    int *row = out + i * 8;
    row[0] = __shfl_sync(full, v, 5);
    row[1] = __shfl_sync(full, v, i + 1, 8);
    row[2] = __shfl_up_sync(full, v, 3);
    row[3] = __shfl_up_sync(full, v, 3, 16);
    row[4] = __shfl_down_sync(full, v, 3);
    row[5] = __shfl_down_sync(full, v, 3, 4);
    row[6] = __shfl_xor_sync(full, v, 17);
    row[7] = int(__shfl_xor_sync(full, double(v), 1, 2));
}

void shuffles_read_the_right_lane()
{
    device_array<int> out(32 * 8);
    check(!launch({ 1, 32 }, shuffle_kinds, out), "a launch succeeds");
    const auto got = out.host();
    bool right = true;
    for (int i = 0; i < 32; i++) {
        const int source[8] = { 5,
                                i / 8 * 8 + (i + 1) % 8,
                                i < 3 ? i : i - 3,
                                i % 16 < 3 ? i : i - 3,
                                i + 3 > 31 ? i : i + 3,
                                i % 4 + 3 > 3 ? i : i + 3,
                                i ^ 17,
                                i ^ 1 };
        for (int k = 0; k < 8; k++) right &= got[size_t(i * 8 + k)] == 100 + source[k];
    }
    check(right, "shuffles_read_the_right_lane");
}

__global__ void warp_sums(const float *in, float *out, double *wide)
{
    const int i = int(threadIdx.x);
    float by_shuffle = in[i];
    for (int step = 16; step > 0; step /= 2) by_shuffle += __shfl_xor_sync(full, by_shuffle, step);
    out[i * 2] = wl::warp_sum(in[i]);
    out[i * 2 + 1] = by_shuffle;
    wide[i] = wl::warp_sum(double(in[i]));
}

void a_warp_sum_has_the_bits_of_five_shuffles()
{
    std::vector<float> in(64);
    for (size_t i = 0; i < in.size(); i++) in[i] = std::sin(float(i + 1)) * float(1 << (i % 20));
    device_array<float> from(in), out(64 * 2);
    device_array<double> wide(64);
    (void)launch({ 1, 64 }, warp_sums, from, out, wide);
    const auto got = out.host();
    const auto got_wide = wide.host();
    bool right = true;
    for (size_t i = 0; i < 64; i++) {
        double sum = 0;
        for (size_t k = i / 32 * 32; k < i / 32 * 32 + 32; k++) sum += in[k];
        right &= !std::memcmp(&got[i * 2], &got[i * 2 + 1], sizeof(float));
        right &= std::fabs(got[i * 2] - sum) < 1;
        right &= std::fabs(got_wide[i] - sum) < 1e-6;
    }
    check(right, "a_warp_sum_has_the_bits_of_five_shuffles");
}

__global__ void votes(unsigned *out)
{
    const unsigned i = threadIdx.x;
    unsigned *row = out + i * 10;
    row[0] = __ballot_sync(full, i % 3 == 0);
    row[1] = unsigned(__any_sync(full, i == 31));
    row[2] = unsigned(__all_sync(full, i < 31));
    row[3] = __reduce_add_sync(full, i);
    row[4] = unsigned(__reduce_min_sync(full, int(i) - 16));
    row[5] = __reduce_max_sync(full, i ^ 5);
    row[6] = __match_any_sync(full, i % 4);
    if (i < 8)
        row[7] = __reduce_add_sync(0xffu, i);
    else if (i < 10)
        row[7] = __ballot_sync(0x300u, 1);
    else
        row[7] = unsigned(__all_sync(0xfffffc00u, 1));
    __syncwarp();
    const unsigned pair = 3u << (i & ~1u); // sixteen masks at once
    row[8] = __shfl_xor_sync(pair, i, 1);
    row[9] = __reduce_or_sync(full, 1u << i);
}

void votes_count_the_lanes_of_the_mask()
{
    device_array<unsigned> out(320);
    (void)launch({ 1, 32 }, votes, out);
    const auto got = out.host();
    bool right = true;
    for (unsigned i = 0; i < 32; i++) {
        const unsigned part = i < 8 ? 28u : i < 10 ? 0x300u : 1u;
        const unsigned want[10] = {
            0x49249249u, 1u,     0u,  496u, unsigned(-16), 31u, 0x11111111u << (i % 4),
            part,        i ^ 1u, full
        };
        for (unsigned k = 0; k < 10; k++) right &= got[i * 10 + k] == want[k];
    }
    check(right, "votes_count_the_lanes_of_the_mask");
}

__global__ void intrinsics(unsigned *out)
{
    out[0] = __brev(1u) | __brev(0x0000f000u);
    out[1] = unsigned(__clz(0) + __clz(1) + __ffs(8) + __popc(0xf0u));
    out[2] = __umulhi(0x80000000u, 6u);
    out[3] = unsigned(__umul64hi(1ull << 63, 10));
    out[4] = __float_as_uint(__fmaf_rn(2.0f, 3.0f, 1.0f));
    out[5] = unsigned(max(3, 4u) + min(-1, 2));
    out[6] = unsigned(fabsf(__expf(1.0f) - 2.7182818f) < 1e-5f && rsqrtf(4.0f) == 0.5f);
    out[7] = __funnelshift_l(0x80000000u, 1u, 1) + __funnelshift_r(1u, 1u, 1);
    float4 v = make_float4(1, 2, 3, 4);
    __stcs(reinterpret_cast<float4 *>(out + 8), v);
    v = __ldcg(reinterpret_cast<const float4 *>(out + 8));
    out[12] = unsigned(v.w);
}

void intrinsics_have_their_values()
{
    device_array<unsigned> out(16);
    (void)launch({ 1, 1 }, intrinsics, out);
    const auto got = out.host();
    const unsigned want[8] = { 0x800f0000u, 32 + 31 + 4 + 4, 3, 5, 0x40e00000u, 3,
                               1,           3 + 0x80000000u };
    check(!std::memcmp(got.data(), want, sizeof want) && got[12] == 4,
          "intrinsics_have_their_values");
}

} // namespace

void run_correct_warps()
{
    shuffles_read_the_right_lane();
    a_warp_sum_has_the_bits_of_five_shuffles();
    votes_count_the_lanes_of_the_mask();
    intrinsics_have_their_values();
}
