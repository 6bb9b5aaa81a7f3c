// Products with many tokens on Hopper. One kernel lays the activations out as the tensor cores want them, in the weights' order of columns; the other
// copies them tile by tile into shared memory, dequantises weights into registers and multiplies. Blocks of a cluster may split the columns; they add up
// through distributed shared memory.
#pragma once
#include <cooperative_groups.h>
#include "barrier.cuh"
#include "weights.cuh"
#include "wgmma.cuh"

namespace greentune {

template <int kBits, int kWarpgroups, int kTokens, int kStages, int kAhead>
struct WideShape {
    static constexpr int kRows = 64 * kWarpgroups;
    static constexpr int kThreads = 128 * kWarpgroups;
    static constexpr int kUnit = kTokens * 16;                        // bytes of 8 columns of a tile's tokens: one column of core matrices
    static constexpr int kStage = 2 * Codes<kBits>::kSteps * kUnit;   // bytes of a chunk of activations
    static constexpr int kWeights = kStages * kStage;                 // where the weights begin
    static constexpr int kBarriers = kWeights + kAhead * kThreads * 32;
    static constexpr int kSumPitch = kRows + 4;
    static constexpr int kSums = kTokens * kSumPitch * 4;
    static constexpr int kShared = (kSums > kBarriers ? kSums : kBarriers) + 2 * kStages * 8;
    static constexpr int kBarrierStart = kShared - 2 * kStages * 8;
};

// Activations [m, k] into [token tile][chunk][unit of 8 columns][token][8]: a chunk of a tile is one piece of memory. Tokens and columns beyond the
// end are zeros. Each thread lays out a run of 8 positions of each of the four lanes' bytes of one token.
template <int kBits>
__global__ void arrange_kernel(const __half* x, uint4* y, int m, int k, int tile_tokens, int items) {
    using C = Codes<kBits>;
    let_successor_start();
    wait_for_predecessor();
    const int item = blockIdx.x * blockDim.x + threadIdx.x;
    if (item >= items)
        return;
    const int chunks = (k + C::kChunk - 1) / C::kChunk;
    const int piece = item / 8 % C::kPieces, chunk = item / (8 * C::kPieces) % chunks, token = item / (8 * C::kPieces * chunks) * 8 + item % 8;
    uint4 from[4];
#pragma unroll
    for (int lane = 0; lane < 4; lane++) {
        const int column = chunk * C::kChunk + lane * C::kLane + 8 * piece;
        from[lane] = make_uint4(0, 0, 0, 0);
        if (token < m && column < k)
            from[lane] = ordered<kBits>(*reinterpret_cast<const uint4*>(x + static_cast<int64_t>(token) * k + column));
    }
    const int64_t units = (static_cast<int64_t>(token / tile_tokens) * chunks + chunk) * 2 * C::kSteps + 4 * piece;
    uint4* to = y + units * tile_tokens + token % tile_tokens;
    to[0] = make_uint4(from[0].x, from[1].x, from[2].x, from[3].x);
    to[tile_tokens] = make_uint4(from[0].y, from[1].y, from[2].y, from[3].y);
    to[2 * tile_tokens] = make_uint4(from[0].z, from[1].z, from[2].z, from[3].z);
    to[3 * tile_tokens] = make_uint4(from[0].w, from[1].w, from[2].w, from[3].w);
}

// kStages: chunks of activations, kAhead: chunks of weights in shared memory; kBlocks: blocks that a multiprocessor should hold. a.x is arranged.
template <int kBits, int kWarpgroups, int kTokens, int kStages, int kAhead, int kBlocks, bool kGeneral>
__global__ void __launch_bounds__(128 * kWarpgroups, kBlocks) wide_kernel(const MatmulArgs a, const int token_tiles) {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
    using C = Codes<kBits>;
    using Shape = WideShape<kBits, kWarpgroups, kTokens, kStages, kAhead>;
    extern __shared__ __align__(128) uint8_t shared[];

    auto cluster = cooperative_groups::this_cluster();
    const int splits = cluster.num_blocks(), split = cluster.block_rank();
    const int tile = blockIdx.x / splits / token_tiles, token_tile = blockIdx.x / splits % token_tiles, token0 = token_tile * kTokens;
    const int lane = threadIdx.x % 32, group = lane / 4, q = lane % 4;
    const int local = threadIdx.x / 32 * 16 + group;
    const int all_chunks = (a.k + C::kChunk - 1) / C::kChunk;
    const int begin = all_chunks * split / splits, count = all_chunks * (split + 1) / splits - begin;
    const int64_t pitch = static_cast<int64_t>(a.k) * kBits / 8;
    const uint32_t base = static_cast<uint32_t>(__cvta_generic_to_shared(shared));
    const uint32_t filled = base + Shape::kBarrierStart, emptied = filled + kStages * 8;

    if (threadIdx.x == 0) {
        for (int s = 0; s < kStages; s++) {
            init_barrier(filled + 8 * s, 1);
            init_barrier(emptied + 8 * s, kWarpgroups);
        }
        publish_barriers();
    }

    int rows[2];
    const uint8_t* starts[2];
#pragma unroll
    for (int i = 0; i < 2; i++) {
        rows[i] = weight_row<Shape::kRows>(a, tile, local + 8 * i);
        starts[i] = a.weights + rows[i] * pitch + begin * 64 + q * 16;
    }
    const int begin_k = begin * C::kChunk + q * C::kLane;
    const uint8_t* arranged = reinterpret_cast<const uint8_t*>(a.x) + (static_cast<int64_t>(token_tile) * all_chunks + begin) * Shape::kStage;

    Scale<kBits, kGeneral> scales[2][2];
    uint32_t fragments[2][C::kSteps][4];

    // From here on chunks count from this block's first. A thread copies the weights that it will read itself: they need no barrier.
    const int own_weights = Shape::kWeights + threadIdx.x * 16;
    constexpr int kHalf = Shape::kThreads * 16;
    auto copy_chunk = [&](int chunk) {
        const bool inside = chunk < count && begin_k + chunk * C::kChunk < a.k;
#pragma unroll
        for (int i = 0; i < 2; i++)
            copy_weights(base + own_weights + (chunk % kAhead * 2 + i) * kHalf, starts[i] + (inside ? chunk * 64 : 0), inside);
        end_copy_group();
    };
    auto load_scales = [&](int buffer, int chunk) {
        const int k = begin_k + chunk * C::kChunk;
#pragma unroll
        for (int i = 0; i < 2; i++) {
            scales[buffer][i].load(a, rows[i], k, chunk < count && k < a.k);
            if (chunk % 4 == 0 && q == 0)
                prefetch_scales<kBits>(a, rows[i], k + 8 * C::kChunk);
        }
    };
    auto dequantize = [&](int buffer, int chunk) {
        uint4 weights[2];
#pragma unroll
        for (int i = 0; i < 2; i++)
            weights[i] = *reinterpret_cast<const uint4*>(shared + own_weights + (chunk % kAhead * 2 + i) * kHalf);
#pragma unroll
        for (int p = 0; p < C::kPieces; p++) {
            const Pairs upper = dequantized<kBits, kGeneral>(weights[0], p, scales[buffer][0]);
            const Pairs lower = dequantized<kBits, kGeneral>(weights[1], p, scales[buffer][1]);
#pragma unroll
            for (int step = 0; step < 2; step++) {
                fragments[buffer][2 * p + step][0] = upper.low[step];
                fragments[buffer][2 * p + step][1] = lower.low[step];
                fragments[buffer][2 * p + step][2] = upper.high[step];
                fragments[buffer][2 * p + step][3] = lower.high[step];
            }
        }
    };
    auto fill = [&](int chunk) {
        const int stage = chunk % kStages;
        bulk_copy(base + stage * Shape::kStage, arranged + static_cast<int64_t>(chunk) * Shape::kStage, Shape::kStage, filled + 8 * stage);
    };

    let_successor_start();
#pragma unroll
    for (int u = 0; u < kAhead - 1; u++)
        copy_chunk(u);
    load_scales(0, 0);
    load_scales(1, 1);
    __syncthreads();
    wait_for_predecessor();
    if (threadIdx.x == 0)
        for (int s = 0; s < kStages && s < count; s++)
            fill(s);
    copies_finished<kAhead - 2>();
    dequantize(0, 0);
    load_scales(0, 2);

    float d[kTokens / 2] = {};
    for (int first = 0; first < count; first += 2) {
#pragma unroll
        for (int u = 0; u < 2; u++) {
            const int chunk = first + u;
            if (chunk >= count)
                break;
            const int stage = chunk % kStages;
            wait_for_barrier(filled + 8 * stage, chunk / kStages & 1);
            wgmma_fence();
#pragma unroll
            for (int step = 0; step < C::kSteps; step++)
                wgmma<kTokens>(d, fragments[u][step][0], fragments[u][step][1], fragments[u][step][2], fragments[u][step][3],
                               wgmma_operand(base + stage * Shape::kStage + 2 * step * Shape::kUnit, Shape::kUnit, 128));
            wgmma_commit();
            // While the tensor cores work: the stage that the chunk before this one left, and the next chunk's weights.
            if (threadIdx.x == 0 && chunk > 0 && chunk - 1 + kStages < count) {
                wait_for_barrier(emptied + 8 * ((chunk - 1) % kStages), (chunk - 1) / kStages & 1);
                fill(chunk - 1 + kStages);
            }
            copy_chunk(chunk + kAhead - 1);
            copies_finished<kAhead - 2>();
            dequantize(1 - u, chunk + 1);
            load_scales(1 - u, chunk + 3);
            wgmma_wait();
            if (threadIdx.x % 128 == 0)
                arrive(emptied + 8 * stage);
        }
    }
    copies_finished<0>();
    __syncthreads();

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
