// Which kernels there are for one kind of weights, and how each is started.
#pragma once
#include "launch.cuh"
#include "narrow.cuh"
#include "wide.cuh"

namespace greentune {

// A kernel and how it is laid over the device. Narrow: `share` warps of a block split the columns. Wide: `share` blocks of a cluster do.
struct Tile {
    bool wide;
    int variant;
    int share;
};

constexpr int kNarrowVariants = 6;
constexpr int kNarrowRows[kNarrowVariants] = {16, 32, 64, 16, 32, 32};
constexpr int kNarrowTokens[kNarrowVariants] = {8, 8, 8, 16, 16, 32};
constexpr int kWideVariants = 8;
constexpr int kWideRows[kWideVariants] = {128, 128, 128, 128, 64, 64, 64, 64};
constexpr int kWideTokens[kWideVariants] = {16, 32, 64, 128, 16, 32, 64, 128};

constexpr int kMaximalWarps = 16;

template <int kBits, bool kGeneral, int kRowTiles, int kTokenTiles, int kAhead>
cudaError_t run_narrow(const MatmulArgs& a, int warps, cudaStream_t stream) {
    constexpr int kRows = 16 * kRowTiles, kTokens = 8 * kTokenTiles;
    const dim3 grid((a.n + kRows - 1) / kRows, (a.m + kTokens - 1) / kTokens);
    return launch(narrow_kernel<kBits, kRowTiles, kTokenTiles, kAhead, kGeneral>, grid, 32 * warps, warps * kRows * (kTokens + 1) * 4, 1, stream, a);
}

template <int kBits, bool kGeneral, int kWarpgroups, int kTokens, int kStages, int kAhead, int kBlocks>
cudaError_t run_wide(MatmulArgs a, int splits, void* workspace, cudaStream_t stream) {
    using C = Codes<kBits>;
    using Shape = WideShape<kBits, kWarpgroups, kTokens, kStages, kAhead>;
    const auto kernel = wide_kernel<kBits, kWarpgroups, kTokens, kStages, kAhead, kBlocks, kGeneral>;
    static const cudaError_t prepared = cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, Shape::kShared);
    if (prepared != cudaSuccess)
        return prepared;
    const int token_tiles = (a.m + kTokens - 1) / kTokens;
    const int tiles = (a.n + Shape::kRows - 1) / Shape::kRows;
    const int items = token_tiles * kTokens * ((a.k + C::kChunk - 1) / C::kChunk) * C::kPieces;
    constexpr int kArrangeThreads = 128;
    const cudaError_t arranged = launch(arrange_kernel<kBits>, dim3((items + kArrangeThreads - 1) / kArrangeThreads), kArrangeThreads, 0, 1, stream, a.x,
                                        static_cast<uint4*>(workspace), a.m, a.k, kTokens, items);
    if (arranged != cudaSuccess)
        return arranged;
    a.x = static_cast<const __half*>(workspace);
    return launch(kernel, dim3(tiles * token_tiles * splits), Shape::kThreads, Shape::kShared, splits, stream, a, token_tiles);
}

template <int kBits, bool kGeneral>
cudaError_t run(const MatmulArgs& a, Tile tile, void* workspace, cudaStream_t stream) {
    constexpr int f = 16 / kBits >= 2 ? 1 : 2;  // 16 bytes of fp16 weights hold fewer columns
    if (!tile.wide) {
        switch (tile.variant) {
            case 0: return run_narrow<kBits, kGeneral, 1, 1, (kBits == 4 ? 3 : 4 * f)>(a, tile.share, stream);
            case 1: return run_narrow<kBits, kGeneral, 2, 1, 2 * f>(a, tile.share, stream);
            case 2: return run_narrow<kBits, kGeneral, 4, 1, 1 * f>(a, tile.share, stream);
            case 3: return run_narrow<kBits, kGeneral, 1, 2, (kBits == 4 ? 1 : 2 * f)>(a, tile.share, stream);
            case 4: return run_narrow<kBits, kGeneral, 2, 2, 1 * f>(a, tile.share, stream);
            case 5: return run_narrow<kBits, kGeneral, 2, 4, 1>(a, tile.share, stream);
        }
    } else if constexpr (kBits != 16) {
        switch (tile.variant) {
            case 0: return run_wide<kBits, kGeneral, 2, 16, 4, 8, 2>(a, tile.share, workspace, stream);
            case 1: return run_wide<kBits, kGeneral, 2, 32, 4, 8, 2>(a, tile.share, workspace, stream);
            case 2: return run_wide<kBits, kGeneral, 2, 64, 4, 8, 1>(a, tile.share, workspace, stream);
            case 3: return run_wide<kBits, kGeneral, 2, 128, 3, 8, 1>(a, tile.share, workspace, stream);
            case 4: return run_wide<kBits, kGeneral, 1, 16, 4, 8, 4>(a, tile.share, workspace, stream);
            case 5: return run_wide<kBits, kGeneral, 1, 32, 4, 8, 4>(a, tile.share, workspace, stream);
            case 6: return run_wide<kBits, kGeneral, 1, 64, 3, 8, 3>(a, tile.share, workspace, stream);
            case 7: return run_wide<kBits, kGeneral, 1, 128, 2, 8, 2>(a, tile.share, workspace, stream);
        }
    }
    return cudaErrorInvalidValue;
}

cudaError_t run4(const MatmulArgs& a, bool general, Tile tile, void* workspace, cudaStream_t stream);
cudaError_t run8(const MatmulArgs& a, bool general, Tile tile, void* workspace, cudaStream_t stream);
cudaError_t run16(const MatmulArgs& a, Tile tile, void* workspace, cudaStream_t stream);

// The tile that measured best for these sizes.
Tile plan(int m, int n, int k, int bits, const Device& device);

}  // namespace greentune
