#include "matmul.cuh"

namespace greentune {

cudaError_t run8(const MatmulArgs& a, bool general, Tile tile, cudaStream_t stream) {
    return general ? run<8, true>(a, tile, stream) : run<8, false>(a, tile, stream);
}

}  // namespace greentune
