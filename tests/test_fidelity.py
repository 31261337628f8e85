"""The fidelity harness: conversions, rules for what a row leaves out, and aggregation, on small rows made by hand."""

import json
import math

import pytest
from click.testing import CliRunner

from benchmarks.fidelity import (
    baseline,
    energy,
    explain,
    layouts,
    measures,
    published,
    report,
    serving,
    serving_summary,
    training,
    training_summary,
)
from benchmarks.fidelity.__main__ import main
from benchmarks.fidelity.evaluation import Unscored
from benchmarks.fidelity.rows import Row, load
from benchmarks.fidelity.score import Score
from benchmarks.fidelity.serving_inputs import served, split
from benchmarks.fidelity.training_inputs import fused_attention, inputs_of, kind, precision, recompute, zero_stage

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


def score(name: str, predicted: float, measured: float, quantity: str = "step_time", **fields: str) -> Score:
    row = run(id=name, **fields)
    return Score(name, row.family, quantity, predicted, measured, "", row, notes={"baseline": 1.0})


# --- published values -------------------------------------------------------------------------------------------------------


def test_step_time_comes_first_then_tokens_then_flops() -> None:
    row = run(step_time_s="0.5", tokens_per_s="1")
    assert published.step_time(row, inputs_of(row)) == (0.5, "step time")
    row = run(tokens_per_s_per_gpu="1000")
    assert published.step_time(row, inputs_of(row)) == (192 * 4096 / 48000, "tokens/s")
    row = run()
    seconds, read_from = published.step_time(row, inputs_of(row))
    assert read_from == "FLOP/s"
    assert seconds == pytest.approx(0.4519, rel=1e-3)  # what the file derives for this row of the Megatron-LM table


def test_flops_of_a_token_follow_the_convention() -> None:
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


def test_mfu_is_of_the_peak_that_the_source_divides_by() -> None:
    by_rate = run()
    by_share = run(tflops_per_gpu="", mfu_pct="40", peak_tflops_used="1022")
    assert published.step_time(by_share, inputs_of(by_share))[0] == pytest.approx(published.step_time(by_rate, inputs_of(by_rate))[0])


def test_memory_is_in_bytes() -> None:
    assert published.memory(run(peak_mem_gib="40")) == 40 * 2**30
    assert published.memory(run()) is None


# --- rows to inputs ---------------------------------------------------------------------------------------------------------


def test_what_a_row_leaves_out_follows_the_stated_rules() -> None:
    inputs = inputs_of(run(tp="", pp="", vp="", micro_batch="", recompute="", seq_parallel="", sharding="", kv_heads=""))
    value = inputs.value
    assert [value(name) for name in ("tp", "pp", "cp", "ep", "interleaving", "micro_batch")] == [1.0] * 6
    assert value("kv_heads") == 16
    assert value("head_size") == 128
    assert value("zero_stage") == 1
    assert value("sequence_parallel") == 0
    assert inputs.given["recompute"] == "selective"
    assert inputs_of(run(year="2021", recompute="")).given["recompute"] == "full"
    assert inputs_of(run(micro_batch="", grad_accum="2")).value("micro_batch") == 2
    assert inputs_of(run(global_batch="", grad_accum="2")).value("global_batch") == 96
    assert inputs_of(run(tp="2", dp="24")).value("sequence_parallel") == 1


def test_words_for_format_recompute_and_sharding() -> None:
    assert [precision(text, "H100-SXM") for text in ("fp8 (current scaling)", "mxfp8", "nvfp4", "bf16 (amp)", "fp16", "")] == [
        "fp8",
        "fp8",
        "fp4",
        "bf16",
        "fp16",
        "bf16",
    ]
    assert precision("", "V100-SXM") == "fp16"
    assert recompute("selective: core_attn", 2024) == "selective"
    texts = ("FSDP FULL_SHARD (ZeRO-3)", "FSDP SHARD_GRAD_OP (ZeRO-2)", "FSDP x64", "dist-optimizer", "none (plain DP)", "DDP", "ZeRO", "")
    assert [zero_stage(text, 2024) for text in texts] == [3, 2, 3, 1, 0, 0, 1, 1]
    assert zero_stage("", 2021) == 0
    assert fused_attention("kernel: flash_attention2 + RMS kernel", 2023)
    assert not fused_attention("kernel: torch", 2024)
    assert not fused_attention("", 2021)


def test_the_memory_of_the_row_decides_between_gpus_of_one_name() -> None:
    small, large = inputs_of(run(gpu="A100-SXM", gpu_mem_gb="40")), inputs_of(run(gpu="A100-SXM", gpu_mem_gb="80"))
    assert small.value("gpu_memory") < 0.6 * large.value("gpu_memory")
    assert small.entries[0].name != large.entries[0].name


def test_network_and_power_cap_of_a_row_replace_the_catalogue() -> None:
    inputs = inputs_of(run(notes="4x100 Gb/s RoCE", power_cap_w="500"))
    assert inputs.value("scaleout_bandwidth") == 400e9 / 8 / 8
    assert inputs.value("gpu_tdp") == 500


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"gpu": "Abacus"}, "no catalogue entry for the GPU Abacus"),
        ({"n_gpus": "50"}, "tp x pp x cp x dp is not the number of GPUs"),
        ({"task": "lora"}, "frozen weights"),
        ({"arch": "hybrid-mamba"}, "state-space"),
        ({"status": "recalled"}, "recalled"),
        ({"n_gpus": "", "dp": ""}, "number of GPUs not published"),
        ({"layers": ""}, "layers not published"),
        ({"arch": "moe", "model": "Unheard-of-8x1B"}, "experts not published"),
        ({"global_batch": "", "micro_batch": ""}, "batch not published"),
    ],
)
def test_a_row_that_cannot_be_scored_says_why(changed: dict[str, str], reason: str) -> None:
    with pytest.raises(Unscored) as caught:
        inputs_of(run(**changed))
    assert reason in caught.value.reason


def test_classes_of_rows() -> None:
    assert kind(run()) == "dense complete"
    assert kind(run(micro_batch="")) == "dense incomplete"
    assert kind(run(arch="moe-hybrid")) == "moe"


def test_baseline_is_half_of_peak_times_the_bubble() -> None:
    inputs = inputs_of(run(pp="4", vp="2", dp="12"))
    work = 3 * published.forward_flops(inputs, 1) * 192 * 4096
    assert baseline.step_time(inputs) == pytest.approx(work / (0.5 * inputs.value("peak_rate") * 48) * (1 + 3 / (2 * 16)))


# --- aggregation ------------------------------------------------------------------------------------------------------------


def test_families_weigh_the_same_however_many_rows_they_have() -> None:
    found = measures.families_equal({"large": [0.1] * 99, "small": [-0.3]})
    assert found["families"] == 2
    assert found["rows"] == 100
    assert found["bias"] == pytest.approx(-0.1)
    assert found["within_10"] == pytest.approx(0.5)
    assert found["within_25"] == pytest.approx(0.5)
    assert found["mean"] == pytest.approx(0.2)
    assert found["p90"] == pytest.approx(0.3)
    assert found["median"] == pytest.approx(0.1)


def test_quantiles_and_ranks() -> None:
    assert measures.median([3, 1, 2]) == 2
    assert measures.quantile([0, 10], 0.9) == 9
    assert math.isnan(measures.median([]))
    assert measures.ranks([5, 1, 5]) == [2.5, 1, 2.5]
    assert measures.rank_correlation([1, 2, 3], [10, 20, 30]) == pytest.approx(1)
    assert measures.rank_correlation([1, 2, 3], [3, 2, 1]) == pytest.approx(-1)
    assert measures.rank_correlation([1, 1, 1], [3, 2, 1]) == 0


def test_confusion_table() -> None:
    verdicts = [(1, 1)] * 9 + [(0, 1)] + [(0, 0)] * 3 + [(1, 0)]
    found = training_summary.confusion([score(f"r{i}", p, m, "fits") for i, (p, m) in enumerate(verdicts)])
    assert found["ran, predicted not to"] == 1
    assert found["out of memory, predicted to fit"] == 1
    assert found["good_runs_rejected"] == pytest.approx(0.1)
    assert found["out_of_memory_caught"] == pytest.approx(0.75)
    assert found["balanced_accuracy"] == pytest.approx((0.9 + 0.75) / 2)


def test_regret_of_a_choice() -> None:
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


def test_groups_keep_software_kernels_apart_on_request() -> None:
    rows = [score(f"r{i}", 1.0 + i, 1.0 + i, tp=str(2 ** (i // 2)), notes=f"kernel: {'flash' if i % 2 else 'torch'}") for i in range(10)]
    assert [group.layouts for group in layouts.groups(rows, {}, kernel=False)] == [10]
    assert [group.layouts for group in layouts.groups(rows, {}, kernel=True)] == [5, 5]


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


# --- energy -------------------------------------------------------------------------------------------------------------------

SUM = {
    "id": "card-01",
    "circular": "yes",
    "power_w_per_accel": "400",
    "accel_hours": "1000",
    "energy_mwh": "0.44",
    "pue": "1.1",
    "pue_included": "yes",
}
METERED = {
    "id": "meter-01",
    "year": "2024",
    "model": "Llama2-70B LoRA (MLPerf)",
    "arch": "dense",
    "accelerator": "H100-SXM5-80GB",
    "n_accel": "8",
    "n_nodes": "1",
    "wall_hours": "0.5",
    "power_w_per_node": "7150",
    "energy_mwh": "0.003575",
    "circular": "no",
}


def test_a_circular_row_tests_arithmetic_with_its_own_power_and_pue() -> None:
    (one,) = energy.score([Row(SUM)])
    assert one.predicted == pytest.approx(400 * 1000 * 3600 * 1.1)
    assert one.published == pytest.approx(0.44 * 3.6e9)
    assert one.error == pytest.approx(0)
    (one,) = energy.score([Row({**SUM, "pue_included": "no"})])
    assert one.error == pytest.approx(1 / 1.1 - 1)
    (one,) = energy.score([Row({**SUM, "energy_mwh": ""})])
    assert one.skipped == "energy not printed"


def test_a_metered_server_tests_the_modelled_power() -> None:
    power, total = energy.score([Row(METERED)])
    assert (power.quantity, total.quantity) == ("node_power", "energy")
    assert power.predicted is not None
    assert 4000 < power.predicted < 10200
    assert total.predicted == pytest.approx(power.predicted * 0.5 * 3600)
    other = energy.score([Row({**METERED, "model": "Stable Diffusion v2 (MLPerf)"})])
    assert [one.skipped for one in other] == ["layers not published"] * 2


def test_a_metered_row_takes_the_layout_of_the_run_it_names() -> None:
    named = Row({**METERED, "linked_training_row": "paper-001", "joule_per_token": "0.05"})
    per_token = energy.score([named], {"paper-001": run()})[1]
    assert per_token.quantity == "energy_per_token"
    assert per_token.inputs is not None
    assert per_token.inputs.value("gpus") == 48
    assert per_token.predicted is not None


# --- serving ------------------------------------------------------------------------------------------------------------------

SERVED = {
    "row_id": "S1",
    "model": "meta-llama/Llama-3.1-8B-Instruct",
    "params_total_b": "8",
    "hardware": "H100 SXM",
    "gpus": "1",
    "parallelism": "TP1 EP1 DP1",
    "precision": "bfloat16",
    "engine": "vLLM",
    "workload": "lm-arena-chat",
    "load_point": "max_num_seqs cap",
    "concurrency": "64",
    "output_tokens": "700",
    "output_tok_s": "3000",
    "tpot_ms": "20",
    "avg_power_w_per_gpu": "500",
    "power_boundary": "GPU only (NVML via Zeus)",
    "j_per_output_token": "0.1667",
    "kind": "measured",
}


def test_words_of_a_split() -> None:
    assert split("TP4 PP2", 8) == {"serving_tp": 4.0, "serving_pp": 2.0, "serving_dp": 1.0, "serving_ep": 1.0}
    assert split("TP1 EP8 DP1", 8) == {"serving_tp": 8.0, "serving_pp": 1.0, "serving_dp": 1.0, "serving_ep": 8.0}
    assert split("TP1 EP8 DP8", 8) == {"serving_tp": 1.0, "serving_pp": 1.0, "serving_dp": 8.0, "serving_ep": 8.0}
    assert split("DEP4", 4) == {"serving_tp": 1.0, "serving_pp": 1.0, "serving_dp": 4.0, "serving_ep": 4.0}
    assert split("", 8) is None


def test_replicas_share_the_load_of_a_served_row() -> None:
    one = served(Row({**SERVED, "gpus": "4", "concurrency": "256"}))
    assert one.replicas == 4
    assert one.inputs.value("concurrency") == 64
    whole = served(Row({**SERVED, "parallelism": "", "gpus": "8", "params_total_b": "70"}))
    assert whole.inputs.value("serving_tp") == 4  # 140 GB with room take four of 80
    assert whole.replicas == 2


def test_formats_of_a_served_row() -> None:
    def formats(**changed: str) -> tuple[object, ...]:
        given = served(Row({**SERVED, **changed})).inputs.given
        return given["precision"], given["weight_bits"], given["kv_bits"]

    assert formats() == ("bf16", 16.0, 16.0)
    assert formats(precision="fp8") == ("fp8", 8.0, 16.0)
    assert formats(precision="fp8", engine="TensorRT-LLM v1.0") == ("fp8", 8.0, 8.0)
    assert formats(precision="fp4") == ("bf16", 4.5, 16.0)
    assert formats(precision="fp4", hardware="B200 SXM") == ("fp4", 4.5, 16.0)
    assert formats(precision="", model="Qwen/Qwen3-235B-A22B-FP8", parallelism="TP8", gpus="8") == ("fp8", 8.0, 16.0)


def test_boundaries_and_units_of_a_served_row() -> None:
    assert serving.boundary(Row(SERVED)) == "chip"
    assert serving.boundary(Row({"power_boundary": "whole 8-GPU node, wall AC meter"})) == "server"
    assert serving.boundary(Row({"power_boundary": "node x PUE, 0.7 of max power"})) == "facility"
    assert serving.published(Row(SERVED))["time_per_output_token"] == 0.02


def test_a_served_row_that_cannot_be_scored_says_why() -> None:
    for changed, reason in (
        ({"model": "Unheard-of-1B"}, "no catalogue entry for the model"),
        ({"hardware": "undisclosed"}, "no catalogue entry for the accelerator"),
        ({"gpus": ""}, "number of GPUs"),
        ({"concurrency": "", "load_point": ""}, "batch not published"),
    ):
        with pytest.raises(Unscored) as caught:
            served(Row({**SERVED, **changed}))
        assert reason in caught.value.reason


def test_batch_scaling_compares_the_smallest_with_the_largest_batch_of_one_setup() -> None:
    def one(batch: str, predicted: float, measured: float, **changed: str) -> Score:
        return Score("x", "s", "energy_per_output_token", predicted, measured, "", Row({**SERVED, "concurrency": batch, **changed}))

    found = serving_summary.scaling([one("8", 1.2, 1.0), one("64", 0.5, 0.4), one("512", 0.1, 0.1), one("8", 9, 1, hardware="B200 SXM")])
    assert found["rows"] == 1
    assert found["median_ratio"] == pytest.approx(1.2)
    assert found["within_25"] == 1


def test_ratios() -> None:
    found = measures.ratios([2.0, 0.5, 1.0, 4.0])
    assert found["geometric_error"] == pytest.approx(2)
    assert found["median_ratio"] == 1.5
    assert found["within_1.5x"] == 0.25
    assert found["within_2x"] == 0.75


def test_report_page_holds_tables_plot_and_the_worst_rows_with_their_terms(tmp_path) -> None:
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


def test_terms_of_a_step_add_up_to_most_of_it() -> None:
    found = explain.terms("step_time", inputs_of(run()))
    assert 0.8 < sum(share for name, share in found if name not in explain.WHOLE) < 1.2
