"""Efficiencies of single kernels, fitted on measured tables: `python -m benchmarks.fit_microbenchmarks FOLDER`.

FOLDER is `aiconfigurator_core/systems/data` of the package aiconfigurator-core 0.12.0 (Apache-2.0), which is needed for this fit only;
its tables are not part of this repository. Each table is fitted by a sum that is linear in its three unknowns: operations at a share of
the peak rate, traffic at a share of the bandwidth, and a start. Of the libraries that measured one GPU the median counts.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import least_squares

from sweep.catalog import entries

# folder of the tables: entry of the catalogue
SYSTEMS = {
    "a100_sxm": "a100-sxm-80gb",
    "h100_sxm": "h100-sxm",
    "h200_sxm": "h200-sxm",
    "b200_sxm": "b200-sxm",
    "b300_sxm": "b300-sxm",
    "gb200": "gb200-nvl72",
    "gb300": "gb300-nvl72",
}
SMALLEST = 512  # rows, columns and sums of a product, and positions of a sequence, from which on tables count
FEWEST = 200
MESSAGE = 2e6  # elements of 16 bits


def gemms(folder: Path) -> Iterator[tuple[Any, Any, Any]]:
    """Operations, operand bytes and seconds of 16-bit products, library by library."""
    for file in sorted(folder.glob("gemm/*/*/gemm_perf.parquet")):
        table = pd.read_parquet(file)
        chosen = table[(table.gemm_dtype == "bfloat16") & (table[["m", "n", "k"]].min(axis=1) >= SMALLEST)]
        best = chosen.groupby(["m", "n", "k"]).latency.min().reset_index()
        if len(best) >= FEWEST:
            m, n, k = (best[name].to_numpy(float) for name in "mnk")
            yield 2 * m * n * k, 2 * (m * k + k * n + m * n), best.latency.to_numpy() * 1e-3


def attention(folder: Path) -> Iterator[tuple[Any, Any, Any]]:
    """Operations, operand bytes and seconds of the causal core of attention with heads of 128, library by library."""
    for file in sorted(folder.glob("attention/*/*/context_attention_perf.parquet")):
        table = pd.read_parquet(file)
        if "window_size" in table:
            table = table[table.window_size == 0]
        sixteen = (table.attn_dtype == "bfloat16") & (table.kv_cache_dtype == "bfloat16")
        whole = (table.step == 0) & (table.head_dim == 128) & (table.isl >= SMALLEST) & (table.batch_size * table.num_heads >= 16)
        x = table[sixteen & whole]
        if len(x) >= FEWEST:
            tokens = (x.batch_size * x.isl).to_numpy(float)
            flops = 2 * tokens * (x.num_heads * x.isl * x.head_dim).to_numpy(float)
            traffic = 2 * tokens * (x.head_dim * (2 * x.num_heads + 2 * x.num_key_value_heads)).to_numpy(float)
            yield flops, traffic, x.latency.to_numpy() * 1e-3


def collectives(folder: Path) -> Iterator[tuple[Any, Any, Any]]:
    """Nothing, bytes through one GPU and seconds of NCCL collectives on messages as large as training's, by operation and GPUs."""
    for file in sorted(folder.glob("comm/nccl/*/nccl_perf.parquet"))[-1:]:
        table = pd.read_parquet(file)
        table = table[(table.nccl_dtype == "half") & (table.message_size >= MESSAGE)]
        for (operation, gpus), x in table.groupby(["op_name", "num_gpus"]):
            passes = (2 if operation == "all_reduce" else 1) * (gpus - 1) / gpus
            moved = 2 * passes * x.message_size.to_numpy(float)
            yield np.zeros_like(moved), moved, x.latency.to_numpy() * 1e-3


def linear(flops: Any, traffic: Any, seconds: Any, rate: float, bandwidth: float) -> tuple[float, float, float]:
    """Share of the rate, share of the bandwidth, and start in seconds, by least squares of the relative error."""

    def error(unknown: Any) -> Any:
        share, width, start = unknown
        return np.log((flops / (share * rate) + traffic / (width * bandwidth) + start * 1e-6) / seconds)

    found = least_squares(error, [0.7, 0.7, 5], bounds=([0.05, 0.02, 0], [1.5, 30, 500]), loss="soft_l1")
    return found.x[0], found.x[1], found.x[2] * 1e-6


def main(folder: Path) -> None:
    """Print the constants of each GPU, as configs/ has them."""
    for system, entry in SYSTEMS.items():
        figures = {key[0]: figure.value for key, figure in entries.entry("gpu", entry).figures.items() if not key[1]}
        rate, bandwidth, link = (figures[name] for name in ("peak_rate_16bit", "hbm_bandwidth", "scaleup_bandwidth"))
        products = [linear(*table, rate, bandwidth) for table in gemms(folder / system)]
        cores = [linear(*table, rate, bandwidth) for table in attention(folder / system)]
        rings = [linear(*table, rate, link) for table in collectives(folder / system)]
        print(
            f"{entry:14} gemm_efficiency {median(p[0] for p in products):.3f}  operand_exposure {median(1 / p[1] for p in products):.2f}"
            f"  attention_efficiency {median(c[0] for c in cores):.3f}  attention_exposure {median(1 / c[1] for c in cores):.1f}"
            f"  gemm_start_time {1e6 * median(p[2] for p in products):.1f} us"
            f"  scaleup_efficiency {median(r[1] for r in rings):.2f}  collective_start_time {1e6 * median(r[2] for r in rings):.0f} us"
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
