"""The commands, as a user types them: what they print, what they write, and how they answer to mistakes."""

import csv
import io
import json
import math
import os
import re
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from sweep.catalog.entries import entry_names
from sweep.catalog.parameters import catalogues
from sweep.catalog.units import factor
from sweep.cli import main
from sweep.equations import point
from sweep.study.parse import open_study

ROOT = Path(__file__).parents[2]
SPLITS = str(ROOT / "tests" / "data" / "splits.yaml")
SMALL = str(ROOT / "tests" / "data" / "small.yaml")


def sweep(*arguments, code=0):
    """What a command prints on stdout; `code` is how it must end."""
    done = CliRunner().invoke(main, [str(a) for a in arguments])
    assert done.exit_code == code, done.output
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.stdout


def refused(*arguments):
    """The one line with which a command refuses its input."""
    done = CliRunner().invoke(main, [str(a) for a in arguments])
    assert done.exit_code == 2, done.output
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def words(text):
    """The cells of each line of a table."""
    return [re.split(r"  +", line.strip()) for line in text.splitlines()]


@pytest.fixture(scope="module")
def cube(tmp_path_factory):
    """The cube of the study with splits."""
    path = tmp_path_factory.mktemp("cubes") / "splits.zarr"
    sweep("run", SPLITS, "-o", path)
    return path


COMMANDS = sorted(main.commands)


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_every_command_has_help_that_ends_in_an_example(name, option):
    text = sweep(name, option)
    assert f"Example: sweep {name} " in text.split("Options:")[1]
    assert len(text.split("Options:")[0].splitlines()) > 3


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_says_what_it_does(name):
    assert all(option.help for option in main.commands[name].params if isinstance(option, click.Option))


def test_no_command_of_the_manual_is_missing():
    assert set(COMMANDS) >= {"list", "show", "plan", "run", "info", "slice", "best", "point", "explain"}


# --- what there is


@pytest.mark.parametrize("kind", [*(f"{name}s" for name in catalogues()), "parameters", "quantities", "rules", "sources", "studies"])
def test_a_list_is_aligned_and_the_same_in_json(kind):
    rows = json.loads(sweep("list", kind, "--json"))
    lines = sweep("list", kind).splitlines()
    names = [row.get("name") or row["key"] for row in rows]
    assert [line.split()[0] for line in lines[1 : len(rows) + 1]] == names
    first = list(rows[0])[1]
    assert first in lines[0]


def test_a_list_without_a_kind_names_the_kinds():
    text = sweep("list")
    assert {f"{name}s" for name in catalogues()} <= {line.split()[0] for line in text.splitlines() if line}
    assert json.loads(sweep("list", "--json"))["gpus"] == len(entry_names("gpu"))


def test_a_list_of_gpus_shows_figures_with_units():
    line = next(line for line in sweep("list", "gpus").splitlines() if line.startswith("h100-sxm "))
    assert "700 W" in line
    assert "3.35 TB/s" in line
    assert "NVIDIA H100" in line


def test_a_list_of_models_shows_the_parameters_that_are_computed():
    row = next(row for row in json.loads(sweep("list", "models", "--json")) if row["name"] == "llama-2-70b")
    assert row["total_parameters"]["value"] == pytest.approx(68.98e9, rel=1e-3)


def test_a_list_can_be_searched():
    names = [line.split()[0] for line in sweep("list", "quantities", "bubble").splitlines()[1:]]
    assert "bubble_time" in names
    assert len(names) < 10
    assert "no gpus" in sweep("list", "gpus", "no-such-thing")


def test_an_entry_shows_each_number_as_printed_in_si_and_where_it_is_from():
    text = sweep("show", "h100-sxm")
    row = next(cells for cells in words(text) if cells[0] == "hbm_bandwidth")
    assert row[1:3] == ["3.35 TB/s", "3.35e+12 B/s"]
    assert row[3].startswith("epoch, row NVIDIA H100")
    assert "assumed: " in next(line for line in text.splitlines() if "scaleup_domain" in line)
    assert re.search(r"^  epoch +Epoch AI", text, re.MULTILINE)
    (record,) = json.loads(sweep("show", "h100-sxm", "--json"))
    assert record["figures"]["hbm_bandwidth"]["value"] == 3.35e12
    assert record["figures"]["hbm_bandwidth"]["unit"] == "B/s"


def test_figures_that_two_columns_share_are_shown_once():
    text = sweep("show", "gpu/h100-sxm")
    assert [line.strip() for line in text.splitlines() if "serving_peak_rate" in line] == ["same figures: serving_peak_rate as peak_rate"]
    assert "peak_rate:fp8" in text
    (record,) = json.loads(sweep("show", "gpu/h100-sxm", "--json"))
    assert record["same_figures"] == {"serving_peak_rate": "peak_rate"}
    assert not [key for key in record["figures"] if key.startswith("serving_peak_rate")]
    assert "serving_peak_rate" not in record["missing"]
    assert "same figures" not in sweep("show", "llama-2-7b")


def test_a_name_that_two_kinds_share_shows_both_unless_one_is_asked_for():
    assert [record["kind"] for record in json.loads(sweep("show", "gb200-nvl72", "--json"))] == ["gpu", "server"]
    assert [record["kind"] for record in json.loads(sweep("show", "server/gb200-nvl72", "--json"))] == ["server"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("pue", ["parameter pue: ", "minimum: 1", "used by: ", "default"]),
        ("training_energy", ["quantity training_energy: ", "formula: E = P_it T", "kernels/facility/energy.py:", "training_duration"]),
        ("exceeds_memory", ["rule exceeds_memory: ", "guards: step_time", "memory_per_gpu"]),
        ("article", ["source article: The Physics of AI", "used by: "]),
        ("precision", ["choices: fp32, tf32"]),
        ("serving_peak_rate", ["differs by: serving_precision", "takes figures of: peak_rate", "used by: dense_compute_time"]),
    ],
)
def test_anything_with_a_name_can_be_shown(name, expected):
    text = sweep("show", name)
    assert all(part in text for part in expected), text
    assert json.loads(sweep("show", name, "--json"))[0]["name"] == name


def test_what_is_not_there_is_answered_with_the_nearest():
    assert "did you mean 'h100-sxm'?" in refused("show", "h100-sx")
    assert "did you mean 'gpus'?" in refused("list", "gpu")


# --- a study


def test_a_plan_says_what_a_run_would_do_and_evaluates_nothing():
    facts = json.loads(sweep("plan", SPLITS, "--json"))
    assert {name: axis["size"] for name, axis in facts["axes"].items()} == {"gpu": 2, "gpus": 2, "split": 6, "pue": 3}
    assert set(facts["outputs"]["mfu"]["dims"]) == {"gpu", "gpus", "split"}
    assert set(facts["outputs"]["facility_power"]["dims"]) == {"gpu", "gpus", "split", "pue"}
    assert facts["bytes"] == sum(output["cells"] for output in facts["outputs"].values()) * 4
    assert facts["points"] == 72
    assert facts["evaluations"] < facts["points"] * facts["equations"]
    assert "interleaving" in facts["assumed"]
    text = sweep("plan", SPLITS)
    assert "tp1-pp1 .. tp8-pp4" in text
    assert "672 B before compression" in text
    assert "plain 1F1B schedule" in text


def test_a_plan_says_how_many_splits_are_impossible():
    text = sweep("plan", SPLITS, "--axis", "split={tp: [1, 3, 8], pp: [1, 4]}")
    assert "2 impossible left out" in text


def test_a_study_can_be_changed_on_the_command_line():
    facts = json.loads(sweep("plan", SPLITS, "--axis", "pue=1.05:1.6:0.05", "--set", "gpus=128", "--json"))
    assert facts["axes"]["pue"]["size"] == 12
    assert "gpus" not in facts["axes"]


def test_a_study_without_axes_is_one_point_and_what_it_gives_is_not_computed(tmp_path):
    path, cube = tmp_path / "one.yaml", tmp_path / "one.zarr"
    path.write_text("title: one\nset: {server_power: 6 kW, servers: 2}\noutputs: [servers, it_power]\n")
    assert "No axis: one point.\n" in sweep("plan", path)
    assert "\ngiven, not computed: servers\n" in sweep("plan", path)
    assert f"sweep slice {cube} it_power" in sweep("run", path, "-o", cube)
    assert "No axis: one point.\n" in sweep("info", cube)
    assert words(sweep("slice", cube, "servers"))[-1] == ["2"]


def test_an_input_that_the_study_gives_has_no_sources_to_explain(tmp_path):
    path = tmp_path / "one.yaml"
    path.write_text("title: one\nset: {pue: 1.3}\noutputs: [pue]\n")
    assert "sources" not in sweep("explain", "pue", "--study", path)


@pytest.mark.parametrize("command", [["point"], ["plan"], ["best", "--minimize", "it_power"]])
def test_a_value_that_changes_nothing_is_said_to_change_nothing(tmp_path, command):
    path = tmp_path / "one.yaml"
    path.write_text("title: one\nselect: {gpu: h100-sxm}\nset: {gpus: 8}\noutputs: [it_power]\n")
    idle, used = ["pue=1.3", "precision=fp8"], ["gpus=16", "gpu=b200-sxm", "power_method=tdp"]
    done = CliRunner().invoke(main, [command[0], str(path), *command[1:], *(f"--set={text}" for text in idle + used)])
    assert done.exit_code == 0, done.output
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == ["--set pue", "--set precision"]


SERVED = """title: served
select: {gpu: h100-sxm, model: llama-3.1-8b, engine: vllm-2026}
set: {precision: fp8, weight_bits: 8}
outputs: [output_rate, energy_per_query]
"""


@pytest.mark.parametrize("command", [["point"], ["plan"], ["best", "--minimize", "energy_per_query"]])
def test_a_value_of_the_study_that_changes_nothing_is_said_with_the_nearest_that_does(tmp_path, command):
    path = tmp_path / "served.yaml"
    zipped = "title: x\nselect: {gpu: h100-sxm, model: llama-3.1-8b, engine: vllm-2026}\noutputs: [energy_per_query]\n"
    zipped += "axes: {format: {zip: {precision: [bf16, fp8], weight_bits: [16, 8]}}}\n"
    for text in (SERVED, zipped):
        path.write_text(text)
        done = CliRunner().invoke(main, [command[0], str(path), *command[1:], "--set", "serving_tp=2"])
        assert done.exit_code == 0, done.output
        said = "precision changes nothing, for nothing that is asked depends on it; did you mean 'serving_precision'?"
        assert done.stderr == f"{path}: {said}\n"


@pytest.mark.parametrize("held", [[], ["--set", "split=tp1-interleaving1"]])
def test_what_decides_which_splits_are_possible_is_not_said_to_change_nothing(tmp_path, held):
    path = tmp_path / "split.yaml"
    text = "title: x\nselect: {gpu: h100-sxm, model: llama-3.1-8b}\nset: {gpus: 8}\naxes: {split: {tp: [1, 16], interleaving: [1]}}\n"
    path.write_text(text + "outputs: [gpus_per_replica]\n")
    done = CliRunner().invoke(main, ["point", str(path), *held])
    assert (done.exit_code, done.stderr) == (0, "")


def test_an_axis_or_an_option_that_changes_nothing_is_said_with_the_nearest_that_does(tmp_path):
    path = tmp_path / "served.yaml"
    path.write_text(SERVED.replace("precision: fp8, ", ""))
    assert "did you mean 'serving_precision'?" in refused("plan", path, "--axis", "precision=bf16,fp8")
    done = CliRunner().invoke(main, ["point", str(path), "--set", "precision=fp8"])
    assert done.stderr.startswith("--set precision: changes nothing")
    assert done.stderr.endswith("; did you mean 'serving_precision'?\n")


def test_a_point_in_json_holds_every_quantity_with_its_unit():
    study = open_study(SPLITS)
    values = point.evaluate(study.graph, study.inputs_at(study.point)).values
    record = json.loads(sweep("point", SPLITS, "--json"))
    assert list(record)[:4] == ["step_time", "mfu", "time_to_train", "facility_power"]
    assert set(record) == set(values)
    assert record["facility_power"] == {"value": pytest.approx(values["facility_power"] / 1e6, rel=1e-14), "unit": "MW"}
    assert record["mfu"]["unit"] == "%"
    assert record["layer_time"] == {"value": values["layer_time"], "unit": "s"}
    assert record["precision"] == {"value": "bf16", "unit": "1"}


def test_a_point_in_text_shows_outputs_first_each_in_the_unit_that_the_study_asks_for():
    text = sweep("point", SPLITS)
    assert "at gpu = h100-sxm, gpus = 128, split = tp8-pp1, pue = 1.2" in text
    rows = words(text)
    header = rows.index(["output", "value", "meaning"])
    assert [row[0] for row in rows[header + 1 : header + 5]] == ["step_time", "mfu", "time_to_train", "facility_power"]
    assert rows[header + 4][1].endswith(" MW")
    computed = {e.name for e in open_study(SPLITS).graph.equations}
    assert computed <= {row[0] for row in rows}
    assert "hidden_size" not in {row[0] for row in rows}


def test_a_point_with_everything_says_where_each_input_is_from():
    rows = {row[0]: row[1:] for row in words(sweep("point", SPLITS, "--all"))}
    assert rows["pue"] == ["1.2", "axis pue"]
    assert rows["sequence_length"] == ["4,096 token", "the study"]
    assert rows["gpu_tdp"][1].startswith("h100-sxm: epoch, row")
    assert "assumed: " in rows["cp"][1]


def test_a_point_that_breaks_a_rule_has_no_value_and_says_why():
    overrides = ["--set", "split=tp1-pp1", "--set", "gpus=64"]
    record = json.loads(sweep("point", SPLITS, *overrides, "--json"))
    assert record["step_time"] == {"value": None, "unit": "s", "status": ["exceeds_memory"]}
    assert record["memory_per_gpu"]["value"] > 0
    assert "broken: exceeds_memory: One GPU does not have the memory" in sweep("point", SPLITS, *overrides)


def test_the_claims_of_a_text_stand_beside_the_results():
    rows = {row[0]: row[1:] for row in words(sweep("point", "article"))}
    assert rows["training_energy"][:2] == ["43.88 GWh", "43.9 GWh"]
    assert rows["matmul_flops"][1] == "2.5e15 FLOP"


def test_explain_reads_a_study():
    assert "facility_power(split, gpu, gpus, pue) [W]" in sweep("explain", "facility_power", "--study", SPLITS)
    assert sweep("explain", "replicas", "--graph").startswith("flowchart LR")
    assert "def nest_" in sweep("explain", "mfu", "--study", SPLITS, "--code")
    assert "add --study" in CliRunner().invoke(main, ["explain", "mfu", "--code"]).stderr


def test_a_run_ends_with_a_summary_and_what_to_do_next(tmp_path):
    text = sweep("run", SPLITS, "-o", tmp_path / "a.zarr", "--output", "servers", "--threads", "1")
    rows = {row[0]: row[1:] for row in words(text)}
    assert rows["step_time"][0].endswith(" s")
    assert rows["step_time"][1].endswith("%")
    assert rows["servers"][0].startswith("8")
    assert rows["exceeds_memory"][2] == "excluded"
    command = next(line for line in text.splitlines() if line.startswith("sweep slice"))
    assert "step_time" in sweep(*command.split()[1:])


def test_a_run_into_the_same_cube_keeps_it_and_another_study_is_refused(cube):
    before = (cube / "zarr.json").read_bytes()
    done = CliRunner().invoke(main, ["run", SPLITS, "-o", str(cube)])
    assert done.exit_code == 0
    assert "is there already" in done.stderr
    assert (cube / "zarr.json").read_bytes() == before
    done = CliRunner().invoke(main, ["run", SPLITS, "-o", str(cube), "--set", "sequence_length=2048 token"])
    assert done.exit_code == 2
    assert "sequence_length was 4,096 token, is 2,048 token" in done.stderr
    assert (cube / "zarr.json").read_bytes() == before


def test_a_run_that_is_stopped_tells_how_to_go_on(tmp_path):
    out = tmp_path / "big.zarr"
    axes = ["--axis", "gpus=1:4000:1", "--axis", "pue=1:5:0.0001"]
    command = [sys.executable, "-m", "sweep", "run", SPLITS, "-o", str(out), "--threads", "1", *axes]
    running = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ)
    journal = Path(f"{out}.partial") / "journal.jsonl"
    end = time.monotonic() + 120
    while time.monotonic() < end and running.poll() is None and not (journal.exists() and len(journal.read_bytes().splitlines()) > 2):
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    _, errors = running.communicate(timeout=120)
    assert running.returncode == 130, errors
    assert "Traceback" not in errors
    assert "the same command goes on from there" in errors
    assert re.search(r"not whole yet, \d+ of \d+ blocks are done", sweep("info", out))
    assert "is not whole yet" in refused("slice", out, "mfu")
    assert json.loads(sweep("info", out, "--json"))["complete"] is False


# --- a cube


def test_a_cube_says_what_it_holds_and_what_is_assumed(cube):
    facts = json.loads(sweep("info", cube, "--json"))
    assert facts["complete"]
    assert set(facts["variables"]) == {"step_time", "mfu", "time_to_train", "facility_power", "status"}
    assert facts["axes"]["gpu"]["ends"] == ["l40s", "h100-sxm"]
    assert facts["variables"]["step_time"]["unit"] == "s"
    text = sweep("info", cube)
    assert "whole" in text
    assert "plain 1F1B schedule" in text
    assert re.search(r"global_batch +128 +the study", text)
    assert "splits.yaml by wattsweep" in text


def test_a_slice_is_a_table_that_says_why_a_cell_is_empty(cube):
    rows = words(sweep("slice", cube, "step_time", "--sel", "gpus=64"))
    assert "at gpus = 64" in (row[0] for row in rows)
    header = next(row for row in rows if row[0] == "split")
    assert header == ["split", "gpu", "step_time [s]", "no value because"]
    assert ["tp1-pp1", "l40s", "-", "exceeds_memory"] in rows


def test_a_slice_is_the_point_that_the_study_evaluates(cube):
    value = json.loads(sweep("slice", cube, "facility_power", "--sel", "gpus=128", "--sel", "gpu=h100-sxm", "--json", "--sel", "pue=1.2"))
    at = value["axes"]["split"]["labels"].index("tp8-pp1")
    expected = json.loads(sweep("point", SPLITS, "--json"))["facility_power"]["value"] * 1e6
    assert value["values"][at] == pytest.approx(expected, rel=1e-6)
    assert value["unit"] == "W"
    assert value["at"] == {"gpus": 128.0, "gpu": "h100-sxm", "pue": 1.2}


def test_a_long_slice_says_what_was_cut(cube):
    text = sweep("slice", cube, "facility_power")
    assert "40 of 72 rows; --sel split=... narrows them" in text
    assert len(text.splitlines()) == 40 + 5


def test_a_slice_of_the_status_names_the_rules(cube):
    assert ["tp1-pp1", "exceeds_memory"] in words(sweep("slice", cube, "status", "--sel", "gpu=h100-sxm", "--sel", "gpus=64"))


def test_an_axis_that_a_variable_does_not_have_changes_nothing(cube):
    done = CliRunner().invoke(main, ["slice", str(cube), "mfu", "--sel", "pue=1.21", "--sel", "gpu=l40s", "--nearest"])
    assert done.exit_code == 0
    assert "mfu does not depend on pue" in done.stderr
    assert "mfu" in done.stdout


def test_a_label_that_is_not_on_the_axis_needs_leave_to_take_the_nearest(cube):
    assert "the nearest label is 1.2 (--nearest takes it)" in refused("slice", cube, "facility_power", "--sel", "pue=1.21")
    assert "pue = 1.2" in sweep("slice", cube, "facility_power", "--sel", "pue=1.21", "--nearest")


def test_a_slice_as_csv_holds_every_cell_in_si(cube):
    rows = list(csv.reader(io.StringIO(sweep("slice", cube, "facility_power", "--csv"))))
    assert set(rows[0]) == {"split", "gpu", "gpus", "pue", "facility_power [W]"}
    assert len(rows) == 1 + 72
    assert rows[0][-1] == "facility_power [W]"
    assert any(row[-1] == "" for row in rows)


def test_a_slice_goes_into_a_parquet_or_netcdf_file_with_units(cube, tmp_path):
    import pandas
    import xarray
    from pyarrow import parquet

    sweep("slice", cube, "facility_power", "--parquet", tmp_path / "a.parquet")
    frame = pandas.read_parquet(tmp_path / "a.parquet")
    assert len(frame) == 72
    assert parquet.read_schema(tmp_path / "a.parquet").field("facility_power").metadata == {b"units": b"W"}
    sweep("slice", cube, "facility_power", "--sel", "gpu=h100-sxm", "--netcdf", tmp_path / "a.nc")
    with xarray.open_dataarray(tmp_path / "a.nc", engine="h5netcdf") as array:
        assert array.attrs["units"] == "W"
        assert array.sizes["pue"] == 3
    sweep("slice", cube, "mfu", "--sel", "gpu=l40s", "--sel", "gpus=64", "--sel", "split=tp2-pp1", "--parquet", tmp_path / "one.parquet")
    assert len(pandas.read_parquet(tmp_path / "one.parquet")) == 1
    assert "cannot be written: No such file" in refused("slice", cube, "mfu", "--netcdf", tmp_path / "nowhere" / "a.nc")


def test_one_format_at_a_time(cube):
    done = CliRunner().invoke(main, ["slice", str(cube), "mfu", "--csv", "--json"])
    assert done.exit_code == 2
    assert "exclude each other" in done.stderr


# --- the best


def test_the_best_of_a_study_are_those_of_its_cube(cube):
    asked = ["--minimize", "facility_power", "--where", "time_to_train <= 10 d", "--top", "3"]
    study, read = (json.loads(sweep("best", subject, *asked, "--json"))["rows"] for subject in (SPLITS, cube))
    assert len(study) == len(read) == 3
    for one, other in zip(study, read, strict=True):
        assert {key: one[key] for key in ("rank", "gpu", "gpus", "split", "pue")} == {
            key: other[key] for key in ("rank", "gpu", "gpus", "split", "pue")
        }
        assert one["time_to_train"] <= 10 * 86400


def test_the_best_are_shown_in_the_units_of_the_study():
    header, *rows = words(sweep("best", SPLITS, "--maximize", "mfu", "--where", "time_to_train <= 10 d", "--top", "2"))
    assert header[0] == "rank"
    assert {"mfu [%]", "time_to_train [d]"} <= set(header)
    assert [row[0] for row in rows[:2]] == ["1", "2"]


def test_the_best_say_how_far_off_predictions_are(cube):
    study, read = (sweep("best", subject, "--minimize", "time_to_train").splitlines() for subject in (SPLITS, cube))
    assert [line for line in study if line.startswith("checked step_time: half within ")]
    assert {line for line in study if line.startswith("checked")} == {line for line in read if line.startswith("checked")}
    assert json.loads(sweep("best", SPLITS, "--minimize", "time_to_train", "--json"))["accuracy"]
    assert "checked" not in sweep("best", SPLITS, "--minimize", "servers")


def test_the_best_for_each_label_of_an_axis():
    rows = json.loads(sweep("best", SPLITS, "--minimize", "step_time", "--top", "1", "--per", "gpu", "--json"))["rows"]
    assert [row["gpu"] for row in rows] == ["l40s", "h100-sxm"]


def test_no_best_is_no_mistake():
    assert "no point is possible" in sweep("best", SPLITS, "--minimize", "step_time", "--where", "mfu > 2")
    assert json.loads(sweep("best", SPLITS, "--minimize", "step_time", "--where", "mfu > 2", "--json"))["rows"] == []


def test_the_best_must_be_least_or_most():
    done = CliRunner().invoke(main, ["best", SPLITS])
    assert done.exit_code == 2
    assert "--minimize QUANTITY or --maximize QUANTITY" in done.stderr


# --- mistakes: one line with file, line, key, value and a suggestion

STUDY = """\
title: A study
select: {gpu: h100-sxm}
set:
  gpus: 1024
axes:
  pue: [1.1, 1.2]
  training_duration: [30 d, 60 d]
outputs: [facility_energy]
"""
SPLIT = "title: A study\nselect: {gpu: h100-sxm, model: llama-2-13b}\naxes:\n  split: {tp: [7, 11]}\noutputs: [step_time]\n"


@pytest.mark.parametrize("command", ["plan", "point", "run", "best"])
@pytest.mark.parametrize(
    ("written", "line", "said"),
    [
        (STUDY.replace("set:", "sett:"), 4, ["sett", "unknown key 'sett'", "did you mean 'set'?"]),
        (STUDY.replace("30 d", "30 kg"), 7, ["axes.training_duration[0] = '30 kg'", "kg is no unit of s"]),
        (STUDY.replace("gpus: 1024", "gpus: 1024\n  gpus: 2048"), 5, ["set.gpus = '2048'", "duplicate key 'gpus', first given on line 4"]),
        (STUDY.replace("h100-sxm", "h100-smx"), 2, ["select.gpu = 'h100-smx'", "no such gpu", "did you mean 'h100-sxm'?"]),
        (STUDY.replace("1024", "-8"), 4, ["set.gpus = '-8'", "gpus must be at least 1"]),
        (STUDY.replace("[1.1, 1.2]", "[]"), 6, ["axes.pue", "an axis needs at least one label"]),
        (SPLIT, 4, ["axes.split", "none of the 2 combinations is possible", "does not divide the attention heads"]),
        (STUDY.replace("[1.1, 1.2]", "{from: 1, to: 2, points: 1e12}"), 6, ["axes.pue.points = '1e12'", "longer than any disk"]),
        (STUDY.replace("facility_energy", "facility_enrgy"), 8, ["outputs[0] = 'facility_enrgy'", "did you mean 'facility_energy'?"]),
        (STUDY.replace("gpus: 1024", "gpus: many"), 4, ["set.gpus = 'many'", "is not a number"]),
        (STUDY.replace("axes:", "axes"), 6, ["not valid YAML"]),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else None,
)
def test_a_mistake_in_a_study(tmp_path, command, written, line, said):
    path = tmp_path / "study.yaml"
    path.write_text(written)
    more = {"run": ["-o", tmp_path / "out.zarr"], "best": ["--minimize", "facility_energy"]}.get(command, [])
    message = refused(command, path, *more)
    assert message.startswith(f"error: {path}:{line}") or "duplicate" in message or "not valid YAML" in message
    assert all(part in message for part in said), message
    assert [child.name for child in tmp_path.iterdir()] == ["study.yaml"]


def test_a_cube_for_which_the_disk_is_too_small_is_refused_before_anything_is_written(tmp_path):
    path = tmp_path / "study.yaml"
    long = "{from: 1, to: 5, points: 1000000}"
    path.write_text(STUDY.replace("[1.1, 1.2]", long).replace("[30 d, 60 d]", "{from: 1 d, to: 5 d, points: 1000000}"))
    message = refused("run", path, "-o", tmp_path / "out.zarr")
    assert "4e+12 bytes" in message
    assert "longest axis" in message
    assert [child.name for child in tmp_path.iterdir()] == ["study.yaml"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["point", "no-such.yaml"], "no such study file"),
        (["point", SPLITS, "--set", "pu=1.2"], "--set: pu = '1.2': unknown quantity; did you mean 'pue'?"),
        (["point", SPLITS, "--set", "pue"], "--set pue: must read name=value"),
        (["plan", SPLITS, "--axis", "pue=abc"], "--axis: pue = 'abc'"),
        (["run", SPLITS, "-o", "x.zarr", "--output", "mf"], "did you mean 'mfu'?"),
        (["info", "no-such.zarr"], "no cube there"),
        (["slice", "no-such.zarr", "mfu"], "no cube there"),
        (["best", "no-such.zarr", "--minimize", "mfu"], "no cube there"),
        (["best", SPLITS, "--minimize", "mf"], "did you mean 'mfu'?"),
        (["best", SPLITS, "--minimize", "mfu", "--where", "mfu"], "must compare"),
        (["best", SPLITS, "--minimize", "mfu", "--where", "gpu == l40s"], "gpu has labels, not values; --set gpu=l40s holds"),
        (["best", SPLITS, "--minimize", "mfu", "--where", "step_time < 1 kg"], "kg is no unit of s"),
        (["best", SPLITS, "--minimize", "mfu", "--per", "gp"], "did you mean 'gpu'?"),
        (["explain", "mfuu"], "did you mean 'mfu'?"),
    ],
    ids=lambda value: " ".join(map(str, value[:1])) if isinstance(value, list) else None,
)
def test_a_mistake_on_the_command_line(arguments, said):
    assert said in refused(*arguments)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["mfux"], "did you mean 'mfu'?"),
        (["mfu", "--sel", "gp=l40s"], "did you mean 'gpu'?"),
        (["mfu", "--sel", "gpu=l40"], "did you mean 'l40s'?"),
        (["mfu", "--sel", "gpu"], "must read axis=label"),
        (["mfu", "--sel", "gpus=64 W"], "--sel gpus=64 W"),
        (["mfu", "--sel", "gpu=l40s", "--sel", "gpu=l40s"], "--sel gpu=l40s: gpu is held at l40s already"),
        (["gpu"], "gpu: is an axis of the cube"),
    ],
)
def test_a_mistake_in_a_slice(cube, arguments, said):
    assert said in refused("slice", cube, *arguments)


def test_a_folder_that_is_no_cube_is_said_to_be_none(tmp_path):
    assert "cannot be read as a cube" in refused("info", tmp_path)


def test_an_array_store_of_someone_else_is_no_cube(tmp_path):
    import zarr

    zarr.open_group(str(tmp_path / "other.zarr"), mode="w").create_array("mfu", shape=(2,), dtype="f4", dimension_names=("gpu",))
    with warnings.catch_warnings(action="ignore"):  # consolidated metadata is no part of Zarr v3 yet
        zarr.consolidate_metadata(str(tmp_path / "other.zarr"))
    assert "is no cube that `sweep run` wrote" in refused("info", tmp_path / "other.zarr")


# --- the process


def test_a_reader_that_goes_away_early_causes_no_traceback():
    done = subprocess.run(
        f"{sys.executable} -m sweep list models | head -1", shell=True, cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.startswith("name")
    assert done.stderr == ""


def test_a_point_needs_neither_compiler_nor_arrays():
    code = f"import sys; from sweep.cli import main; main({['point', SPLITS]!r}, standalone_mode=False)"
    checked = f"{code}; print([m for m in ('numba', 'xarray', 'zarr', 'pandas') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", checked], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr


def test_units_of_the_small_study_agree_with_its_registry():
    record = json.loads(sweep("point", SMALL, "--json"))
    assert record["training_energy"]["unit"] == "J"
    assert record["training_energy"]["value"] / factor("GWh", "J") == pytest.approx(43.875)
    assert all(math.isfinite(cell["value"]) for cell in record.values() if not isinstance(cell["value"], str | None))
    assert set(record) == {*open_study(SMALL).graph.inputs, *(e.name for e in open_study(SMALL).graph.equations)}
