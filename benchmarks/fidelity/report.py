"""The report page. What belongs here: tables, plot and the worst rows, as markdown with a picture beside it or as one HTML file."""

from __future__ import annotations

import base64
import html
import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.fidelity import explain, tables
from benchmarks.fidelity.measures import by
from benchmarks.fidelity.score import UNITS, Score

WORST = 10
NOISE = 0.03
NOTE = 90
PREDICTED_BY = {
    "memory": "memory_per_gpu",
    "node_power": "server_power",
    "energy": "server_power",
    "energy_per_token": "energy_per_token_trained",
    "power": "serving_gpu_power",
    "energy_per_output_token": "chip_energy_per_output_token",
}
STYLE = "body{font:14px/1.4 sans-serif;max-width:75em;margin:2em auto;padding:0 1em}pre{overflow-x:auto}img{max-width:100%}"


def write(path: Path, title: str, scores: Sequence[Score], summary: dict[str, Any]) -> None:
    """Write the page: `.md` with a picture of the same name beside it, else HTML that needs nothing else."""
    picture = _plot(scores)
    parts = [f"# {title}\n", "", tables.text(summary), beaten(scores, summary), "## Worst rows\n", worst(scores)]
    if path.suffix == ".md":
        path.with_suffix(".png").write_bytes(picture)
        parts[1] = f"![predicted against published]({path.with_suffix('.png').name})\n"
        path.write_text("\n".join(parts) + "\n", encoding="utf-8")
        return
    image = f'<img alt="predicted against published" src="data:image/png;base64,{base64.b64encode(picture).decode()}">'
    body = f"<h1>{html.escape(title)}</h1>\n{image}\n<pre>{html.escape(chr(10).join(parts[2:]))}</pre>"
    head = f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title><style>{STYLE}</style>\n'
    path.write_text(f"{head}{body}\n</html>\n", encoding="utf-8")


def beaten(scores: Sequence[Score], summary: dict[str, Any]) -> str:
    """The families in which half of peak times the bubble is nearer than the model, and what the model says there."""
    lines = [["family", "rows", "median", "baseline", "bias", "why"]]
    for name, found in summary.get("families", {}).items():
        if not found["beats_baseline"]:
            cells = [tables.cell(key, found[key]) for key in ("rows", "median", "baseline_median", "bias")]
            lines.append([name, *cells, _why(found, [one for one in scores if one.family == name and one.quantity == "step_time"])])
    if len(lines) == 1:
        return ""
    return f"## Families in which half of peak times the bubble is nearer\n\n{tables.table(lines)}\n"


def _why(found: dict[str, Any], scores: Sequence[Score]) -> str:
    if found["median"] < found["baseline_median"] + NOISE:
        return f"by less than the {100 * NOISE:.0f} % that single published numbers scatter"
    known = sorted((one for one in scores if one.error is not None), key=lambda one: one.error or 0.0)
    typical = known[len(known) // 2]
    return f"{typical.id}, a typical row, is predicted from {_because(typical)}"


def worst(scores: Sequence[Score]) -> str:
    """The ten rows whose prediction is furthest off, by factor, each with the terms that make the prediction."""
    known = [(abs(math.log(one.ratio)), one) for one in scores if one.ratio and one.quantity != "fits"]
    lines = [["row", "quantity", "model", "predicted", "published", "error", "largest predicted terms", "notes"]]
    for _, one in sorted(known, key=lambda item: -item[0])[:WORST]:
        shown = [f"{value:.4g} {UNITS[one.quantity]}" for value in (one.predicted, one.published)]
        lines.append(
            [
                one.id,
                one.quantity,
                one.row.text("model"),
                *shown,
                tables.cell("error", one.error),
                _because(one),
                one.row.text("notes")[:NOTE],
            ]
        )
    return tables.table(lines)


def _because(one: Score) -> str:
    if one.inputs is None:
        return "arithmetic"
    found = explain.terms(PREDICTED_BY.get(one.quantity, one.quantity), one.inputs)
    return explain.words(found) or "no term above 2 %"


def _machine(one: Score) -> str:
    return one.row.text("gpu") or one.row.text("hardware") or one.row.text("accelerator") or "unnamed"


def _plot(scores: Sequence[Score]) -> bytes:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    panels = by((one for one in scores if one.ratio and one.quantity != "fits"), lambda one: one.quantity)
    figure, axes = pyplot.subplots(1, max(len(panels), 1), figsize=(5 * max(len(panels), 1), 5), squeeze=False)
    for panel, (quantity, some) in zip(axes[0], panels.items(), strict=False):
        for name, members in sorted(by(some, lambda one: _machine(one)).items()):
            panel.plot([one.published for one in members], [one.predicted for one in members], ".", markersize=4, label=name)
        ends = [min(one.published or 1 for one in some), max(one.published or 1 for one in some)]
        panel.plot(ends, ends, "k-", linewidth=0.8)
        panel.fill_between(ends, [0.75 * end for end in ends], [1.25 * end for end in ends], color="k", alpha=0.1, linewidth=0)
        panel.set(xscale="log", yscale="log", xlabel=f"published [{UNITS[quantity]}]", ylabel=f"predicted [{UNITS[quantity]}]")
        panel.set_title(f"{quantity.replace('_', ' ')}: {len(some)} rows, 25 % shaded")
        panel.legend(fontsize=6)
    file = io.BytesIO()
    figure.tight_layout()
    figure.savefig(file, format="png", dpi=110, metadata={"Software": None})
    pyplot.close(figure)
    return file.getvalue()
