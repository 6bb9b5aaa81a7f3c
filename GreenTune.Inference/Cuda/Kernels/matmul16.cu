#include "matmul.cuh"

namespace greentune {

cudaError_t run16(const MatmulArgs& a, Tile tile, void* workspace, cudaStream_t stream) { return run<16, false>(a, tile, workspace, stream); }

}  // namespace greentune
