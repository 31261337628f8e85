"""`sweep info` and `sweep slice`. What belongs here: what a cube holds, and parts of it, printed or written to a file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sweep.cli.options import as_json, labels_of, nearest_label, print_json, selection
from sweep.errors import printable

if TYPE_CHECKING:
    import xarray

    from sweep.store.reading import Output

STATUS = "status"
cube_argument = click.argument("cube", metavar="CUBE")


@click.command(short_help="Describe a cube and its assumed inputs.", epilog="Example: sweep info gpt4.zarr")
@cube_argument
@as_json
def info(cube: str, as_json: bool) -> None:
    """Describe a cube: axes, variables, share of feasible points, provenance and assumed inputs."""
    from sweep.store.reading import open_cube
    from sweep.store.verify import state

    found = state(cube)
    if not found["complete"]:
        if as_json:
            return print_json(found)
        done = f"{found['done']} of {found['total']} blocks are done" if found["total"] else "no block is done"
        return click.echo(f"{cube}: incomplete, {done}; the same `sweep run` resumes it")
    opened = open_cube(cube)
    if as_json:
        return print_json(facts(opened))
    click.echo(printable(_info_text(cube, opened, facts(opened))))


def facts(cube: xarray.Dataset) -> dict[str, Any]:
    """What a complete cube says of itself."""
    from sweep.query.selection import unit_of

    axes, variables = {}, {}
    for name, size in cube.sizes.items():
        axes[str(name)] = {"size": size, "unit": unit_of(cube[name]), "ends": [_label(cube[name], at) for at in (0, -1)]}
    for name, variable in cube.data_vars.items():
        described = {key: variable.attrs.get(key) for key in ("long_name", "actual_range", "valid_cells", "cells")}
        variables[str(name)] = {"dims": list(map(str, variable.dims)), "unit": unit_of(variable), **described}
    plain = {key: cube.attrs.get(key, "") for key in ("title", "study", "created", "source", "kernel_digest", "catalogue_digest")}
    parsed = {key: json.loads(cube.attrs.get(key, "{}")) for key in ("inputs", "assumed", "versions")}
    return {"complete": True, **plain, "axes": axes, "variables": variables, **parsed}


def _label(axis: Any, at: int) -> Any:
    from sweep.query.selection import told

    return told(str(axis.name), axis.values[at].item()) if axis.dtype.kind in "fiu" else str(axis.values[at])


def _info_text(path: str, cube: xarray.Dataset, facts: dict[str, Any]) -> str:
    from sweep.catalog.units import show
    from sweep.query.text import paragraph, table

    axes = []
    for name, axis in facts["axes"].items():
        ends = dict.fromkeys(_shown(end, axis["unit"]) for end in axis["ends"])
        axes.append((name, f"{axis['size']:,}", " .. ".join(ends)))
    inputs, assumed = facts["inputs"], facts["assumed"]
    given = [(n, _shown(i["value"], i["unit"]), _from(i)) for n, i in inputs.items() if i["origin"] != "default"]
    versions = ", ".join(f"{name} {number}" for name, number in facts["versions"].items())
    lines = [
        f"{facts['title']} ({path}: complete, {show(cube.nbytes, 'B')} before compression)",
        *([paragraph(cube.attrs["comment"], 2)] if cube.attrs.get("comment") else []),
        "",
        table(("axis", "labels", "from .. to"), axes, right=["labels"]) if axes else "No axis: one point.",
        "",
        summary(cube.data_vars),
        "",
        table(("input", "value", "from"), given, right=["value"]) if given else "No input is set besides the axes.",
        "",
        f"{len(inputs) - len(given)} more inputs have their default; {len(assumed)} assumed numbers in all{':' if assumed else ''}",
        *([table(("input", "why"), assumed.items(), indent=2)] if assumed else []),
        "",
        f"made {facts['created']} from {facts['study']} by {facts['source']}; {versions}",
        f"equations {facts['kernel_digest'][:12]}, facts {facts['catalogue_digest'][:12]}",
    ]
    return "\n".join(lines)


def _from(given: dict[str, Any]) -> str:
    if given["origin"] == "study":
        return "the study"
    return ", ".join(text for text in (given["origin"], given.get("source"), given.get("at")) if text)


def _shown(value: Any, unit: str) -> str:
    from sweep.catalog.units import show

    return value if isinstance(value, str) else show(value, unit)


def summary(outputs: Mapping[Any, Any]) -> str:
    """Each output's range, its share of feasible points, and what the rules exclude."""
    from sweep.query.selection import unit_of
    from sweep.query.text import in_words, table

    rows = []
    for name, variable in sorted((str(key), held) for key, held in outputs.items()):
        if name == STATUS:
            continue
        display_unit = variable.attrs.get("display_units", "")
        ends = [in_words(end, unit_of(variable), display_unit) for end in variable.attrs.get("actual_range", ())]
        share = _share(variable.attrs["valid_cells"], variable.attrs["cells"])
        rows.append((name, " .. ".join(dict.fromkeys(ends)) or "-", share, ", ".join(map(str, variable.dims)) or "-"))
    lines = [table(("output", "smallest .. largest", "has a value", "depends on"), rows, right=["has a value"])]
    if STATUS in outputs:
        lines += ["", _rules(outputs[STATUS])]
    return "\n".join(lines)


def _rules(status: xarray.DataArray | Output) -> str:
    """How many points each rule excludes, counted over the axes that the rules depend on."""
    from sweep.query.selection import flag_counts
    from sweep.query.text import table

    counts, guards = flag_counts(status), json.loads(status.attrs["flag_guards"])
    meanings = json.loads(status.attrs["flag_sentences"])
    header = f"{status.size:,} point{'' if status.size == 1 else 's'} over {', '.join(map(str, status.dims)) or 'no axis'}"
    rows = []
    for name, count in sorted(counts.items(), key=lambda item: -item[1]):
        if count:
            rows.append((name, f"{count:,}", _share(count, status.size), "excluded" if guards[name] else "a warning", meanings[name]))
    if not rows:
        return f"No rule is broken at any of {header}."
    listed = table(("rule", "points", "share", "effect", "why"), rows, right=("share", "points"))
    return f"Rules broken among {header} (a point may break several):\n{listed}"


def _share(part: int, whole: int) -> str:
    if part in (0, whole):
        return "none" if part == 0 else "all"
    return f"{min(max(100 * part / whole, 0.001), 99.99):.3g} %" if part / whole < 0.999 else "99.9 %"


@click.command(
    "slice",
    short_help="Print, reduce or export a part of a cube.",
    epilog="Example: sweep slice gpt4.zarr training_energy --sel gpu=h100-sxm,b200-sxm --sel pue=1.1:1.3 --reduce min=split",
)
@cube_argument
@click.argument("variables", nargs=-1, required=True, metavar="VARIABLE...")
@selection
@click.option("--where", multiple=True, metavar="CONDITION", help='Only cells that meet this, such as "mfu >= 30 %".')
@click.option("--reduce", multiple=True, metavar="HOW=AXES", help="mean, sum, min, max, median, count or p95 over axes: mean=pue,gpus.")
@nearest_label
@click.option("--csv", "as_csv", is_flag=True, help="Print every cell as CSV, in SI units.")
@as_json
@click.option("--parquet", metavar="FILE", type=click.Path(path_type=Path), help="Write every cell to a Parquet file, in SI units.")
@click.option("--netcdf", metavar="FILE", type=click.Path(path_type=Path), help="Write a netCDF file, in SI units.")
def slice_(
    cube: str,
    variables: tuple[str, ...],
    sel: tuple[str, ...],
    where: tuple[str, ...],
    reduce: tuple[str, ...],
    nearest: bool,
    as_csv: bool,
    as_json: bool,
    parquet: Path | None,
    netcdf: Path | None,
) -> None:
    """Print a part of a cube as a table, or hand it to other programs.

    VARIABLE is an output of the cube; `sweep info` lists them. Axes that are not selected stay, unless they are reduced: then each row
    stands for all points along them that have a value and meet the conditions, and `points` says how many these are.
    """
    from sweep.query import export
    from sweep.query.selection import excerpt, label_index, select
    from sweep.store.reading import open_cube

    if sum((as_csv, as_json, parquet is not None, netcdf is not None)) > 1:
        raise click.UsageError("--csv, --json, --parquet and --netcdf exclude each other")
    opened = open_cube(cube)
    at = labels_of(sel)
    if parquet or netcdf:
        if where or reduce:
            raise click.UsageError("--parquet and --netcdf write all cells; --where and --reduce go with --csv or --json")
        taken = excerpt(opened, variables, at, nearest)
        target = export.parquet(taken, parquet) if parquet else export.netcdf(taken, netcdf) if netcdf else None
        return click.echo(f"{target}: {max(taken[name].size for name in variables):,} cells of {', '.join(variables)}")
    if len(variables) > 1 or where or reduce:
        return _rows(opened, variables, at, where, reduce, nearest, as_csv, as_json)
    (variable,) = variables
    idle = [axis for axis in at if variable in opened and axis in opened.dims and axis not in opened[variable].dims]
    for axis in idle:
        label_index(opened, axis, at.pop(axis), nearest)
        click.echo(f"{variable} does not depend on {axis}: the same for every label", err=True)
    array = select(opened, variable, at, nearest)
    bare = array.drop_vars([name for name in array.coords if name not in opened.dims])
    if as_csv:
        for part in export.csv(bare):
            click.echo(part, nl=False)
    elif as_json:
        print_json(export.record(bare))
    else:
        told = {axis: label for axis, label in at.items() if STATUS in opened and axis in opened[STATUS].dims}
        click.echo(printable(export.text(bare, select(opened, STATUS, told, nearest) if STATUS in opened else None)))


def _rows(
    cube: xarray.Dataset,
    variables: tuple[str, ...],
    at: dict[str, str],
    where: tuple[str, ...],
    reduce: tuple[str, ...],
    nearest: bool,
    as_csv: bool,
    as_json: bool,
) -> None:
    """Several variables, conditions or reductions: rows as text, CSV or JSON."""
    import itertools

    from sweep.cli.rows import display_units_of, text_of
    from sweep.query import export
    from sweep.query.part import slice as part_of

    found = part_of(cube, variables, at, where, reduce, nearest)
    if as_csv:
        titles = [name if unit == "1" else f"{name} [{unit}]" for name, unit in found.units.items()]
        for lines in export.lines(titles, (row.values() for row in found.rows)):
            click.echo(lines, nl=False)
        return
    if as_json:
        return print_json({"at": found.at, "units": found.units, "rows": list(found.rows)})
    rows = list(itertools.islice(found.rows, export.ROWS + 1))
    if not rows:
        return click.echo("no cell meets the conditions")
    wanted = {f"{text.partition('=')[0].strip()}_{name}": unit for text in reduce for name, unit in display_units_of(cube).items()}
    click.echo(text_of(rows[: export.ROWS], list(rows[0]), dict(found.units), {**display_units_of(cube), **wanted}))
    if len(rows) > export.ROWS:
        click.echo(f"\nthe first {export.ROWS} of up to {found.cells:,} rows; --sel narrows them, --csv prints all")


@click.command(
    short_help="Verify the checksums of a cube, or check a file of your own.",
    epilog="Example: sweep check gpt4.zarr --repair; of a file of yours: sweep check my-gpu.yaml",
)
@click.argument("cube", metavar="CUBE|FILE")
@click.option("--repair", is_flag=True, help="Recompute missing or damaged blocks from the study stored in the cube.")
@as_json
def check(cube: str, repair: bool, as_json: bool) -> None:
    """Read all of a cube and list its missing or damaged files; exit code 1 where some are and were not repaired.

    Of a FILE (a study, a GPU, a server, a model, a config.json, ...) it lists the missing figures, and what needs them.
    """
    if cube.endswith((".yaml", ".yml", ".json")):
        return _check_file(Path(cube), as_json)
    from sweep.store.run import check as examine

    found = examine(cube, repair=repair)
    if as_json:
        print_json({"complete": repair or not found, "repaired": repair and bool(found), "faults": [vars(fault) for fault in found]})
    else:
        for fault in found:
            click.echo(f"{cube}: {fault}")
        lost = f"{len({fault.block for fault in found if fault.block})} blocks, {len(found)} files"
        mended = f"{lost}: recomputed" if repair else f"{lost}; `sweep check {cube} --repair` recomputes them"
        click.echo(f"{cube}: {mended if found else 'complete, all checksums match'}")
    if found and not repair:
        raise SystemExit(1)


def _check_file(file: Path, as_json: bool) -> None:
    from sweep.analysis.own_files import checked
    from sweep.query.text import table

    found = checked(file)
    if as_json:
        return print_json({"kind": found.kind, "figures": found.figures, "lacks": [vars(lack) for lack in found.lacks]})
    if found.kind == "study":
        return click.echo(f"{file}: study with {found.figures} inputs; all have values")
    click.echo(f"{file}: {found.kind} with {found.figures} figures; {len(found.lacks) or 'none'} missing")
    if found.lacks:
        rows = [(lack.column, lack.unit, ", ".join(lack.needed_by[:3]), lack.meaning) for lack in found.lacks]
        click.echo("\n" + table(("missing", "unit", "needed by", "meaning"), rows))


COMMANDS = (info, slice_, check)
