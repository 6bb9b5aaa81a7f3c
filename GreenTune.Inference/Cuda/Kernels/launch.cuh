// Starts a kernel so that it may overlap the end of its predecessor in the stream (programmatic dependent launch, Hopper and later).
#pragma once
#include <cuda_runtime.h>

namespace greentune {

struct Device {
    int multiprocessors = 0;
    bool hopper = false;      // has wgmma and clusters as the wide kernels use them
    bool overlapping = false; // knows programmatic dependent launch
};

// The device that gt_initialize found.
const Device& device();

template <typename... Parameters, typename... Arguments>
cudaError_t launch(void (*kernel)(Parameters...), dim3 grid, int threads, int shared, int cluster, cudaStream_t stream, Arguments... arguments) {
    cudaLaunchConfig_t config = {};
    config.gridDim = grid;
    config.blockDim = dim3(threads);
    config.dynamicSmemBytes = shared;
    config.stream = stream;
    cudaLaunchAttribute attributes[2];
    if (device().overlapping) {
        attributes[config.numAttrs].id = cudaLaunchAttributeProgrammaticStreamSerialization;
        attributes[config.numAttrs++].val.programmaticStreamSerializationAllowed = 1;
    }
    if (cluster > 1) {
        attributes[config.numAttrs].id = cudaLaunchAttributeClusterDimension;
        attributes[config.numAttrs].val.clusterDim.x = cluster;
        attributes[config.numAttrs].val.clusterDim.y = 1;
        attributes[config.numAttrs++].val.clusterDim.z = 1;
    }
    config.attrs = attributes;
    return cudaLaunchKernelEx(&config, kernel, static_cast<Parameters>(arguments)...);
}

}  // namespace greentune
