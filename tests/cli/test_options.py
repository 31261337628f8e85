"""What commands share: values and axes of the command line, and what they say of those that change nothing."""

import json

import pytest
from click.testing import CliRunner

from sweep.cli import main, options
from sweep.equations.quantities import names, quantity
from tests.commands import SPLITS, numbers_without_unit, refused, sweep

SERVED = """title: served
select: {gpu: h100-sxm, model: llama-3.1-8b, engine: vllm-2026}
set: {precision: fp8, weight_bits: 8}
outputs: [output_rate, energy_per_query]
"""


@pytest.mark.parametrize("command", [["point"], ["plan"], ["best", "--minimize", "it_power"]])
def test_set_without_effect_warns(tmp_path, command):
    path = tmp_path / "one.yaml"
    path.write_text("title: one\nselect: {gpu: h100-sxm}\nset: {gpus: 8}\noutputs: [it_power]\n")
    idle, used = ["pue=1.3", "precision=fp8"], ["gpus=16", "gpu=b200-sxm", "power_method=tdp"]
    done = CliRunner().invoke(main, [command[0], str(path), *command[1:], *(f"--set={text}" for text in idle + used)])
    assert done.exit_code == 0, done.output
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == ["--set pue", "--set precision"]


@pytest.mark.parametrize("command", [["point"], ["plan"], ["best", "--minimize", "energy_per_query"]])
def test_study_value_without_effect_warns_with_nearest(tmp_path, command):
    path = tmp_path / "served.yaml"
    zipped = "title: x\nselect: {gpu: h100-sxm, model: llama-3.1-8b, engine: vllm-2026}\noutputs: [energy_per_query]\n"
    zipped += "axes: {format: {zip: {precision: [bf16, fp8], weight_bits: [16, 8]}}}\n"
    for text in (SERVED, zipped):
        path.write_text(text)
        done = CliRunner().invoke(main, [command[0], str(path), *command[1:], "--set", "serving_tp=2"])
        assert done.exit_code == 0, done.output
        said = "precision has no effect, no requested quantity depends on it; did you mean 'serving_precision'?"
        assert done.stderr == f"{path}: {said}\n"


@pytest.mark.parametrize("held", [[], ["--set", "split=tp1-interleaving1"]])
def test_input_of_split_rule_does_not_warn(tmp_path, held):
    path = tmp_path / "split.yaml"
    text = "title: x\nselect: {gpu: h100-sxm, model: llama-3.1-8b}\nset: {gpus: 8}\naxes: {split: {tp: [1, 16], interleaving: [1]}}\n"
    path.write_text(text + "outputs: [gpus_per_replica]\n")
    done = CliRunner().invoke(main, ["point", str(path), *held])
    assert (done.exit_code, done.stderr) == (0, "")


def test_axis_held_at_a_label_does_not_warn(tmp_path):
    path = tmp_path / "zipped.yaml"
    path.write_text("title: x\naxes: {mine: {zip: {it_power: [1 MW, 2 MW], pue: [1.1, 1.2]}}}\noutputs: [facility_power]\n")
    done = CliRunner().invoke(main, ["point", str(path), "--set", "mine=it_power=2e+06, pue=1.2"])
    assert (done.exit_code, done.stderr) == (0, "")
    assert "2.4 MW" in done.stdout


def test_axis_without_effect_warns_with_nearest(tmp_path):
    path = tmp_path / "served.yaml"
    path.write_text(SERVED.replace("precision: fp8, ", ""))
    assert "did you mean 'serving_precision'?" in refused("plan", path, "--axis", "precision=bf16,fp8")
    done = CliRunner().invoke(main, ["point", str(path), "--set", "precision=fp8"])
    assert done.stderr.startswith("--set precision: has no effect")
    assert done.stderr.endswith("; did you mean 'serving_precision'?\n")


@pytest.mark.parametrize("command", [["point"], ["plan"], ["best", "--minimize", "step_time", "--top", "1"]])
def test_output_option_adds_output(command):
    assert "server_power" not in sweep(command[0], SPLITS, *command[1:]).split("intermediate")[0]
    assert "server_power" in sweep(command[0], SPLITS, *command[1:], "--output", "server_power").split("intermediate")[0]


COMMANDS = [
    ["list"],
    ["list", "gpus"],
    ["show", "h100-sxm"],
    ["info", "CUBE"],
    ["check", "CUBE"],
    ["plan", SPLITS],
    ["run", SPLITS, "-o", "CUBE"],
    ["explain", "facility_power", "--study", SPLITS],
    ["point", SPLITS],
    ["point", SPLITS, "--per", "gpus"],
    ["compare", SPLITS, "--with", "gpus=64"],
    ["best", SPLITS, "--minimize", "step_time", "--top", "2"],
    ["best", SPLITS, "--minimize", "step_time + facility_power", "--top", "2"],
    ["best", SPLITS, "--minimize", "step_time", "--where", "mfu > 2"],
    ["best", "CUBE", "--minimize", "step_time", "--top", "2"],
    ["pareto", SPLITS, "--minimize", "step_time", "--minimize", "facility_power"],
    ["solve", SPLITS, "gpus", "--for", "step_time <= 2 s"],
    ["solve", SPLITS, "pue", "--for", "facility_power = 140 kW", "--per", "split"],
    ["sensitivity", SPLITS, "--of", "step_time"],
    ["sensitivity", SPLITS, "--of", "step_time", "--method", "grid"],
    ["slice", "CUBE", "mfu"],
    ["slice", "CUBE", "mfu", "step_time"],
    ["slice", "CUBE", "mfu", "--reduce", "p95=split"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(map(str, command[:3:2])))
def test_json_is_one_object_with_unit_of_each_number(cube, command):
    def refuse(constant):
        pytest.fail(f"{constant} is no JSON")

    text = sweep(*(cube if part == "CUBE" else part for part in command), "--json")
    found = json.loads(text, parse_constant=refuse)
    assert isinstance(found, dict)
    assert numbers_without_unit(found) == []
    units = {name: unit for name, unit in found.get("units", {}).items() if name in names()}
    assert units == {name: quantity(name).unit for name in units}, "SI"


def test_json_quantity_has_si_value_and_unit():
    found = json.loads(sweep("point", SPLITS, "--json"))["quantities"]
    assert all({"value", "unit"} <= set(cell) for cell in found.values())
    assert {name: cell["unit"] for name, cell in found.items()} == {name: quantity(name).unit for name in found}
    assert isinstance(found["gpus"]["value"], int)


@pytest.mark.parametrize(
    "command",
    [
        ("pareto", SPLITS, "--minimize", "step_time", "--minimize", "facility_power"),
        ("compare", SPLITS, "--with", "gpus=64"),
        ("sensitivity", SPLITS, "--of", "step_time"),
    ],
    ids=lambda command: command[0],
)
def test_invalid_plot_file_is_rejected_before_computing(command, monkeypatch):
    monkeypatch.setattr("sweep.study.parse.open_study", lambda *_: pytest.fail("the study was opened"))
    assert "a picture ends in .png or .svg" in refused(*command, "--plot", "front.pdf")


@pytest.mark.parametrize("command", [("point", SPLITS), ("best", SPLITS, "--minimize", "step_time")], ids=lambda command: command[0])
def test_missing_scipy_is_reported_for_bands(command, monkeypatch):
    assert "no bands" not in CliRunner().invoke(main, [*command]).stderr
    monkeypatch.setattr(options, "find_spec", lambda name: None)
    done = CliRunner().invoke(main, [*command])
    assert done.stderr.count("no bands: they need scipy") == 1
    assert "[5 %, 95 %]" not in done.stdout
