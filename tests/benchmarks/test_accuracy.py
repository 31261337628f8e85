"""The error bars: what configs/accuracy.yaml says, how often its ranges hold, and where a user meets it."""

import math
import re
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest
from click.testing import CliRunner

from benchmarks import bands
from benchmarks.residuals import Result
from sweep.catalog.accuracy import accuracy
from sweep.catalog.parameters import parameters
from sweep.cli import main
from sweep.equations import registry
from sweep.store.run import run
from sweep.study.parse import open_study

ROOT = Path(__file__).parents[2]
FACTS = ROOT.parent / "shared" / "facts"


def test_accuracy_names_are_equations():
    registry.load()
    assert set(accuracy()) <= set(registry.EQUATIONS)


@pytest.fixture(scope="module")
def measured():
    if not FACTS.is_dir():
        pytest.skip("the published results are not beside the checkout")
    from benchmarks.accuracy import measured

    return measured(FACTS)


def test_accuracy_file_equals_measured(measured):
    from benchmarks.accuracy import TARGET, text

    number = re.compile(r"\d[\d.]*")
    written, found = TARGET.read_text(encoding="utf-8"), text(measured)
    assert number.sub("", written) == number.sub("", found), "run python -m benchmarks.accuracy ../shared/facts"
    today = [float(n) for n in number.findall(found)]
    assert [float(n) for n in number.findall(written)] == pytest.approx(today, rel=0.05, abs=0.02)  # last digits turn on the processor


def test_residual_ranges_cover_held_out_families(measured):
    from benchmarks.accuracy import chosen

    for one in measured:
        regimes = [(drawn, len(bands.families(drawn))) for _, _, _, drawn in chosen(one) if drawn]
        shares = [bands.coverage(drawn) for drawn, _ in regimes]
        assert all(share >= 0.75 for share in shares), one.quantity
        if regimes and sum(count for _, count in regimes) >= 10:
            assert 0.85 <= np.average(shares, weights=[count for _, count in regimes]) <= 0.95, one.quantity


def test_held_out_runs_repeat_no_fitted_run(measured):
    from benchmarks.fidelity.training.summary import fitted

    families = {one.family for one in measured[0].errors}
    assert not families & fitted("training")
    assert "bridge-26.04" not in families  # the jobs and the trainer of bridge-26.04.01
    assert "mosaic" in families


def test_stated_chance_of_faster_layout_agrees_with_measured_order(measured):
    known = [some for some in bands.pairs(measured[0].errors).values() if len(some) >= 100]
    unsure, sure = ([right for some in known for stated, right in some if low <= stated <= high] for low, high in ((0.5, 0.6), (0.95, 1.0)))
    assert np.mean(unsure) < 0.65
    assert np.mean(sure) > 0.8


def test_stated_probability_of_fitting_agrees_with_what_ran_out_of_memory():
    if not FACTS.is_dir():
        pytest.skip("the published results are not beside the checkout")
    from benchmarks.accuracy import fits

    known = np.array([one for some in fits(FACTS).values() for one in some])
    for low, high in ((0.5, 0.7), (0.7, 0.9), (0.9, 1.01)):
        inside = known[(known[:, 0] >= low) & (known[:, 0] < high)]
        assert len(inside) > 30
        assert inside[:, 0].mean() == pytest.approx(inside[:, 1].mean(), abs=0.1), low
    assert known[known[:, 0] < 0.5, 1].mean() < 0.1


def test_spread_of_memory_is_that_of_measured_error():
    median = accuracy()["allocated_memory"][-1].median / 100
    assert parameters()["memory_residual_spread"].default.value == pytest.approx(math.log1p(median) / NormalDist().inv_cdf(0.75), rel=0.1)


def test_ends_cover_new_families_of_drawn_residuals():
    draw = np.random.default_rng(0)
    for count in (7, 30):
        inside = []
        for _ in range(60):
            some = [Result(float(draw.normal(mean, 0.1)), str(i)) for i, mean in enumerate(draw.normal(0, 0.1, count)) for _ in range(8)]
            inside.append(bands.coverage(some))
        assert 0.87 <= np.mean(inside) <= 0.94, count


def test_ends_are_widened_for_few_families():
    even = {str(i): [value] for i, value in enumerate(np.linspace(-1, 1, 7).tolist())}
    assert bands.ends(even) == pytest.approx((-1.9432 / 1.6449 * math.sqrt(8 / 7), 1.9432 / 1.6449 * math.sqrt(8 / 7)), rel=1e-3)
    assert bands.ends({name: [value + 5] for name, value in zip("abcdefg", np.linspace(-0.1, 0.1, 7).tolist(), strict=True)})[0] == 0.0


def test_layout_parts_recover_drawn_variances():
    draw = np.random.default_rng(1)
    some = []
    for i in range(60):
        family = draw.normal(0, 0.2)
        for j in range(6):
            job = family + draw.normal(0, 0.1)
            some += [Result(float(job + draw.normal(0, 0.05)), str(i), str(j)) for _ in range(6)]
    spread = bands.layout_spread(some)
    assert spread == pytest.approx(0.05, rel=0.15)
    family, job = bands.layout_parts(some, spread)
    whole = 0.2**2 + 0.1**2 + 0.05**2
    assert [family, job] == pytest.approx([0.2**2 / whole, 0.1**2 / whole], abs=0.1)


def test_pairs_give_stated_chance_and_measured_order():
    def layouts(family, gaps):
        return [Result(log, family, "job", {}, math.exp(0.1 * i)) for i, log in enumerate(gaps)]

    known = bands.pairs([*layouts("a", (0, 0.05, -0.05, 0, 0)), *layouts("b", (0, 0, 0, -0.9, 0.1)), *layouts("c", (0, 0.3))])
    assert {name: len(some) for name, some in known.items()} == {"a": 10, "b": 10}
    assert all(0.5 < stated <= 1 for stated, _ in known["b"])
    assert [right for _, right in known["b"]] == [1, 1, 0, 1, 1, 0, 1, 0, 1, 1]


def test_accuracy_of_output_follows_its_needs():
    axes = ["gpus=24960", "queries_per_day=1e9 query/d", "pue=1.1,1.2", "training_duration=30 d", "gpu=a100-sxm-80gb"]
    cube = run(open_study("gpt4", axis=axes, set_=["split=tp8-pp15-ep16"]))
    assert cube.mfu.attrs["accuracy"].startswith("step_time: median error ")
    assert "server_power_modelled: median error " in cube.facility_energy.attrs["accuracy"]
    assert "accuracy" not in cube.serving_energy.attrs


def test_point_prints_error_of_regime_and_extrapolation():
    said = {}
    for gpu in ("a100-sxm-80gb", "h100-sxm"):
        lines = CliRunner().invoke(main, ["point", "gpt4", "--set", f"gpu={gpu}"]).output.splitlines()
        said[gpu] = next(line for line in lines if line.startswith("step_time ") and "median error" in line)
    assert "(mixtures of experts in training on any GPU, n = " in said["a100-sxm-80gb"]
    assert "(mixtures of experts in training on Hopper GPUs, n = " in said["h100-sxm"]
    assert "; extrapolated: gpus = 24,960, beyond " in said["h100-sxm"]
    near = CliRunner().invoke(main, ["point", "layouts", "--set", "gpus=512"]).output
    assert "on Hopper GPUs" in near
    assert "extrapolated" not in near
    assert "against published results" not in CliRunner().invoke(main, ["point", "article"]).output


def test_best_prints_regimes_of_its_points():
    options = ["--minimize", "step_time", "--top", "2", "--per", "gpu", "--axis", "gpu=a100-sxm-80gb,h100-sxm"]
    output = CliRunner().invoke(main, ["best", "layouts", *options]).output
    said = [line for line in output.splitlines() if line.startswith("checked step_time")]
    assert [re.findall(r"on (\w+) GPUs", line)[0] for line in said] == ["Ampere", "Hopper"]
