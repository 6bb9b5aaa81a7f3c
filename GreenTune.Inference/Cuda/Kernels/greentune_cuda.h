// C interface of libgreentune_cuda.so. Pointers are device pointers; nothing is allocated or synchronised, so that CUDA graphs capture every call.
// Calls return a cudaError_t as an int, 0 for success.
#pragma once
#include <stdint.h>

#define GT_API extern "C" __attribute__((visibility("default")))
#define GT_VERSION 1

// Y[m, n] = X[m, k] W^T + bias + residual.
// Weights at 4 and 8 bits are ONNX Runtime's MatMulNBits' own storage: uint8 [n, k / block, block * bits / 8], the even position in a byte's low half;
// scales [n * k / block]; zero points uint8 [n, ceil(k / block * bits / 8)] or null for the middle code. At 16 bits they are fp16 [n, k].
struct gt_matmul_args {
    const void* x;            // fp16 [m, k]
    const void* weights;
    const void* scales;       // fp16; null at 16 bits
    const void* zero_points;  // or null
    const void* bias;         // fp16 [n] or null
    const void* residual;     // fp16, of y's shape, or null
    void* workspace;          // gt_workspace_bytes, 16-byte aligned; used from this call's start to its end on the stream
    void* y;                  // fp16 [m, n], or [m, n / 2] with swiglu
    int32_t m, n, k;
    int32_t bits;             // 4, 8 or 16
    int32_t block;            // 16, 32, 64, 128 or 256
    int32_t swiglu;           // 1: rows [0, n/2) are the gate, the others the up projection; y = silu(gate) * up
    int32_t tile;             // 0: chosen by the measured table; otherwise 10000 (narrow) or 20000 (wide) + 100 variant + share, see matmul.cuh
};

GT_API int gt_version();

// Prepares the kernels for the current device. 0, or cudaErrorNotSupported when the device is older than compute capability 8.0.
GT_API int gt_initialize();

// Whether gt_matmul takes these sizes: 0, or cudaErrorInvalidValue.
GT_API int gt_matmul_check(int32_t n, int32_t k, int32_t bits, int32_t block, int32_t swiglu);

// Bytes of workspace that gt_matmul wants for up to m tokens.
GT_API int64_t gt_workspace_bytes(int32_t m, int32_t k);

GT_API int gt_matmul(const gt_matmul_args* args, void* stream);

// Device memory for workspaces. Neither may be called while a stream is captured.
GT_API int gt_allocate(void** pointer, int64_t bytes);
GT_API int gt_free(void* pointer);

// CUDA's own words for a code that a call returned.
GT_API const char* gt_error_text(int32_t code);

// y[rows, width] = silu(x[rows, 0..width)) * x[rows, width..2 width). type: 1 = fp16, 2 = bf16.
GT_API int gt_silu_mul(const void* x, void* y, int64_t rows, int32_t width, int32_t type, void* stream);
