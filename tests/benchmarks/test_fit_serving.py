"""The fit of the serving constants: its split, what it leaves out, and that the catalogue holds what it fitted."""

from pathlib import Path

import pytest

from benchmarks import fit_serving
from benchmarks.fidelity.rows import Row
from benchmarks.fidelity.serving import scoring as serving
from sweep.catalog import entries, parameters

ROW = {
    "model": "meta-llama/Llama-3.1-8B-Instruct",
    "params_total_b": "8",
    "hardware": "H100 SXM",
    "gpus": "1",
    "parallelism": "TP1 EP1 DP1",
    "precision": "bfloat16",
    "engine": "vLLM",
    "workload": "lm-arena-chat",
    "kind": "measured",
    "output_tokens": "400",
    "how_measured": "steady-state benchmark v3.0, Dec 2025",
}


def rows(*changes):
    return serving.prepare([Row({**ROW, "row_id": str(i), **change}) for i, change in enumerate(changes)])


def test_fit_constants_are_in_catalogue():
    shared = {name for name, *_ in fit_serving.SHARED}
    own = {name for name, *_ in fit_serving.OWN}
    assert shared <= set(parameters.parameters())
    for engine in entries.entry_names("engine"):
        assert own <= {name for name, _ in entries.entry("engine", engine).figures}
    default = entries.entry("engine", fit_serving.DEFAULT_ENGINE)
    for name in own:
        assert parameters.parameters()[name].default.value == default.figures[name, ""].value


def test_fit_leaves_out_only_named_rows():
    plain, gpqa, two = rows(
        {}, {"workload": "gpqa", "hardware": "B200 SXM"}, {"workload": "gpqa", "hardware": "B200 SXM", "gpus": "2", "parallelism": "TP2"}
    )
    assert [fit_serving.left_out(row) for row in (plain, gpqa, two)] == [False, True, False]


def test_fit_recovers_known_constants():
    loads = [{"concurrency": str(batch), "output_tok_s": "1"} for batch in (1, 8, 64)]
    truth: dict[str | tuple[str, str], float] = {"prefill_efficiency": 0.4, ("engine_step_time", "vllm-2025"): 4e-3}
    made = serving.score(rows(*loads), truth)
    rates = {one.id: one.predicted for one in made if one.quantity == "output_rate"}
    found = fit_serving.constants(rows(*[{**load, "output_tok_s": str(rates[str(i)])} for i, load in enumerate(loads)]))
    assert found["engine_step_time", "vllm-2025"] == pytest.approx(4e-3, rel=0.5)
    again = {one.id: one.predicted for one in serving.score(rows(*loads), found) if one.quantity == "output_rate"}
    for key, rate in rates.items():
        assert again[key] == pytest.approx(rate, rel=0.2)


def test_fit_writes_constants_to_parameters(tmp_path):
    path = Path(tmp_path) / "engine.yaml"
    path.write_text('  engine_step_time: {unit: s, default: {value: 1 ms, derived: "fit"}}\n', encoding="utf-8")
    fit_serving._replace(path, "engine_step_time", 2.5e-3)
    assert path.read_text(encoding="utf-8") == '  engine_step_time: {unit: s, default: {value: 2500 us, derived: "fit"}}\n'
    with pytest.raises(SystemExit):
        fit_serving._replace(path, "engine_layer_time", 1e-5)
