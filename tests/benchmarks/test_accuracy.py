"""The error bars: what configs/accuracy.yaml says, and where a user meets it."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from sweep.catalog.sources import accuracy
from sweep.cli import main
from sweep.cube.compute import run
from sweep.equations import registry
from sweep.study.parse import open_study

ROOT = Path(__file__).parents[2]
FACTS = ROOT.parent / "shared" / "facts"


def test_accuracy_names_are_equations():
    registry.load()
    assert set(accuracy()) <= set(registry.EQUATIONS)
    assert all(0 < line.median < line.p90 < 100 and line.rows >= 10 for lines in accuracy().values() for line in lines)


@pytest.mark.skipif(not FACTS.is_dir(), reason="the published results are not beside the checkout")
def test_accuracy_file_equals_fidelity_harness():
    from benchmarks.accuracy import TARGET, records, text

    number = re.compile(r"\d[\d.]*")
    written, found = TARGET.read_text(encoding="utf-8"), text(records(FACTS))
    assert number.sub("", written) == number.sub("", found), "run python -m benchmarks.accuracy ../shared/facts"
    today = [float(n) for n in number.findall(found)]
    assert [float(n) for n in number.findall(written)] == pytest.approx(today, rel=0.05)  # the last digit may turn on another processor


def test_accuracy_of_output_follows_its_needs():
    axes = ["gpus=24960", "queries_per_day=1e9 query/d", "pue=1.1,1.2", "training_duration=30 d", "gpu=a100-sxm-80gb"]
    cube = run(open_study("gpt4", axis=axes, set_=["split=tp8-pp15-ep16"]))
    assert cube.mfu.attrs["accuracy"].startswith("step_time: median error ")
    assert "server_power_modelled: median error " in cube.facility_energy.attrs["accuracy"]
    assert "accuracy" not in cube.serving_energy.attrs


def test_accuracy_is_printed_by_point_and_explain():
    for command in (["point", "gpt4"], ["explain", "time_to_train"]):
        done = CliRunner().invoke(main, command)
        assert done.exit_code == 0
        assert "predictions against published results" in done.output
        assert f"median error {accuracy()['step_time'][0].median:.2g} %" in done.output
    assert "against published results" not in CliRunner().invoke(main, ["point", "article"]).output


@pytest.mark.skipif(not FACTS.is_dir(), reason="the published results are not beside the checkout")
def test_residual_ranges_cover_held_out_families():
    from benchmarks.residuals import TARGET, all_of, coverage, energy_coverage, text

    found = all_of(FACTS)
    number = re.compile(r"\d[\d.]*")
    written, fresh = TARGET.read_text(encoding="utf-8"), text(found)
    today = [float(n) for n in number.findall(fresh)]
    assert [float(n) for n in number.findall(written)] == pytest.approx(today, rel=0.05), "run python -m benchmarks.accuracy"
    for name, families in found.items():
        assert 0.85 <= coverage(families) <= (0.95 if len(families) >= 10 else 1.0), name
    serving = {name: found[name] for name in ("serving_time_residual", "serving_power_residual")}
    assert 0.84 <= energy_coverage(FACTS, serving)[0] <= 0.95


def test_residual_range_of_new_family_from_few():
    from benchmarks.residuals import coverage, ends, shared

    low, high = ends({name: [value] for name, value in zip("abcd", (-0.1, 0.0, 0.05, 0.15), strict=True)})
    assert low < -0.15
    assert high > 0.2
    many = {str(i): [0.01 * i, 0.01 * i + 0.5] for i in range(20)}
    assert ends(many) == pytest.approx((0.0, 0.68), abs=0.02)
    assert 0 < shared(many) < 0.1
    assert 0.7 < coverage(many) <= 0.95
