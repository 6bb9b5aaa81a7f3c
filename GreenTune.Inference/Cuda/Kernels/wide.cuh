// Products with many tokens on Hopper: weights are dequantised into registers, activations lie in shared memory, a warpgroup multiplies. Blocks of a
// cluster may split the columns; they add up through distributed shared memory.
#pragma once
#include <cooperative_groups.h>
#include "weights.cuh"
#include "wgmma.cuh"

namespace greentune {

template <int kWarpgroups, int kTokens>
struct WideShape {
    static constexpr int kRows = 64 * kWarpgroups;
    static constexpr int kThreads = 128 * kWarpgroups;
    static constexpr int kSumPitch = kRows + 4;
    static constexpr int sum_bytes() { return kTokens * kSumPitch * 4; }
    static constexpr int staged_bytes(int chunk) { return 2 * kTokens * chunk * 2; }
    static constexpr int shared_bytes(int chunk) { return sum_bytes() > staged_bytes(chunk) ? sum_bytes() : staged_bytes(chunk); }
};

// kAhead: chunks of weights in flight in each thread, an even number.
template <int kBits, int kWarpgroups, int kTokens, int kAhead, int kBlocks, bool kGeneral>
__global__ void __launch_bounds__(128 * kWarpgroups, kBlocks) wide_kernel(const MatmulArgs a, const int token_tiles) {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
    using C = Codes<kBits>;
    using Shape = WideShape<kWarpgroups, kTokens>;
    constexpr int kItems = (kTokens * C::kPieces + Shape::kThreads - 1) / Shape::kThreads;
    constexpr int kUnit = kTokens * 16;              // bytes of 8 columns of all tokens: one column of core matrices
    constexpr int kStage = 2 * C::kSteps * kUnit;    // bytes of a staged chunk
    extern __shared__ __align__(128) uint8_t shared[];

    auto cluster = cooperative_groups::this_cluster();
    const int splits = cluster.num_blocks(), split = cluster.block_rank();
    const int tile = blockIdx.x / splits / token_tiles, token0 = blockIdx.x / splits % token_tiles * kTokens;
    const int lane = threadIdx.x % 32, group = lane / 4, q = lane % 4;
    const int local = threadIdx.x / 32 * 16 + group;
    const int all_chunks = (a.k + C::kChunk - 1) / C::kChunk;
    const int begin = all_chunks * split / splits, end = all_chunks * (split + 1) / splits;
    const int64_t pitch = static_cast<int64_t>(a.k) * kBits / 8;
    const uint32_t stage0 = static_cast<uint32_t>(__cvta_generic_to_shared(shared));

    int rows[2];
    const uint8_t* starts[2];
#pragma unroll
    for (int i = 0; i < 2; i++) {
        rows[i] = weight_row<Shape::kRows>(a, tile, local + 8 * i);
        starts[i] = a.weights + rows[i] * pitch + q * 16;
    }

    uint4 weights[kAhead][2];
    Scale<kBits, kGeneral> scales[kAhead][2];
    uint4 fetched[kItems][4];
    uint32_t fragments[2][C::kSteps][4];

    auto load_chunk = [&](int slot, int chunk) {
        const int k = chunk * C::kChunk + q * C::kLane;
        const bool inside = chunk < end && k < a.k;
#pragma unroll
        for (int i = 0; i < 2; i++) {
            weights[slot][i] = make_uint4(0, 0, 0, 0);
            if (inside)
                weights[slot][i] = load_weights(starts[i] + static_cast<int64_t>(chunk) * 64);
            scales[slot][i].load(a, rows[i], k, inside);
        }
    };
    // An item is a run of 8 positions of each of the four lanes' bytes, of one token: four core matrix rows.
    auto fetch = [&](int chunk) {
#pragma unroll
        for (int i = 0; i < kItems; i++) {
            const int item = threadIdx.x + i * Shape::kThreads;
            const int token = item / (8 * C::kPieces) * 8 + item % 8, piece = item / 8 % C::kPieces;
#pragma unroll
            for (int source = 0; source < 4; source++) {
                const int k = chunk * C::kChunk + source * C::kLane + 8 * piece;
                fetched[i][source] = make_uint4(0, 0, 0, 0);
                if (token < kTokens && token0 + token < a.m && chunk < end && k < a.k)
                    fetched[i][source] = *reinterpret_cast<const uint4*>(a.x + static_cast<int64_t>(token0 + token) * a.k + k);
            }
        }
    };
    auto stage = [&](int buffer) {
#pragma unroll
        for (int i = 0; i < kItems; i++) {
            const int item = threadIdx.x + i * Shape::kThreads;
            const int token = item / (8 * C::kPieces) * 8 + item % 8, piece = item / 8 % C::kPieces;
            if (kTokens * C::kPieces % Shape::kThreads != 0 && token >= kTokens)
                continue;
            uint4 from[4];
#pragma unroll
            for (int source = 0; source < 4; source++)
                from[source] = ordered<kBits>(fetched[i][source]);
            uint4* to = reinterpret_cast<uint4*>(shared + buffer * kStage + 4 * piece * kUnit + token * 16);
            to[0] = make_uint4(from[0].x, from[1].x, from[2].x, from[3].x);
            to[kTokens] = make_uint4(from[0].y, from[1].y, from[2].y, from[3].y);
            to[2 * kTokens] = make_uint4(from[0].z, from[1].z, from[2].z, from[3].z);
            to[3 * kTokens] = make_uint4(from[0].w, from[1].w, from[2].w, from[3].w);
        }
    };
    auto dequantize = [&](int buffer, int slot) {
#pragma unroll
        for (int p = 0; p < C::kPieces; p++) {
            const Pairs upper = dequantized<kBits, kGeneral>(weights[slot][0], p, scales[slot][0]);
            const Pairs lower = dequantized<kBits, kGeneral>(weights[slot][1], p, scales[slot][1]);
#pragma unroll
            for (int step = 0; step < 2; step++) {
                fragments[buffer][2 * p + step][0] = upper.low[step];
                fragments[buffer][2 * p + step][1] = lower.low[step];
                fragments[buffer][2 * p + step][2] = upper.high[step];
                fragments[buffer][2 * p + step][3] = lower.high[step];
            }
        }
    };

    let_successor_start();
#pragma unroll
    for (int u = 0; u < kAhead; u++)
        load_chunk(u, begin + u);
    wait_for_predecessor();
    fetch(begin);
    stage(0);
    fetch(begin + 1);
    dequantize(0, 0);
    load_chunk(0, begin + kAhead);
    shared_writes_before_wgmma();
    __syncthreads();

    float d[kTokens / 2] = {};
    for (int first = begin; first < end; first += kAhead) {
#pragma unroll
        for (int u = 0; u < kAhead; u++) {
            const int chunk = first + u;
            if (chunk >= end)
                break;
            wgmma_fence();
#pragma unroll
            for (int step = 0; step < C::kSteps; step++)
                wgmma<kTokens>(d, fragments[u % 2][step][0], fragments[u % 2][step][1], fragments[u % 2][step][2], fragments[u % 2][step][3],
                               wgmma_operand(stage0 + u % 2 * kStage + 2 * step * kUnit, kUnit, 128));
            wgmma_commit();
            // While the tensor cores work: the next chunk. Its buffers were last read by the products of the chunk before this one.
            stage((u + 1) % 2);
            fetch(chunk + 2);
            dequantize((u + 1) % 2, (u + 1) % kAhead);
            load_chunk((u + 1) % kAhead, chunk + 1 + kAhead);
            wgmma_wait();
            shared_writes_before_wgmma();
            __syncthreads();
        }
    }

    float* sums = reinterpret_cast<float*>(shared);  // [kTokens, kSumPitch]
#pragma unroll
    for (int j = 0; j < kTokens / 8; j++)
#pragma unroll
        for (int i = 0; i < 4; i++)
            sums[(8 * j + 2 * q + i % 2) * Shape::kSumPitch + local + 8 * (i / 2)] = d[4 * j + i];
    if (splits > 1)
        cluster.sync();
    else
        __syncthreads();

    const int outputs = a.swiglu ? Shape::kRows / 2 : Shape::kRows;
    const int width = a.swiglu ? a.n / 2 : a.n;
    const int quads = outputs / 4;
    auto sum = [&](int token, int row) {
        float4 total = make_float4(0, 0, 0, 0);
        for (int s = 0; s < splits; s++) {
            const float4 part = *reinterpret_cast<const float4*>(cluster.map_shared_rank(sums, s) + token * Shape::kSumPitch + row);
            total.x += part.x, total.y += part.y, total.z += part.z, total.w += part.w;
        }
        return total;
    };
    for (int i = split * Shape::kThreads + threadIdx.x; i < quads * kTokens; i += splits * Shape::kThreads) {
        const int token = i / quads, row = i % quads * 4;
        const int n = tile * outputs + row;
        if (token0 + token >= a.m || n >= width)
            continue;
        const float4 total = sum(token, row);
        float values[4] = {total.x, total.y, total.z, total.w};
        float ups[4] = {};
        if (a.swiglu) {
            const float4 up = sum(token, row + outputs);
            ups[0] = up.x, ups[1] = up.y, ups[2] = up.z, ups[3] = up.w;
        }
        const int64_t at = static_cast<int64_t>(token0 + token) * width + n;
        alignas(8) __half results[4];
#pragma unroll
        for (int j = 0; j < 4; j++) {
            if (n + j >= width)
                break;
            if (a.bias != nullptr)
                values[j] += __half2float(a.bias[n + j]);
            if (a.swiglu) {
                if (a.bias != nullptr)
                    ups[j] += __half2float(a.bias[width + n + j]);
                values[j] = silu(values[j]) * ups[j];
            }
            if (a.residual != nullptr)
                values[j] += __half2float(a.residual[at + j]);
            results[j] = __float2half(values[j]);
        }
        if (width % 4 == 0) {
            *reinterpret_cast<uint2*>(a.y + at) = *reinterpret_cast<const uint2*>(results);
        } else {
            for (int j = 0; j < 4 && n + j < width; j++)
                a.y[at + j] = results[j];
        }
    }
    // The other blocks may still be reading this one's sums.
    if (splits > 1)
        cluster.sync();
#endif
}

}  // namespace greentune
