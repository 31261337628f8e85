"""The facts of configs/: complete, consistent with physics and with each other, and refused where they are not well-formed."""

import itertools
import math

import pytest

from sweep.catalog import entries, parameters
from sweep.catalog.entries import entry, entry_names
from sweep.catalog.parameters import catalogues, columns
from sweep.errors import SweepError

GPUS, SERVERS, MODELS = (entry_names(name) for name in ("gpu", "server", "model"))
ENTRIES = [(kind, name) for kind in catalogues() for name in entry_names(kind)]
PRECISIONS = parameters.parameters()["precision"].choices


def value(kind, name, column, choice=""):
    """The figure of a column in SI; the default or NaN where the entry is silent."""
    figure = entry(kind, name).figures.get((column, choice), columns(kind)[column].default)
    return figure.value if figure else math.nan


def test_catalogues_have_entries_of_published_results():
    assert len(GPUS) >= 36
    assert len(MODELS) >= 100
    assert {"dgx-a100", "dgx-h100", "dgx-h200", "dgx-b200", "gb200-nvl72"} <= set(SERVERS)


@pytest.mark.parametrize(("kind", "name"), ENTRIES, ids=lambda x: x)
def test_entries_have_title_and_sourced_figures(kind, name):
    read = entry(kind, name)
    assert read.title != name
    assert read.figures
    for figure in read.figures.values():
        assert not figure.source or figure.at, f"{figure.file}:{figure.line} says where in {figure.source} it stands"
        assert "\n" not in figure.text


def test_entry_titles_are_unique():
    for kind in catalogues():
        titles = [entry(kind, name).title for name in entry_names(kind)]
        assert len(titles) == len(set(titles))


@pytest.mark.parametrize("name", GPUS)
def test_gpus_have_required_figures(name):
    for column in ("gpu_tdp", "gpu_memory"):
        assert value("gpu", name, column) > 0
    rates = {choice: value("gpu", name, "peak_rate", choice) for choice in PRECISIONS}
    assert not math.isnan(rates["bf16"]) or not math.isnan(rates["fp16"])
    for figure in (f for (column, _), f in entry("gpu", name).figures.items() if column == "peak_rate"):
        assert figure.basis, f"{figure.file}:{figure.line} says dense or vector"
        assert "sparse" not in figure.basis


@pytest.mark.parametrize("name", GPUS)
def test_gpu_peak_rate_grows_as_format_narrows(name):
    """Dense tensor rates rise as formats narrow; int8 is left out: the B300 generation cuts it."""
    order = [value("gpu", name, "peak_rate", choice) for choice in ("tf32", "bf16", "fp8", "fp4")]
    rates = [rate for rate in order if not math.isnan(rate)]
    assert rates == sorted(rates)
    assert all(b <= 6.5 * a for a, b in itertools.pairwise(rates))


@pytest.mark.parametrize("name", GPUS)
def test_gpu_link_rates_are_per_direction(name):
    for column in ("scaleup_bandwidth", "scaleout_bandwidth"):
        figure = entry("gpu", name).figures.get((column, ""))
        assert figure is None or "one direction" in figure.basis
    links = value("gpu", name, "scaleup_bandwidth")
    assert math.isnan(links) or links <= 900e9
    assert not links < value("gpu", name, "scaleout_bandwidth")


def test_v100_has_no_bf16_rate():
    assert math.isnan(value("gpu", "v100-sxm2-32gb", "peak_rate", "bf16"))
    assert value("gpu", "v100-sxm2-32gb", "peak_rate", "fp16") == 125e12


@pytest.mark.parametrize(
    ("name", "column", "choice", "expected"),
    [
        ("h100-sxm", "gpu_tdp", "", 700),
        ("h100-sxm", "peak_rate", "bf16", 989.4e12),
        ("h100-sxm", "scaleup_bandwidth", "", 450e9),
        ("h100-sxm", "scaleout_bandwidth", "", 50e9),
        ("a100-sxm-80gb", "hbm_bandwidth", "", 2.039e12),
        ("a100-sxm-80gb", "gpu_memory", "", 80 * 2**30),
        ("gb200-nvl72", "scaleup_domain", "", 72),
        ("tpu-v5p", "gpu_memory", "", 95 * 2**30),
        ("h100-sxm", "gpu_cloud_price", "", 3.63 / 3600),
    ],
)
def test_entry_figures_are_converted_to_si(name, column, choice, expected):
    assert value("gpu", name, column, choice) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", [name for name in GPUS if "server" in entry("gpu", name).links])
def test_gpu_power_fits_its_server(name):
    server = entry("gpu", name).links["server"]
    assert value("server", server, "gpus_per_server") >= 1
    gpus = value("server", server, "gpus_per_server") * value("gpu", name, "gpu_tdp")
    nameplate, host, idle = (value("server", server, f"server_{part}_power") for part in ("nameplate", "host", "idle"))
    assert not gpus > nameplate
    assert not gpus + host > nameplate
    assert not idle > 0.5 * nameplate
    assert not idle < host


def test_servers_are_linked_from_gpus():
    assert {entry("gpu", name).links.get("server") for name in GPUS} >= set(SERVERS)


@pytest.mark.parametrize("name", MODELS)
def test_model_shapes_are_consistent(name):
    of = {column: value("model", name, column) for column in columns("model")}
    assert not any(math.isnan(figure) for column, figure in of.items() if not column.startswith("published"))
    assert of["attention_heads"] % of["kv_heads"] == 0
    assert of["moe_layers"] <= of["layers"]
    assert of["windowed_layers"] + of["state_layers"] <= of["layers"]
    assert (of["state_parameters"] > 0) == (of["state_layers"] > 0)
    assert (of["sparse_attention_tokens"] > 0) == (of["indexer_heads"] > 0) == (of["indexer_head_size"] > 0)
    assert (of["state_size"] > 0) == (of["state_layers"] > 0)
    assert of["experts_per_token"] <= of["experts"]
    mixture = [of[column] > 0 for column in ("moe_layers", "experts", "experts_per_token", "expert_hidden_size")]
    assert all(mixture) or not any(mixture)
    assert (of["ffn_hidden_size"] > 0) == (of["moe_layers"] + of["mixer_only_layers"] < of["layers"])
    assert (of["attention_window"] > 0) == (of["windowed_layers"] > 0)
    latent = of["kv_lora_rank"] > 0
    assert latent == (of["rope_head_size"] > 0)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("gpu_tpd: {value: 700 W, source: epoch}", "gpu_tdp"),
        ("gpu_tdp: {value: 700 W}", "needs its source"),
        ("gpu_tdp: {source: epoch}", "needs its value"),
        ("gpu_tdp: {value: 700, source: epoch}", "unit of W"),
        ("gpu_tdp: {value: 700 GB, source: epoch}", "GB is not a unit of W"),
        ("gpu_tdp: {value: -700 W, source: epoch}", "at least 0 W"),
        ("gpu_tdp: {value: 700 W, sauce: epoch}", "source"),
        ("scaleup_domain: {value: 7.5, source: epoch}", "an integer"),
        ("peak_rate: {bf17: {value: 1 TFLOP/s, source: epoch}}", "bf16"),
        ("server: dgx-h101", "dgx-h100"),
        ("serving_peak_rate: {bf16: {value: 1 TFLOP/s, source: epoch}}", "serving_peak_rate: takes the figures of peak_rate; give those"),
    ],
)
def test_invalid_entry_is_reported_with_line_and_reason(copied, line, reason):
    (copied / "gpus" / "spoilt.yaml").write_text(f"title: Spoilt\n{line}\n", encoding="utf-8")
    entries.entry_names.cache_clear()
    with pytest.raises(SweepError) as refused:
        entries.entry("gpu", "spoilt")
    assert "configs/gpus/spoilt.yaml:2" in str(refused.value)
    assert reason in str(refused.value)


def test_column_with_like_takes_figures_of_other(copied):
    path = copied / "parameters" / "gpu.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "  other: {unit: W, meaning: another, like: gpu_tdp}\n", encoding="utf-8")
    figures = entries.entry("gpu", "h100-sxm").figures
    assert figures["other", ""] is figures["gpu_tdp", ""]


def test_entry_rejects_figure_given_twice(copied):
    path = copied / "models" / "llama-2-7b.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "layers: {value: 33, source: litgpt}\n", encoding="utf-8")
    with pytest.raises(SweepError, match="duplicate key 'layers'"):
        entries.entry("model", "llama-2-7b")
