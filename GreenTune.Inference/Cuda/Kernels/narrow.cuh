// Products with few tokens (1 to 32 at a time): bound by reading the weights. The warps of a block split the columns and add up in shared memory.
#pragma once
#include "weights.cuh"

namespace greentune {

__device__ __forceinline__ void mma_16x8x16(float (&d)[4], uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3, uint32_t b0, uint32_t b1) {
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
                 : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
}

// kRowTiles: tiles of 16 weight rows of a block; kTokenTiles: tiles of 8 tokens; kAhead: chunks of columns in flight in each warp.
template <int kBits, int kRowTiles, int kTokenTiles, int kAhead, bool kGeneral>
__global__ void __launch_bounds__(512) narrow_kernel(const MatmulArgs a) {
    using C = Codes<kBits>;
    constexpr int kRows = 16 * kRowTiles;
    constexpr int kTokens = 8 * kTokenTiles;
    extern __shared__ float sums[];  // [warps, kRows, kTokens + 1]

    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, warps = blockDim.x / 32;
    const int group = lane / 4, q = lane % 4;
    const int tile = blockIdx.x, token0 = blockIdx.y * kTokens;
    const int chunks = (a.k + C::kChunk - 1) / C::kChunk;
    const int64_t pitch = static_cast<int64_t>(a.k) * kBits / 8;

    int rows[2 * kRowTiles];
    const uint8_t* starts[2 * kRowTiles];
#pragma unroll
    for (int i = 0; i < 2 * kRowTiles; i++) {
        rows[i] = weight_row<kRows>(a, tile, 8 * i + group);
        starts[i] = a.weights + rows[i] * pitch + q * 16;
    }

    uint4 weights[kAhead][2 * kRowTiles];
    Scale<kBits, kGeneral> scales[kAhead][2 * kRowTiles];
    uint4 activations[kAhead][kTokenTiles][C::kPieces];

    auto load_chunk = [&](int slot, int chunk) {
        const int k = chunk * C::kChunk + q * C::kLane;
        const bool inside = k < a.k;
#pragma unroll
        for (int i = 0; i < 2 * kRowTiles; i++) {
            weights[slot][i] = make_uint4(0, 0, 0, 0);
            if (inside)
                weights[slot][i] = load_weights(starts[i] + static_cast<int64_t>(chunk) * 64);
            scales[slot][i].load(a, rows[i], k, inside);
        }
    };
    auto load_activations = [&](int slot, int chunk) {
        const int k = chunk * C::kChunk + q * C::kLane;
#pragma unroll
        for (int t = 0; t < kTokenTiles; t++) {
            const int token = token0 + 8 * t + group;
#pragma unroll
            for (int p = 0; p < C::kPieces; p++) {
                activations[slot][t][p] = make_uint4(0, 0, 0, 0);
                if (k < a.k && token < a.m)
                    activations[slot][t][p] = *reinterpret_cast<const uint4*>(a.x + static_cast<int64_t>(token) * a.k + k + 8 * p);
            }
        }
    };

    let_successor_start();
#pragma unroll
    for (int u = 0; u < kAhead; u++)
        load_chunk(u, warp + u * warps);
    wait_for_predecessor();
#pragma unroll
    for (int u = 0; u < kAhead; u++)
        load_activations(u, warp + u * warps);

    float d[kRowTiles][kTokenTiles][4] = {};
    for (int first = warp; first < chunks; first += kAhead * warps) {
#pragma unroll
        for (int u = 0; u < kAhead; u++) {
#pragma unroll
            for (int p = 0; p < C::kPieces; p++) {
                uint4 b[kTokenTiles];
#pragma unroll
                for (int t = 0; t < kTokenTiles; t++)
                    b[t] = ordered<kBits>(activations[u][t][p]);
#pragma unroll
                for (int r = 0; r < kRowTiles; r++) {
                    const Pairs upper = dequantized<kBits, kGeneral>(weights[u][2 * r], p, scales[u][2 * r]);
                    const Pairs lower = dequantized<kBits, kGeneral>(weights[u][2 * r + 1], p, scales[u][2 * r + 1]);
#pragma unroll
                    for (int t = 0; t < kTokenTiles; t++) {
                        mma_16x8x16(d[r][t], upper.low[0], lower.low[0], upper.high[0], lower.high[0], b[t].x, b[t].y);
                        mma_16x8x16(d[r][t], upper.low[1], lower.low[1], upper.high[1], lower.high[1], b[t].z, b[t].w);
                    }
                }
            }
            const int next = first + (u + kAhead) * warps;
            load_chunk(u, next);
            load_activations(u, next);
        }
    }

    float* own = sums + warp * kRows * (kTokens + 1);
#pragma unroll
    for (int r = 0; r < kRowTiles; r++)
#pragma unroll
        for (int t = 0; t < kTokenTiles; t++)
#pragma unroll
            for (int i = 0; i < 4; i++)
                own[(16 * r + group + 8 * (i / 2)) * (kTokens + 1) + 8 * t + 2 * q + i % 2] = d[r][t][i];
    __syncthreads();

    auto sum = [&](int row, int token) {
        float total = 0;
        for (int w = 0; w < warps; w++)
            total += sums[(w * kRows + row) * (kTokens + 1) + token];
        return total;
    };
    const int outputs = a.swiglu ? kRows / 2 : kRows;
    const int width = a.swiglu ? a.n / 2 : a.n;
    for (int i = threadIdx.x; i < outputs * kTokens; i += blockDim.x) {
        const int token = i / outputs, row = i % outputs;
        const int n = tile * outputs + row;
        if (token0 + token >= a.m || n >= width)
            continue;
        float value = sum(row, token);
        if (a.bias != nullptr)
            value += __half2float(a.bias[n]);
        if (a.swiglu) {
            float up = sum(row + outputs, token);
            if (a.bias != nullptr)
                up += __half2float(a.bias[width + n]);
            value = silu(value) * up;
        }
        const int64_t at = static_cast<int64_t>(token0 + token) * width + n;
        if (a.residual != nullptr)
            value += __half2float(a.residual[at]);
        a.y[at] = __float2half(value);
    }
}

}  // namespace greentune
