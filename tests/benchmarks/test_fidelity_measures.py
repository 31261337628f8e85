"""From scores to families, confusion table and choice of layout, on scores made by hand."""

import math

import pytest

from benchmarks.fidelity import measures
from benchmarks.fidelity.evaluation import Inputs, Unscored
from benchmarks.fidelity.score import Score
from benchmarks.fidelity.serving import summary as serving_summary
from benchmarks.fidelity.training import layouts, peers, side_by_side
from benchmarks.fidelity.training import scoring as training
from benchmarks.fidelity.training import summary as training_summary
from benchmarks.fidelity.training.inputs import inputs_of
from tests.benchmarks.test_fidelity import run


def score(name: str, predicted: float, measured: float, quantity: str = "step_time", **fields: str) -> Score:
    row = run(id=name, **fields)
    return Score(name, row.family, quantity, predicted, measured, "", row, notes={"baseline": 1.0})


def test_measures_weigh_families_equally() -> None:
    found = measures.families_equal({"large": [0.1] * 99, "small": [-0.3]})
    assert found["families"] == 2
    assert found["rows"] == 100
    assert found["bias"] == pytest.approx(-0.1)
    assert found["within_10"] == pytest.approx(0.5)
    assert found["within_25"] == pytest.approx(0.5)
    assert found["mean"] == pytest.approx(0.2)
    assert found["p90"] == pytest.approx(0.3)
    assert found["median"] == pytest.approx(0.1)


def test_measures_quantiles_and_ranks() -> None:
    assert measures.median([3, 1, 2]) == 2
    assert measures.quantile([0, 10], 0.9) == 9
    assert math.isnan(measures.median([]))
    assert measures.ranks([5, 1, 5]) == [2.5, 1, 2.5]
    assert measures.rank_correlation([1, 2, 3], [10, 20, 30]) == pytest.approx(1)
    assert measures.rank_correlation([1, 2, 3], [3, 2, 1]) == pytest.approx(-1)
    assert measures.rank_correlation([1, 1, 1], [3, 2, 1]) == 0


def test_measures_confusion_table() -> None:
    verdicts = [(1, 1)] * 9 + [(0, 1)] + [(0, 0)] * 3 + [(1, 0)]
    found = training_summary.confusion([score(f"r{i}", p, m, "fits") for i, (p, m) in enumerate(verdicts)])
    assert found["ran, predicted not to"] == 1
    assert found["out of memory, predicted to fit"] == 1
    assert found["good_runs_rejected"] == pytest.approx(0.1)
    assert found["out_of_memory_caught"] == pytest.approx(0.75)
    assert found["balanced_accuracy"] == pytest.approx((0.9 + 0.75) / 2)


def test_measures_regret_of_choice() -> None:
    predicted, measured = [3.0, 1.0, 2.0, 4.0, 5.0], [1.0, 1.2, 1.1, 1.3, 1.4]
    rows = [score(f"r{i}", p, m, tp=str(2**i)) for i, (p, m) in enumerate(zip(predicted, measured, strict=True))]
    (group,) = layouts.groups(rows, {}, kernel=False)
    assert (group.chosen, group.best, group.layouts) == ("r1", "r0", 5)
    assert group.regret == pytest.approx(0.2)
    assert group.baseline_regret == pytest.approx(0.2)  # a constant answer is worth the mean layout
    assert group.random_regret == pytest.approx(0.2)
    assert group.correlation == pytest.approx(0.6)
    (group,) = layouts.groups(rows, {"r1": 0.0}, kernel=False)
    assert group.regret == pytest.approx(0.1)  # what is predicted not to fit is not chosen
    assert layouts.groups(rows[:4], {}, kernel=False) == []
    assert layouts.groups([score(f"s{i}", 1.0, 1.0) for i in range(9)], {}, kernel=False) == []  # one layout, nine times


def test_measures_repeats_of_a_layout_tell_the_noise() -> None:
    rows = [score(f"r{i}", 1.0 + i, 1.0 + i, tp=str(2**i)) for i in range(5)]
    (once,) = layouts.groups(rows, {}, kernel=False)
    assert once.repeats is None
    (twice,) = layouts.groups([*rows, score("again", 1.0, 1.5, tp="1"), score("other", 2.0, 2.2, tp="2")], {}, kernel=False)
    assert twice.repeats == pytest.approx(0.5)
    total = layouts.summary([once, twice])
    assert total["groups_with_repeats"] == 1
    assert total["median_difference_of_repeats"] == pytest.approx(0.5)


def test_measures_group_by_software_kernels() -> None:
    rows = [score(f"r{i}", 1.0 + i, 1.0 + i, tp=str(2 ** (i // 2)), notes=f"kernel: {'flash' if i % 2 else 'torch'}") for i in range(10)]
    assert [group.layouts for group in layouts.groups(rows, {}, kernel=False)] == [10]
    assert [group.layouts for group in layouts.groups(rows, {}, kernel=True)] == [5, 5]


def test_peers_are_compared_on_what_they_can_express() -> None:
    rows = [score("a", 1.1, 1.0), score("b", 9.0, 1.0, gpu="B200"), score("c", 9.0, 1.0, precision="fp8"), score("d", 9.0, 1.0, cp="2")]
    found = training_summary.beside_peers(rows, {"mean_regret": 0.01, "mean_rank_correlation": 0.9}, {"out_of_memory_caught": 1.0})
    assert found["rows"] == 1
    assert found["median"] == pytest.approx(0.1)


PEERS = "peers, each on the rows that it counts"


def test_every_peer_is_a_line_of_numbers_under_the_same_columns() -> None:
    ours = {"training": training_summary.summary([])[PEERS], "serving": serving_summary.summary([])[PEERS]}
    for kind, table in ours.items():
        assert set(training_summary.noted("peers", kind)) < set(table)
        for line in table.values():
            assert set(line) <= set(table["wattsweep"])
            assert all(isinstance(value, float | int) for value in line.values())


def test_peers_are_scored_on_the_rows_that_they_answer_and_the_model_on_the_same() -> None:
    prepared = training.prepare(
        [run(id="a", step_time_s="0.4"), run(id="b", step_time_s="0.5", n_gpus="96", dp="96"), run(id="c", gpu="B200")]
    )

    def peer(inputs: Inputs) -> float:
        if inputs.value("gpus") > 48:
            raise Unscored("too large")
        return 0.6

    found = side_by_side.compared(prepared, {"peer": peer})
    assert found["peer"]["rows"] == found["wattsweep, rows of peer"]["rows"] == 1
    assert found["peer"]["mean"] == pytest.approx(0.5)


def test_sizes_that_peers_take_are_whole() -> None:
    found = peers._sizes(inputs_of(run(tp="2", dp="24")))
    assert (found["dp"], found["tp"], found["layers"]) == (24, 2, 24)
    assert all(isinstance(size, int) for size in found.values())
