// Attention of grouped queries over a cache [batch, kv_heads, capacity, head_size] that grows in place, with rotary positions (halves, not interleaved).
//
// A tile is 16 rows: positions times the query heads that share a key and value head. The warps of a block, and the blocks of a cluster, take the keys
// 16 at a time in turn and keep a running softmax each; they are put together through distributed shared memory. Keys and values go from global memory to
// the tensor cores through registers alone: positions inside a sum may come in any order, so that every lane reads 16 consecutive bytes.
#include <cooperative_groups.h>
#include "greentune_cuda.h"
#include "launch.cuh"
#include "narrow.cuh"

namespace greentune {

struct AttentionArgs {
    const __half* qkv;        // [batch, sequence, (heads + 2 kv_heads) head_size]
    __half* keys;
    __half* values;
    const __half* cosines;    // [positions, head_size / 2]
    const __half* sines;
    const int* lengths;       // keys of each row after this call, less one
    __half* y;                // [batch, sequence, heads head_size]
    int batch, sequence, heads, kv_heads, capacity, window;
    float scale;              // with log2 e in it
};

constexpr float kMasked = -1e30f;

__device__ __forceinline__ uint4 load16(const __half* p) { return *reinterpret_cast<const uint4*>(p); }

// Rotates 8 values of the first half of a head with their partners of the second half.
__device__ __forceinline__ void rotate(uint4& first, uint4& second, const uint4& cosine, const uint4& sine) {
    __half2* a = reinterpret_cast<__half2*>(&first);
    __half2* b = reinterpret_cast<__half2*>(&second);
    const __half2* c = reinterpret_cast<const __half2*>(&cosine);
    const __half2* s = reinterpret_cast<const __half2*>(&sine);
#pragma unroll
    for (int i = 0; i < 4; i++) {
        const float2 x = __half22float2(a[i]), y = __half22float2(b[i]), cs = __half22float2(c[i]), sn = __half22float2(s[i]);
        a[i] = __floats2half2_rn(x.x * cs.x - y.x * sn.x, x.y * cs.y - y.y * sn.y);
        b[i] = __floats2half2_rn(y.x * cs.x + x.x * sn.x, y.y * cs.y + x.y * sn.y);
    }
}

// A head in pieces of 8 values: lane q of four has those at 32 j + 8 q.
template <int kHead>
__device__ __forceinline__ void rotate_head(uint4 (&pieces)[kHead / 32], const AttentionArgs& a, int position, int q) {
    constexpr int kHalf = kHead / 64;
#pragma unroll
    for (int j = 0; j < kHalf; j++) {
        const int64_t at = static_cast<int64_t>(position) * (kHead / 2) + 32 * j + 8 * q;
        rotate(pieces[j], pieces[j + kHalf], load16(a.cosines + at), load16(a.sines + at));
    }
}

// Keys of a row before this call. A padded batch of prompts starts at nothing; otherwise the length says it.
__device__ __forceinline__ int past_of(const AttentionArgs& a, int row) {
    if (a.sequence > 1 && a.batch > 1)
        return 0;
    return max(a.lengths[row] + 1 - a.sequence, 0);
}

// Rotates the new keys and puts them and the new values into the cache. Four lanes take one head of one position.
template <int kHead>
__global__ void append_kernel(const AttentionArgs a) {
    let_successor_start();
    wait_for_predecessor();
    const int item = (blockIdx.x * blockDim.x + threadIdx.x) / 4, q = threadIdx.x % 4;
    if (item >= a.batch * a.sequence * a.kv_heads)
        return;
    const int head = item % a.kv_heads, i = item / a.kv_heads % a.sequence, row = item / a.kv_heads / a.sequence;
    const int position = past_of(a, row) + i;
    if (position >= a.capacity)
        return;
    const __half* from = a.qkv + (static_cast<int64_t>(row) * a.sequence + i) * (a.heads + 2 * a.kv_heads) * kHead + (a.heads + head) * kHead;
    const int64_t to = ((static_cast<int64_t>(row) * a.kv_heads + head) * a.capacity + position) * kHead;
    uint4 key[kHead / 32];
#pragma unroll
    for (int j = 0; j < kHead / 32; j++)
        key[j] = load16(from + 32 * j + 8 * q);
    rotate_head<kHead>(key, a, position, q);
#pragma unroll
    for (int j = 0; j < kHead / 32; j++) {
        *reinterpret_cast<uint4*>(a.keys + to + 32 * j + 8 * q) = key[j];
        *reinterpret_cast<uint4*>(a.values + to + 32 * j + 8 * q) = load16(from + a.kv_heads * kHead + 32 * j + 8 * q);
    }
}

template <int kHead>
struct Partial {
    float values[16][kHead + 4];
    float maximum[16];
    float total[16];
    float factor[16];   // of this warp's values in the block's
};

constexpr int kMostSplits = 8;

// kDecode: one position a row, whose key and value are not in the cache yet; the block puts them there.
template <int kHead, bool kDecode>
__global__ void __launch_bounds__(kDecode ? 256 : 128) attention_kernel(const AttentionArgs a) {
    constexpr int kPieces = kHead / 32, kColumns = kHead / 64;
    extern __shared__ uint8_t memory[];
    auto* partials = reinterpret_cast<Partial<kHead>*>(memory);
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
    auto cluster = cooperative_groups::this_cluster();
    const int splits = cluster.num_blocks(), split = cluster.block_rank();
#else
    const int splits = 1, split = 0;
#endif
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, warps = blockDim.x / 32;
    const int group = lane / 4, q = lane % 4;
    const int tile = blockIdx.x / splits, head = blockIdx.y, row = blockIdx.z;
    const int shared_by = a.heads / a.kv_heads;
    const int64_t token_pitch = static_cast<int64_t>(a.heads + 2 * a.kv_heads) * kHead;

    let_successor_start();
    wait_for_predecessor();
    const int past = past_of(a, row);
    const __half* packed = a.qkv + row * a.sequence * token_pitch;
    const int64_t cache = (static_cast<int64_t>(row) * a.kv_heads + head) * a.capacity * kHead;
    const __half* new_key = packed + (a.heads + head) * kHead;
    const __half* new_value = new_key + a.kv_heads * kHead;

    uint4 queries[2][kPieces];
    int positions[2];
#pragma unroll
    for (int h = 0; h < 2; h++) {
        const int r = tile * 16 + group + 8 * h;
        const int i = min(r / shared_by, a.sequence - 1);
        positions[h] = past + i;
        const __half* from = packed + i * token_pitch + (head * shared_by + r % shared_by) * kHead;
#pragma unroll
        for (int j = 0; j < kPieces; j++)
            queries[h][j] = load16(from + 32 * j + 8 * q);
        rotate_head<kHead>(queries[h], a, positions[h], q);
    }
    const int first_position = past + min(tile * 16 / shared_by, a.sequence - 1), last_position = past + min((tile * 16 + 15) / shared_by, a.sequence - 1);
    const int first_key = a.window > 0 ? max(first_position - a.window + 1, 0) / 16 * 16 : 0;

    float out[kHead / 8][4] = {};
    float maximum[2] = {kMasked, kMasked}, total[2] = {};
    for (int base = first_key + (split * warps + warp) * 16; base <= last_position; base += splits * warps * 16) {
        uint4 keys[2][kPieces], values[4][kColumns];
#pragma unroll
        for (int h = 0; h < 2; h++) {
            const int key = base + 8 * h + group;
            const __half* from = kDecode && key == past ? new_key : a.keys + cache + static_cast<int64_t>(min(key, a.capacity - 1)) * kHead;
#pragma unroll
            for (int j = 0; j < kPieces; j++) {
                keys[h][j] = make_uint4(0, 0, 0, 0);
                if (key <= last_position)
                    keys[h][j] = load16(from + 32 * j + 8 * q);
            }
        }
#pragma unroll
        for (int v = 0; v < 4; v++) {
            const int key = base + 2 * q + v % 2 + 8 * (v / 2);
            const __half* from = kDecode && key == past ? new_value : a.values + cache + static_cast<int64_t>(min(key, a.capacity - 1)) * kHead;
#pragma unroll
            for (int c = 0; c < kColumns; c++) {
                values[v][c] = make_uint4(0, 0, 0, 0);
                if (key <= last_position)
                    values[v][c] = load16(from + 64 * c + 8 * group);
            }
        }
        if constexpr (kDecode) {
#pragma unroll
            for (int h = 0; h < 2; h++)
                if (base + 8 * h + group == past)
                    rotate_head<kHead>(keys[h], a, past, q);
        }

        float scores[2][4] = {};
#pragma unroll
        for (int j = 0; j < kPieces; j++)
#pragma unroll
            for (int h = 0; h < 2; h++) {
                mma_16x8x16(scores[h], queries[0][j].x, queries[1][j].x, queries[0][j].y, queries[1][j].y, keys[h][j].x, keys[h][j].y);
                mma_16x8x16(scores[h], queries[0][j].z, queries[1][j].z, queries[0][j].w, queries[1][j].w, keys[h][j].z, keys[h][j].w);
            }
        float largest[2] = {maximum[0], maximum[1]};
#pragma unroll
        for (int h = 0; h < 2; h++)
#pragma unroll
            for (int i = 0; i < 4; i++) {
                const int key = base + 8 * h + 2 * q + i % 2, position = positions[i / 2];
                const bool seen = key <= position && (a.window <= 0 || position - key < a.window);
                scores[h][i] = seen ? scores[h][i] * a.scale : kMasked;
                largest[i / 2] = fmaxf(largest[i / 2], scores[h][i]);
            }
        float shrink[2], sums[2] = {};
#pragma unroll
        for (int h = 0; h < 2; h++) {
            largest[h] = fmaxf(largest[h], __shfl_xor_sync(~0u, largest[h], 1));
            largest[h] = fmaxf(largest[h], __shfl_xor_sync(~0u, largest[h], 2));
            shrink[h] = exp2f(maximum[h] - largest[h]);
            maximum[h] = largest[h];
        }
#pragma unroll
        for (int h = 0; h < 2; h++)
#pragma unroll
            for (int i = 0; i < 4; i++) {
                scores[h][i] = scores[h][i] <= kMasked ? 0.0f : exp2f(scores[h][i] - maximum[i / 2]);
                sums[i / 2] += scores[h][i];
            }
        total[0] = total[0] * shrink[0] + sums[0], total[1] = total[1] * shrink[1] + sums[1];
#pragma unroll
        for (int t = 0; t < kHead / 8; t++)
            out[t][0] *= shrink[0], out[t][1] *= shrink[0], out[t][2] *= shrink[1], out[t][3] *= shrink[1];

        const uint32_t p0 = as_bits(__floats2half2_rn(scores[0][0], scores[0][1])), p1 = as_bits(__floats2half2_rn(scores[0][2], scores[0][3]));
        const uint32_t p2 = as_bits(__floats2half2_rn(scores[1][0], scores[1][1])), p3 = as_bits(__floats2half2_rn(scores[1][2], scores[1][3]));
#pragma unroll
        for (int c = 0; c < kColumns; c++) {
            const uint32_t words[4][4] = {{values[0][c].x, values[0][c].y, values[0][c].z, values[0][c].w}, {values[1][c].x, values[1][c].y, values[1][c].z, values[1][c].w},
                                          {values[2][c].x, values[2][c].y, values[2][c].z, values[2][c].w}, {values[3][c].x, values[3][c].y, values[3][c].z, values[3][c].w}};
#pragma unroll
            for (int w = 0; w < 4; w++) {
                mma_16x8x16(out[8 * c + 2 * w], p0, p1, p2, p3, __byte_perm(words[0][w], words[1][w], 0x5410), __byte_perm(words[2][w], words[3][w], 0x5410));
                mma_16x8x16(out[8 * c + 2 * w + 1], p0, p1, p2, p3, __byte_perm(words[0][w], words[1][w], 0x7632), __byte_perm(words[2][w], words[3][w], 0x7632));
            }
        }
    }

    if (kDecode && split == 0 && warp == 0 && group < 2 && past < a.capacity) {
        // Lanes of the first group write the key, those of the second the value.
        uint4 pieces[kPieces];
#pragma unroll
        for (int j = 0; j < kPieces; j++)
            pieces[j] = load16((group == 0 ? new_key : new_value) + 32 * j + 8 * q);
        if (group == 0)
            rotate_head<kHead>(pieces, a, past, q);
        __half* to = (group == 0 ? a.keys : a.values) + cache + static_cast<int64_t>(past) * kHead;
#pragma unroll
        for (int j = 0; j < kPieces; j++)
            *reinterpret_cast<uint4*>(to + 32 * j + 8 * q) = pieces[j];
    }

    // Columns of a tile's result: 64 c + 8 n + t for column n of the product's tile t.
    Partial<kHead>& own = partials[warp];
#pragma unroll
    for (int t = 0; t < kHead / 8; t++)
#pragma unroll
        for (int i = 0; i < 4; i++)
            own.values[group + 8 * (i / 2)][64 * (t / 8) + 8 * (2 * q + i % 2) + t % 8] = out[t][i];
#pragma unroll
    for (int h = 0; h < 2; h++) {
        total[h] += __shfl_xor_sync(~0u, total[h], 1);
        total[h] += __shfl_xor_sync(~0u, total[h], 2);
        if (q == 0)
            own.maximum[group + 8 * h] = maximum[h], own.total[group + 8 * h] = total[h];
    }
    __syncthreads();

    // The block's warps first, into the first warp's place: then there is one partial result for each block of the cluster.
    __shared__ float block_maximum[16], block_total[16];
    if (threadIdx.x < 16) {
        float largest = kMasked, sum = 0;
        for (int w = 0; w < warps; w++)
            largest = fmaxf(largest, partials[w].maximum[threadIdx.x]);
        for (int w = 0; w < warps; w++) {
            const float factor = partials[w].total[threadIdx.x] > 0 ? exp2f(partials[w].maximum[threadIdx.x] - largest) : 0.0f;
            partials[w].factor[threadIdx.x] = factor;
            sum += partials[w].total[threadIdx.x] * factor;
        }
        block_maximum[threadIdx.x] = largest, block_total[threadIdx.x] = sum;
    }
    __syncthreads();
    const int rows = min(16, a.sequence * shared_by - tile * 16);
    auto write = [&](int r, int column, float4 result, float sum) {
        const float scale = sum > 0 ? 1.0f / sum : 0.0f;
        const int at = tile * 16 + r;
        __half* to = a.y + ((static_cast<int64_t>(row) * a.sequence + at / shared_by) * a.heads + head * shared_by + at % shared_by) * kHead + column;
        const __half2 low = __floats2half2_rn(result.x * scale, result.y * scale), high = __floats2half2_rn(result.z * scale, result.w * scale);
        *reinterpret_cast<uint2*>(to) = make_uint2(as_bits(low), as_bits(high));
    };
    for (int item = threadIdx.x; item < rows * kHead / 4; item += blockDim.x) {
        const int r = item / (kHead / 4), column = item % (kHead / 4) * 4;
        float4 result = make_float4(0, 0, 0, 0);
#pragma unroll 4
        for (int w = 0; w < warps; w++) {
            const float factor = partials[w].factor[r];
            const float4 part = *reinterpret_cast<const float4*>(&partials[w].values[r][column]);
            result.x += part.x * factor, result.y += part.y * factor, result.z += part.z * factor, result.w += part.w * factor;
        }
        if (splits == 1)
            write(r, column, result, block_total[r]);
        else
            *reinterpret_cast<float4*>(&partials[0].values[r][column]) = result;
    }
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
    if (splits == 1)
        return;
    cluster.sync();
    for (int item = split * blockDim.x + threadIdx.x; item < rows * kHead / 4; item += splits * blockDim.x) {
        const int r = item / (kHead / 4), column = item % (kHead / 4) * 4;
        float maxima[kMostSplits], totals[kMostSplits], largest = kMasked, sum = 0;
        float4 parts[kMostSplits], result = make_float4(0, 0, 0, 0);
#pragma unroll
        for (int s = 0; s < kMostSplits; s++) {
            const int from = s < splits ? s : split;
            maxima[s] = cluster.map_shared_rank(block_maximum, from)[r];
            totals[s] = s < splits ? cluster.map_shared_rank(block_total, from)[r] : 0.0f;
            parts[s] = *reinterpret_cast<const float4*>(&cluster.map_shared_rank(partials, from)->values[r][column]);
        }
#pragma unroll
        for (int s = 0; s < kMostSplits; s++)
            largest = totals[s] > 0 ? fmaxf(largest, maxima[s]) : largest;
#pragma unroll
        for (int s = 0; s < kMostSplits; s++) {
            const float factor = totals[s] > 0 ? exp2f(maxima[s] - largest) : 0.0f;
            result.x += parts[s].x * factor, result.y += parts[s].y * factor, result.z += parts[s].z * factor, result.w += parts[s].w * factor;
            sum += totals[s] * factor;
        }
        write(r, column, result, sum);
    }
    cluster.sync();
#endif
}

template <int kHead>
cudaError_t attend(const AttentionArgs& a, int tile, cudaStream_t stream) {
    const int shared_by = a.heads / a.kv_heads;
    const int tiles = (a.sequence * shared_by + 15) / 16;
    if (a.sequence > 1) {
        constexpr int kWarps = 4;
        const int64_t items = 4LL * a.batch * a.sequence * a.kv_heads;
        const cudaError_t appended = launch(append_kernel<kHead>, dim3(static_cast<unsigned>((items + 127) / 128)), 128, 0, 1, stream, a);
        return appended != cudaSuccess ? appended : launch(attention_kernel<kHead, false>, dim3(tiles, a.kv_heads, a.batch), 32 * kWarps, kWarps * sizeof(Partial<kHead>), 1, stream, a);
    }
    // Enough blocks for the device, as far as there can be keys for them; one round of blocks rather than a second one that is half empty. Measured on an
    // H200 at contexts of 512 and 4000: of heads of 64 two blocks fit a multiprocessor, but clusters of more than two do not fill both places.
    const int64_t blocks = static_cast<int64_t>(tiles) * a.kv_heads * a.batch, multiprocessors = device().multiprocessors;
    int warps = blocks * 2 >= multiprocessors * 3 ? 4 : 8, splits = 1;
    while (splits < kMostSplits && blocks * splits * 2 <= (kHead == 64 && splits == 1 ? 2 : 1) * multiprocessors && splits * warps * 32 <= a.capacity)
        splits *= 2;
    if (tile != 0)
        warps = tile / 100, splits = tile % 100;
    if (!device().overlapping)
        splits = 1;
    if (warps < 1 || warps > 8 || splits < 1 || splits > kMostSplits)
        return cudaErrorInvalidValue;
    const int shared = warps * sizeof(Partial<kHead>);
    static const cudaError_t prepared = cudaFuncSetAttribute(attention_kernel<kHead, true>, cudaFuncAttributeMaxDynamicSharedMemorySize, 8 * sizeof(Partial<kHead>));
    if (prepared != cudaSuccess)
        return prepared;
    return launch(attention_kernel<kHead, true>, dim3(tiles * splits, a.kv_heads, a.batch), 32 * warps, shared, splits, stream, a);
}

}  // namespace greentune

int gt_attention(const gt_attention_args* args, void* stream) {
    using namespace greentune;
    if (args == nullptr || args->batch <= 0 || args->sequence <= 0 || args->heads <= 0 || args->kv_heads <= 0 || args->heads % args->kv_heads != 0 ||
        args->capacity <= 0 || args->batch > 65535 || args->kv_heads > 65535)
        return cudaErrorInvalidValue;
    const AttentionArgs a = {static_cast<const __half*>(args->qkv), static_cast<__half*>(args->keys), static_cast<__half*>(args->values),
                             static_cast<const __half*>(args->cosines), static_cast<const __half*>(args->sines), args->lengths, static_cast<__half*>(args->y),
                             args->batch, args->sequence, args->heads, args->kv_heads, args->capacity, args->window, args->scale * 1.44269504f};
    switch (args->head_size) {
        case 64: return attend<64>(a, args->tile, static_cast<cudaStream_t>(stream));
        case 128: return attend<128>(a, args->tile, static_cast<cudaStream_t>(stream));
        default: return cudaErrorInvalidValue;
    }
}
