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


def test_residual_ranges_cover_held_out_programmes_and_families(measured):
    from benchmarks.accuracy import chosen

    for one in measured:
        for of, _, _, drawn in chosen(one) if one.residuals else ():
            for key in (bands.programme, bands.family):
                shares = bands.coverage(drawn, key)
                assert np.mean(shares) + 2 * bands.error(shares) >= 0.85, (one.quantity, of)
                drawn_by_chance = math.sqrt(0.9 * 0.1 / len(shares))  # all of few programmes may be inside such a range
                assert np.mean(shares) - 2 * max(bands.error(shares), drawn_by_chance) <= 0.95, (one.quantity, of)


def test_ranges_of_time_and_power_together_cover_energy_of_held_out_models(measured):
    from benchmarks.accuracy import chosen, members

    energy = measured[-1]
    assert energy.quantity == "chip_energy_per_output_token"
    for _, when, errors, _ in chosen(energy):
        assert np.mean(bands.coverage_together(errors, [members(part, when) for part in energy.parts])) >= 0.85


def test_held_out_runs_repeat_no_fitted_run(measured):
    from benchmarks.fidelity.training.summary import fitted

    families = {one.family for one in measured[0].errors}
    assert not families & fitted("training")
    assert "bridge-26.04" not in families  # the jobs and the trainer of bridge-26.04.01
    assert "mosaic" in families


def test_stated_chance_that_first_layout_is_best_comes_true(measured):
    known = bands.chances(bands.pairs(measured[0].layouts))
    assert len(known) >= 10
    for low, high in ((0.5, 0.7), (0.7, 0.9), (0.9, 1.01)):
        inside = [[pair for pair in some if low <= pair[0] < high] for some in known.values()]
        families = [np.mean(some, axis=0) for some in inside if some]
        stated, right = np.mean([pair for some in inside for pair in some], axis=0)
        assert right >= stated - 0.08, low  # of all pairs: not surer than is right
        stated, right = np.mean(families, axis=0)
        error = max(bands.error([one[1] - one[0] for one in families]), math.sqrt(stated * (1 - stated) / len(families)))
        assert abs(right - stated) <= 2 * error, low


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
            inside += bands.coverage(some, bands.family)
        assert 0.87 <= np.mean(inside) <= 0.94, count


def test_ends_are_widened_for_few_programmes():
    even = [Result(value, str(i)) for i, value in enumerate(np.linspace(-1, 1, 7).tolist())]
    wide = 1.9432 / 1.6449 * math.sqrt(8 / 7)
    assert bands.ends(even) == pytest.approx((-wide, wide), rel=1e-3)
    assert bands.ends([Result(5 + one.log / 10, one.family) for one in even])[0] == 0.0
    again = [*even, Result(1.0, "7", programme="6"), Result(1.0, "7", programme="6")]  # a family more of the last programme
    assert bands.ends(again) == pytest.approx((-wide, wide), rel=1e-3)


def test_coverage_holds_programmes_back_whole():
    some = [Result(value, f"{name}{i}", programme=name) for i in range(4) for name, value in (("a", 0.1), ("b", 0.2), ("c", 3.0))]
    assert len(bands.coverage(some, bands.family)) == 12
    assert bands.coverage(some, bands.programme)[2] == 0.0
    assert bands.coverage(some, bands.family)[2] == 1.0


def test_coverage_together_multiplies_ranges():
    draw = np.random.default_rng(2)
    one, other = ([Result(float(value), str(i)) for i, value in enumerate(draw.normal(0, 0.1, 200))] for _ in range(2))
    both = [Result(a.log + b.log, a.family) for a, b in zip(one, other, strict=True)]
    assert np.mean(bands.coverage_together(both, [one, other])) == pytest.approx(0.9, abs=0.04)
    assert np.mean(bands.coverage_together(both, [one])) < 0.8


def test_layout_spread_recovers_drawn_scale_and_tail():
    draw = np.random.default_rng(3)
    known = {str(i): [(0.1, 0.05 * value) for value in draw.standard_t(2, 400)] for i in range(12)}
    assert bands.layout_spread(known) == pytest.approx((0.05, 2), rel=0.1)


def test_layout_parts_recover_drawn_variances():
    draw = np.random.default_rng(1)
    some = []
    for i in range(60):
        family = draw.normal(0, 0.2)
        for j in range(6):
            job = family + draw.normal(0, 0.1)
            some += [Result(float(job + draw.normal(0, 0.05)), str(i), str(j)) for _ in range(6)]
    family, job = bands.layout_parts(some, math.sqrt(2) * 0.05)
    whole = 0.2**2 + 0.1**2 + 0.05**2
    assert [family, job] == pytest.approx([0.2**2 / whole, 0.1**2 / whole], abs=0.1)


def test_pairs_compare_each_layout_with_the_one_predicted_best():
    def layouts(family, logs):
        return [Result(log, family, "job", {}, math.exp(0.1 * i)) for i, log in enumerate(logs)]

    known = bands.pairs([*layouts("a", (0, 0.05, -0.05)), *layouts("b", (0.2, 0.0)), Result(0.0, "c", "job", {}, 1.0)])
    assert known == {"a": [pytest.approx((0.1, 0.05)), pytest.approx((0.2, -0.05))], "b": [pytest.approx((0.1, -0.2))]}
    stated = bands.chances(known)
    assert [right for _, right in stated["a"]] == [1, 1]
    assert [right for _, right in stated["b"]] == [0]
    assert 0.5 < stated["a"][0][0] < stated["a"][1][0] < 1


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
