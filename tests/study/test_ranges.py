"""Values along an axis: lists and ranges, as they are written."""

import pytest

from sweep.catalog.document import Node
from sweep.errors import SweepError
from tests.studies import with_axes

DAY = 86400.0

pytestmark = pytest.mark.usefixtures("forgotten")


@pytest.mark.parametrize(
    ("name", "written", "values"),
    [
        ("gpus", [8, 16, 64], [8, 16, 64]),
        ("gpus", 8, [8]),
        ("gpus", {"from": 8, "to": 40, "step": 16}, [8, 24, 40]),
        ("gpus", {"from": 8, "to": 41, "step": 16}, [8, 24, 40]),
        ("gpus", {"from": 40, "to": 8, "step": -16}, [40, 24, 8]),
        ("gpus", {"from": 8, "to": 40, "points": 3}, [8, 24, 40]),
        ("gpus", {"from": 1, "to": 1000, "points": 4, "scale": "log"}, [1, 10, 100, 1000]),
        ("gpus", {"from": 1, "to": 4, "points": 20, "scale": "log"}, [1, 2, 3, 4]),
        ("gpus", "1000:3000:1000", [1000, 2000, 3000]),
        ("gpus", "1:1000:log4", [1, 10, 100, 1000]),
        ("gpus", "8:40:lin3", [8, 24, 40]),
        ("gpus", "8, 16", [8, 16]),
        ("pue", "1.05:1.2:0.05", [1.05, 1.1, 1.15, 1.2]),
        ("pue", {"from": 1.1, "to": 1.5, "points": 5}, [1.1, 1.2, 1.3, 1.4, 1.5]),
        ("training_duration", {"from": "30 d", "to": "12 week", "points": 2}, [30 * DAY, 84 * DAY]),
        ("training_duration", "30 d:90 d:30 d", [30 * DAY, 60 * DAY, 90 * DAY]),
        ("training_duration", ["36 h", "1 week"], [1.5 * DAY, 7 * DAY]),
        ("server_power", ["1 kW", "2500 W"], [1000, 2500]),
    ],
)
def test_axis_of_one_quantity_has_written_values(opened, name, written, values):
    text = with_axes(**{name: written})
    text["set"].pop(name, None)
    axis = opened(text).axes[name]
    assert axis.columns[name].tolist() == [float(value) for value in values]
    assert axis.labels is None


def test_axis_range_has_round_decimals(opened):
    values = opened(with_axes(pue={"from": 1.05, "to": 1.6, "step": 0.05})).axes["pue"].columns["pue"]
    assert values.tolist() == [float(f"{1.05 + 0.05 * i:.2f}") for i in range(12)]
    days = opened(with_axes(training_duration={"from": "30 d", "to": "31 d", "step": "0.1 d"})).axes["training_duration"]
    assert days.columns["training_duration"].tolist() == [float(f"{30 + 0.1 * i:.1f}") * DAY for i in range(11)]


def test_axis_of_dates_is_read_and_told_as_dates(opened):
    axis = opened(with_axes(training_start=["01-01", "03-01", "07-01T18"])).axes["training_start"]
    assert axis.columns["training_start"].tolist() == [0, 59 * DAY, 181.75 * DAY]
    assert [axis.word(i) for i in range(3)] == ["01-01", "03-01", "07-01T18"]
    assert axis.index("03-01") == axis.index(59 * DAY) == 1
    with pytest.raises(SweepError, match=r"is not on axis training_start; the nearest value there is 03-01$"):
        axis.find(Node("03-02", "study.yaml", 0, "point"))


def test_axis_of_dates_may_be_a_range(opened):
    axis = opened(with_axes(training_start="12-29:12-31:1 d")).axes["training_start"]
    assert [axis.word(i) for i in range(axis.size)] == ["12-29", "12-30", "12-31"]
