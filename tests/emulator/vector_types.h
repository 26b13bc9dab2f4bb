// The CUDA vector types in use, with the toolkit's names, fields and alignments.
#ifndef EMULATOR_VECTOR_TYPES_H
#define EMULATOR_VECTOR_TYPES_H

struct uint3 {
    unsigned x, y, z;
};

struct dim3 {
    unsigned x, y, z;
    constexpr dim3(unsigned a = 1, unsigned b = 1, unsigned c = 1) : x(a), y(b), z(c) {}
    constexpr dim3(uint3 v) : x(v.x), y(v.y), z(v.z) {}
};

#define EMULATOR_VECTOR2(name, type, alignment)                                                    \
    struct alignas(alignment) name {                                                               \
        type x, y;                                                                                 \
    };                                                                                             \
    inline name make_##name(type x, type y) { return name{ x, y }; }

#define EMULATOR_VECTOR4(name, type, alignment)                                                    \
    struct alignas(alignment) name {                                                               \
        type x, y, z, w;                                                                           \
    };                                                                                             \
    inline name make_##name(type x, type y, type z, type w) { return name{ x, y, z, w }; }

EMULATOR_VECTOR2(float2, float, 8)
EMULATOR_VECTOR2(double2, double, 16)
EMULATOR_VECTOR2(int2, int, 8)
EMULATOR_VECTOR2(uint2, unsigned, 8)
EMULATOR_VECTOR2(longlong2, long long, 16)
EMULATOR_VECTOR2(ulonglong2, unsigned long long, 16)
EMULATOR_VECTOR2(ushort2, unsigned short, 4)
EMULATOR_VECTOR4(float4, float, 16)
EMULATOR_VECTOR4(int4, int, 16)
EMULATOR_VECTOR4(uint4, unsigned, 16)
EMULATOR_VECTOR4(ushort4, unsigned short, 8)
EMULATOR_VECTOR4(uchar4, unsigned char, 4)

#undef EMULATOR_VECTOR2
#undef EMULATOR_VECTOR4

struct float3 {
    float x, y, z;
};

inline float3 make_float3(float x, float y, float z) { return float3{ x, y, z }; }

#endif
