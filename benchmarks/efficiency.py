"""What each technique saves, alone and together: `python -m benchmarks.efficiency` prints a table from configs/studies/efficiency.yaml.

What belongs here: which corner of the study is the start, which label of each axis is the technique, and the ratios between corners. In
every corner the number of pipeline stages is the one that takes least energy, so that a smaller model may stand on fewer GPUs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import xarray

from sweep.catalog.parameters import folder
from sweep.store.run import run
from sweep.study.parse import open_study

FORMATS = (("bf16", "16", 16), ("fp8", "8", 8), ("fp4", "4.5", 8))  # precision, bits of weights, bits of keys and values
BF16, FP8, FP4 = (f"serving_precision={precision}, weight_bits={bits}, kv_bits={keys}" for precision, bits, keys in FORMATS)
WH = 3600.0


@dataclass(frozen=True)
class Technique:
    """A label on one axis of the study in place of the one at the start; `else_label` where the first is not possible."""

    title: str
    axis: str
    start: str | float
    label: str | float
    else_label: str | float | None = None


TECHNIQUES = (
    Technique("GB200 in place of H100", "gpu", "h100-sxm", "gb200-nvl72"),
    Technique("mixture of experts (DeepSeek-V3) in place of 405 B dense", "model", "llama-3.1-405b", "deepseek-v3"),
    Technique("4-bit weights (8-bit on H100) and 8-bit keys and values", "format", BF16, FP4, FP8),
    Technique("speculative decoding, one token ahead", "draft_tokens", 0.0, 1.0),
    Technique("largest batch within the latency targets", "operating_point", "concurrency", "latency_target"),
)


def energy(cube: xarray.Dataset, chosen: set[str]) -> float:
    """Least energy of one query (J) over pipeline stages with the techniques on the chosen axes; NaN where none is possible."""
    first = {one.axis: one.label if one.axis in chosen else one.start for one in TECHNIQUES}
    other = {one.axis: one.else_label for one in TECHNIQUES if one.axis in chosen and one.else_label is not None}
    for labels in (first, first | other):
        found = float(cube["energy_per_query"].sel(labels).min())
        if math.isfinite(found):
            return found
    return math.nan


def table(cube: xarray.Dataset) -> list[tuple[str, float, float]]:
    """Per technique: its title, the energy of a query with it alone, and with all but it, in J."""
    every = {one.axis for one in TECHNIQUES}
    return [(one.title, energy(cube, {one.axis}), energy(cube, every - {one.axis})) for one in TECHNIQUES]


def main() -> None:
    cube = run(open_study(folder() / "studies" / "efficiency.yaml"))
    start, together = energy(cube, set()), energy(cube, {one.axis for one in TECHNIQUES})
    print(f"| technique | it alone, Wh/query | saves | all but it, Wh/query | saves beside the others |\n{'| --- ' * 5}|")
    for title, alone, without in table(cube):
        print(f"| {title} | {alone / WH:.3g} | {start / alone:.2f} x | {without / WH:.3g} | {without / together:.2f} x |")
    print(f"| none, all | {start / WH:.3g} | {start / together:.0f} x | {together / WH:.3g} | |")


if __name__ == "__main__":
    main()
