#!/usr/bin/env python3
"""Checks and times libgreentune_cuda.so on a GPU machine. Needs PyTorch with CUDA, nothing of .NET.

    check.py <libgreentune_cuda.so> check            every kernel against float32 arithmetic of PyTorch
    check.py <libgreentune_cuda.so> time [csv]       the planned kernels over model shapes, beside cuBLAS fp16 and the memory roofline
    check.py <libgreentune_cuda.so> tune <csv>       every tile over model shapes: what plan.cu's table is made from
"""
import ctypes, itertools, sys
import torch


class Args(ctypes.Structure):
    _fields_ = [(name, ctypes.c_void_p) for name in ("x", "weights", "scales", "zero_points", "bias", "residual", "workspace", "y")] + \
               [(name, ctypes.c_int32) for name in ("m", "n", "k", "bits", "block", "swiglu", "tile")]


library = ctypes.CDLL(sys.argv[1])
library.gt_matmul.argtypes = [ctypes.POINTER(Args), ctypes.c_void_p]
library.gt_silu_mul.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int32, ctypes.c_int32, ctypes.c_void_p]
device = torch.device("cuda")
torch.backends.cuda.matmul.allow_tf32 = False


library.gt_workspace_bytes.restype = ctypes.c_int64
workspace = torch.empty(64 << 20, device=device, dtype=torch.uint8)


def pointer(tensor):
    return None if tensor is None else tensor.data_ptr()


class Weights:
    """Random codes in MatMulNBits' storage, and what they stand for."""

    def __init__(self, n, k, bits, block, zeros=False):
        self.n, self.k, self.bits, self.block = n, k, bits, block
        if bits == 16:
            self.codes = (torch.randn(n, k, device=device) / k ** .5).half()
            self.scales = self.zeros = None
            return
        self.codes = torch.randint(0, 256, (n, k // block, block * bits // 8), device=device, dtype=torch.uint8)
        self.scales = ((torch.rand(n * k // block, device=device) + .5) / (k ** .5 * 2 ** (bits - 1) * .6)).half()
        self.zeros = torch.randint(0, 256, (n, (k // block * bits + 7) // 8), device=device, dtype=torch.uint8) if zeros else None

    def bytes(self):
        return sum(t.numel() * t.element_size() for t in (self.codes, self.scales, self.zeros) if t is not None)

    def floats(self):
        if self.bits == 16:
            return self.codes.float()
        def unpacked(t, count):
            return torch.stack((t & 15, t >> 4), -1).reshape(self.n, -1)[:, :count].float() if self.bits == 4 else t.reshape(self.n, -1)[:, :count].float()
        blocks = self.k // self.block
        zeros = unpacked(self.zeros, blocks) if self.zeros is not None else torch.full((self.n, blocks), 2. ** (self.bits - 1), device=device)
        codes = unpacked(self.codes.reshape(self.n, -1), self.k).reshape(self.n, blocks, self.block)
        return ((codes - zeros[..., None]) * self.scales.float().reshape(self.n, blocks, 1)).reshape(self.n, self.k)


def matmul(x, w, y, bias=None, residual=None, swiglu=False, tile=0, expect=0):
    assert library.gt_workspace_bytes(x.shape[0], w.k) <= workspace.numel()
    args = Args(pointer(x), pointer(w.codes), pointer(w.scales), pointer(w.zeros), pointer(bias), pointer(residual), pointer(workspace), pointer(y),
                x.shape[0], w.n, w.k, w.bits, w.block, int(swiglu), tile)
    code = library.gt_matmul(ctypes.byref(args), torch.cuda.current_stream().cuda_stream)
    if code != expect:
        raise RuntimeError(f"gt_matmul returned {code} for m={x.shape[0]} n={w.n} k={w.k} bits={w.bits} tile={tile}")


def relative(a, b):
    return ((a.float() - b).norm() / b.norm().clamp_min(1e-20)).item()


NARROW = [10000 + 100 * v + s for v in range(6) for s in (1, 4, 8)] + [10016]
WIDE = [20000 + 100 * v + s for v in range(8) for s in (1, 2, 5, 8)]


def check():
    torch.manual_seed(torch.seed())
    worst, count = 0.0, 0

    def one(m, n, k, bits, block, zeros, bias, residual, swiglu, tile):
        nonlocal worst, count
        w = Weights(n, k, bits, block, zeros)
        x = torch.randn(m, k, device=device).half()
        width = n // 2 if swiglu else n
        b = torch.randn(n, device=device).half() if bias else None
        r = torch.randn(m, width, device=device).half() if residual else None
        y = torch.full((m, width), float("nan"), device=device, dtype=torch.half)
        guard = torch.full((4096,), 7.0, device=device, dtype=torch.half)
        matmul(x, w, y, b, r, swiglu, tile)
        torch.cuda.synchronize()
        expected = x.float() @ w.floats().T
        if bias:
            expected = expected + b.float()
        if swiglu:
            expected = torch.nn.functional.silu(expected[:, :width]) * expected[:, width:]
        if residual:
            expected = expected + r.float()
        error = relative(y, expected)
        worst, count = max(worst, error if error == error else 9e9), count + 1
        if not error < 1.5e-3 or not (guard == 7.0).all():
            print(f"WRONG {error:.2e} m={m} n={n} k={k} bits={bits} block={block} zeros={zeros} bias={bias} residual={residual} swiglu={swiglu} tile={tile}")

    shapes = [(1, 64, 128), (3, 70, 256), (8, 2560, 2048), (9, 100, 384), (16, 320, 1536), (17, 254, 640), (33, 130, 256), (128, 514, 512), (200, 192, 1024), (300, 258, 5632)]
    for (m, n, k), bits, swiglu in itertools.product(shapes, (4, 8, 16), (False, True)):
        for block, zeros, extra in ((32, False, False), (16, True, True), (128, True, False), (64, False, True), (16, False, False)) if bits != 16 else ((32, False, False), (32, False, True)):
            if k % block == 0:
                one(m, n, k, bits, block, zeros, extra, extra, swiglu, 0)
    hopper = torch.cuda.get_device_capability() == (9, 0)
    for tile in NARROW + (WIDE if hopper else []):
        for bits in (4, 8, 16) if tile < 20000 else (4, 8):
            one(37, 200, 1056 if bits == 4 else 1040, bits, 32 if bits == 4 else 16, False, True, True, False, tile)
            one(130, 300, 1056, bits, 32, True, False, False, True, tile)
            one(5, 4096, 4096, bits, 64, False, False, False, True, tile)
    w = Weights(64, 128, 4, 32)
    x = torch.randn(2, 128, device=device).half()
    y = torch.empty(2, 64, device=device).half()
    w.block = 24
    matmul(x, w, y, expect=1)
    for dtype, code in ((torch.half, 1), (torch.bfloat16, 2)):
        for rows, inner in ((1, 8), (3, 5632), (7, 13), (300, 1000), (2048, 14336)):
            x = torch.randn(rows, 2 * inner, device=device).to(dtype)
            y = torch.full((rows, inner), float("nan"), device=device, dtype=dtype)
            assert library.gt_silu_mul(x.data_ptr(), y.data_ptr(), rows, inner, code, torch.cuda.current_stream().cuda_stream) == 0
            error = relative(y, torch.nn.functional.silu(x.float()[:, :inner]) * x.float()[:, inner:])
            count += 1
            if not error < (1e-3 if code == 1 else 5e-3):
                print(f"WRONG silu_mul {error:.2e} rows={rows} width={inner} {dtype}")
    torch.cuda.synchronize()
    print(f"{count} checks, largest relative error of a product {worst:.2e}")


def graph_time(calls, repeats=5):
    """Median seconds of one call, replayed from a CUDA graph that holds each of the calls once."""
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        for call in calls[:2]:
            call()
        torch.cuda.synchronize()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, stream=stream):
            for call in calls:
                call()
        graph.replay()
        times = []
        for _ in range(repeats):
            start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
            start.record(stream)
            graph.replay()
            end.record(stream)
            end.synchronize()
            times.append(start.elapsed_time(end) / 1e3 / len(calls))
    return sorted(times)[len(times) // 2]


MODELS = {"1.1B": [("qkv", 2560, 2048, 0), ("o", 2048, 2048, 0), ("gate_up", 11264, 2048, 1), ("down", 2048, 5632, 0), ("head", 32000, 2048, 0)],
          "7B": [("qkv", 6144, 4096, 0), ("o", 4096, 4096, 0), ("gate_up", 28672, 4096, 1), ("down", 4096, 14336, 0), ("head", 32000, 4096, 0)]}


def copies(n, k, bits):
    """Sets of weights that together exceed the second-level cache several times."""
    one = Weights(n, k, bits, 32)
    return [one] + [Weights(n, k, bits, 32) for _ in range(max(3, int(300e6 / one.bytes())))]


def time(path=None):
    copied = torch.empty(2, 1 << 30, device=device, dtype=torch.uint8)
    bandwidth = 2 * 2 ** 30 / graph_time([lambda: copied[0].copy_(copied[1])] * 3)
    print(f"{torch.cuda.get_device_name()}: copy {bandwidth / 1e12:.2f} TB/s")
    del copied
    lines = ["model,matrix,n,k,m,int4_us,int8_us,own_fp16_us,cublas_fp16_us,int4_roofline,int8_roofline"]
    for (model, matrices), m in itertools.product(MODELS.items(), (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)):
        for name, n, k, swiglu in matrices:
            x = torch.randn(m, k, device=device).half()
            took, roof = {}, {}
            for bits in (4, 8, 16):
                if bits == 16 and m > 32:
                    continue
                sets = copies(n, k, bits)
                y = torch.empty(m, n // (1 + swiglu), device=device).half()
                took[bits] = graph_time([lambda w=w: matmul(x, w, y, swiglu=bool(swiglu)) for w in sets])
                roof[bits] = sets[0].bytes() / bandwidth / took[bits]
                del sets
            sets = copies(n, k, 16)
            out = torch.empty(m, n, device=device).half()
            cublas = graph_time([lambda w=w: torch.matmul(x, w.codes.T, out=out) for w in sets])
            del sets
            own = f"{took[16] * 1e6:.1f}" if 16 in took else ""
            lines.append(f"{model},{name},{n},{k},{m},{took[4] * 1e6:.1f},{took[8] * 1e6:.1f},{own},{cublas * 1e6:.1f},{roof[4]:.2f},{roof[8]:.2f}")
    print("\n".join(lines))
    if path:
        open(path, "w").write("\n".join(lines) + "\n")


def candidates(m, bits):
    if m <= 64:
        tokens = {0: 8, 1: 8, 2: 8, 3: 16, 4: 16, 5: 32}
        for variant in range(6):
            if tokens[variant] >= min(m, 32) and tokens[variant] < 4 * m + 8:
                yield from (10000 + 100 * variant + s for s in ((2, 4, 8, 16) if variant == 0 else (2, 4, 8)))
    if bits != 16:
        tokens = (16, 32, 64, 128, 16, 32, 64, 128)
        for variant in range(8):
            if 8 < m and tokens[variant] >= min(m, 128) and tokens[variant] <= 2 * max(m, 16):
                yield from (20000 + 100 * variant + s for s in (1, 2, 3, 4, 5, 6, 8))


def tune(path):
    with open(path, "w") as file:
        file.write("model,matrix,n,k,m,bits,tile,us\n")
        for (model, matrices), bits in itertools.product(MODELS.items(), (4, 8, 16)):
            for name, n, k, swiglu in matrices:
                sets = copies(n, k, bits)[:40]
                for m in (1, 4, 8, 16, 32, 64, 128):
                    x = torch.randn(m, k, device=device).half()
                    y = torch.empty(m, n // (1 + swiglu), device=device).half()
                    results = []
                    for tile in candidates(m, bits):
                        try:
                            took = graph_time([lambda w=w: matmul(x, w, y, swiglu=bool(swiglu), tile=tile) for w in sets], 3)
                        except RuntimeError as e:
                            torch.cuda.synchronize()
                            print(tile, str(e)[:80])
                            continue
                        results.append((took * 1e6, tile))
                        file.write(f"{model},{name},{n},{k},{m},{bits},{tile},{took * 1e6:.2f}\n")
                    results.sort()
                    if results:
                        roof = sets[0].bytes() / 4.3e12 * 1e6
                        print(f"{model} {name} m={m} bits={bits} floor {roof:.1f}: " + " ".join(f"{t}:{us:.1f}" for us, t in results[:3]), flush=True)
                del sets


if __name__ == "__main__":
    assert library.gt_initialize() == 0
    {"check": check, "time": time, "tune": tune}[sys.argv[2]](*sys.argv[3:])
