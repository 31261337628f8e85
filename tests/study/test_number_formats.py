"""Training and serving, each in a number format of its own."""

import pytest

from sweep.catalog.entries import entry, entry_names
from sweep.catalog.parameters import parameters
from sweep.equations import interpret
from sweep.store.run import run

TRAINING, SERVING = ("step_time", "mfu"), ("output_rate", "energy_per_query")
STUDY = {
    "title": "both",
    "select": {"gpu": "h100-sxm", "model": "llama-3.1-8b", "engine": "vllm-2026"},
    "set": {"gpus": 8, "global_batch": 64},
}


@pytest.fixture
def at_point(opened):
    """The values of some quantities at the one point of a study in the formats that are given."""

    def at_point(outputs, **formats):
        study = opened({**STUDY, "set": {**STUDY["set"], **formats}, "outputs": list(outputs)})
        values = interpret.compute_point(study.graph, study.inputs_at(study.point)).values
        return {name: values[name] for name in outputs}

    return at_point


def test_study_trains_and_serves_in_different_formats(at_point):
    both = at_point(TRAINING + SERVING, precision="bf16", serving_precision="fp8")
    assert both == at_point(TRAINING, precision="bf16") | at_point(SERVING, serving_precision="fp8")
    for same in ("bf16", "fp8"):
        other = at_point(TRAINING + SERVING, precision=same, serving_precision=same)
        assert other["mfu" if same == "fp8" else "output_rate"] != both["mfu" if same == "fp8" else "output_rate"]


def test_formats_are_two_axes_of_cube(opened, at_point):
    words = ["bf16", "fp8"]
    cube = run(opened({**STUDY, "axes": {"precision": words, "serving_precision": words}, "outputs": ["mfu", "output_rate"]}))
    assert cube["mfu"].dims == ("precision",)
    assert cube["output_rate"].dims == ("serving_precision",)
    for word in words:
        apart = at_point(("mfu", "output_rate"), precision=word, serving_precision=word)
        assert float(cube["mfu"].sel(precision=word)) == pytest.approx(apart["mfu"], rel=1e-6)
        assert float(cube["output_rate"].sel(serving_precision=word)) == pytest.approx(apart["output_rate"], rel=1e-6)


def test_serving_format_has_rates_of_training_format():
    assert parameters()["serving_precision"].choices == parameters()["precision"].choices
    for name in entry_names("gpu"):
        figures = entry("gpu", name).figures
        rates = {word: figure for (column, word), figure in figures.items() if column == "peak_rate"}
        assert rates == {word: figure for (column, word), figure in figures.items() if column == "serving_peak_rate"}
        assert rates


@pytest.mark.parametrize("output", SERVING)
def test_serving_does_not_depend_on_training_format(opened, output):
    assert not {"precision", "peak_rate"} & opened({**STUDY, "outputs": [output]}).graph.read


@pytest.mark.parametrize("output", TRAINING)
def test_training_does_not_depend_on_serving_format(opened, output):
    assert not {"serving_precision", "serving_peak_rate"} & opened({**STUDY, "outputs": [output]}).graph.read
