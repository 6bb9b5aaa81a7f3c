#include "matmul.cuh"

namespace greentune {

Tile plan(int m, int n, int k, int bits, const Device& device) {
    const int chunks = (k * bits + 511) / 512;
    if (m <= 8 || !device.hopper || bits == 16) {
        int variant = m <= 8 ? (n >= 8192 ? 1 : 0) : m <= 16 ? 4 : 5;
        int limit = variant == 5 ? 4 : 8;
        int warps = 1;
        while (warps < limit && warps * 2 <= chunks)
            warps *= 2;
        return {false, variant, warps};
    }
    const int variant = m <= 16 ? 4 : m <= 32 ? 5 : m <= 64 ? 2 : 3;
    const int blocks = (n + kWideRows[variant] - 1) / kWideRows[variant] * ((m + kWideTokens[variant] - 1) / kWideTokens[variant]);
    const int slots = device.multiprocessors * (kWideRows[variant] == 64 ? 2 : 1);
    int splits = 1;
    while (splits < 8 && blocks * (splits + 1) <= slots && (splits + 1) * 2 <= chunks)
        splits++;
    return {true, variant, splits};
}

}  // namespace greentune
