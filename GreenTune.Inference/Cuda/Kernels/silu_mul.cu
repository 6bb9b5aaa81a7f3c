// y = silu(gate) * up over the packed output of a joined gate and up projection, where the product could not do it itself.
#include <cuda_bf16.h>
#include "greentune_cuda.h"
#include "launch.cuh"
#include "weights.cuh"

namespace greentune {

__device__ __forceinline__ float2 pair(const __half2& v) { return __half22float2(v); }
__device__ __forceinline__ float2 pair(const __nv_bfloat162& v) { return __bfloat1622float2(v); }
__device__ __forceinline__ void set(__half2& v, float x, float y) { v = __floats2half2_rn(x, y); }
__device__ __forceinline__ void set(__nv_bfloat162& v, float x, float y) { v = __floats2bfloat162_rn(x, y); }
__device__ __forceinline__ float number(__half v) { return __half2float(v); }
__device__ __forceinline__ float number(__nv_bfloat16 v) { return __bfloat162float(v); }
__device__ __forceinline__ void set(__half& v, float x) { v = __float2half(x); }
__device__ __forceinline__ void set(__nv_bfloat16& v, float x) { v = __float2bfloat16(x); }

// Eight values of a row in each thread; width is a multiple of 8.
template <typename Pair>
__global__ void silu_mul_by_8(const uint4* x, uint4* y, int64_t count, int width8) {
    let_successor_start();
    wait_for_predecessor();
    for (int64_t i = blockIdx.x * static_cast<int64_t>(blockDim.x) + threadIdx.x; i < count; i += static_cast<int64_t>(gridDim.x) * blockDim.x) {
        const int64_t row = i / width8, at = i % width8;
        const uint4 gates = x[2 * row * width8 + at], ups = x[(2 * row + 1) * width8 + at];
        uint4 results;
        const Pair* gate = reinterpret_cast<const Pair*>(&gates);
        const Pair* up = reinterpret_cast<const Pair*>(&ups);
        Pair* result = reinterpret_cast<Pair*>(&results);
#pragma unroll
        for (int j = 0; j < 4; j++) {
            const float2 g = pair(gate[j]), u = pair(up[j]);
            set(result[j], silu(g.x) * u.x, silu(g.y) * u.y);
        }
        y[i] = results;
    }
}

template <typename Number>
__global__ void silu_mul_by_1(const Number* x, Number* y, int64_t count, int width) {
    let_successor_start();
    wait_for_predecessor();
    for (int64_t i = blockIdx.x * static_cast<int64_t>(blockDim.x) + threadIdx.x; i < count; i += static_cast<int64_t>(gridDim.x) * blockDim.x) {
        const int64_t row = i / width, at = i % width;
        set(y[i], silu(number(x[2 * row * width + at])) * number(x[(2 * row + 1) * width + at]));
    }
}

template <typename Pair, typename Number>
cudaError_t silu_mul(const void* x, void* y, int64_t rows, int width, cudaStream_t stream) {
    constexpr int kThreads = 128;
    const bool by8 = width % 8 == 0;
    const int64_t count = rows * width / (by8 ? 8 : 1);
    const int64_t limit = 16LL * device().multiprocessors;
    const int64_t blocks = (count + kThreads - 1) / kThreads;
    const dim3 grid(static_cast<unsigned>(blocks < limit ? blocks : limit));
    return by8 ? launch(silu_mul_by_8<Pair>, grid, kThreads, 0, 1, stream, static_cast<const uint4*>(x), static_cast<uint4*>(y), count, width / 8)
               : launch(silu_mul_by_1<Number>, grid, kThreads, 0, 1, stream, static_cast<const Number*>(x), static_cast<Number*>(y), count, width);
}

}  // namespace greentune

int gt_silu_mul(const void* x, void* y, int64_t rows, int32_t width, int32_t type, void* stream) {
    if (rows < 0 || width <= 0)
        return cudaErrorInvalidValue;
    if (rows == 0)
        return cudaSuccess;
    const auto s = static_cast<cudaStream_t>(stream);
    switch (type) {
        case 1: return greentune::silu_mul<__half2, __half>(x, y, rows, width, s);
        case 2: return greentune::silu_mul<__nv_bfloat162, __nv_bfloat16>(x, y, rows, width, s);
        default: return cudaErrorInvalidValue;
    }
}
