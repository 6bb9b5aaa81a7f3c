#!/usr/bin/env bash
# Builds libgreentune_cuda.so. Usage: eng/cuda/build.sh <output folder> [--hopper-only]
# Needs nvcc 12.4 or newer (13.0 was used) and a C++ compiler.
set -euo pipefail

output=${1:?usage: eng/cuda/build.sh <output folder> [--hopper-only]}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source=$here/../../GreenTune.Inference/Cuda/Kernels
nvcc=${NVCC:-$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)}
[ -x "$nvcc" ] || { echo "eng/cuda/build.sh: nvcc was not found; install CUDA's compiler or set NVCC to its path" >&2; exit 1; }

targets=(-gencode arch=compute_90a,code=sm_90a)
if [ "${2:-}" != --hopper-only ]; then
    targets+=(-gencode arch=compute_80,code=sm_80 -gencode arch=compute_86,code=sm_86 -gencode arch=compute_89,code=sm_89)
    # Newer devices compile this at start.
    targets+=(-gencode arch=compute_90,code=compute_90)
fi

mkdir -p "$output"
objects=$(mktemp -d)
trap 'rm -rf "$objects"' EXIT
jobs=()
for file in "$source"/*.cu; do
    "$nvcc" -O3 -std=c++17 -t 0 "${targets[@]}" -Xcompiler -fPIC,-fvisibility=hidden ${NVCC_FLAGS:-} -c "$file" -o "$objects/$(basename "$file" .cu).o" &
    jobs+=($!)
done
for job in "${jobs[@]}"; do wait "$job"; done
"$nvcc" -shared "${targets[@]}" -o "$output/libgreentune_cuda.so.new" "$objects"/*.o
mv "$output/libgreentune_cuda.so.new" "$output/libgreentune_cuda.so"
