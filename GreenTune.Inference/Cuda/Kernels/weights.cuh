// Weights as they lie in memory, and how they become fragments of the tensor cores' first operand.
//
// A lane q = lane % 4 of a group of four reads 16 consecutive bytes of one weight row. The order of positions inside a sum is free: the bytes of the
// four lanes, taken in step, are the columns of consecutive k16 steps, and the activations are brought into the same order. So weights go from global
// memory to the tensor cores through registers alone, each byte once.
#pragma once
#include <cuda_fp16.h>
#include <stdint.h>

namespace greentune {

struct MatmulArgs {
    const __half* x;
    const uint8_t* weights;
    const __half* scales;
    const uint8_t* zero_points;
    const __half* bias;
    const __half* residual;
    __half* y;
    int m, n, k;
    int block_shift;         // log2 of the block
    int blocks_per_row;
    int zero_point_pitch;    // bytes of a row of zero points
    bool swiglu;
};

__device__ __forceinline__ uint32_t as_bits(__half2 v) { return *reinterpret_cast<uint32_t*>(&v); }
__device__ __forceinline__ __half2 as_half2(uint32_t v) { return *reinterpret_cast<__half2*>(&v); }

template <int kImmediate>
__device__ __forceinline__ uint32_t lop3(uint32_t a, uint32_t b, uint32_t c) {
    uint32_t d;
    asm("lop3.b32 %0, %1, %2, %3, %4;" : "=r"(d) : "r"(a), "r"(b), "r"(c), "n"(kImmediate));
    return d;
}

// Weights are read once: they should not push the activations out of the first-level cache.
__device__ __forceinline__ uint4 load_weights(const void* p) {
    uint4 v;
    asm volatile("ld.global.nc.L1::no_allocate.L2::128B.v4.u32 {%0, %1, %2, %3}, [%4];" : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w) : "l"(p));
    return v;
}

// Sixteen bytes of weights into shared memory, or zeros; finished when as many later groups are open as `copies_finished` allows. Registers cannot hold
// as many loads apart: the hardware waits for groups of them together.
__device__ __forceinline__ void copy_weights(uint32_t to, const void* from, bool inside) {
    asm volatile("cp.async.cg.shared.global.L2::128B [%0], [%1], 16, %2;" ::"r"(to), "l"(from), "r"(inside ? 16 : 0) : "memory");
}
__device__ __forceinline__ void end_copy_group() { asm volatile("cp.async.commit_group;" ::: "memory"); }
template <int kOpenGroups>
__device__ __forceinline__ void copies_finished() { asm volatile("cp.async.wait_group %0;" ::"n"(kOpenGroups) : "memory"); }

// What 16 bytes of a row become. kLane: positions in them; kPieces: runs of 8 positions, two k16 steps each.
template <int kBits>
struct Codes {
    static constexpr int kLane = 128 / kBits;
    static constexpr int kPieces = kLane / 8;
    static constexpr int kChunk = 4 * kLane;
    static constexpr int kSteps = 2 * kPieces;
};

// The order of 8 activations that fits the weights' fragments: words 0, 1 are the first step's two pairs, words 2, 3 the second's.
template <int kBits>
__device__ __forceinline__ uint4 ordered(uint4 v) {
    if constexpr (kBits == 4)
        return make_uint4(__byte_perm(v.x, v.z, 0x5410), __byte_perm(v.x, v.z, 0x7632), __byte_perm(v.y, v.w, 0x5410), __byte_perm(v.y, v.w, 0x7632));
    else
        return v;
}

// Scale and zero point of the 16 bytes that a lane holds of one row. At 4 bits and blocks of 16 there are two of each.
template <int kBits, bool kGeneral>
struct Scale {
    __half scale[kGeneral ? 2 : 1];
    uint8_t zero[kGeneral ? 2 : 1];

    __device__ __forceinline__ void load(const MatmulArgs& a, int row, int k, bool inside) {
        if constexpr (kBits != 16) {
#pragma unroll
            for (int i = 0; i < (kGeneral ? 2 : 1); i++) {
                int block = (k + i * (kBits == 4 ? 16 : 8)) >> a.block_shift;
                scale[i] = __float2half(0.0f);
                if (inside)
                    scale[i] = __ldg(a.scales + static_cast<int64_t>(row) * a.blocks_per_row + block);
                if constexpr (kGeneral) {
                    zero[i] = kBits == 4 ? 8 : 128;
                    if (inside && a.zero_points != nullptr) {
                        const uint8_t* zeros = a.zero_points + static_cast<int64_t>(row) * a.zero_point_pitch;
                        zero[i] = kBits == 4 ? (__ldg(zeros + block / 2) >> (4 * (block & 1))) & 15 : __ldg(zeros + block);
                    }
                }
            }
        }
    }
};

template <int kBits>
__device__ __forceinline__ void prefetch_scales(const MatmulArgs& a, int row, int k) {
    if constexpr (kBits != 16)
        if (k < a.k)
            asm volatile("prefetch.global.L2 [%0];" ::"l"(a.scales + static_cast<int64_t>(row) * a.blocks_per_row + (k >> a.block_shift)));
}

// The pairs of two k16 steps of one row: low and high half of the step's columns.
struct Pairs {
    uint32_t low[2], high[2];
};

template <int kBits, bool kGeneral>
__device__ __forceinline__ Pairs dequantized(const uint4& v, int piece, const Scale<kBits, kGeneral>& s) {
    const uint32_t words[4] = {v.x, v.y, v.z, v.w};
    Pairs out;
    if constexpr (kBits == 16) {
        out.low[0] = words[0], out.high[0] = words[1], out.low[1] = words[2], out.high[1] = words[3];
        return out;
    } else {
        constexpr uint32_t kMagic = 0x64006400;  // fp16 1024 + code in the low bits of the significand
        const int part = kGeneral ? piece / (Codes<kBits>::kPieces / 2) : 0;
        const __half2 scale = __half2half2(s.scale[part]);
        const uint32_t zero = kGeneral ? s.zero[part] : (kBits == 4 ? 8 : 128);
        const __half2 offset = as_half2(((kMagic & 0xffff) | zero) * 0x10001u);  // 1024 + zero
        if constexpr (kBits == 4) {
            // 64 + code is what is left of 1024 + 16 code after the division by 16; every value here is exact.
            const __half2 negative = as_half2((0xd400u | zero << 4) * 0x10001u);  // -64 - zero
            const __half2 sixteenth = as_half2(0x2c002c00u);
            const uint32_t w = words[piece];
            const uint32_t shifted = w >> 8;
            constexpr int kAndOr = (0xf0 & 0xcc) | 0xaa;
            out.low[0] = as_bits(__hmul2(__hsub2(as_half2(lop3<kAndOr>(w, 0x000f000f, kMagic)), offset), scale));
            out.high[0] = as_bits(__hmul2(__hfma2(as_half2(lop3<kAndOr>(w, 0x00f000f0, kMagic)), sixteenth, negative), scale));
            out.low[1] = as_bits(__hmul2(__hsub2(as_half2(lop3<kAndOr>(shifted, 0x000f000f, kMagic)), offset), scale));
            out.high[1] = as_bits(__hmul2(__hfma2(as_half2(lop3<kAndOr>(shifted, 0x00f000f0, kMagic)), sixteenth, negative), scale));
        } else {
#pragma unroll
            for (int step = 0; step < 2; step++) {
                const uint32_t w = words[2 * piece + step];
                out.low[step] = as_bits(__hmul2(__hsub2(as_half2(__byte_perm(w, kMagic, 0x7150)), offset), scale));
                out.high[step] = as_bits(__hmul2(__hsub2(as_half2(__byte_perm(w, kMagic, 0x7352)), offset), scale));
            }
        }
        return out;
    }
}

// Weight row behind a tile's local row. With swiglu a tile holds gate rows and, in its second half, the up rows of the same outputs.
template <int kRows>
__device__ __forceinline__ int weight_row(const MatmulArgs& a, int tile, int local) {
    if (!a.swiglu)
        return min(tile * kRows + local, a.n - 1);
    int half = a.n / 2;
    int output = min(tile * (kRows / 2) + local % (kRows / 2), half - 1);
    return local < kRows / 2 ? output : half + output;
}

__device__ __forceinline__ float silu(float x) { return x / (1.0f + __expf(-x)); }

// What a launch that may overlap its predecessor waits for before it reads what that one wrote.
__device__ __forceinline__ void wait_for_predecessor() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}

__device__ __forceinline__ void let_successor_start() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
}

}  // namespace greentune
