"""Axes of every kind: words, zipped columns, catalogue entries and splits."""

import json

import pytest

from sweep.catalog.entries import entry
from sweep.errors import SweepError
from tests.studies import SPLIT, with_axes

DAY = 86400.0

pytestmark = pytest.mark.usefixtures("forgotten")


def test_axis_all_takes_words_of_choice(opened):
    axis = opened({**with_axes(power_method="all"), "outputs": ["server_power"]}).axes["power_method"]
    assert axis.labels == ("nameplate", "tdp", "measured", "modelled", "gpu_tdp")


def test_axis_of_choice_is_labelled_by_words(opened):
    axis = opened({**with_axes(precision=["bf16", "fp8"]), "outputs": ["required_mfu"]}).axes["precision"]
    assert axis.labels == ("bf16", "fp8")
    assert axis.columns["precision"].tolist() == [3.0, 4.0]


def test_axis_zips_columns(opened):
    axis = opened(with_axes(cluster={"zip": {"gpus": [8, 16, 8], "training_duration": ["1 d", "2 d", "2 d"]}})).axes["cluster"]
    assert axis.labels == ("gpus=8, training_duration=86400", "gpus=16, training_duration=172800", "gpus=8, training_duration=172800")
    assert axis.columns["gpus"].tolist() == [8.0, 16.0, 8.0]


def test_catalogue_axis_has_columns_of_linked_server(opened):
    study = opened({**with_axes(gpu=["h100-sxm", "a100-sxm-80gb"]), "outputs": ["gpu_power_total", "servers", "server_power"]})
    gpu = study.axes["gpu"]
    assert gpu.labels == ("h100-sxm", "a100-sxm-80gb")
    assert gpu.columns["gpu_tdp"].tolist() == [700.0, 400.0]
    linked = [entry("server", entry("gpu", name).links["server"]).figures["gpus_per_server", ""].value for name in gpu.labels]
    assert study.input_values("gpus_per_server").values.tolist() == linked
    assert study.input_values("gpus_per_server").dims == ("gpu",)


def test_catalogue_axis_all_takes_each_entry(opened):
    gpu = opened({**with_axes(gpu="all"), "outputs": ["gpu_power_total"]}).axes["gpu"]
    assert len(gpu.labels) == gpu.size >= 36


def test_split_axis_omits_impossible_splits(opened):
    written = {**SPLIT, "select": {**SPLIT["select"], "gpu": "h100-sxm"}}
    split = opened(written).axes["split"]
    assert split.labels == ("tp1-pp1", "tp1-pp12", "tp8-pp1", "tp8-pp12")  # 96 heads and 96 layers: not 5, not 200
    assert split.omitted == 5
    assert list(zip(*split.columns.values(), strict=True)) == [(1, 1), (1, 12), (8, 1), (8, 12)]
    kept = opened({**written, "set": {}, "axes": {**SPLIT["axes"], "gpus": [64, 96]}}).axes["split"]
    assert kept.labels == split.labels, "what one count of the axis allows stays"
    assert opened({**written, "set": {"gpus": 64}}).axes["split"].labels == ("tp1-pp1", "tp1-pp12", "tp8-pp1"), "a copy is larger"


def test_zipped_axis_labels_have_words(opened):
    study = opened(with_axes(mode={"zip": {"precision": ["bf16", "fp8"], "gpus": [8, 16]}}))
    assert study.axes["mode"].labels == ("precision=bf16, gpus=8", "precision=fp8, gpus=16")


@pytest.mark.parametrize("name", ["ﬁ", "x__y", "_x", "x_", "a b", "1x", "x'", "status", "ª"])
def test_axis_name_must_be_identifier(opened, name):
    text = json.dumps({"title": "x", "set": {"server_power": "6 kW"}, "axes": {name: {"zip": {"gpus": [8, 16]}}}, "outputs": ["it_power"]})
    with pytest.raises(SweepError, match=r"is not a valid axis name; use one word of letters, digits and _$"):
        opened(text)
