"""`point`, as a user types it: in text and in JSON."""

import json
import math
import re
import subprocess
import sys

import pytest

from sweep.catalog.units import factor
from sweep.cli.points import _waterfall
from sweep.equations import interpret
from sweep.study.parse import open_study
from tests.commands import ROOT, SMALL, SPLITS, refused, sweep, words

LARGE = """title: x
select: {gpu: h100-sxm}
set: {server_power: 1e30 W, training_duration: 30 d, gpus: 8, pue: 1.2}
outputs: [facility_energy]
"""


def test_point_json_has_each_quantity_with_unit():
    study = open_study(SPLITS)
    values = interpret.compute_point(study.graph, study.inputs_at(study.point)).values
    told = json.loads(sweep("point", SPLITS, "--json"))
    assert (told["study"], told["at"]) == (SPLITS, {"gpu": "h100-sxm", "gpus": 128, "split": "tp8-pp1", "pue": 1.2})
    record = told["quantities"]
    assert list(record)[:4] == ["step_time", "mfu", "time_to_train", "facility_power"]
    assert set(record) == {*values, "fit_probability", "memory_residual_spread"}
    told = record["facility_power"]
    assert (told["value"], told["unit"]) == (pytest.approx(values["facility_power"], rel=1e-14), "W")
    assert told["p5"] < told["value"] < told["p95"]
    assert set(record["mfu"]) == {"value", "unit", "p5", "p95", "variance"}
    assert record["mfu"]["variance"] == {"unit": "1", "predictions": 1.0}
    assert record["mfu"]["unit"] == "1"
    assert record["layer_time"] == {"value": values["layer_time"], "unit": "s"}
    assert record["precision"] == {"value": "bf16", "unit": "1"}


def test_point_says_in_how_many_draws_a_deadline_is_missed():
    place = ["gpt4", "--set", "gpu=h100-sxm", "--set", "gpus=3840", "--set", "split=tp2-pp10-ep16", "--set", "training_duration=290 d"]
    found = json.loads(sweep("point", *place, "--json"))["quantities"]
    share = found["training_energy"]["infeasible"]["value"]
    assert 0.1 < share < 0.6
    assert "infeasible" not in found["time_to_train"]
    said = f"infeasible within the error in {100 * share:.0f} % of draws, which are not in the band: training_energy, "
    assert said in sweep("point", *place)
    late = [text.replace("290 d", "20 d") for text in place]
    assert "infeasible within" not in sweep("point", *late), "what is infeasible as predicted has its rule, and no draws"
    assert "infeasible within" not in sweep("point", SPLITS)


def test_point_prints_shares_of_step_time():
    shares = json.loads(sweep("point", "gpt4", "--json"))["quantities"]["step_time"]["shares"]
    assert shares.pop("unit") == "1"
    assert sum(shares.values()) == pytest.approx(1)
    text = sweep("point", "gpt4")
    assert f"{100 * shares['products_share']:.1f} %  #" in text
    assert "where the time goes" not in sweep("point", "article")


def test_point_prints_outputs_first_in_display_units():
    text = sweep("point", SPLITS)
    assert "at gpu = h100-sxm, gpus = 128, split = tp8-pp1, pue = 1.2" in text
    rows = words(text)
    header = rows.index(["output", "value", "[5 %, 95 %]", "variance from", "meaning"])
    assert [row[0] for row in rows[header + 1 : header + 5]] == ["step_time", "mfu", "time_to_train", "facility_power"]
    assert rows[header + 4][1].endswith(" MW")
    assert re.fullmatch(r"\[[\d.]+, [\d.]+\]", rows[header + 4][2])
    assert rows[header + 1][3] == "predictions"
    computed = {e.name for e in open_study(SPLITS).graph.equations}
    assert computed <= {row[0] for row in rows}
    assert "hidden_size" not in {row[0] for row in rows}


def test_point_all_prints_origin_of_inputs():
    rows = {row[0]: row[1:] for row in words(sweep("point", SPLITS, "--all"))}
    assert rows["pue"] == ["1.2", "axis pue"]
    assert rows["sequence_length"] == ["4,096 token", "the study"]
    assert rows["gpu_tdp"][1].startswith("h100-sxm: epoch, row")
    assert "assumed: " in rows["cp"][1]


def test_point_prints_broken_rule():
    overrides = ["--set", "split=tp1-pp1", "--set", "gpus=64"]
    record = json.loads(sweep("point", SPLITS, *overrides, "--json"))["quantities"]
    assert record["step_time"] == {"value": None, "unit": "s", "status": ["exceeds_memory"]}
    assert record["memory_per_gpu"]["value"] > 0
    assert "broken: exceeds_memory: One GPU does not have the memory" in sweep("point", SPLITS, *overrides)


def test_point_prints_claims_beside_results():
    rows = {row[0]: row[1:] for row in words(sweep("point", "article"))}
    assert rows["training_energy"][:2] == ["43.88 GWh", "43.9 GWh"]
    assert rows["matmul_flops"][1] == "2.5e15 FLOP"


def test_point_imports_no_numba_and_no_xarray():
    code = f"import sys; from sweep.cli import main; main({['point', SPLITS]!r}, standalone_mode=False)"
    checked = f"{code}; print([m for m in ('numba', 'xarray', 'zarr', 'pandas') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", checked], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr


def test_small_study_units_equal_registry_units():
    record = json.loads(sweep("point", SMALL, "--json"))["quantities"]
    assert record["training_energy"]["unit"] == "J"
    days = 60  # that training takes, not the 90 that it is given
    assert record["training_energy"]["value"] / factor("GWh", "J") == pytest.approx(20.3125e-3 * 24 * days)
    assert all(math.isfinite(cell["value"]) for cell in record.values() if not isinstance(cell["value"], str | None))
    assert set(record) == {*open_study(SMALL).graph.inputs, *(e.name for e in open_study(SMALL).graph.equations)}


def test_waterfall_bars_are_contiguous():
    lines = _waterfall({"products_share": 0.5, "attention_share": 0.0001, "bubble_share": 0.25}).splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["products_share", "bubble_share"]
    first, second = (line.rindex(" ") + 1 if " #" in line else 0 for line in lines[1:])
    assert lines[1].count("#") == 20
    assert lines[2].count("#") == 10
    assert second - first == 20


def test_point_per_prints_outputs_of_each_label():
    head, line = "gpu", "facility_power [MW]"
    rows = {row[0]: row[1:] for row in words(sweep("point", SPLITS, "--per", "gpu"))}
    told = json.loads(sweep("point", SPLITS, "--per", "gpu", "--json"))
    assert rows[head] == [row["gpu"] for row in told["rows"]]
    assert told["at"] == {"gpus": 128, "split": "tp8-pp1", "pue": 1.2}
    ones = dict.fromkeys(("gpu", "gpus", "pue", "mfu"), "1")
    assert told["units"] == ones | {"step_time": "s", "time_to_train": "s", "facility_power": "W"}
    small, large = told["rows"]
    assert (small["facility_power"], rows[line][0]) == (None, "-")  # no server for an L40S
    alone = json.loads(sweep("point", SPLITS, "--json"))["quantities"]["facility_power"]
    assert (large["facility_power"], large["bands"]["facility_power"]) == (alone["value"], {end: alone[end] for end in ("p5", "p95")})
    assert re.fullmatch(r"[\d.]+ \[[\d.]+, [\d.]+\]", rows[line][1])
    assert "is no axis of the study; did you mean 'gpu'" in refused("point", SPLITS, "--per", "gpuu")


def test_point_per_method_prints_no_band_of_method_without_range():
    rows = json.loads(sweep("point", "methods", "--per", "training_method", "--json"))["rows"]
    assert [row["training_method"] for row in rows] == ["modelled", "fixed_mfu", "pipeline_mfu", "llmcarbon", "calculon"]
    assert ["time_to_train" in row["bands"] for row in rows] == [True, True, False, False, False]  # MFU of fixed_mfu has a range


def test_point_prints_probability_of_fitting_where_memory_is_computed():
    assert 0.5 < json.loads(sweep("point", SPLITS, "--json"))["quantities"]["fit_probability"]["value"] <= 1
    assert "fit_probability" not in sweep("point", "article")


def test_point_rejects_infinite_output(tmp_path):
    path = tmp_path / "large.yaml"
    path.write_text(LARGE)
    assert "facility_energy" in sweep("point", str(path))
    for more in ([], ["--json"]):
        assert refused("point", str(path), "--set", "gpus=1e10", *more).endswith("too large for a number, at this point\n")
    assert refused("point", str(path), "--axis", "gpus=8:1e10:log2", "--per", "gpus").endswith("too large for a number, at gpus = 1e+10\n")
