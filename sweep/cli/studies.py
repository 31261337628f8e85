"""`sweep plan` and `sweep run`. What belongs here: what a run of a study would do, and doing it."""

from __future__ import annotations

import os
import shlex
import sys
from typing import TYPE_CHECKING, Any

import click

from sweep.cli.options import as_json, more_outputs, overrides, print_json, study_argument, warn_unused

if TYPE_CHECKING:
    from sweep.engine.plan import Plan
    from sweep.study.definition import Study

# of one core of an ordinary server; `python -m benchmarks.speed` measures it elsewhere
BYTES_PER_SECOND = 0.45e9  # of values that are compressed and written
START_SECONDS = 1.5  # imports, the study and the metadata of the cube


@click.command(epilog="Example: sweep plan configs/studies/gpt4.yaml --axis pue=1.05:1.6:0.05")
@study_argument
@more_outputs
@overrides
@as_json
def plan(study: str, set_: tuple[str, ...], axis: tuple[str, ...], outputs: tuple[str, ...], as_json: bool) -> None:
    """Show what a run of a study would compute, without running it.

    Axes, outputs with the axes that each depends on, bytes on disk and time, from a few parts that are computed, and the inputs that are
    assumed.
    """
    from sweep.cube import dataset
    from sweep.engine.plan import check, make
    from sweep.study.parse import open_study

    made = make(open_study(study, set_, axis, outputs))
    check(made)
    warn_unused(made.study, set_, made.graph)
    facts = _facts(made)
    if as_json:
        return print_json(facts | {"assumed": dataset.assumed(made)})
    click.echo(_plan_text(made, facts, dataset.assumed(made)))


def _facts(made: Plan) -> dict[str, Any]:
    import numpy as np

    from sweep.cube import dataset
    from sweep.store.estimate import estimate

    axes = {
        name: {"size": made.sizes[name], "omitted": made.study.axes[name].omitted, "columns": list(made.study.axes[name].columns)}
        for name in made.order
    }
    outputs: dict[str, dict[str, Any]] = {
        v.name: {"dims": list(v.dims), "cells": made.cells(v.dims), "bytes": made.cells(v.dims) * np.dtype(v.dtype).itemsize}
        for v in dataset.outputs(made)
    }
    evaluations = sum(made.cells(nest.dims) * len(nest.steps) for nest in made.nests)
    size = sum(output["bytes"] for output in outputs.values())
    cores, sampled = os.cpu_count() or 1, estimate(made)
    return {
        "title": made.study.title,
        "study": made.study.file,
        "axes": axes,
        "outputs": outputs,
        "points": made.cells(made.order),
        "cells": sum(output["cells"] for output in outputs.values()),
        "bytes": size,
        "equations": len(made.graph.equations),
        "rules": len(made.graph.rules),
        "evaluations": evaluations,
        "disk_bytes": sampled.bytes,
        "seconds": START_SECONDS + (sampled.seconds + size / BYTES_PER_SECOND) / cores,
        "cores": cores,
        "units": {"bytes": "B", "disk_bytes": "B", "seconds": "s"},
    }


def _plan_text(made: Plan, facts: dict[str, Any], assumed: dict[str, str]) -> str:
    from sweep.catalog.units import show
    from sweep.query.text import table

    outputs = [(n, f"{o['cells']:,}", show(o["bytes"], "B"), ", ".join(o["dims"]) or "-") for n, o in facts["outputs"].items()]
    given = [name for name in made.study.outputs if name in made.inputs]
    everywhere = facts["points"] * facts["equations"]
    lines = [
        f"{facts['title']} ({facts['study']})",
        "",
        _axes_text(made) if made.order else "No axis: one point.",
        "",
        table(("output", "cells", "bytes", "depends on"), outputs, right=("cells", "bytes")),
        *([f"given, not computed: {', '.join(given)}"] if given else []),
        "",
        f"points       {facts['points']:,}; {facts['cells']:,} cells in all outputs",
        f"equations    {facts['equations']}, and {facts['rules']} rules; {facts['evaluations']:.3g} evaluations: each runs once for each"
        f" combination of the axes that it depends on ({everywhere:.3g} if each ran at every point)",
        f"on disk      about {show(facts['disk_bytes'], 'B')}; the values are {show(facts['bytes'], 'B')} before compression",
        f"time         about {facts['seconds']:.2g} s on {facts['cores']} cores: {START_SECONDS} s to start, then what parts of it took"
        f" just now, and {BYTES_PER_SECOND / 1e9:g} GB written for each core and second",
        "",
        f"{len(assumed)} assumed numbers in it{':' if assumed else ''}",
        *([table(("input", "why"), assumed.items(), indent=2)] if assumed else []),
    ]
    return "\n".join(lines)


def _axes_text(made: Plan) -> str:
    from sweep.query.text import span, table

    rows = []
    for name in made.order:
        axis = made.study.axes[name]
        ends = f"{axis.labels[0]} .. {axis.labels[-1]}" if axis.labels else span(name, axis.columns[name].tolist())
        out = f"{axis.omitted} impossible omitted" if axis.omitted else ""
        rows.append((name, f"{axis.size:,}", ends, out))
    return table(("axis", "labels", "from .. to", ""), rows, right=["labels"])


@click.command(
    short_help="Evaluate a study over its whole grid into a Zarr cube.",
    epilog="Example: sweep run configs/studies/gpt4.yaml -o gpt4.zarr",
)
@study_argument
@click.option("-o", "--out", required=True, metavar="OUT.zarr", help="Where to write the cube: a folder, or s3://bucket/name.zarr.")
@overrides
@more_outputs
@click.option("--threads", type=click.IntRange(min=1), metavar="N", help="Number of threads; one per core by default.")
@click.option("--scheduler", metavar="ADDRESS", help="Have a Dask cluster compute the blocks: tcp://10.0.0.1:8786.")
@click.option("--overwrite", is_flag=True, help="Replace an existing cube.")
@as_json
def run(
    study: str,
    out: str,
    set_: tuple[str, ...],
    axis: tuple[str, ...],
    outputs: tuple[str, ...],
    threads: int | None,
    scheduler: str | None,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Evaluate a study over its whole grid and write the cube as Zarr.

    The same command resumes after an interruption. Where OUT.zarr lacks labels of axes or outputs of the study, only these are computed,
    and what it has is kept; another study is refused. Ends with a summary of each output; with --json, with what `sweep info` says.
    """
    from functools import partial

    from tqdm import tqdm

    from sweep.cli.cubes import facts, summary
    from sweep.store.reading import open_cube, outputs_of
    from sweep.store.run import write
    from sweep.study.parse import open_study

    if scheduler and threads:
        raise click.UsageError("--threads is of this machine; the workers of a cluster have their own")
    opened = open_study(study, set_, axis, outputs)
    warn_unused(opened, set_, opened.graph)
    if not overwrite:
        _report_earlier(out)
    with tqdm(total=None, unit=" cells", unit_scale=True, file=sys.stderr, leave=False, disable=None) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        try:
            said = partial(click.echo, err=True)
            write(opened, out, threads=threads, overwrite=overwrite, progress=progress, scheduler=scheduler, report=said)
        except KeyboardInterrupt:
            bar.close()
            click.echo(f"interrupted; finished blocks are kept in {out}.partial, and the same command resumes", err=True)
            sys.exit(130)
    if as_json:
        return print_json(facts(open_cube(out)))
    click.echo(summary(outputs_of(out)))
    click.echo(_next(out, opened))


def _report_earlier(out: str) -> None:
    """Report on stderr that an earlier run left some of the blocks."""
    from sweep.store import layout, verify

    if not layout.partial(layout.place(out)).exists():
        return
    found = verify.state(out)
    if found["total"] and not found["complete"]:
        click.echo(f"resumes an interrupted run: {found['done']} of {found['total']} blocks are done", err=True)


def _next(out: str, study: Study) -> str:
    """Commands that look into the new cube."""
    name, cube = next(name for name in study.outputs if name not in study.given), shlex.quote(out)
    held = next((axis for axis in study.axes.values() if axis.labels), None)
    chosen = f" --sel {shlex.quote(f'{held.name}={held.labels[study.point[held.name]]}')}" if held and held.labels else ""
    return f"\nsweep info {cube}\nsweep slice {cube} {name}{chosen}"


COMMANDS = (plan, run)
