#include "matmul.cuh"

namespace greentune {

cudaError_t run4(const MatmulArgs& a, bool general, Tile tile, void* workspace, cudaStream_t stream) {
    return general ? run<4, true>(a, tile, workspace, stream) : run<4, false>(a, tile, workspace, stream);
}

}  // namespace greentune
