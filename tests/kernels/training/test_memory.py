"""Memory: ZeRO's and Korthikanti's formulas, and runs that were measured."""

import pytest

from tests.at_point import evaluate, value

GIB = 2**30


@pytest.mark.parametrize(("stage", "gigabytes"), [(0, 120), (1, 31.4), (2, 16.6), (3, 1.9)])
def test_zero(stage, gigabytes):
    """Rajbhandari et al. 2020, figure 1: 7.5 billion parameters on 64 GPUs, 2 + 2 + 12 bytes each."""
    states = value("model_state_memory", dense_parameters_per_gpu=7.5e9, expert_parameters_per_gpu=0, gpus=64, zero_stage=stage)
    assert states == pytest.approx(gigabytes * 1e9, rel=0.02)


def test_activations_of_a_layer():
    """Korthikanti et al. 2022, equation 1: s b h (34 + 5 a s / h), with dropout; 5 a s / h is 80 for GPT-3."""
    gpt3 = {"model": "gpt-3-175b"}
    dropout = {"kept_stream_bytes": 6, "tp": 1}
    assert value("layer_activation_bytes", gpt3, **dropout) == pytest.approx(34 * 12288)
    assert value("score_bytes", gpt3, sequence_length=2048, fused_attention=0, tp=1) == pytest.approx(80 * 12288)


def test_tensor_and_sequence_parallelism_divide_them():
    """Equations 2 and 4: s b h (10 + 24 / t) without sequence parallelism, 34 / t with it."""
    gpt3 = {"model": "gpt-3-175b"}
    dropout = {"kept_stream_bytes": 6, "tp": 8}
    assert value("layer_activation_bytes", gpt3, sequence_parallel=0, **dropout) == pytest.approx((10 + 24 / 8) * 12288)
    assert value("layer_activation_bytes", gpt3, sequence_parallel=1, **dropout) == pytest.approx(34 / 8 * 12288)


def test_micro_batches_in_flight():
    """Section 4.2.3: the first stage holds p micro-batches, p (1 + (p - 1) / (p v)) interleaved."""
    assert value("micro_batches_in_flight", pp=8, micro_batches=64) == 8
    assert value("micro_batches_in_flight", pp=8, micro_batches=4) == 4
    assert value("micro_batches_in_flight", pp=8, micro_batches=64, interleaving=4) == pytest.approx(8 * (1 + 7 / 32))


@pytest.mark.parametrize(("tp", "measured"), [(2, 60.68), (4, 39.07), (8, 28.29)])
def test_measured_peaks(tp, measured):
    """SimuMax release v1.2: Megatron-LM, 12 layers of Llama 3 70B on 8 B200, 32-bit gradients; allocator peaks in GiB."""
    run = {"gpus": 8, "tp": tp, "global_batch": 32 / tp, "sequence_length": 4096, "recompute": "none", "sequence_parallel": 1, "layers": 12}
    found = value("allocated_memory", {"gpu": "b200-sxm", "model": "llama-3.1-70b"}, main_gradient_bytes=4, **run)
    assert found / GIB == pytest.approx(measured, rel=0.1)


def test_a_run_that_does_not_fit_says_so():
    run = {"gpus": 8, "global_batch": 8, "sequence_length": 4096}
    for gpu, fits in (("h100-sxm", False), ("gb300-nvl72", True)):
        _, flags = evaluate("step_time", {"gpu": gpu, "model": "llama-3.1-8b"}, micro_batch=1, recompute="none", **{**run, "zero_stage": 0})
        assert ("exceeds_memory" not in flags) == fits


def test_a_routed_token_keeps_the_inputs_of_both_products_and_the_parts_of_its_gate():
    """By hand: two inputs of 16 or 8 bits, h and f wide, and gate and value in 16 bits; nothing where experts are computed again."""
    run = {"hidden_size": 1000, "expert_hidden_size": 100, "experts_per_token": 8, "layers": 1, "moe_layers": 1, "mlp_matrices": 3}
    bare = {**run, "stream_activation_bytes": 0, "attention_width": 0, "ffn_hidden_size": 0, "shared_expert_hidden_size": 0, "tp": 1}
    case = {**bare, "attention_heads": 0, "value_head_size": 0}
    assert value("layer_activation_bytes", **case, precision="bf16") == 8 * (2 * 1100 + 4 * 100)
    assert value("layer_activation_bytes", **case, precision="fp8") == 8 * (1100 + 4 * 100)
    assert value("layer_activation_bytes", **case, precision="bf16", recompute_expert_activation=1) == 8 * (2 * 1000 + 4 * 100)
    assert value("layer_activation_bytes", **case, precision="bf16", recompute_experts=1) == 0


def test_modules_that_are_computed_again_are_not_kept():
    run = {"hidden_size": 0, "layers": 4, "moe_layers": 2, "mlp_matrices": 3, "tp": 2, "stream_activation_bytes": 0, "experts_per_token": 0}
    case = {**run, "expert_hidden_size": 0, "attention_width": 700, "attention_heads": 2, "value_head_size": 100, "precision": "bf16"}
    widths = {"ffn_hidden_size": 80, "shared_expert_hidden_size": 40}
    assert value("layer_activation_bytes", **case, **widths) == 700 + 3 * (40 + 20)
    assert value("layer_activation_bytes", **case, **widths, recompute_mlp=1) == 700 + 3 * 20
    assert value("layer_activation_bytes", **case, **widths, recompute_shared_experts=1) == 700 + 3 * 40
    assert value("layer_activation_bytes", **case, **widths, recompute_latent_projection=1) == 200 + 3 * 60
    whole, norms = (value("stream_activation_bytes", precision="bf16", fused_norms=1, recompute_norms=b) for b in (0, 1))
    assert whole - norms == 4
