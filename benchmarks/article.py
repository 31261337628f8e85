"""The article's figures beside ours: `python -m benchmarks.article` prints the table, with a file's name it writes it there.

What belongs here: the claims of the studies that recompute the article, evaluated at each study's point. The studies hold what the article
prints and a note on it.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from sweep.catalog.parameters import folder
from sweep.catalog.units import factor, to_si
from sweep.equations import interpret
from sweep.equations.quantities import unit_of
from sweep.study.definition import Study
from sweep.study.parse import open_study

START, END = "<!-- python -m benchmarks.article benchmarks/article.md -->\n", "\n<!-- end of the table -->"
STUDIES = ("article", "demand-2030", "power-plants", "hyperion", "china")
HEADER = ("in the article", "printed", "here", "quantity", "note")


@dataclass(frozen=True)
class Row:
    """One claim: what the article prints (NaN where it prints nothing) and our value, both in SI."""

    name: str
    text: str
    printed: str
    article: float
    ours: float
    unit: str
    note: str


def all_rows() -> list[Row]:
    """The claims of all studies that recompute the article, in the order of its paragraphs."""
    return [row for name in STUDIES for row in rows(open_study(folder() / "studies" / f"{name}.yaml"))]


def rows(study: Study) -> list[Row]:
    """The claims of one study, in its order."""
    graph = study.graph_of(study.claims)
    values = interpret.compute_point(graph, study.inputs_at(study.point, graph)).values
    found = []
    for name, claim in study.claims.items():
        article = to_si(claim.printed, unit_of(name)) if claim.printed else float("nan")
        unit = claim.printed.partition(" ")[2] if claim.printed else study.outputs[name]
        found.append(Row(name, claim.text, claim.printed, article, values[name], unit or "1", claim.note))
    return found


def written(value: float, unit: str) -> str:
    """A value in SI as the article would write it: four digits, in its unit."""
    number = f"{value:.4g}"
    plain = f"{float(number):,.10g}" if abs(value) < 1e6 else number.replace("e+", "e")
    return plain if unit == "1" else f"{plain} {unit}"


def table(found: list[Row]) -> str:
    """The rows as Markdown."""
    lines = [HEADER, ("---",) * len(HEADER)]
    for row in found:
        ours = written(row.ours / factor(row.unit, unit_of(row.name)), row.unit)
        lines.append((row.text, row.printed or "-", ours, f"`{row.name}`", row.note))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def refreshed(text: str) -> str:
    """A text whose table, between the two marks, is that of today."""
    before, _, rest = text.partition(START)
    _, _, after = rest.partition(END)
    return f"{before}{START}{table(all_rows())}{END}{after}"


if __name__ == "__main__":
    if len(sys.argv) > 1:
        page = Path(sys.argv[1])
        page.write_text(refreshed(page.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        print(table(all_rows()))
