"""Pictures of sensitivity: each row has its bars, and units stand on the axis."""

from sweep.plot.sensitivity import bars


def test_tornado_plot_names_inputs_and_unit(tmp_path):
    row = {"input": "pue", "low": 1.1, "value": 1.2, "high": 1.4, "at_low": 1.1e6, "stated": 1.2e6, "at_high": 1.4e6}
    bars(tmp_path / "a.svg", [row], "facility_power", "W", "MW")
    text = (tmp_path / "a.svg").read_text()
    assert "facility power [MW]" in text
    assert ">pue<" in text
    assert ">1.1 to 1.4<" in text


def test_tornado_plot_says_where_there_is_no_value(tmp_path):
    row = {"input": "pue", "low": 1.1, "value": 1.2, "high": 1.4, "at_low": 1.1e6, "stated": 1.2e6, "at_high": float("nan")}
    bars(tmp_path / "a.svg", [row], "facility_power", "W", "MW")
    text = (tmp_path / "a.svg").read_text()
    assert "no value at its high" in text
    assert "no value at its low" not in text


def test_share_plot_has_bar_for_each_input(tmp_path):
    bars(tmp_path / "a.svg", [{"axis": "gpu", "labels": 3, "first_order": 0.5, "total": 0.7}], "step_time", "s")
    text = (tmp_path / "a.svg").read_text()
    assert ">share of the variance<" in text
    assert ">3 labels<" in text
    assert "Variance of step time" in text


def test_share_plot_of_samples_says_what_its_intervals_are(tmp_path):
    row = {"input": "pue", "first_order": 0.5, "total": 0.7, "first_order_95": 0.1, "total_95": 0.1}
    bars(tmp_path / "a.svg", [row], "step_time", "s")
    assert "share of the variance, with 95 % intervals" in (tmp_path / "a.svg").read_text()
