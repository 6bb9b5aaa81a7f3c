#!/usr/bin/env python3
"""Checks and times libgreentune_cuda.so on a GPU machine. Needs PyTorch with CUDA, nothing of .NET.

    check.py <libgreentune_cuda.so> check            every kernel against float32 arithmetic of PyTorch
    check.py <libgreentune_cuda.so> time [csv]       the planned kernels over model shapes, beside cuBLAS fp16 and the memory roofline
    check.py <libgreentune_cuda.so> rows [tiles]     attention (by every tile), norms and the token choice
    check.py <libgreentune_cuda.so> tune <csv>       every tile over model shapes: what plan.cu's table is made from
"""
import ctypes, itertools, sys
import torch


class Args(ctypes.Structure):
    _fields_ = [(name, ctypes.c_void_p) for name in ("x", "weights", "scales", "zero_points", "bias", "residual", "workspace", "y")] + \
               [(name, ctypes.c_int32) for name in ("m", "n", "k", "bits", "block", "swiglu", "tile")]


class AttentionArgs(ctypes.Structure):
    _fields_ = [(name, ctypes.c_void_p) for name in ("qkv", "keys", "values", "cosines", "sines", "lengths", "y")] + \
               [(name, ctypes.c_int32) for name in ("batch", "sequence", "heads", "kv_heads", "head_size", "capacity", "window")] + [("scale", ctypes.c_float), ("tile", ctypes.c_int32)]


library = ctypes.CDLL(sys.argv[1])
library.gt_matmul.argtypes = [ctypes.POINTER(Args), ctypes.c_void_p]
library.gt_silu_mul.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int32, ctypes.c_int32, ctypes.c_void_p]
library.gt_attention.argtypes = [ctypes.POINTER(AttentionArgs), ctypes.c_void_p]
library.gt_add_norm.argtypes = [ctypes.c_void_p] * 5 + [ctypes.c_int64, ctypes.c_int32, ctypes.c_float, ctypes.c_void_p]
library.gt_greedy.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int32, ctypes.c_int32, ctypes.c_void_p]
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
    check_rows()
    check_attention()
    torch.cuda.synchronize()
    print(f"{count} checks, largest relative error of a product {worst:.2e}")


class Cache:
    def __init__(self, batch, heads, kv_heads, size, capacity):
        self.batch, self.heads, self.kv_heads, self.size, self.capacity = batch, heads, kv_heads, size, capacity
        self.keys = torch.randn(batch, kv_heads, capacity, size, device=device).half()
        self.values = torch.randn(batch, kv_heads, capacity, size, device=device).half()
        angles = torch.arange(capacity, device=device)[:, None] / 10000 ** (torch.arange(0, size, 2, device=device) / size)[None]
        self.cosines, self.sines = angles.cos().half(), angles.sin().half()

    def attend(self, qkv, lengths, y, window=0, tile=0):
        args = AttentionArgs(pointer(qkv), pointer(self.keys), pointer(self.values), pointer(self.cosines), pointer(self.sines), pointer(lengths), pointer(y),
                             self.batch, qkv.shape[1], self.heads, self.kv_heads, self.size, self.capacity, window, self.size ** -.5, tile)
        code = library.gt_attention(ctypes.byref(args), torch.cuda.current_stream().cuda_stream)
        assert code == 0, code

    def rotated(self, x, positions):
        c, s = (t.float()[positions][:, None] for t in (self.cosines, self.sines))
        a, b = x.float().chunk(2, -1)
        return torch.cat((a * c - b * s, b * c + a * s), -1)

    def reference(self, qkv, pasts, window):
        """The result and the caches after, by float32 arithmetic."""
        sequence, group = qkv.shape[1], self.heads // self.kv_heads
        keys, values, results = self.keys.clone(), self.values.clone(), []
        for row, past in enumerate(pasts):
            heads = qkv[row].reshape(sequence, -1, self.size)
            positions = torch.arange(past, past + sequence, device=device)
            q = self.rotated(heads[:, :self.heads], positions)
            keys[row, :, positions] = self.rotated(heads[:, self.heads:self.heads + self.kv_heads], positions).half().transpose(0, 1)
            values[row, :, positions] = heads[:, self.heads + self.kv_heads:].transpose(0, 1)
            k, v = (t[row, :, :past + sequence].float().repeat_interleave(group, 0) for t in (keys, values))
            scores = q.transpose(0, 1) @ k.transpose(1, 2) * self.size ** -.5
            distance = positions[:, None] - torch.arange(past + sequence, device=device)[None]
            scores.masked_fill_((distance < 0) | ((distance >= window) & (window > 0)), -float("inf"))
            results.append((scores.softmax(-1) @ v).transpose(0, 1).reshape(sequence, -1))
        return torch.stack(results), keys, values


def check_attention():
    worst, count = 0.0, 0
    for size, (heads, kv_heads), window in itertools.product((64, 128), ((8, 2), (32, 4), (6, 6), (14, 2), (32, 8)), (0, 40)):
        for batch, sequence, capacity in ((1, 1, 512), (3, 1, 300), (40, 1, 1000), (1, 7, 300), (1, 33, 512), (1, 200, 700), (3, 50, 64), (1, 1, 2048)):
            pasts = [0] * batch if sequence > 1 and batch > 1 else torch.randint(0, capacity - sequence + 1, (batch,)).tolist()
            if sequence == 1 and batch > 1:
                pasts[0], pasts[1] = 0, capacity - 1
            cache = Cache(batch, heads, kv_heads, size, capacity)
            qkv = torch.randn(batch, sequence, (heads + 2 * kv_heads) * size, device=device).half()
            lengths = torch.tensor([past + sequence - 1 for past in pasts], device=device, dtype=torch.int32)
            expected, keys, values = cache.reference(qkv, pasts, window)
            y = torch.full((batch, sequence, heads * size), float("nan"), device=device, dtype=torch.half)
            cache.attend(qkv, lengths, y, window)
            torch.cuda.synchronize()
            errors = relative(y, expected), relative(cache.keys, keys.float()), relative(cache.values, values.float())
            worst, count = max(worst, errors[0] if errors[0] == errors[0] else 9e9), count + 1
            if not (errors[0] < 2e-3 and errors[1] < 1e-3 and errors[2] == 0):
                print(f"WRONG attention {errors} size={size} heads={heads}/{kv_heads} window={window} batch={batch} sequence={sequence} capacity={capacity} pasts={pasts[:4]}")
    print(f"{count} checks of attention, largest relative error {worst:.2e}")


def check_rows():
    stream = torch.cuda.current_stream().cuda_stream
    for rows, width in ((1, 64), (5, 2048), (300, 4096), (7, 200), (2, 8192)):
        for skipped, summed in ((True, True), (True, False), (False, False)):
            x, s, w = (torch.randn(shape, device=device).half() for shape in ((rows, width), (rows, width), (width,)))
            y, total = (torch.full((rows, width), float("nan"), device=device, dtype=torch.half) for _ in range(2))
            code = library.gt_add_norm(pointer(x), pointer(s) if skipped else None, pointer(w), pointer(y), pointer(total) if summed else None, rows, width, 1e-5, stream)
            added = x + s if skipped else x
            f = added.float()
            expected = f * torch.rsqrt(f.square().mean(-1, keepdim=True) + 1e-5) * w.float()
            if code != 0 or not relative(y, expected) < 1e-3 or (summed and not torch.equal(total, added)):
                print(f"WRONG add_norm {code} {relative(y, expected):.2e} rows={rows} width={width} skip={skipped}")
    for rows, vocabulary, dtype in itertools.product((1, 9, 130), (7, 1000, 32000, 151936), (torch.half, torch.float)):
        logits = (torch.randn(rows, vocabulary, device=device) * 3).to(dtype)
        logits[0, vocabulary // 2] = logits[0].max()
        tokens = torch.full((rows,), -1, device=device, dtype=torch.int64)
        code = library.gt_greedy(pointer(logits), pointer(tokens), rows, vocabulary, 1 if dtype == torch.half else 3, stream)
        first = (logits == logits.max(-1, keepdim=True).values).int().argmax(-1)
        if code != 0 or not torch.equal(tokens, first):
            print(f"WRONG greedy {code} rows={rows} vocabulary={vocabulary} {dtype} {tokens[:4]} {first[:4]}")
    print("rows checked")


def time_rows(all_tiles=""):
    tiles = [100 * warps + splits for warps in (4, 8) for splits in (1, 2, 4, 8)] if all_tiles else []
    for (heads, kv_heads, size, name), context in itertools.product(((32, 4, 64, "1.1B"), (32, 8, 128, "7B")), (512, 4000)):
        for batch in (1, 8, 32, 128):
            if batch * context > 140000:
                continue
            capacity = 1024 if context == 512 else 4096
            sets = [Cache(batch, heads, kv_heads, size, capacity) for _ in range(max(2, min(40, int(3e8 / (batch * kv_heads * size * context * 4)))))]
            qkv = torch.randn(batch, 1, (heads + 2 * kv_heads) * size, device=device).half()
            lengths = torch.full((batch,), context - 1, device=device, dtype=torch.int32)
            y = torch.empty(batch, 1, heads * size, device=device).half()
            took = {tile: graph_time([lambda c=c: c.attend(qkv, lengths, y, tile=tile) for c in sets]) * 1e6 for tile in (0, *tiles)}
            best = " ".join(f"{tile}:{us:.1f}" for tile, us in sorted(took.items(), key=lambda pair: pair[1])[:6] if tile != 0)
            print(f"attention {name} batch {batch} context {context}: {took[0]:.1f} us, floor {batch * kv_heads * size * context * 4 / 4.3e6:.1f} {best}", flush=True)
            del sets
    for heads, kv_heads, size, sequence, past in ((32, 4, 64, 256, 0), (32, 8, 128, 256, 0), (32, 8, 128, 512, 512), (32, 8, 128, 1024, 7000)):
        cache = Cache(1, heads, kv_heads, size, 8192)
        qkv = torch.randn(1, sequence, (heads + 2 * kv_heads) * size, device=device).half()
        lengths = torch.tensor([past + sequence - 1], device=device, dtype=torch.int32)
        y = torch.empty(1, sequence, heads * size, device=device).half()
        print(f"prompt {sequence} after {past}, {heads}/{kv_heads} heads of {size}: {graph_time([lambda: cache.attend(qkv, lengths, y)] * 4) * 1e6:.1f} us")
    for rows in (1, 32, 128):
        stream = lambda: torch.cuda.current_stream().cuda_stream
        logits, tokens = torch.randn(rows, 32000, device=device).half(), torch.empty(rows, device=device, dtype=torch.int64)
        x, w, y = torch.randn(rows, 2048, device=device).half(), torch.ones(2048, device=device).half(), torch.empty(rows, 2048, device=device).half()
        greedy = graph_time([lambda: library.gt_greedy(pointer(logits), pointer(tokens), rows, 32000, 1, stream())] * 20)
        norm = graph_time([lambda: library.gt_add_norm(pointer(x), pointer(x), pointer(w), pointer(y), pointer(y), rows, 2048, 1e-5, stream())] * 20)
        print(f"rows {rows}: greedy {greedy * 1e6:.2f} us, add_norm {norm * 1e6:.2f} us")


def graph_time(calls, repeats=5):
    """Median seconds of one call, replayed from a CUDA graph that holds each of the calls once."""
    torch.cuda.synchronize()
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
    {"check": check, "time": time, "tune": tune, "rows": time_rows}[sys.argv[2]](*sys.argv[3:])
