"""Years of load, price and carbon in the layouts of those who publish them."""

import numpy as np
import pytest

from sweep.errors import SweepError
from sweep.supply.traces import read_trace

MWH = 3.6e9  # J


def written(tmp_path, heading, lines):
    path = tmp_path / "year.csv"
    path.write_text("\n".join([heading, *lines]) + "\n", encoding="utf-8")
    return path


def test_trace_of_entso_e_is_price_in_euros(tmp_path):
    path = written(
        tmp_path, '"MTU (CET/CEST)","Day-ahead Price [EUR/MWh]","Currency"', [f'"{h}","{h % 24 + 40.5}","EUR"' for h in range(8760)]
    )
    found = read_trace(path, "price")
    assert found.shape == (8760,)
    assert found[:2] == pytest.approx([40.5 * 1.13 / MWH, 41.5 * 1.13 / MWH])


def test_trace_of_eia_930_is_demand_with_thousands(tmp_path):
    heading = "Balancing Authority,Data Date,Hour Number,Demand Forecast (MW),Demand (MW),Net Generation (MW)"
    path = written(tmp_path, heading, [f'ERCO,01/01/2024,{h % 24 + 1},1,"{40000 + h:,}",3' for h in range(8760)])
    assert read_trace(path, "load")[-1] == pytest.approx(48759e6)


@pytest.mark.parametrize(("kind", "grams"), [("average-direct", 300), ("average-lifecycle", 360)])
def test_trace_of_electricity_maps_follows_carbon_kind(tmp_path, kind, grams):
    intensities = [f"Carbon intensity gCO₂eq/kWh ({boundary})" for boundary in ("direct", "Life cycle")]
    heading = ",".join(["Datetime (UTC)", "Zone id", *intensities, "Renewable energy percentage (RE%)"])
    path = written(tmp_path, heading, ["2024-01-01 00:00:00,IE,300,360,40"] * 8784)
    assert read_trace(path, "carbon", kind) == pytest.approx(np.full(8760, grams / 1e3 / 3.6e6))


def test_trace_of_leap_year_leaves_out_its_day_and_quarters_are_averaged(tmp_path):
    path = written(tmp_path, "load [MW]", [str(q // 4 + 0.1 * (q % 4)) for q in range(4 * 8784)])
    found = read_trace(path, "load") / 1e6
    assert found[0] == pytest.approx(0.15)
    assert found[59 * 24 - 1 : 59 * 24 + 1] == pytest.approx([59 * 24 - 1 + 0.15, 60 * 24 + 0.15])


def test_trace_fills_few_gaps(tmp_path):
    path = written(tmp_path, "load [MW]", ["1", "n/e", "3", *["3"] * 8757])
    assert read_trace(path, "load")[:3] / 1e6 == pytest.approx([1, 2, 3])


@pytest.mark.parametrize(
    ("heading", "lines", "kind", "words"),
    [
        ("load [MW]", ["1"] * 100, "load", "must hold the 8,760 hours of a year"),
        ("load [MW]", ["1", "x", *["1"] * 8758], "load", "year.csv:3: 'x' is not a number"),
        ("load [MW]", ["-"] * 8760, "load", "has no number in 8760 of 8760 rows"),
        ("load", ["1"] * 8760, "load", "such as 'load [MW]'; there is: load"),
        ("a [MW],b [MW]", ["1,2"] * 8760, "load", "several: 'a [MW]', 'b [MW]'; keep one"),
        ("load [MW]", [], "load", "holds no"),
        ("time,load [MW]", ["2024-07-01 00:00,1"] * 8760, "load", "year.csv:2: '2024-07-01' is not the beginning of a year"),
        ("time,load [MW]", ["12.01.2024 00:00,1"] * 8760, "load", "'12.01.2024' is not the beginning of a year"),
        ("queries", ["1"] * 25, "queries", "must hold 24 hours of a day, 168 of a week, or the 8,760 hours"),
    ],
)
def test_trace_reports_what_is_wrong(tmp_path, heading, lines, kind, words):
    with pytest.raises(SweepError) as error:
        read_trace(written(tmp_path, heading, lines), kind)
    assert words in str(error.value)


@pytest.mark.parametrize("first", ["2024-01-01 00:00:00", "01.01.2024 00:00 - 01.01.2024 01:00", "01/01/2024", "12/31/2023 23:00", "7"])
def test_trace_may_begin_where_a_year_does(tmp_path, first):
    path = written(tmp_path, "time,load [MW]", [f"{first},2"] * 8760)
    assert read_trace(path, "load")[0] == pytest.approx(2e6)


@pytest.mark.parametrize(
    ("heading", "scale"), [("queries", 1), ("Requests per hour", 1), ("queries [million query/h]", 1e6), ("load [query/min]", 60)]
)
@pytest.mark.parametrize("rows", [24, 168, 8760])
def test_trace_of_queries_is_a_day_a_week_or_a_year(tmp_path, heading, scale, rows):
    found = read_trace(written(tmp_path, f"time,{heading}", [f"x,{h + 1}" for h in range(rows)]), "queries")
    assert found * 3600 / scale == pytest.approx([*range(1, rows + 1)])
