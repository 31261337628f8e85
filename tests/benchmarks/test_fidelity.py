"""The fidelity harness: conversions, rules for what a row leaves out, and aggregation, on small rows made by hand."""

import json

import pytest
from click.testing import CliRunner

from benchmarks.fidelity import explain, report
from benchmarks.fidelity.__main__ import main
from benchmarks.fidelity.evaluation import Unscored
from benchmarks.fidelity.rows import Row, load
from benchmarks.fidelity.training import baseline, published
from benchmarks.fidelity.training import scoring as training
from benchmarks.fidelity.training import summary as training_summary
from benchmarks.fidelity.training.inputs import inputs_of
from benchmarks.fidelity.training.words import kind, precision, recompute, zero_stage

RUN = {
    "id": "paper-001",
    "family": "paper",
    "year": "2024",
    "task": "pretrain-benchmark",
    "model": "GPT-1.7B",
    "arch": "dense",
    "layers": "24",
    "hidden": "2048",
    "heads": "16",
    "ffn": "8192",
    "mlp_gated": "no",
    "vocab": "131072",
    "seq_len": "4096",
    "gpu": "H100-SXM",
    "gpu_mem_gb": "80",
    "n_gpus": "48",
    "tp": "1",
    "pp": "1",
    "dp": "48",
    "micro_batch": "1",
    "global_batch": "192",
    "precision": "bf16",
    "recompute": "none",
    "sharding": "dist-optimizer (ZeRO-1 class)",
    "tflops_per_gpu": "408.8",
    "tflops_kind": "model",
    "flop_convention": "mcore-full",
    "outcome": "ok",
}


def run(**changed: str) -> Row:
    return Row({**RUN, **changed})


# --- published values -------------------------------------------------------------------------------------------------------


def test_measured_step_time_precedence() -> None:
    row = run(step_time_s="0.5", tokens_per_s="1")
    assert published.step_time(row, inputs_of(row)) == (0.5, "step time")
    row = run(tokens_per_s_per_gpu="1000")
    assert published.step_time(row, inputs_of(row)) == (192 * 4096 / 48000, "tokens/s")
    row = run()
    seconds, read_from = published.step_time(row, inputs_of(row))
    assert read_from == "FLOP/s"
    assert seconds == pytest.approx(0.4519, rel=1e-3)  # what the file derives for this row of the Megatron-LM table


def test_measured_flops_follow_convention() -> None:
    row = run()
    inputs = inputs_of(row)
    layer = 4 * 2048**2 + 2 * 2048 * 8192
    full = 6 * (24 * layer + 2048 * 131072) + 12 * 24 * 2048 * 4096
    assert published.convention(row, inputs) == pytest.approx(full)
    causal = run(flop_convention="mbridge-causal")
    assert published.convention(causal, inputs) == pytest.approx(full - 6 * 24 * 2048 * 4096)
    hardware = run(flop_convention="narayanan-96 (4x fwd, recompute counted)")
    assert published.convention(hardware, inputs) == pytest.approx(full * 4 / 3)
    assert published.convention(run(flop_convention="8*N*tokens (4x)", params_total_b="1.7"), inputs) == pytest.approx(8 * 1.7e9)
    with pytest.raises(Unscored, match="not comparable"):
        published.convention(run(flop_convention="nemo-lora (not comparable)"), inputs)


def test_measured_mfu_uses_peak_of_source() -> None:
    by_rate = run()
    by_share = run(tflops_per_gpu="", mfu_pct="40", peak_tflops_used="1022")
    assert published.step_time(by_share, inputs_of(by_share))[0] == pytest.approx(published.step_time(by_rate, inputs_of(by_rate))[0])


def test_measured_memory_is_in_bytes() -> None:
    assert published.memory(run(peak_mem_gib="40")) == 40 * 2**30
    assert published.memory(run()) is None


# --- rows to inputs ---------------------------------------------------------------------------------------------------------


def test_row_defaults_follow_stated_rules() -> None:
    inputs = inputs_of(run(tp="", pp="", vp="", micro_batch="", recompute="", seq_parallel="", sharding="", kv_heads=""))
    value = inputs.value
    assert [value(name) for name in ("tp", "pp", "cp", "ep", "interleaving", "micro_batch")] == [1.0] * 6
    assert value("kv_heads") == 16
    assert value("head_size") == 128
    assert value("zero_stage") == 1
    assert value("sequence_parallel") == 0
    assert inputs.given["recompute"] == "selective"
    assert inputs_of(run(year="2021", recompute="")).given["recompute"] == "full"
    assert inputs_of(run(mlp_gated="", model="GPT-175B", hidden="12288", heads="96")).value("mlp_matrices") == 2
    assert inputs_of(run(mlp_gated="", ffn="5632")).value("mlp_matrices") == 3
    assert inputs_of(run(micro_batch="", grad_accum="2")).value("micro_batch") == 2
    assert inputs_of(run(global_batch="", grad_accum="2")).value("global_batch") == 96
    assert inputs_of(run(tp="2", dp="24")).value("sequence_parallel") == 1


@pytest.mark.parametrize(("billions", "tied"), [("1.34", 1), ("1.61", 0), ("", 0)])
def test_row_number_of_parameters_tells_tied_embeddings(billions: str, tied: int) -> None:
    """A layer has 67.1e6 parameters, an embedding of 131072 x 2048 has 268e6."""
    row = run(model="nanotron-1B", layers="16", heads="32", mlp_gated="yes", params_total_b=billions)
    assert inputs_of(row).value("tied_embeddings") == tied


def test_row_memory_of_ultrascale_is_of_first_stage() -> None:
    row = run(model="nanotron-1B", source="HF Ultra-Scale Playbook", pp="2", dp="24", recompute="none", micro_batch="8", peak_mem_gib="40")
    scores = {one.quantity: one for one in training.score([row])}
    first, whole = scores["memory"].predicted, scores["memory"].prediction
    assert whole is not None
    assert first == whole.values["first_stage_memory"] < whole.values["allocated_memory"]


def test_row_of_packed_sequences_attends_within_texts() -> None:
    packed = inputs_of(run(notes="fine-tuning on packed sequences"))
    assert (packed.value("attention_window"), packed.value("windowed_layers")) == (512, 24)
    assert inputs_of(run()).value("windowed_layers") == 0


def test_row_of_maxtext_shards_experts_and_reads_global_batch() -> None:
    mixture = {"arch": "moe", "experts": "8", "topk": "2", "moe_ffn": "8192", "micro_batch": "", "sharding": "FSDP (JAX MaxText)"}
    value = inputs_of(run(**mixture)).value
    assert (value("ep"), value("micro_batch"), value("zero_stage")) == (1, 4, 3)
    value = inputs_of(run(**{**mixture, "sharding": "dist-optimizer"})).value
    assert (value("ep"), value("micro_batch")) == (8, 1)


def test_row_words_for_format_recompute_and_sharding() -> None:
    assert [precision(text, "H100-SXM") for text in ("fp8 (current scaling)", "mxfp8", "nvfp4", "bf16 (amp)", "fp16", "")] == [
        "fp8",
        "fp8",
        "fp4",
        "bf16",
        "fp16",
        "bf16",
    ]
    assert precision("", "V100-SXM") == "fp16"
    assert recompute("selective: core_attn", True) == "selective"
    assert [recompute("", fused) for fused in (True, False)] == ["selective", "full"]
    texts = ("FSDP FULL_SHARD (ZeRO-3)", "FSDP SHARD_GRAD_OP (ZeRO-2)", "FSDP x64", "dist-optimizer", "none (plain DP)", "DDP", "ZeRO", "")
    assert [zero_stage(text, 1) for text in texts] == [3, 2, 3, 1, 0, 0, 1, 1]
    assert zero_stage("", 0) == 0


def test_row_memory_selects_gpu_variant() -> None:
    small, large = inputs_of(run(gpu="A100-SXM", gpu_mem_gb="40")), inputs_of(run(gpu="A100-SXM", gpu_mem_gb="80"))
    assert small.value("gpu_memory") < 0.6 * large.value("gpu_memory")
    assert small.entries[0].name != large.entries[0].name


def test_row_network_and_power_cap_override_catalogue() -> None:
    inputs = inputs_of(run(notes="4x100 Gb/s RoCE", power_cap_w="500"))
    assert inputs.value("scaleout_bandwidth") == 400e9 / 8 / 8
    assert inputs.value("gpu_tdp") == 500


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"gpu": "Abacus"}, "no catalogue entry for the GPU Abacus"),
        ({"n_gpus": "50"}, "tp x pp x cp x dp is not the number of GPUs"),
        ({"arch": "hybrid-mamba"}, "state-space"),
        ({"status": "recalled"}, "recalled"),
        ({"n_gpus": "", "dp": ""}, "number of GPUs not published"),
        ({"layers": ""}, "layers not published"),
        ({"arch": "moe", "model": "Unheard-of-8x1B"}, "experts not published"),
        ({"global_batch": "", "micro_batch": ""}, "batch not published"),
    ],
)
def test_row_that_cannot_be_scored_has_reason(changed: dict[str, str], reason: str) -> None:
    with pytest.raises(Unscored) as caught:
        inputs_of(run(**changed))
    assert reason in caught.value.reason


def test_row_sizes_are_read_from_notes() -> None:
    inputs = inputs_of(run(tp="", pp="", dp="", micro_batch="", notes="layout presumed (TP4 PP4 VP5 MBS2)"))
    assert [inputs.value(name) for name in ("tp", "pp", "interleaving", "micro_batch")] == [4, 4, 5, 2]
    assert inputs_of(run(pp="2", vp="", dp="24", notes="interleaved 1F1B")).value("interleaving") == 2


def test_row_tensor_parallelism_follows_from_data_parallelism() -> None:
    assert inputs_of(run(tp="", pp="2", dp="3")).value("tp") == 8
    assert inputs_of(run(tp="", pp="", dp="", sharding="FSDP (JAX MaxText)")).value("tp") == 1


def test_row_experts_default_to_catalogue() -> None:
    mixtral = {"arch": "moe", "model": "Mixtral-8x7B", "layers": "32", "hidden": "4096", "heads": "32", "ffn": "", "mlp_gated": ""}
    assert inputs_of(run(**mixtral, experts="", topk="", moe_ffn="", ep="")).value("experts") == 8


def test_row_failure_without_cause_counts_in_its_study_only() -> None:
    huge = {"micro_batch": "4096", "global_batch": "196608"}
    rows = [run(), run(id="paper-failed-001", family="paper-failed", outcome="failed", **huge)]
    found = training_summary.summary(training.score(training.prepare(rows)))
    assert found["fits, by study"]["paper"] == {
        "rows": 2.0,
        "balanced_accuracy": 1.0,
        "good_runs_rejected": 0.0,
        "out_of_memory_caught": 1.0,
    }
    assert found["fits"]["out of memory, predicted not to"] == 0


def test_row_model_of_other_width_is_not_catalogue_entry() -> None:
    assert inputs_of(run(model="Qwen3-32B", hidden="5120", heads="64")).value("head_size") == 128
    assert inputs_of(run(model="Qwen3-32B", hidden="4096", heads="64")).value("head_size") == 64


def test_row_classes() -> None:
    assert kind(run()) == "dense complete"
    assert kind(run(micro_batch="")) == "dense incomplete"
    assert kind(run(arch="moe-hybrid")) == "moe"


def test_baseline_is_half_of_peak_times_bubble() -> None:
    inputs = inputs_of(run(pp="4", vp="2", dp="12"))
    work = 3 * published.forward_flops(inputs, 1) * 192 * 4096
    assert baseline.step_time(inputs) == pytest.approx(work / (0.5 * inputs.value("peak_rate") * 48) * (1 + 3 / (2 * 16)))


# --- the whole ----------------------------------------------------------------------------------------------------------------


def test_command_scores_a_file(tmp_path) -> None:
    lines = [
        RUN,
        {**RUN, "id": "paper-002", "gpu": "Abacus"},
        {**RUN, "id": "paper-003", "outcome": "oom", "micro_batch": "4096", "global_batch": "196608"},
    ]
    source, result = tmp_path / "runs.csv", tmp_path / "scores.json"
    source.write_text("\n".join([",".join(RUN), *(",".join(line[name] for name in RUN) for line in lines)]) + "\n")
    done = CliRunner().invoke(main, ["training", str(source), "--json", str(result)])
    assert done.exit_code == 0, done.output
    rows = json.loads(result.read_text())["rows"]
    assert {(row["id"], row["quantity"]) for row in rows} == {
        ("paper-001", "step_time"),
        ("paper-001", "fits"),
        ("paper-002", "step_time"),
        ("paper-003", "fits"),
    }
    by_id = {(row["id"], row["quantity"]): row for row in rows}
    time = by_id["paper-001", "step_time"]
    assert time["published"] == pytest.approx(0.4519, rel=1e-3)
    assert time["unit"] == "s"
    assert time["error"] == pytest.approx(time["predicted"] / time["published"] - 1)
    assert abs(time["error"]) < 0.5
    assert "Abacus" in by_id["paper-002", "step_time"]["skipped"]
    assert by_id["paper-001", "fits"]["predicted"] == 1.0
    assert by_id["paper-003", "fits"]["predicted"] == 0.0
    assert len(load(source)) == 3


def test_overrides_change_the_prediction() -> None:
    prepared = training.prepare([run()])
    before, after = training.score_training(prepared), training.score_training(prepared, {"peak_rate": 1e14})
    assert before.published == after.published
    assert after.predicted[0] > before.predicted[0]
    assert training.score_training(prepared, {("peak_rate", "h100-sxm"): 1e14}).predicted == after.predicted


def test_report_page_has_tables_plot_and_worst_rows(tmp_path) -> None:
    pytest.importorskip("matplotlib")
    scores = training.score(training.prepare([run()]))
    found = training_summary.summary(scores)
    report.write(tmp_path / "page.md", "Runs", scores, found)
    text = (tmp_path / "page.md").read_text()
    assert (tmp_path / "page.png").read_bytes().startswith(b"\x89PNG")
    assert "| paper-001 " in text
    assert "mlp products time" in text
    report.write(tmp_path / "page.html", "Runs", scores, found)
    page = (tmp_path / "page.html").read_text()
    assert "data:image/png;base64," in page
    assert 'src="http' not in page


def test_explained_terms_sum_to_most_of_step() -> None:
    found = explain.terms("step_time", inputs_of(run()))
    assert 0.8 < sum(share for name, share in found if name not in explain.WHOLE) < 1.2


@pytest.mark.parametrize(
    "column", ["heads", "tp", "n_gpus", "micro_batch", "global_batch", "seq_len", "recompute", "precision", "sharding", "layers"]
)
@pytest.mark.parametrize("text", ["0", "-3", "1e30", "nan", "full (every block)"])
def test_invalid_row_is_skipped_without_stopping(column: str, text: str) -> None:
    for one in training.score(training.prepare([run(**{column: text})])):
        assert one.skipped or one.predicted is not None
