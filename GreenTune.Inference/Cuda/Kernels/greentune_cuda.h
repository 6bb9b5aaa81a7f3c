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

// Device memory to device memory, in the stream's order.
GT_API int gt_copy(void* to, const void* from, int64_t bytes, void* stream);

// CUDA's own words for a code that a call returned.
GT_API const char* gt_error_text(int32_t code);

// y[rows, width] = silu(x[rows, 0..width)) * x[rows, width..2 width). type: 1 = fp16, 2 = bf16.
GT_API int gt_silu_mul(const void* x, void* y, int64_t rows, int32_t width, int32_t type, void* stream);

// Attention of grouped queries with rotary positions; the cache is read and extended in place. With a sequence of 1, each row's new position is lengths[row].
// A longer sequence of one row follows its lengths[0] + 1 - sequence earlier keys; several rows with a longer sequence are prompts that start at nothing.
struct gt_attention_args {
    const void* qkv;          // fp16 [batch, sequence, (heads + 2 kv_heads) head_size]
    void* keys;               // fp16 [batch, kv_heads, capacity, head_size]
    void* values;             // as keys
    const void* cosines;      // fp16 [positions, head_size / 2]
    const void* sines;
    const int32_t* lengths;   // [batch]: keys after this call, less one
    void* y;                  // fp16 [batch, sequence, heads head_size]
    int32_t batch, sequence, heads, kv_heads, head_size, capacity;  // head_size 64 or 128
    int32_t window;           // keys that a position sees, its own included; 0 or less for all
    float scale;
    int32_t tile;             // 0: chosen by measurements; otherwise 100 warps of a block + blocks of a cluster, for one token a row
};

GT_API int gt_attention(const gt_attention_args* args, void* stream);

// sum = x + skip (both may be left out: null); y = sum / sqrt(mean(sum^2) + epsilon) * weight. fp16 [rows, width], width a multiple of 8 up to 8192.
GT_API int gt_add_norm(const void* x, const void* skip, const void* weight, void* y, void* sum, int64_t rows, int32_t width, float epsilon, void* stream);

// tokens[rows], int64: the place of the highest of logits[rows, vocabulary], the lowest among equals. type: 1 = fp16, 3 = fp32.
GT_API int gt_greedy(const void* logits, void* tokens, int64_t rows, int32_t vocabulary, int32_t type, void* stream);
