"""A study as it is held: which of its values goes before which, and over which axes each lies."""

import math

import pytest

from sweep.equations import interpret
from sweep.store.run import run
from sweep.study.parse import open_study
from tests.studies import PLAIN, with_axes

pytestmark = pytest.mark.usefixtures("forgotten")


def test_selected_server_overrides_linked_server(opened):
    written = {**with_axes(gpu=["h100-sxm"]), "select": {"server": "gb200-nvl72"}, "outputs": ["servers", "gpu_power_total"]}
    assert opened(written).input_values("gpus_per_server") == opened({**written, "axes": {"gpus": [8]}}).input_values("gpus_per_server")
    assert opened(written).input_values("gpus_per_server").origin == "gb200-nvl72"


def test_input_values_by_choice_have_two_axes(opened):
    written = {**with_axes(gpu=["h100-sxm", "a100-sxm-80gb"], precision=["fp8", "bf16"]), "outputs": ["required_mfu"]}
    table = opened(written).input_values("peak_rate")
    assert table.dims == ("gpu", "precision")
    assert table.values[0].tolist() == [1979e12, 989.4e12]
    assert math.isnan(table.values[1, 0])
    held = opened({**written, "axes": {"gpu": ["h100-sxm"]}, "set": {**written["set"], "precision": "fp8"}}).input_values("peak_rate")
    assert (held.dims, held.values.tolist()) == (("gpu",), [1979e12])
    across = opened({**written, "select": {"gpu": "h100-sxm"}, "axes": {"precision": ["fp8", "bf16"]}}).input_values("peak_rate")
    assert (across.dims, across.values.tolist()) == (("precision",), [1979e12, 989.4e12])


def test_missing_figure_sets_status(opened):
    written = with_axes(gpu=["h100-sxm", "a100-sxm-80gb"], precision=["fp8", "bf16"])
    study = opened({**written, "set": {"training_flops": "1e24 FLOP", "training_duration": "90 d"}, "outputs": ["required_mfu"]})
    cube = run(study)
    flags = cube["status"].attrs["flag_meanings"].split()
    bit = 1 << flags.index("precision_not_supported")
    where = {"gpu": "a100-sxm-80gb", "precision": "fp8"}
    assert math.isnan(cube["required_mfu"].sel(where))
    assert int(cube["status"].sel(where)) == bit
    others = (cube["gpu"] != where["gpu"]) | (cube["precision"] != where["precision"])
    assert int(others.sum()) == 3
    assert (cube["status"].where(others, 0) == 0).all()
    assert cube["required_mfu"].where(others, 1.0).notnull().all()
    found = interpret.compute_point(study.graph, study.inputs_at({"gpu": 1, "precision": 0}))
    assert [rule.name for rule in found.broken] == ["precision_not_supported"]


def test_input_values_precedence(opened):
    outputs = ["gpu_power_total", "servers"]
    default = {"title": "x", "axes": {"gpus": [8]}, "set": {"gpu_tdp": "1 W"}, "outputs": outputs}
    assert opened(PLAIN).input_values("precision").origin == "default"
    assert opened(PLAIN, set_=["precision=fp8"]).input_values("precision").origin == "study"
    assert opened(PLAIN, axis=["precision=fp8,bf16"]).input_values("precision").origin == "axis precision"
    entry_ = opened({**default, "select": {"gpu": "gb200-nvl72"}})
    assert entry_.input_values("gpus_per_server").origin == "gb200-nvl72"
    axis = opened({**default, "select": {"gpu": "gb200-nvl72"}, "axes": {"gpus_per_server": [4, 16]}})
    assert axis.input_values("gpus_per_server").values.tolist() == [4.0, 16.0]
    fixed = opened({**default, "set": {"gpu_tdp": "1 W", "gpus_per_server": 2}, "axes": {"gpu": ["gb200-nvl72", "h100-sxm"]}})
    assert (fixed.input_values("gpus_per_server").origin, float(fixed.input_values("gpus_per_server").values)) == ("study", 2.0)
    assert float(fixed.input_values("gpu_tdp").values) == 1.0


def test_given_quantity_replaces_equation(opened):
    graph = opened(PLAIN).graph
    assert "server_power" in graph.inputs
    assert "server_power" not in [equation.name for equation in graph.equations]


def test_dependent_default_follows_study(opened):
    written = {"title": "run", "set": {"gpus": 8, "server_power": "6 kW", "gpus_per_server": 8}, "outputs": ["training_energy"]}

    def days(**given):
        study = opened({**written, "set": {**written["set"], **given}})
        return interpret.compute_point(study.graph, study.inputs_at(study.point)).values["run_duration"] / 86400

    assert days(training_duration="90 d") == 90
    assert days(training_duration="90 d", time_to_train="60 d") == 60
    assert days(training_duration="90 d", time_to_train="60 d", duration_method="given") == 90
    assert math.isnan(days(training_duration="90 d", time_to_train="100 d"))
    assert days(time_to_train="100 d") == 100
    assert days() == 90, "the default, where nothing else is known"
    assert days(time_to_train="5000 d") == 5000, "a default is no deadline"


def test_training_run_completes(opened):
    text = "title: run\nselect: {gpu: h100-sxm, model: llama-2-7b}\nset: {gpus: 64, tp: 8}\noutputs: [training_energy]\n"
    study = opened(text)
    found = interpret.compute_point(study.graph, study.inputs_at(study.point))
    assert found.values["run_duration"] == found.values["time_to_train"] > 0


def test_study_shows_axes_and_outputs_in_a_notebook():
    axes = {"pue": [1.1, 1.2], "gpu": ["h100-sxm", "b200-sxm"]}
    study = open_study({"title": "A <b>", "axes": axes, "outputs": {"facility_power": "MW"}})
    shown = study._repr_html_()
    assert "A &lt;b&gt;" in shown
    assert "<td>pue</td><td>2 labels</td><td>1.1 .. 1.2</td>" in shown
    assert "<td>h100-sxm .. b200-sxm</td>" in shown
    assert "facility_power [MW]" in shown
