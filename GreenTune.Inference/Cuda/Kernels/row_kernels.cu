// Kernels with a block for each row: the sum with a residual and its norm, and the token of the highest logit.
#include "greentune_cuda.h"
#include "launch.cuh"
#include "weights.cuh"

namespace greentune {

// 8 values in each thread: width / 8 threads, rounded up to whole warps.
__global__ void __launch_bounds__(1024) add_norm_kernel(const __half* x, const __half* skip, const __half* weight, __half* y, __half* sum, int width, float epsilon) {
    __shared__ float partial[32];
    const int column = threadIdx.x * 8;
    const int64_t at = static_cast<int64_t>(blockIdx.x) * width + column;
    const bool inside = column < width;
    uint4 weights = make_uint4(0, 0, 0, 0), values = weights, others = weights;
    let_successor_start();
    if (inside)
        weights = *reinterpret_cast<const uint4*>(weight + column);
    wait_for_predecessor();
    if (inside) {
        values = *reinterpret_cast<const uint4*>(x + at);
        if (skip != nullptr)
            others = *reinterpret_cast<const uint4*>(skip + at);
    }
    __half2* v = reinterpret_cast<__half2*>(&values);
    const __half2* o = reinterpret_cast<const __half2*>(&others);
    const __half2* w = reinterpret_cast<const __half2*>(&weights);
    float squares = 0;
#pragma unroll
    for (int i = 0; i < 4; i++) {
        v[i] = __hadd2(v[i], o[i]);
        const float2 f = __half22float2(v[i]);
        squares += f.x * f.x + f.y * f.y;
    }
    if (inside && sum != nullptr)
        *reinterpret_cast<uint4*>(sum + at) = values;
#pragma unroll
    for (int step = 16; step > 0; step /= 2)
        squares += __shfl_xor_sync(~0u, squares, step);
    if (threadIdx.x % 32 == 0)
        partial[threadIdx.x / 32] = squares;
    __syncthreads();
    squares = threadIdx.x % 32 < blockDim.x / 32 ? partial[threadIdx.x % 32] : 0.0f;
#pragma unroll
    for (int step = 16; step > 0; step /= 2)
        squares += __shfl_xor_sync(~0u, squares, step);
    const float scale = rsqrtf(squares / width + epsilon);
#pragma unroll
    for (int i = 0; i < 4; i++) {
        const float2 f = __half22float2(v[i]), g = __half22float2(w[i]);
        v[i] = __floats2half2_rn(f.x * scale * g.x, f.y * scale * g.y);
    }
    if (inside)
        *reinterpret_cast<uint4*>(y + at) = values;
}

__device__ __forceinline__ bool better(float value, int id, float than, int than_id) { return value > than || (value == than && id < than_id); }

template <typename Number>
__global__ void __launch_bounds__(1024) greedy_kernel(const Number* logits, int64_t* tokens, int vocabulary) {
    constexpr int kRun = 16 / sizeof(Number);
    __shared__ float values[32];
    __shared__ int ids[32];
    let_successor_start();
    wait_for_predecessor();
    const Number* row = logits + static_cast<int64_t>(blockIdx.x) * vocabulary;
    float best = -INFINITY;
    int id = vocabulary;
    // Rows start on 16 bytes only where the vocabulary's size lets them.
    const int runs = vocabulary % kRun == 0 ? vocabulary / kRun : 0;
    for (int run = threadIdx.x; run < runs; run += blockDim.x) {
        const uint4 bits = reinterpret_cast<const uint4*>(row)[run];
        const Number* numbers = reinterpret_cast<const Number*>(&bits);
#pragma unroll
        for (int i = 0; i < kRun; i++) {
            const float value = static_cast<float>(numbers[i]);
            if (value > best)
                best = value, id = run * kRun + i;
        }
    }
    for (int i = runs * kRun + threadIdx.x; i < vocabulary; i += blockDim.x) {
        const float value = static_cast<float>(row[i]);
        if (value > best)
            best = value, id = i;
    }
    auto reduce = [&] {
#pragma unroll
        for (int step = 16; step > 0; step /= 2) {
            const float other = __shfl_xor_sync(~0u, best, step);
            const int other_id = __shfl_xor_sync(~0u, id, step);
            if (better(other, other_id, best, id))
                best = other, id = other_id;
        }
    };
    reduce();
    if (threadIdx.x % 32 == 0)
        values[threadIdx.x / 32] = best, ids[threadIdx.x / 32] = id;
    __syncthreads();
    if (threadIdx.x < 32) {
        best = values[threadIdx.x], id = ids[threadIdx.x];
        reduce();
        if (threadIdx.x == 0)
            tokens[blockIdx.x] = id < vocabulary ? id : 0;
    }
}

}  // namespace greentune

int gt_add_norm(const void* x, const void* skip, const void* weight, void* y, void* sum, int64_t rows, int32_t width, float epsilon, void* stream) {
    using namespace greentune;
    if (rows < 0 || rows > INT32_MAX || width <= 0 || width % 8 != 0 || width > 8192)
        return cudaErrorInvalidValue;
    if (rows == 0)
        return cudaSuccess;
    return launch(add_norm_kernel, dim3(static_cast<unsigned>(rows)), (width / 8 + 31) / 32 * 32, 0, 1, static_cast<cudaStream_t>(stream), static_cast<const __half*>(x),
                  static_cast<const __half*>(skip), static_cast<const __half*>(weight), static_cast<__half*>(y), static_cast<__half*>(sum), width, epsilon);
}

int gt_greedy(const void* logits, void* tokens, int64_t rows, int32_t vocabulary, int32_t type, void* stream) {
    using namespace greentune;
    if (rows < 0 || rows > INT32_MAX || vocabulary <= 0)
        return cudaErrorInvalidValue;
    if (rows == 0)
        return cudaSuccess;
    const auto s = static_cast<cudaStream_t>(stream);
    const dim3 grid(static_cast<unsigned>(rows));
    switch (type) {
        case 1: return launch(greedy_kernel<__half>, grid, 1024, 0, 1, s, static_cast<const __half*>(logits), static_cast<int64_t*>(tokens), vocabulary);
        case 3: return launch(greedy_kernel<float>, grid, 1024, 0, 1, s, static_cast<const float*>(logits), static_cast<int64_t*>(tokens), vocabulary);
        default: return cudaErrorInvalidValue;
    }
}
