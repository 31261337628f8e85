"""eGRID of the EPA to a site of the catalogue. What belongs here: its workbook, or a sheet of it as CSV, to the carbon of one region.

A sheet has the codes of its columns in the second row: YEAR, SUBRGN, SRC2ERTA. Reading a workbook needs the extra `excel` (openpyxl).
"""

from __future__ import annotations

import csv
import json
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from sweep.errors import SweepError, suggestion

# by the first letters of a sheet: the column of its regions and that of their names, and what its columns begin with
SHEETS = {"SRL": ("SUBRGN", "SRNAME", "SR"), "BA": ("BACODE", "BANAME", "BA"), "ST": ("PSTATABB", "PSTATABB", "ST")}
HEADING_ROWS = 4  # the codes stand in one of them
# a carbon intensity of the catalogue, the end of the code of its column, and what that counts
RATES = {"average-direct": ("C2ERTA", "CO2e"), "average-direct-co2": ("CO2RTA", "CO2 alone")}


@dataclass(frozen=True)
class Region:
    """One row of eGRID. rates: the kind of carbon intensity to the column's code and its number, in lb/MWh."""

    code: str
    name: str
    year: int
    rates: dict[str, tuple[str, float]]


def read_region(path: Path, code: str) -> Region:
    """The region of a code, such as CAMX (subregion), PJM (balancing authority) or TX (state), in a file of eGRID."""
    known: list[str] = []
    with closing(_tables(path)) as tables:
        for rows in tables:
            heading, body = _split(rows)
            for region_of, name_of, prefix in SHEETS.values():
                if not {region_of, f"{prefix}C2ERTA", "YEAR"} <= set(heading):
                    continue
                for row in body:
                    cells = dict(zip(heading, row, strict=False))
                    known.append(str(cells[region_of]))
                    if known[-1] == code:
                        return _region(path, cells, code, str(cells[name_of]), prefix)
    if not known:
        raise SweepError(f"{path}: holds no table of eGRID, whose second row has codes such as YEAR, SUBRGN and SRC2ERTA")
    raise SweepError(f"{path}: no region {code!r} in eGRID{suggestion(code, known)}")


def entry_text(region: Region, file: str, title: str | None = None) -> str:
    """The YAML text of a site with the carbon of a region."""
    lines = [f"title: {json.dumps(title or f'{region.name} (eGRID {region.code}, {region.year})')}", "grid_carbon_intensity:"]
    for kind, (column, value) in region.rates.items():
        mark = "&published " if kind == "average-direct" else ""
        basis = f"{RATES[kind][1]}, generation in the region, {region.year}"
        said = json.dumps(f"{column} of {region.code} in {file}")
        lines.append(f"  {kind}: {mark}{{value: {value:g} lb/MWh, derived: {said}, basis: {json.dumps(basis)}}}")
    return "\n".join([*lines, "  as-published: *published"]) + "\n"


def _region(path: Path, cells: dict[str, Any], code: str, name: str, prefix: str) -> Region:
    rates = {}
    for kind, (end, _) in RATES.items():
        column = f"{prefix}{end}"
        if column not in cells:
            continue
        try:
            rates[kind] = (column, float(str(cells[column]).replace(",", "")))
        except ValueError:
            raise SweepError(f"{path}: {column} of {code} is {cells[column]!r}, no number") from None
    try:
        return Region(code, name, int(str(cells["YEAR"]).replace(",", "")), rates)
    except ValueError:
        raise SweepError(f"{path}: YEAR of {code} is {cells['YEAR']!r}, no year") from None


def _split(rows: Iterator[tuple[Any, ...]]) -> tuple[list[str], Iterable[tuple[Any, ...]]]:
    """The codes of the columns of a table, and the rows below them."""
    for _, row in zip(range(HEADING_ROWS), rows, strict=False):
        codes = [str(cell or "").strip() for cell in row]
        if "YEAR" in codes:
            return codes, rows
    return [], ()


def _tables(path: Path) -> Generator[Iterator[tuple[Any, ...]], None, None]:
    """The tables of a file that may hold regions: sheets of a workbook, or the rows of a CSV file."""
    try:
        if path.suffix.lower() == ".csv":
            with path.open(encoding="utf-8-sig", newline="") as file:
                yield map(tuple, csv.reader(file))
            return
        with path.open("rb") as workbook:  # openpyxl leaves a file of its own open where rows are not read to their end
            book = _workbook(path, workbook)
            yield from (book[name].iter_rows(values_only=True) for name in book.sheetnames if name.rstrip("0123456789") in SHEETS)
    except (OSError, UnicodeDecodeError) as error:
        raise SweepError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None


def _workbook(path: Path, file: BinaryIO) -> Any:
    try:
        from openpyxl import load_workbook
    except ImportError:
        raise SweepError(f"{path}: a workbook needs openpyxl: pip install 'wattsweep[excel]'; or save its sheet SRL as CSV") from None
    try:
        return load_workbook(file, read_only=True, data_only=True)
    except OSError:
        raise
    except Exception as error:  # openpyxl and zipfile have many ways to say that a file is none of theirs
        raise SweepError(f"{path}: is no workbook of Excel: {error}") from None
