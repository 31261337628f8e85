"""Memory: ZeRO's and Korthikanti's formulas, and runs that were measured."""

import pytest

from tests.at_point import by_hand, evaluate, value

GIB = 2**30


@pytest.mark.parametrize(("stage", "gigabytes"), [(0, 120), (1, 31.4), (2, 16.6), (3, 1.9)])
def test_memory_zero_stages(stage, gigabytes):
    """Rajbhandari et al. 2020, figure 1: 7.5 billion parameters on 64 GPUs, 2 + 2 + 12 bytes each."""
    states = value("model_state_memory", dense_parameters_per_gpu=7.5e9, expert_parameters_per_gpu=0, gpus=64, zero_stage=stage)
    assert states == pytest.approx(gigabytes * 1e9, rel=0.02)


def test_memory_activations_of_layer():
    """Korthikanti et al. 2022, equation 1: s b h (34 + 5 a s / h), with dropout; 5 a s / h is 80 for GPT-3."""
    gpt3 = {"model": "gpt-3-175b"}
    dropout = {"kept_stream_bytes": 6, "tp": 1}
    assert value("layer_activation_bytes", gpt3, **dropout) == pytest.approx(34 * 12288)
    assert value("score_bytes", gpt3, sequence_length=2048, fused_attention=0, tp=1) == pytest.approx(80 * 12288)


def test_memory_activations_divide_over_tensor_and_sequence_ranks():
    """Equations 2 and 4: s b h (10 + 24 / t) without sequence parallelism, 34 / t with it."""
    gpt3 = {"model": "gpt-3-175b"}
    dropout = {"kept_stream_bytes": 6, "tp": 8}
    assert value("layer_activation_bytes", gpt3, sequence_parallel=0, **dropout) == pytest.approx((10 + 24 / 8) * 12288)
    assert value("layer_activation_bytes", gpt3, sequence_parallel=1, **dropout) == pytest.approx(34 / 8 * 12288)


def test_memory_eager_operators_keep_more_activations():
    """A gated MLP keeps the result of its activation function, attention its queries and keys before positions: 2 (f + 2 h) with t = 1."""
    llama = {"model": "llama-2-7b"}
    fused, eager = (value("layer_activation_bytes", llama, tp=1, fused_operators=flag) for flag in (1, 0))
    assert eager - fused == pytest.approx(2 * (11008 + 2 * 4096))
    once, twice = (value("layer_activation_bytes", llama, tp=4, gathered_inputs=flag) for flag in (0, 1))
    assert twice - once == pytest.approx(4 * 4096 * 3 / 4)


def test_memory_micro_batches_in_flight():
    """Section 4.2.3: the first stage holds p micro-batches, p (1 + (p - 1) / (p v)) interleaved."""
    assert value("micro_batches_in_flight", pp=8, micro_batches=64) == 8
    assert value("micro_batches_in_flight", pp=8, micro_batches=4) == 4
    assert value("micro_batches_in_flight", pp=8, micro_batches=64, interleaving=4) == pytest.approx(8 * (1 + 7 / 32))


@pytest.mark.parametrize(("tp", "measured"), [(2, 60.68), (4, 39.07), (8, 28.29)])
def test_memory_equals_measured_peaks(tp, measured):
    """SimuMax release v1.2: Megatron-LM, 12 layers of Llama 3 70B on 8 B200, 32-bit gradients; allocator peaks in GiB."""
    run = {"gpus": 8, "tp": tp, "global_batch": 32 / tp, "sequence_length": 4096, "recompute": "none", "sequence_parallel": 1, "layers": 12}
    found = value("allocated_memory", {"gpu": "b200-sxm", "model": "llama-3.1-70b"}, main_gradient_bytes=4, **run)
    assert found / GIB == pytest.approx(measured, rel=0.1)


def test_memory_beyond_gpu_sets_status():
    run = {"gpus": 8, "global_batch": 8, "sequence_length": 4096}
    for gpu, fits in (("h100-sxm", False), ("gb300-nvl72", True)):
        _, flags = evaluate("step_time", {"gpu": gpu, "model": "llama-3.1-8b"}, micro_batch=1, recompute="none", **{**run, "zero_stage": 0})
        assert ("exceeds_memory" not in flags) == fits


def test_memory_routed_token_activations():
    """By hand: two inputs of 16 or 8 bits, h and f wide, and gate and value in 16 bits; nothing where experts are computed again."""
    run = {"hidden_size": 1000, "expert_hidden_size": 100, "experts_per_token": 8, "layers": 1, "moe_layers": 1, "mlp_matrices": 3}
    bare = {**run, "stream_activation_bytes": 0, "attention_width": 0, "ffn_hidden_size": 0, "shared_expert_hidden_size": 0, "tp": 1}
    case = {**bare, "attention_heads": 0, "value_head_size": 0}
    assert value("layer_activation_bytes", **case, precision="bf16") == 8 * (2 * 1100 + 4 * 100)
    assert value("layer_activation_bytes", **case, precision="fp8") == 8 * (1100 + 4 * 100)
    assert value("layer_activation_bytes", **{**case, "mlp_matrices": 2}, precision="bf16") == 8 * (2 * 1100 + 2 * 100)
    assert value("layer_activation_bytes", **case, precision="bf16", recompute_expert_activation=1) == 8 * (2 * 1000 + 4 * 100)
    assert value("layer_activation_bytes", **case, precision="bf16", etp=2) == 8 * (2 * (2 * 1000 + 100) + 4 * 100)
    assert value("layer_activation_bytes", **case, precision="bf16", recompute_experts=1) == 0


def test_memory_recomputed_modules_are_not_kept():
    run = {"hidden_size": 0, "layers": 4, "moe_layers": 2, "mlp_matrices": 3, "tp": 2, "stream_activation_bytes": 0, "experts_per_token": 0}
    case = {**run, "expert_hidden_size": 0, "attention_width": 700, "attention_heads": 2, "value_head_size": 100, "precision": "bf16"}
    widths = {"ffn_hidden_size": 80, "shared_expert_hidden_size": 40}
    assert value("layer_activation_bytes", **case, **widths) == 700 + 3 * (40 + 20)
    assert value("layer_activation_bytes", **case, **widths, recompute_mlp=1) == 700 + 3 * 20
    assert value("layer_activation_bytes", **case, **widths, recompute_shared_experts=1) == 700 + 3 * 40
    assert value("layer_activation_bytes", **case, **widths, recompute_latent_projection=1) == 200 + 3 * 60
    whole, norms = (value("stream_activation_bytes", precision="bf16", fused_norms=1, recompute_norms=b) for b in (0, 1))
    assert whole - norms == 4


STATE = {"parameter_bytes": 2, "main_gradient_bytes": 4, "optimizer_state_bytes": 12}
BY_ZERO = ((0, 18), (1, 6 + 12 / 8), (2, 2 + 16 / 8), (3, 18 / 8))
BY_HAND = [
    *(("dense_state_bytes", {"data_parallel_size": 4, "cp": 2, "zero_stage": stage, **STATE}, found) for stage, found in BY_ZERO),
    *(("expert_state_bytes", {"expert_replicas": 8, "zero_stage": stage, **STATE}, found) for stage, found in BY_ZERO),
    (
        "model_state_memory",
        {"dense_parameters_per_gpu": 100, "expert_parameters_per_gpu": 50, "dense_state_bytes": 3, "expert_state_bytes": 5},
        550,
    ),
    (
        "stream_activation_bytes",
        {"precision": "bf16", "kept_stream_bytes": 10, "fused_norms": 1, "kept_norm_bytes": 3, "recompute_norms": 0},
        14,
    ),
    (
        "stream_activation_bytes",
        {"precision": "fp8", "kept_stream_bytes": 10, "fused_norms": 1, "kept_norm_bytes": 3, "recompute_norms": 0},
        12,
    ),
    (
        "stream_activation_bytes",
        {"precision": "fp8", "kept_stream_bytes": 10, "fused_norms": 0, "kept_norm_bytes": 3, "recompute_norms": 1},
        16,
    ),
    ("score_bytes", {"tp": 4, "sequence_length": 100, "attention_heads": 8, "fused_attention": 0}, 1000),
    ("score_bytes", {"tp": 4, "sequence_length": 100, "attention_heads": 8, "fused_attention": 1}, 0),
    ("micro_batches_in_flight", {"pp": 8, "interleaving": 1, "micro_batches": 64}, 8),
    ("micro_batches_in_flight", {"pp": 8, "interleaving": 1, "micro_batches": 5}, 5),
    ("micro_batches_in_flight", {"pp": 8, "interleaving": 2, "micro_batches": 64}, 11.5),
    ("micro_batches_in_flight", {"pp": 8, "interleaving": 2, "micro_batches": 10}, 10),
    (
        "stage_activation_bytes",
        {
            "slowest_stage_layers": 5,
            "layer_activation_bytes": 30,
            "score_bytes": 7,
            "recompute": "none",
            "hidden_size": 10,
            "sequence_shards": 4,
        },
        185,
    ),
    (
        "stage_activation_bytes",
        {
            "slowest_stage_layers": 5,
            "layer_activation_bytes": 30,
            "score_bytes": 7,
            "recompute": "selective",
            "hidden_size": 10,
            "sequence_shards": 4,
        },
        150,
    ),
    (
        "stage_activation_bytes",
        {
            "slowest_stage_layers": 5,
            "layer_activation_bytes": 30,
            "score_bytes": 7,
            "recompute": "full",
            "hidden_size": 10,
            "sequence_shards": 4,
        },
        25,
    ),
    ("working_bytes", {"layer_activation_bytes": 30, "score_bytes": 7, "recompute": "none"}, 0),
    ("working_bytes", {"layer_activation_bytes": 30, "score_bytes": 7, "recompute": "selective"}, 7),
    ("working_bytes", {"layer_activation_bytes": 30, "score_bytes": 7, "recompute": "full"}, 37),
    (
        "head_bytes",
        {
            "vocabulary_size": 80,
            "tp": 4,
            "fused_operators": 1,
            "gathered_logits": 0,
            "logit_bytes": 6,
            "eager_logit_bytes": 10,
            "gathered_logit_bytes": 14,
        },
        120,
    ),
    (
        "head_bytes",
        {
            "vocabulary_size": 80,
            "tp": 4,
            "fused_operators": 0,
            "gathered_logits": 0,
            "logit_bytes": 6,
            "eager_logit_bytes": 10,
            "gathered_logit_bytes": 14,
        },
        200,
    ),
    (
        "head_bytes",
        {
            "vocabulary_size": 80,
            "tp": 4,
            "fused_operators": 1,
            "gathered_logits": 1,
            "logit_bytes": 6,
            "eager_logit_bytes": 10,
            "gathered_logit_bytes": 14,
        },
        1120,
    ),
]


@pytest.mark.parametrize(("name", "given", "expected"), BY_HAND, ids=lambda part: part if isinstance(part, str) else "")
def test_memory_by_hand(name, given, expected):
    """Parameters of 2 + 4 + 12 bytes on 8 ranks."""
    assert by_hand(name, given) == pytest.approx(expected, rel=1e-12)


KEPT = {
    "tp": 4,
    "sequence_shards": 2,
    "hidden_size": 10,
    "stream_activation_bytes": 14,
    "attention_width": 60,
    "ffn_hidden_size": 8,
    "mlp_matrices": 3,
    "shared_expert_hidden_size": 4,
    "expert_hidden_size": 6,
    "experts_per_token": 5,
    "layers": 12,
    "moe_layers": 3,
    "attention_heads": 4,
    "value_head_size": 5,
    "recompute_mlp": 0,
    "recompute_latent_projection": 0,
    "recompute_experts": 0,
    "recompute_shared_experts": 0,
    "recompute_expert_activation": 0,
    "precision": "bf16",
}
STREAM, COLUMNS, DENSE, SHARED, ROUTED = 70, 2 * 60 / 4, 2 * 3 * 6 / 4, 2 * 3 * 1 / 4, 0.25 * 2.5


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, STREAM + COLUMNS + DENSE + SHARED + ROUTED * (20 + 12 + 24)),
        ({"precision": "fp8"}, STREAM + COLUMNS + DENSE + SHARED + ROUTED * (10 + 6 + 24)),
        ({"recompute_mlp": 1}, STREAM + COLUMNS + SHARED + ROUTED * (20 + 12 + 24)),
        ({"recompute_shared_experts": 1}, STREAM + COLUMNS + DENSE + ROUTED * (20 + 12 + 24)),
        ({"recompute_experts": 1}, STREAM + COLUMNS + DENSE + SHARED),
        ({"recompute_expert_activation": 1}, STREAM + COLUMNS + DENSE + SHARED + ROUTED * (20 + 24)),
        ({"recompute_latent_projection": 1}, STREAM + 2 * 20 / 4 + DENSE + SHARED + ROUTED * (20 + 12 + 24)),
    ],
    ids=str,
)
def test_memory_layer_activations_without_recomputed_modules(changes, expected):
    assert value("layer_activation_bytes", **{**KEPT, **changes}) == pytest.approx(expected)
