"""The error bars: what configs/accuracy.yaml says, and where a user meets it."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from sweep.catalog.sources import accuracy
from sweep.cli import main
from sweep.cube.running import run
from sweep.equations import registry
from sweep.study.parse import open_study

ROOT = Path(__file__).parents[2]
FACTS = ROOT.parent / "shared" / "facts"


def test_what_was_held_against_published_results_are_equations():
    registry.load()
    assert set(accuracy()) <= set(registry.EQUATIONS)
    assert all(0 < line.half < line.most < 100 and line.rows >= 10 for lines in accuracy().values() for line in lines)


@pytest.mark.skipif(not FACTS.is_dir(), reason="the published results are not beside the checkout")
def test_the_file_says_what_the_fidelity_harness_measures_today():
    from benchmarks.accuracy import TARGET, records, text

    number = re.compile(r"\d[\d.]*")
    written, found = TARGET.read_text(encoding="utf-8"), text(records(FACTS))
    assert number.sub("", written) == number.sub("", found), "run python -m benchmarks.accuracy ../shared/facts"
    today = [float(n) for n in number.findall(found)]
    assert [float(n) for n in number.findall(written)] == pytest.approx(today, rel=0.05)  # the last digit may turn on another processor


def test_an_output_carries_the_accuracy_of_what_it_follows_from():
    axes = ["gpus=24960", "queries_per_day=1e9 query/d", "pue=1.1,1.2", "training_duration=30 d", "gpu=a100-sxm-80gb"]
    cube = run(open_study("gpt4", axis=axes, set_=["split=tp8-pp15-ep16"]))
    assert cube.mfu.attrs["accuracy"].startswith("step_time: half within ")
    assert "server_power_modelled: half within " in cube.facility_energy.attrs["accuracy"]
    assert "accuracy" not in cube.serving_energy.attrs


def test_a_point_and_an_explanation_name_it():
    for command in (["point", "gpt4"], ["explain", "time_to_train"]):
        done = CliRunner().invoke(main, command)
        assert done.exit_code == 0
        assert "predictions against published results" in done.output
        assert f"half within {accuracy()['step_time'][0].half:.2g} %" in done.output
    assert "against published results" not in CliRunner().invoke(main, ["point", "article"]).output
