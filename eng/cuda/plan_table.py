#!/usr/bin/env python3
"""Writes the table of the best tile for each measured size. Usage: plan_table.py <csv of check.py tune> > GreenTune.Inference/Cuda/Kernels/plan_table.inc"""
import csv, sys

best = {}
with open(sys.argv[1]) as file:
    for row in csv.DictReader(file):
        key = tuple(int(row[name]) for name in ("bits", "m", "n", "k"))
        us, tile = float(row["us"]), int(row["tile"])
        if key not in best or us < best[key][0]:
            best[key] = us, tile
print("// {bits, m, n, k, tile}: made by eng/cuda/plan_table.py from measurements on one H200; tiles as in gt_matmul_args.")
for key, (us, tile) in sorted(best.items()):
    print("{" + ", ".join(map(str, key)) + f", {tile}}},  // {us:.1f} us")
