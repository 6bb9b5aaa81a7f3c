#include "matmul.cuh"

namespace greentune {

cudaError_t run8(const MatmulArgs& a, bool general, Tile tile, void* workspace, cudaStream_t stream) {
    return general ? run<8, true>(a, tile, workspace, stream) : run<8, false>(a, tile, workspace, stream);
}

}  // namespace greentune
