#include "greentune_cuda.h"
#include "matmul.cuh"

namespace greentune {

static Device found;

const Device& device() { return found; }

static int log2_of(int block) {
    for (int shift = 4; shift <= 8; shift++)
        if (block == 1 << shift)
            return shift;
    return -1;
}

}  // namespace greentune

using namespace greentune;

int gt_version() { return GT_VERSION; }

int gt_initialize() {
    int index = 0;
    cudaDeviceProp properties;
    cudaError_t error = cudaGetDevice(&index);
    if (error == cudaSuccess)
        error = cudaGetDeviceProperties(&properties, index);
    if (error != cudaSuccess)
        return error;
    if (properties.major < 8)
        return cudaErrorNotSupported;
    found.multiprocessors = properties.multiProcessorCount;
    found.hopper = properties.major == 9 && properties.minor == 0;
    found.overlapping = properties.major >= 9;
    return cudaSuccess;
}

int gt_matmul_check(int32_t n, int32_t k, int32_t bits, int32_t block, int32_t swiglu) {
    if (n <= 0 || k <= 0 || (swiglu != 0 && n % 2 != 0))
        return cudaErrorInvalidValue;
    if (bits == 16)
        return k % 8 == 0 ? cudaSuccess : cudaErrorInvalidValue;
    if (bits != 4 && bits != 8)
        return cudaErrorInvalidValue;
    // Every lane reads 16 bytes of a row, on a 16-byte boundary.
    return log2_of(block) >= 0 && k % block == 0 && k % (128 / bits) == 0 ? cudaSuccess : cudaErrorInvalidValue;
}

int64_t gt_workspace_bytes(int32_t m, int32_t k) {
    if (!device().hopper || m <= 0 || k <= 0)
        return 0;
    constexpr int64_t kLargestTile = 128, kLargestChunk = 128;
    return (m + kLargestTile - 1) / kLargestTile * kLargestTile * ((k + kLargestChunk - 1) / kLargestChunk * kLargestChunk) * 2;
}

int gt_matmul(const gt_matmul_args* args, void* stream) {
    const int check = args == nullptr || args->m < 0 ? cudaErrorInvalidValue : gt_matmul_check(args->n, args->k, args->bits, args->block, args->swiglu);
    if (check != cudaSuccess)
        return check;
    if (args->m == 0)
        return cudaSuccess;
    MatmulArgs a = {};
    a.x = static_cast<const __half*>(args->x);
    a.weights = static_cast<const uint8_t*>(args->weights);
    a.scales = static_cast<const __half*>(args->scales);
    a.zero_points = static_cast<const uint8_t*>(args->zero_points);
    a.bias = static_cast<const __half*>(args->bias);
    a.residual = static_cast<const __half*>(args->residual);
    a.y = static_cast<__half*>(args->y);
    a.m = args->m, a.n = args->n, a.k = args->k;
    a.swiglu = args->swiglu != 0;
    if (args->bits != 16) {
        a.block_shift = log2_of(args->block);
        a.blocks_per_row = args->k >> a.block_shift;
        a.zero_point_pitch = (a.blocks_per_row * args->bits + 7) / 8;
    }
    Tile tile = plan(a.m, a.n, a.k, args->bits, device());
    if (args->tile != 0)
        tile = {args->tile >= 20000, args->tile / 100 % 100, args->tile % 100};
    if (tile.wide && args->workspace == nullptr)
        return cudaErrorInvalidValue;
    const auto s = static_cast<cudaStream_t>(stream);
    // The short way through dequantisation: one scale for a lane's 16 bytes, and the middle code as zero.
    const bool general = args->zero_points != nullptr || (args->bits == 4 && args->block == 16);
    switch (args->bits) {
        case 4: return run4(a, general, tile, args->workspace, s);
        case 8: return run8(a, general, tile, args->workspace, s);
        default: return run16(a, tile, args->workspace, s);
    }
}

int gt_allocate(void** pointer, int64_t bytes) { return pointer == nullptr || bytes < 0 ? cudaErrorInvalidValue : cudaMalloc(pointer, bytes); }

int gt_free(void* pointer) { return cudaFree(pointer); }

int gt_copy(void* to, const void* from, int64_t bytes, void* stream) {
    return cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, static_cast<cudaStream_t>(stream));
}

const char* gt_error_text(int32_t code) { return cudaGetErrorString(static_cast<cudaError_t>(code)); }
