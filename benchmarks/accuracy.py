"""The errors that results carry, by regime: predictions against published results, to configs/accuracy.yaml.

`python -m benchmarks.accuracy FOLDER` reads published-training*.csv, published-energy.csv and published-serving*.csv in a folder and
writes everything in that file: errors, ranges, and how far layouts of one job differ. Run it after any change of predictions. With
`--coverage` it prints instead how often ranges and stated chances hold what was held back. A regime of few families or programmes is
left to a wider one.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np

from benchmarks import bands, residuals
from benchmarks.fidelity import rows as reading
from benchmarks.fidelity.evaluation import Evaluator
from benchmarks.fidelity.measures import by, families_equal, mean
from benchmarks.fidelity.tables import table
from benchmarks.fidelity.training import scoring as training
from benchmarks.residuals import Result
from sweep.catalog.accuracy import percent
from sweep.study.regimes import meets, stated

TARGET = Path(__file__).parent.parent / "configs" / "accuracy.yaml"
HEADER = """# Errors of predictions against published results that no constant was fitted to; `python -m benchmarks.accuracy` writes it.
# Of each quantity the first regime counts whose condition holds. within: the inputs of its results, beyond which it is extrapolated.
# median, p90: of the relative error, each family of the same weight; low, high: measured over predicted, of nine in ten rows of a new
# programme of benchmarks; family, job: the parts of its variance that points of one trainer, and layouts of one job, have in common;
# tail: degrees of freedom of Student's t, as which the rest is distributed. The rest and its tail are the likeliest for the layouts of
# published jobs, each beside the one that was predicted to be the best.
"""
FEWEST = 7  # families: the range of six others is wider than what a wider regime tells
PROGRAMMES = 5  # of which a range of 90 % is learnt
GENERATIONS = ("ampere", "hopper", "blackwell")
KINDS = (("dense models", "experts == 0"), ("mixtures of experts", "experts > 0"))
WITHIN = ("gpus", "sequence_length")
ENDS = (0.7, 0.9, 1.01)


@dataclass(frozen=True)
class Measured:
    """What published results say of a quantity.

    errors: its own. residuals: those of the input that draws it, where there is one; layouts: those of layouts of one job. parts: the
    residuals from which its own come, where several inputs draw it.
    """

    quantity: str
    errors: Sequence[Result]
    residuals: Sequence[Result] = ()
    doing: str = "in training"
    layouts: Sequence[Result] = ()
    parts: Sequence[Sequence[Result]] = ()


def regimes(doing: str) -> list[tuple[str, str]]:
    """In words and as a condition: kind of model and generation of GPUs, then any GPU, then any model."""
    narrow = [
        (f"{kind} {doing} on {generation.title()} GPUs", f"{condition} and gpu_generation == {generation}")
        for kind, condition in KINDS
        for generation in GENERATIONS
    ]
    return [*narrow, *((f"{kind} {doing} on any GPU", condition) for kind, condition in KINDS), (f"any model {doing} on any GPU", "")]


def measured(folder: Path) -> list[Measured]:
    """All that the published results in a folder give."""
    trained = {name: residuals.results(some) for name, some in residuals.trained(folder).items()}
    power = residuals.training_power(folder)
    rows = residuals.served(folder)
    errors = {name: [residuals.serving_result(one, 1 / one.ratio) for one in some if one.ratio] for name, some in rows.items()}
    times, watts = residuals.serving_residuals(rows)
    return [
        Measured("step_time", trained["step_time"], trained["step_time"], layouts=trained["step_time"]),
        Measured("allocated_memory", trained["memory"]),
        Measured("server_power_modelled", power, power),
        Measured("output_rate", errors["output_rate"], times, "in serving", layouts=residuals.services(rows)),
        Measured("time_per_output_token", errors["time_per_output_token"], doing="in serving"),
        Measured("serving_gpu_power", errors["power"], watts, "in serving"),
        Measured("chip_energy_per_output_token", errors["energy_per_output_token"], doing="in serving", parts=(times, watts)),
    ]


def members(results: Sequence[Result], when: str) -> list[Result]:
    """The results in a regime."""
    return [one for one in results if all(meets(c, {name: np.array(value) for name, value in one.inputs.items()}) for c in stated(when))]


def chosen(one: Measured) -> list[tuple[str, str, list[Result], list[Result]]]:
    """The regimes of a quantity that have families enough, with their errors and residuals; the widest has whatever there is."""
    found = []
    for of, when in regimes(one.doing):
        errors, drawn = members(one.errors, when), members(one.residuals, when)
        enough = all(_enough(some) for some in (errors, *([drawn] if one.residuals else [])))
        if enough or not when:
            found.append((of, when, errors, drawn))
    return found if {condition for _, condition in KINDS} - {when for _, when, _, _ in found} else found[:-1]


def _enough(results: Sequence[Result]) -> bool:
    families, programmes = ({*map(key, results)} for key in (bands.family, bands.programme))
    return len(families) >= FEWEST and len(programmes) >= PROGRAMMES


def text(found: Sequence[Measured]) -> str:
    """The file: the regimes of each quantity under its name."""
    lines = {one.quantity: [_line(one, *regime) for regime in chosen(one)] for one in found}
    return HEADER + "".join(f"{name}:\n" + "".join(f"  - {{{line}}}\n" for line in under) for name, under in lines.items())


def _line(one: Measured, of: str, when: str, errors: Sequence[Result], drawn: Sequence[Result]) -> str:
    measures = families_equal({name: [result.error for result in some] for name, some in by(errors, bands.family).items()})
    said = [
        f'of: "{of}"',
        *([f'when: "{when}"'] if when else []),
        *([f'within: "{within}"'] if (within := _within(errors)) and one.quantity == "step_time" else []),
    ]
    said += [f"{name}: {percent(100 * measures[name])}" for name in ("median", "p90")]
    said += [f"rows: {len(errors)}", f"families: {len(by(errors, bands.family))}"]
    if drawn:
        low, high = map(math.exp, bands.ends(drawn))
        scale, tail = bands.layout_spread(bands.pairs(one.layouts)) if one.layouts else (math.nan, math.nan)
        family, job = bands.layout_parts(drawn, scale) if one.layouts else (0.0, bands.SHARED_OF_FEW)
        said += [f"low: {low:.3g}", f"high: {high:.3g}", f"family: {family:.2g}", f"job: {job:.2g}"]
        said += [f"tail: {tail:.2g}"] if one.layouts else []
    return ", ".join(said)


def _within(results: Sequence[Result]) -> str:
    ranges = {name: [one.inputs[name] for one in results if name in one.inputs] for name in WITHIN}
    return " and ".join(f"{min(values):.0f} <= {name} <= {max(values):.0f}" for name, values in ranges.items() if len({*values}) > 1)


def coverage(found: Sequence[Measured]) -> str:
    """How often the range of all other programmes, and of all other families, holds what was held back, by regime."""
    lines = [["quantity", "regime", "rows", "families", "programmes", "5 %", "95 %", "inside, by programme", "inside, by family"]]
    for one in found:
        for of, when, errors, drawn in chosen(one) if one.residuals or one.parts else ():
            rows = drawn or errors
            counts = [str(len(rows)), *(str(len(by(rows, key))) for key in (bands.family, bands.programme))]
            if one.parts:
                inside = [_shown(bands.coverage_together(errors, [members(part, when) for part in one.parts]))]
                lines.append([one.quantity, of, *counts, "", "", *2 * inside])
            else:
                ends = [f"{math.exp(end):.2f}" for end in bands.ends(drawn)]
                inside = [_shown(bands.coverage(drawn, key)) for key in (bands.programme, bands.family)]
                lines.append([one.quantity, of, *counts, *ends, *inside])
    return table(lines)


def _shown(shares: Sequence[float]) -> str:
    """The mean of some shares with its standard error, in percent."""
    return f"{100 * mean(shares):.0f} ± {100 * bands.error(shares):.0f} %"


def agreement(known: Mapping[str, Sequence[tuple[float, float]]], what: str, seen: str, ends: Sequence[float]) -> str:
    """How often what is stated with some probability was so, by family. known: probabilities, each with 1 where it was."""
    lines = [[what, "number", "stated", seen, "families", "stated, each of the same weight", f"{seen}, each of the same weight"]]
    for low, high in itertools.pairwise(ends):
        inside = {name: [(chance, right) for chance, right in some if low <= chance < high] for name, some in known.items()}
        inside = {name: some for name, some in inside.items() if some}
        every = [mean(values) for values in zip(*(pair for some in inside.values() for pair in some), strict=True)]
        families = [[mean(values) for values in zip(*some, strict=True)] for some in inside.values()]
        if not families:
            continue
        stated, right = (mean(values) for values in zip(*families, strict=True))
        error = bands.error([right - stated for stated, right in families])
        counts = [f"{low:.0%} to {min(high, 1):.0%}", str(sum(map(len, inside.values())))]
        lines.append([*counts, f"{every[0]:.0%}", f"{every[1]:.0%}", str(len(families)), f"{stated:.0%}", f"{right:.0%} ± {error:.0%}"])
    return table(lines)


def fits(folder: Path) -> dict[str, list[tuple[float, float]]]:
    """The stated probability that a run fits the memory, and 1 where it ran, by family: of those that print what ran out of memory."""
    rows = by(reading.load_all(folder, "published-training"), lambda row: row.family)
    tried = {name: some for name, some in rows.items() if any(row.text("outcome") == "oom" for row in some)}
    evaluator = Evaluator(("fit_probability",))
    found: dict[str, list[tuple[float, float]]] = {}
    for one in training.prepare([row for some in tried.values() for row in some]):
        chance = evaluator.predict(one.inputs).of("fit_probability")[0] if one.inputs else None
        if chance is not None:
            found.setdefault(one.row.family, []).append((chance, float(one.row.text("outcome") not in training.FAILED)))
    return found


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--coverage", "told", is_flag=True, help="Print how often the ranges hold families that were held back; write nothing.")
def main(folder: Path, told: bool) -> None:
    """Write configs/accuracy.yaml from the published results in a folder."""
    found = measured(folder)
    if told:
        told_apart = [
            agreement(bands.chances(bands.pairs(one.layouts)), f"chance that the first layout is best, {one.doing}", "was", (0.5, *ENDS))
            for one in found
            if one.layouts
        ]
        ran = agreement(fits(folder), "probability that a run fits", "ran", (0.0, 0.1, 0.3, 0.5, *ENDS))
        return click.echo("\n\n".join([coverage(found), *told_apart, ran]))
    TARGET.write_text(text(found), encoding="utf-8")
    click.echo(TARGET.read_text(encoding="utf-8"), nl=False)


if __name__ == "__main__":
    main()
