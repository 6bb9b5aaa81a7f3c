#include <math.h>
#include "matmul.cuh"

namespace greentune {

struct Measured {
    int bits, m, n, k, tile;
};

static const Measured kMeasured[] = {
#include "plan_table.inc"
};

static Tile tile_of(int code) { return {code >= 20000, code / 100 % 100, code % 100}; }

// What every device since Ampere can run.
static Tile portable(int m, int k, int bits) {
    const int variant = m <= 8 ? 0 : m <= 16 ? 4 : 5;
    const int chunks = (k * bits + 511) / 512;
    int warps = 1;
    while (warps < 8 && warps * 2 <= chunks)
        warps *= 2;
    return {false, variant, warps};
}

Tile plan(int m, int n, int k, int bits, const Device& device) {
    if (!device.hopper)
        return portable(m, k, bits);
    constexpr int kLargest = 128;
    const int rows = m < kLargest ? m : kLargest;
    const Measured* nearest = nullptr;
    double least = 0;
    for (const Measured& entry : kMeasured) {
        if (entry.bits != bits)
            continue;
        // The number of tokens decides most, then the rows, which fill the device, then the columns.
        const double tokens = entry.m < rows ? 1000 + rows - entry.m : 10 * log2(static_cast<double>(entry.m) / rows);
        const double distance = tokens + 1.5 * fabs(log2(static_cast<double>(entry.n) / n)) + fabs(log2(static_cast<double>(entry.k) / k));
        if (nearest == nullptr || distance < least)
            nearest = &entry, least = distance;
    }
    if (nearest == nullptr)
        return portable(m, k, bits);
    Tile tile = tile_of(nearest->tile);
    const int chunks = (k * bits + 511) / 512;
    if (tile.wide && m > kLargest)
        tile.share = tile.share * kLargest / m;
    if (tile.share > chunks)
        tile.share = chunks;
    if (tile.share < 1)
        tile.share = 1;
    return tile;
}

}  // namespace greentune
