"""The best points: streamed from a study, read from a cube, and found by looking at every cell, must be the same ones."""

import operator
from typing import Any

import numpy as np
import pytest

from sweep.analysis import scan
from sweep.analysis.search import best
from sweep.catalog.parameters import parameters
from sweep.catalog.units import to_si
from sweep.engine import plan
from sweep.engine.blocks import Program
from sweep.equations import registry
from sweep.errors import SweepError
from sweep.store.run import run
from sweep.study.conditions import conditions
from sweep.study.parse import open_study

SIGNS = {"<=": operator.le, ">=": operator.ge, "<": operator.lt, ">": operator.gt, "==": operator.eq, "!=": operator.ne}


def looked_up(cube, order, quantity, where, top, maximize, per):
    """Labels and values of the best cells, by looking at every one of them, in the order of the cube."""
    asked = conditions(where)
    wanted = [quantity, *(name for c in asked for name in c.names)]
    dims = [dim for dim in order if any(dim in cube[name].dims for name in wanted)]
    shape = [cube.sizes[dim] for dim in dims]

    def cells(name):
        array = cube[name]
        if array.dtype.kind not in "fiu":
            array = array.copy(data=[parameters()[name].choices.index(word) for word in array.values])
        turned = array.transpose(*(dim for dim in dims if dim in array.dims)).values.astype(np.float32)
        return np.broadcast_to(turned.reshape([cube.sizes[dim] if dim in array.dims else 1 for dim in dims]), shape)

    scores = cells(quantity)
    meets = ~np.isnan(scores)
    for c in asked:
        left, right = cells(c.name), cells(c.other) if c.other else np.float32(c.value)
        meets = meets & SIGNS[c.operator](left, right) & ~np.isnan(left) & ~np.isnan(right)
    found = []
    for label in range(cube.sizes[per]) if per else [None]:
        here = meets.copy()
        if per:
            here &= (np.arange(cube.sizes[per]) == label).reshape([-1 if dim == per else 1 for dim in dims])
        places = np.flatnonzero(here)
        values = scores.reshape(-1)[places]
        different = np.unique(values)[::-1] if maximize else np.unique(values)
        for rank, value in enumerate(different[:top], 1):
            same = [labels_at(cube, dims, np.unravel_index(place, shape)) for place in places[values == value]]
            found.append((rank, same[0], float(value), same))
    return found


def labels_at(cube, dims, index):
    labels = {dim: cube[dim].values[at] for dim, at in zip(dims, index, strict=True)}
    return {dim: v if isinstance(v, str) else float(v) for dim, v in labels.items()}


def differing(same):
    """The labels on which points of one value differ."""
    found = {dim: [*dict.fromkeys(point[dim] for point in same)] for dim in same[0]}
    return {dim: labels for dim, labels in found.items() if len(labels) > 1}


QUESTIONS = [
    ("facility_energy", [], 5, False, None),
    ("facility_energy", ["training_duration >= 60 d"], 7, False, None),
    ("facility_energy", ["it_power >= 20 kW"], 40, False, None),  # a condition on fewer axes
    ("it_power", ["overtake_days <= 30 d"], 30, False, None),  # a condition on more axes
    ("required_mfu", ["required_mfu <= 60 %"], 20, True, None),
    ("required_mfu", [], 3, False, "gpu"),
    ("required_mfu", ["replicas >= 4", "pue < 1.3"], 3, False, "split"),
    ("facility_energy", ["30 GWh >= facility_energy >= 1 MWh"], 4, True, "pue"),
    ("total_facility_energy", ["queries_per_day > 0 query/d", "required_mfu < 1"], 10, False, "precision"),
    ("overtake_days", ["overtake_days > 0 s"], 6, False, None),
    ("servers", [], 9, False, None),  # equal values are one row
    ("servers", ["pue != 1.1", "precision != bf16"], 50, True, None),
    ("facility_energy", ["precision == fp16", "pue == 1.2"], 6, False, None),
    ("gpu_power_total", ["peak_rate >= 100 TFLOP/s"], 10, True, None),  # an input over two axes
    ("facility_energy", ["pue <= 1.2", "pue >= 1.2"], 5, False, None),  # a bound that is a label
    ("facility_energy", ["serving_facility_energy >= training_energy"], 12, False, None),  # two quantities
    ("required_mfu", ["servers < replicas"], 12, True, "training_duration"),
    (
        "facility_energy",
        ["required_mfu != 0", "gpus == 8", "training_duration == 30 d"],
        8,
        False,
        "gpu",
    ),  # where it has no value it meets no condition
    ("facility_energy", ["facility_energy < 0 J"], 5, False, None),
    ("facility_energy", ["it_power < 0 W"], 5, False, "gpus"),
    ("facility_energy", ["server_power > 1 kW"], 2, False, None),
    ("facility_energy", ["server_power > 10 kW"], 2, False, None),
]


@pytest.mark.parametrize(("quantity", "where", "top", "maximize", "per"), QUESTIONS)
def test_best_is_same_for_study_cube_and_brute_force(study, memory, stored, quantity, where, top, maximize, per):
    order = plan.make(study).order
    if not any("server_power" in text for text in where):
        expected = looked_up(memory, order, quantity, where, top, maximize, per)
    elif "10 kW" in where[0]:
        expected = []
    else:
        expected = looked_up(memory, order, quantity, [], top, maximize, per)
    subjects = [study] if any("server_power" in text for text in where) else [study, memory, stored]
    for subject in subjects:
        rows = best(subject, quantity, where, top=top, maximize=maximize, per=per)
        assert [row["rank"] for row in rows] == [rank for rank, *_ in expected]
        assert (rows.why is None) == bool(expected)
        for row, (_, labels, value, same) in zip(rows, expected, strict=True):
            assert {dim: row[dim] for dim in labels} == labels
            assert np.float32(row[quantity]) == np.float32(value)
            alike = row.get("alike", {"points": 1, "labels": {}})
            assert alike == {"points": len(same), "labels": differing(same)}


@pytest.mark.parametrize(("quantity", "where", "top", "maximize", "per"), QUESTIONS[::3])
def test_best_is_same_for_any_blocks_threads_and_compiler(study, monkeypatch, quantity, where, top, maximize, per):
    whole = best(study, quantity, where, top=top, maximize=maximize, per=per)
    monkeypatch.setattr(scan, "SCAN_CELLS", 7)
    assert best(study, quantity, where, top=top, maximize=maximize, per=per, threads=4) == whole
    assert best(study, quantity, where, top=top, maximize=maximize, per=per, threads=1) == whole


def test_best_is_same_compiled_and_interpreted(study, monkeypatch):
    question: dict[str, Any] = {"where": ["required_mfu < 1", "serving_facility_energy >= training_energy"], "top": 6, "per": "gpu"}
    interpreted = best(study, "total_facility_energy", **question)
    monkeypatch.setattr(Program, "interpreted", frozenset())
    assert best(study, "total_facility_energy", **question) == interpreted
    assert len(interpreted) > 6


def test_best_row_has_relevant_labels_and_outputs(study):
    (row,) = best(study, "facility_energy", ["training_duration == 60 d"])
    assert row["rank"] == 1
    assert set(row) >= {"gpus", "training_duration", "pue", "facility_energy", "training_energy", "it_power"}
    assert "precision" not in row
    assert "required_mfu" not in row, "it depends on more axes than the point has"
    assert row["facility_energy"] == pytest.approx(row["it_power"] * to_si("60 d", "s") * row["pue"])


def test_best_ranks_quantity_that_is_no_output(study):
    (row,) = best(study, "facility_power", ["it_power >= 10 kW"])
    assert row["facility_power"] == pytest.approx(48000 * 1.1)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ({"quantity": "facility_enrgy"}, "unknown quantity 'facility_enrgy'; did you mean 'facility_energy'?"),
        ({"quantity": "facility_energy", "top": 0}, "--top 0: must be at least 1"),
        ({"quantity": "facility_energy", "per": "gpu_s"}, "--per gpu_s: facility_energy does not depend on it; did you mean 'gpus'?"),
        ({"quantity": "facility_energy", "per": "precision"}, "--per precision: facility_energy does not depend on it; there is: "),
        ({"quantity": "facility_energy", "where": ["pue < 2 W"]}, "--where 'pue < 2 W': W where a plain number belongs"),
    ],
)
def test_best_reports_invalid_argument_in_one_line(study, memory, arguments, line):
    for subject in (study, memory):
        with pytest.raises(SweepError) as found:
            best(subject, **arguments)
        assert str(found.value).startswith(line)


@pytest.mark.usefixtures("forgotten")
def test_best_of_cube_needs_no_equations(opened, tmp_path):
    head = "from sweep import equation\n\n\n@equation(unit='s', source='article')\n"
    (tmp_path / "own.py").write_text(head + "def search_own(gpus):\n    'A time.'\n    return 3.0 * gpus\n")
    cube = run(opened("title: x\nequations: own.py\naxes: {gpus: [8, 16, 32]}\noutputs: [search_own]\n"))
    registry.only(None)
    (row,) = best(cube, "search_own", ["search_own > 0.5 min"])
    assert (row["gpus"], row["search_own"]) == (16.0, 48.0)
    with pytest.raises(SweepError, match="kg is not a unit of s"):
        best(cube, "search_own", ["search_own > 1 kg"])


def test_condition_reads_words_of_choice(opened):
    text = "title: x\nselect: {gpu: h100-sxm}\nset: {training_flops: 1e24 FLOP, training_duration: 9 d}\n"
    outputs = "outputs: [required_mfu, recompute]\n"
    study = opened(text + "axes: {mode: {zip: {precision: [bf16, fp8], gpus: [8, 16]}}}\n" + outputs)
    for subject in (study, run(study)):
        (row,) = best(subject, "required_mfu", where=["precision == fp8", "recompute != none"])
        assert (row["mode"], row["precision"]) == ("precision=fp8, gpus=16", "fp8")


def test_best_layout_fits_memory_and_is_fastest():
    study = open_study("layouts")
    cube = run(study)
    first = best(study, "step_time", top=1)[0]
    assert np.isclose(first["step_time"], float(cube.step_time.min()), rtol=1e-6)
    assert first["memory_per_gpu"] < 80 * 2**30
    assert first["split"].startswith("tp8")  # within a server, as the makers of the model chose
    tight = best(study, "step_time", where=["memory_per_gpu <= 60 GB"], top=1)[0]
    assert tight["memory_per_gpu"] <= 60e9
    assert tight["step_time"] >= first["step_time"]


def test_best_rejects_infinite_value(tmp_path):
    path = tmp_path / "large.yaml"
    path.write_text(
        "title: x\nselect: {gpu: h100-sxm}\nset: {server_power: 1e30 W, training_duration: 30 d}\n"
        "axes: {gpus: [8, 1e9], pue: [1.1, 1.2]}\noutputs: [facility_energy]\n"
    )
    with pytest.raises(SweepError, match=r"facility_energy is infinite.* at .*gpus = 1000000000"):
        best(open_study(path), "facility_energy", maximize=True)
    assert best(open_study(path), "facility_energy")[0]["gpus"] == 8
