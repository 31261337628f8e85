"""Served models: splits, formats, loads and boundaries of rows made by hand, and the measures of their scores."""

import pytest

from benchmarks.fidelity import measures
from benchmarks.fidelity.evaluation import Unscored
from benchmarks.fidelity.rows import Row
from benchmarks.fidelity.score import Score
from benchmarks.fidelity.serving import scoring as serving
from benchmarks.fidelity.serving import summary as serving_summary
from benchmarks.fidelity.serving.inputs import served
from benchmarks.fidelity.serving.words import drafted, engine, pools, split

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


def test_serving_row_split_words() -> None:
    assert split("TP4 PP2", 8) == {"serving_tp": 4.0, "serving_pp": 2.0, "serving_dp": 1.0, "serving_ep": 1.0}
    assert split("TP1 EP8 DP1", 8) == {"serving_tp": 8.0, "serving_pp": 1.0, "serving_dp": 1.0, "serving_ep": 8.0}
    assert split("TP1 EP8 DP8", 8) == {"serving_tp": 1.0, "serving_pp": 1.0, "serving_dp": 8.0, "serving_ep": 8.0}
    assert split("DEP4", 4) == {"serving_tp": 1.0, "serving_pp": 1.0, "serving_dp": 4.0, "serving_ep": 4.0}
    assert split("", 8) is None


def test_serving_row_load_is_divided_by_replicas() -> None:
    one = served(Row({**SERVED, "gpus": "4", "concurrency": "256"}))
    assert one.replicas == 4
    assert one.inputs.value("concurrency") == 64
    whole = served(Row({**SERVED, "parallelism": "", "gpus": "8", "params_total_b": "70"}))
    assert whole.inputs.value("serving_tp") == 4  # 140 GB with room take four of 80
    assert whole.replicas == 2


def test_serving_row_shortens_sequences_to_batch() -> None:
    def given(**changed: str) -> dict[str, object]:
        return dict(served(Row({**SERVED, **changed})).inputs.given)

    assert "mean_context" not in given()
    crowded = given(concurrency="2000")
    # 80 GiB less a tenth less 16 GB of weights, at 131,072 bytes a token
    assert crowded["mean_context"] == pytest.approx((0.9 * 80 * 2**30 - 16.06e9) / 131072 / 2000, rel=0.01)
    assert crowded["concurrency"] == 2000
    assert "mean_context" not in given(concurrency="2000", load_point="closed loop")


def test_serving_row_static_batch_beyond_memory_runs_in_waves() -> None:
    row = {**SERVED, "load_point": "static batch", "input_tokens": "1024", "output_tokens": "1024", "workload": "synthetic fixed length"}
    assert served(Row(row)).inputs.value("concurrency") == 64
    # 303 sequences of 1,536 tokens fit
    assert served(Row({**row, "concurrency": "400"})).inputs.value("concurrency") == 200
    assert served(Row({**row, "concurrency": "700"})).inputs.value("concurrency") == pytest.approx(700 / 3)


def test_serving_row_formats() -> None:
    def formats(**changed: str) -> tuple[object, ...]:
        given = served(Row({**SERVED, **changed})).inputs.given
        return given["serving_precision"], given["weight_bits"], given["kv_bits"]

    assert formats() == ("bf16", 16.0, 16.0)
    assert formats(precision="fp8") == ("fp8", 8.0, 16.0)
    assert formats(precision="fp8", engine="TensorRT-LLM v1.0") == ("fp8", 8.0, 8.0)
    assert formats(precision="fp4") == ("bf16", 4.5, 16.0)
    assert formats(precision="fp4", hardware="B200 SXM") == ("fp4", 4.5, 16.0)
    assert formats(precision="int4") == formats(precision="AWQ") == ("bf16", 4.25, 16.0)
    assert formats(precision="int8") == ("int8", 8.0, 16.0)
    assert formats(precision="", model="Qwen/Qwen3-235B-A22B-FP8", parallelism="TP8", gpus="8") == ("fp8", 8.0, 16.0)


def test_software_of_a_served_row_is_dated_by_its_year_or_its_version() -> None:
    def name(software: str, how: str = "") -> str:
        return engine(Row({**SERVED, "engine": software, "how_measured": how})).name

    assert name("vLLM") == "vllm-2025"
    assert name("vLLM", "run of 2026-05") == name("vLLM v0.23.0") == name("vllm 0.11.2") == "vllm-2026"
    assert name("vllm 0.6.3") == "vllm-2024"
    assert name("trtllm 1.1.0rc2", "InferenceMAX-style sweep") == name("TensorRT-LLM v1.2.0rc1") == "tensorrt-llm-2026"
    assert name("TensorRT-LLM v1.0") == "tensorrt-llm-2025"
    assert name("SGLang 2025-09") == name("sglang 0.5.9") == "sglang-2026"


def test_drafts_of_a_served_row() -> None:
    def read(how: str) -> tuple[float, float] | None:
        return drafted(Row({"how_measured": how}))

    assert read("2025; no speculation") is None
    assert read('speculative decoding: --speculative-config={"method":"mtp","num_speculative_tokens":2}') == (2, 3)
    assert read("speculative decoding: --speculative-num-steps 3 --speculative-eagle-topk 1 --speculative-num-draft-tokens 4") == (3, 4)
    assert read("speculative decoding: --speculative-num-steps 4 --speculative-eagle-topk 4 --specul") == (4, 16)
    assert read("speculative decoding: EAGLE3") == (5, 8)
    assert served(Row({**SERVED, "how_measured": "speculative decoding: EAGLE3"})).inputs.value("draft_tokens") == 5


def test_a_burst_keeps_its_requests_in_flight() -> None:
    burst = {**SERVED, "load_point": "saturated burst", "concurrency": "", "workload": "random tokens, fixed length"}
    assert served(Row({**burst, "how_measured": "bench serve, 100 requests"})).inputs.value("concurrency") == 100
    assert served(Row(burst)).inputs.value("concurrency") > 1e5


def test_serving_row_boundaries_and_units() -> None:
    assert serving.boundary(Row(SERVED)) == "chip"
    assert serving.boundary(Row({"power_boundary": "whole 8-GPU node, wall AC meter"})) == "server"
    assert serving.boundary(Row({"power_boundary": "node x PUE, 0.7 of max power"})) == "facility"
    assert serving.published(Row(SERVED))["time_per_output_token"] == 0.02


def test_serving_row_that_cannot_be_scored_has_reason() -> None:
    for changed, reason in (
        ({"model": "Unheard-of-1B"}, "no catalogue entry for the model"),
        ({"hardware": "undisclosed"}, "no catalogue entry for the accelerator"),
        ({"gpus": "1", "parallelism": "TP2"}, "more ranks than GPUs"),
        ({"concurrency": "", "load_point": ""}, "batch not published"),
    ):
        with pytest.raises(Unscored) as caught:
            served(Row({**SERVED, **changed}))
        assert reason in caught.value.reason


def test_rows_that_the_file_doubts_or_that_wait_for_requests_are_left_out() -> None:
    doubted, waiting, busy = serving.prepare(
        Row({**SERVED, "load_point": "closed loop", "ttft_ms": "100", **changed})
        for changed in ({"status": "suspect"}, {"output_tok_s": "1000"}, {"output_tok_s": "3000"})
    )
    assert "doubts" in doubted.reason
    assert "arrived" in waiting.reason  # 64 in flight at 20 ms a token would write 3,200 tokens a second
    assert busy.served


def test_serving_batch_scaling_compares_smallest_and_largest_batch() -> None:
    def one(batch: str, predicted: float, measured: float, **changed: str) -> Score:
        return Score("x", "s", "energy_per_output_token", predicted, measured, "", Row({**SERVED, "concurrency": batch, **changed}))

    found = serving_summary.scaling([one("8", 1.2, 1.0), one("64", 0.5, 0.4), one("512", 0.1, 0.1), one("8", 9, 1, hardware="B200 SXM")])
    assert found["rows"] == 1
    assert found["median_ratio"] == pytest.approx(1.2)
    assert found["within_25"] == 1


def test_serving_ratios() -> None:
    found = measures.ratios([2.0, 0.5, 1.0, 4.0])
    assert found["geometric_error"] == pytest.approx(2)
    assert found["median_ratio"] == 1.5
    assert found["within_1.5x"] == 0.25
    assert found["within_2x"] == 0.75


def test_words_of_a_prefill_pool() -> None:
    assert pools("TP4") is None
    assert pools("disaggregated prefill 1xTP2 decode 3xTP4") == (
        {"serving_tp": 4.0, "serving_pp": 1.0, "serving_dp": 1.0, "serving_ep": 1.0},
        3.0,
        2.0,
    )
    named = "disaggregated prefill_num_workers=5 prefill_tp_size=1 prefill_pp_size=1 prefill_attention_dp_size=8 decode_num_workers=2"
    sizes, replicas, prefill = pools(f"{named} decode_tp_size=1 decode_pp_size=1 decode_attention_dp_size=32 decode_moe_ep_size=32") or (
        {},
        0,
        0,
    )
    assert (sizes["serving_dp"], sizes["serving_ep"], replicas, prefill) == (32, 32, 2, 40)
    one = served(Row({**SERVED, "parallelism": "disaggregated prefill 1xTP2 decode 4xTP1", "gpus": "6", "concurrency": "64"}))
    assert one.replicas == 4
    assert (one.inputs.value("concurrency"), one.inputs.value("prefill_gpus")) == (16, 0.5)


def test_a_rate_beyond_the_peak_of_the_gpus_is_left_out() -> None:
    (row,) = serving.prepare([Row({**SERVED, "params_active_b": "8", "output_tok_s": "60000"})])
    assert row.reason == "more operations than the GPUs can do"
