"""One row of a file of published results. What belongs here: text and numbers as the file prints them, nothing of their meaning."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Row:
    """One line of a csv file, by column name; a column that the file lacks reads as empty."""

    fields: Mapping[str, str]

    def text(self, name: str) -> str:
        return (self.fields.get(name) or "").strip()

    def number(self, name: str) -> float | None:
        """The number in a column; None where it is empty or no finite number."""
        try:
            value = float(self.text(name))
        except ValueError:
            return None
        return value if math.isfinite(value) else None

    @property
    def id(self) -> str:
        return self.text("id") or self.text("row_id")

    @property
    def family(self) -> str:
        """The table that a row is from: its family column, or its id without the counter."""
        return self.text("family") or self.id.rpartition("-")[0] or self.id


def load_all(folder: Path, name: str) -> list[Row]:
    """The rows of all files of a folder whose names begin so: `published-serving` reads published-serving-2.csv, too."""
    return [row for path in sorted(folder.glob(f"{name}*.csv")) for row in load(path)]


def load(path: Path) -> list[Row]:
    """The rows of a csv file with a header line."""
    with path.open(newline="", encoding="utf-8") as file:
        return [Row(line) for line in csv.DictReader(file)]
