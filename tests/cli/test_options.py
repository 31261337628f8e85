"""What commands share: values and axes of the command line, and what they say of those that change nothing."""

import pytest
from click.testing import CliRunner

from sweep.cli import main
from tests.commands import SPLITS, refused, sweep

SERVED = """title: served
select: {gpu: h100-sxm, model: llama-3.1-8b, engine: vllm-2026}
set: {precision: fp8, weight_bits: 8}
outputs: [output_rate, energy_per_query]
"""


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
        said = "precision has no effect, no requested quantity depends on it; did you mean 'serving_precision'?"
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
    assert done.stderr.startswith("--set precision: has no effect")
    assert done.stderr.endswith("; did you mean 'serving_precision'?\n")


@pytest.mark.parametrize("command", [["point"], ["plan"], ["best", "--minimize", "step_time", "--top", "1"]])
def test_an_output_can_be_added_to_those_of_a_study(command):
    assert "server_power" not in sweep(command[0], SPLITS, *command[1:]).split("on the way")[0]
    assert "server_power" in sweep(command[0], SPLITS, *command[1:], "--output", "server_power").split("on the way")[0]
