#include "matmul.cuh"

namespace greentune {

cudaError_t run16(const MatmulArgs& a, Tile tile, cudaStream_t stream) { return run<16, false>(a, tile, stream); }

}  // namespace greentune
