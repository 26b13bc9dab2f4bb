// What the lanes of a warp and the threads of a block do together: barriers, shuffles, votes and
// warp reductions. Each is one collective; an instruction more is ten to thirty lines here.
#ifndef EMULATOR_COLLECTIVES_H
#define EMULATOR_COLLECTIVES_H

#include "emulator.h"
#include "fault.h"

// ---- barriers

inline void __syncthreads(EMULATOR_SITE) { emulator::block_barrier(EMULATOR_AT("__syncthreads")); }

inline int __syncthreads_count(int predicate, EMULATOR_SITE)
{
    return emulator::block_vote(predicate, EMULATOR_AT("__syncthreads_count")).count;
}

inline int __syncthreads_and(int predicate, EMULATOR_SITE)
{
    return emulator::block_vote(predicate, EMULATOR_AT("__syncthreads_and")).all;
}

inline int __syncthreads_or(int predicate, EMULATOR_SITE)
{
    return emulator::block_vote(predicate, EMULATOR_AT("__syncthreads_or")).any;
}

inline void __nanosleep(unsigned, EMULATOR_SITE) { emulator::yield(EMULATOR_AT("__nanosleep")); }

inline void __threadfence_block() { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
inline void __threadfence() { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
inline void __threadfence_system() { __atomic_thread_fence(__ATOMIC_SEQ_CST); }

namespace emulator
{

inline constexpr collective warp_barrier = { "__syncwarp", nullptr, true };

// ---- shuffles: each lane names the lane that it reads

template <class T> struct exchange {
    T value, result;
    int source;
};

template <class T>
EMULATOR_UNTRACED void run_exchange(void *const *records, unsigned mask, location at)
{
    for (unsigned left = mask; left; left &= left - 1) {
        auto *reader = static_cast<exchange<T> *>(records[__builtin_ctz(left)]);
        if (!(mask >> reader->source & 1))
            fail(at, "%s: lane %d reads lane %d, which mask %08x does not name", at.what,
                 __builtin_ctz(left), reader->source, mask);
        reader->result = static_cast<exchange<T> *>(records[reader->source])->value;
    }
}

template <class T> inline constexpr collective shuffle = { "__shfl_sync", run_exchange<T>, false };
template <class T>
inline constexpr collective shuffle_up = { "__shfl_up_sync", run_exchange<T>, false };
template <class T>
inline constexpr collective shuffle_down = { "__shfl_down_sync", run_exchange<T>, false };
template <class T>
inline constexpr collective shuffle_xor = { "__shfl_xor_sync", run_exchange<T>, false };

inline bool deaf_to_other_lanes()
{
    if (__builtin_expect(planted_fault != EMULATOR_DEAF_SHUFFLE, 1)) return false;
    count_fault_hit();
    return true;
}

template <class T>
inline T read_lane(const collective &kind, unsigned mask, T value, int source, location at)
{
    static_assert(sizeof(T) == 4 || sizeof(T) == 8, "a shuffle moves 4 or 8 bytes");
    exchange<T> record{ value, value, source };
    collect(kind, mask, &record, at);
    return deaf_to_other_lanes() ? value : record.result;
}

// ---- reductions over the mask: every lane gets the result

template <class T> struct reduction {
    T value, result;
};

template <class T, T (*combine)(T, T)>
EMULATOR_UNTRACED void run_reduction(void *const *records, unsigned mask, location)
{
    T total = static_cast<reduction<T> *>(records[__builtin_ctz(mask)])->value;
    for (unsigned left = mask & (mask - 1); left; left &= left - 1)
        total = combine(total, static_cast<reduction<T> *>(records[__builtin_ctz(left)])->value);
    for (unsigned left = mask; left; left &= left - 1)
        static_cast<reduction<T> *>(records[__builtin_ctz(left)])->result = total;
}

// The order of five __shfl_xor_sync steps of 16, 8, 4, 2 and 1 lanes, so the bits are the GPU's.
template <class T, T (*combine)(T, T)>
EMULATOR_UNTRACED void run_butterfly(void *const *records, unsigned mask, location at)
{
    if (mask != ~0u) fail(at, "%s needs all 32 lanes, the warp has %08x", at.what, mask);
    T now[32], next[32];
    for (int i = 0; i < 32; i++) now[i] = static_cast<reduction<T> *>(records[i])->value;
    for (int step = 16; step > 0; step /= 2) {
        for (int i = 0; i < 32; i++) next[i] = combine(now[i], now[i ^ step]);
        for (int i = 0; i < 32; i++) now[i] = next[i];
    }
    for (int i = 0; i < 32; i++) static_cast<reduction<T> *>(records[i])->result = now[i];
}

template <class T> inline T sum_of(T a, T b) { return a + b; }
template <class T> inline T larger_of(T a, T b) { return a > b ? a : b; }
template <class T> inline T smaller_of(T a, T b) { return a < b ? a : b; }
template <class T> inline T bits_in_both(T a, T b) { return a & b; }
template <class T> inline T bits_in_either(T a, T b) { return a | b; }
template <class T> inline T bits_in_one(T a, T b) { return a ^ b; }

template <class T, T (*combine)(T, T)>
inline constexpr collective reduce = { "__reduce_sync", run_reduction<T, combine>, false };
template <class T, T (*combine)(T, T)>
inline constexpr collective butterfly = { "warp reduction", run_butterfly<T, combine>, false };

template <class T>
inline T reduce_lanes(const collective &kind, unsigned mask, T value, location at)
{
    reduction<T> record{ value, value };
    collect(kind, mask, &record, at);
    return deaf_to_other_lanes() ? value : record.result;
}

// ---- votes and matches

struct ballot {
    unsigned predicate, result;
};

EMULATOR_UNTRACED inline void run_ballot(void *const *records, unsigned mask, location)
{
    unsigned yes = 0;
    for (unsigned left = mask; left; left &= left - 1) {
        const int i = __builtin_ctz(left);
        if (static_cast<ballot *>(records[i])->predicate) yes |= 1u << i;
    }
    for (unsigned left = mask; left; left &= left - 1)
        static_cast<ballot *>(records[__builtin_ctz(left)])->result = yes;
}

inline constexpr collective vote_ballot = { "__ballot_sync", run_ballot, false };
inline constexpr collective vote_any = { "__any_sync", run_ballot, false };
inline constexpr collective vote_all = { "__all_sync", run_ballot, false };

// The lanes of the mask whose predicate holds, and through mask the lanes that were asked.
inline unsigned take_ballot(const collective &kind, unsigned mask, bool predicate, location at)
{
    ballot record{ predicate, 0 };
    collect(kind, mask, &record, at);
    return record.result;
}

template <class T> struct matching {
    T value;
    unsigned result;
};

template <class T> EMULATOR_UNTRACED void run_match(void *const *records, unsigned mask, location)
{
    for (unsigned left = mask; left; left &= left - 1) {
        auto *mine = static_cast<matching<T> *>(records[__builtin_ctz(left)]);
        mine->result = 0;
        for (unsigned others = mask; others; others &= others - 1) {
            const int i = __builtin_ctz(others);
            if (static_cast<matching<T> *>(records[i])->value == mine->value)
                mine->result |= 1u << i;
        }
    }
}

template <class T>
inline constexpr collective match_any = { "__match_any_sync", run_match<T>, false };

} // namespace emulator

inline void __syncwarp(unsigned mask = ~0u, EMULATOR_SITE)
{
    emulator::collect(emulator::warp_barrier, mask, nullptr, EMULATOR_AT("__syncwarp"));
}

template <class T>
inline T __shfl_sync(unsigned mask, T value, int source, int width = 32, EMULATOR_SITE)
{
    const int first = emulator::lane & ~(width - 1);
    return emulator::read_lane(emulator::shuffle<T>, mask, value, first | (source & (width - 1)),
                               EMULATOR_AT("__shfl_sync"));
}

template <class T>
inline T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32, EMULATOR_SITE)
{
    const int lane = emulator::lane, source = lane - int(delta), first = lane & ~(width - 1);
    return emulator::read_lane(emulator::shuffle_up<T>, mask, value, source < first ? lane : source,
                               EMULATOR_AT("__shfl_up_sync"));
}

template <class T>
inline T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32, EMULATOR_SITE)
{
    const int lane = emulator::lane, source = lane + int(delta), last = lane | (width - 1);
    return emulator::read_lane(emulator::shuffle_down<T>, mask, value,
                               source > last ? lane : source, EMULATOR_AT("__shfl_down_sync"));
}

template <class T>
inline T __shfl_xor_sync(unsigned mask, T value, int bits, int width = 32, EMULATOR_SITE)
{
    const int lane = emulator::lane, source = lane ^ bits, last = lane | (width - 1);
    return emulator::read_lane(emulator::shuffle_xor<T>, mask, value, source > last ? lane : source,
                               EMULATOR_AT("__shfl_xor_sync"));
}

inline unsigned __ballot_sync(unsigned mask, int predicate, EMULATOR_SITE)
{
    return emulator::take_ballot(emulator::vote_ballot, mask, predicate != 0,
                                 EMULATOR_AT("__ballot_sync"));
}

inline int __any_sync(unsigned mask, int predicate, EMULATOR_SITE)
{
    return emulator::take_ballot(emulator::vote_any, mask, predicate != 0,
                                 EMULATOR_AT("__any_sync")) != 0;
}

inline int __all_sync(unsigned mask, int predicate, EMULATOR_SITE)
{
    return emulator::take_ballot(emulator::vote_all, mask, predicate == 0,
                                 EMULATOR_AT("__all_sync")) == 0;
}

template <class T> inline unsigned __match_any_sync(unsigned mask, T value, EMULATOR_SITE)
{
    emulator::matching<T> record{ value, 0 };
    emulator::collect(emulator::match_any<T>, mask, &record, EMULATOR_AT("__match_any_sync"));
    return record.result;
}

#define EMULATOR_REDUCE(name, type, combine)                                                       \
    inline type name(unsigned mask, type value, EMULATOR_SITE)                                     \
    {                                                                                              \
        return emulator::reduce_lanes(emulator::reduce<type, emulator::combine<type>>, mask,       \
                                      value, EMULATOR_AT(#name));                                  \
    }
EMULATOR_REDUCE(__reduce_add_sync, unsigned, sum_of)
EMULATOR_REDUCE(__reduce_max_sync, unsigned, larger_of)
EMULATOR_REDUCE(__reduce_max_sync, int, larger_of)
EMULATOR_REDUCE(__reduce_min_sync, unsigned, smaller_of)
EMULATOR_REDUCE(__reduce_min_sync, int, smaller_of)
EMULATOR_REDUCE(__reduce_and_sync, unsigned, bits_in_both)
EMULATOR_REDUCE(__reduce_or_sync, unsigned, bits_in_either)
EMULATOR_REDUCE(__reduce_xor_sync, unsigned, bits_in_one)
#undef EMULATOR_REDUCE

inline int __reduce_add_sync(unsigned mask, int value, EMULATOR_SITE)
{
    return int(__reduce_add_sync(mask, unsigned(value), site_file, site_line));
}

#endif
