"""Published runs to trainers: the framework and release that a row names, and what it says of its own recipe."""

import pytest

from benchmarks.fidelity.rows import Row
from benchmarks.fidelity.training.trainers import FRAMEWORKS, layout, recipe, trainer
from benchmarks.fidelity.training.words import modules
from sweep.catalog import entries


def row(**fields: str) -> Row:
    return Row({"year": "2026", **fields})


@pytest.mark.parametrize(
    ("source", "year", "name"),
    [
        ("NVIDIA Megatron-Bridge performance summary, container 26.04.01", "2026", "megatron-bridge-26.04"),
        ("NVIDIA Megatron-Bridge performance summary, container 25.11", "2025", "megatron-bridge-25.11"),
        ("NVIDIA Megatron-Bridge performance summary, container 27.02", "2027", "megatron-bridge-26.06"),
        ("Megatron-Bridge tuning notes", "2026", "megatron-bridge-26.04"),
        ("DGX Cloud benchmarking recipes v25.05", "2025", "nemo-25.04"),
        ("NeMo performance summary (container 24.07)", "2024", "nemo-24.07"),
        ("Narayanan et al. SC21 Table 1", "2021", "megatron-lm-2021"),
        ("Megatron-LM v1 project page", "2019", "megatron-lm-2021"),
        ("Megatron MoE model zoo, Mixtral", "2025", "megatron-moe-2025"),
        ("BLOOM-176B production run", "2022", "megatron-deepspeed-2022"),
        ("whitecircle Halo throughput benchmarks", "2026", "halo-2026"),
        ("an unheard-of paper", "2024", "megatron-lm-2024"),
    ],
)
def test_trainer_is_newest_release_at_date_of_row(source, year, name):
    assert trainer(row(source=source, year=year)).name == name


def test_trainer_follows_from_sharding():
    assert trainer(row(source="a paper", sharding="FSDP2")).name == "fsdp2-2026"
    assert trainer(row(source="a paper", sharding="FSDP (JAX MaxText)")).name == "maxtext-2025"


def test_trainers_have_catalogue_entry():
    names = {name.rpartition("-")[0] for name in entries.entry_names("trainer")}
    assert {framework for _, framework in FRAMEWORKS} == names


def test_row_recipe_overrides_trainer():
    said = row(ep_overlap="1", dispatcher="deepep", cuda_graph="full_iteration")
    assert recipe(said, True) == {"expert_overlap": 1.0, "dispatcher": "deepep", "kernel_launch": "whole-graph"}
    fused = recipe(row(fused_experts="1", attention_fp8="1"), True)
    assert fused == {"fused_experts": 1.0, "attention_format": "fp8"}
    assert recipe(row(), True) == {}
    assert recipe(row(), False) == {"tensor_overlap": 0.0}


def test_recipe_of_adapters_on_several_gpus_recomputes():
    tuned = {"source": "NVIDIA NeMo Automodel performance summary, LoRA table", "task": "lora"}
    assert recipe(row(**tuned, tp="2"), True) == {"recompute": "full"}
    assert recipe(row(**tuned, tp="2", recompute="none"), True) == {}
    assert recipe(row(**tuned, tp="1"), True) == {}


def test_a_known_recipe_fills_what_the_row_leaves_empty():
    named = {"source": "NVIDIA Megatron-Bridge performance summary, container 25.09", "model": "DeepSeek-V3"}
    known = recipe(row(**named, gpu="H100-SXM"), True)
    assert (known["dispatcher"], known["expert_overlap"], known["recompute_mlp"]) == ("deepep", 1.0, 1.0)
    assert recipe(row(**named, gpu="H100-SXM", dispatcher="alltoall"), True)["dispatcher"] == "all-to-all"
    assert "dispatcher" not in recipe(row(**named, gpu="B200"), True)
    older = row(source="DGX Cloud benchmarking recipes v25.05", model="DeepSeek-V3", gpu="GB200")
    assert recipe(older, True) == {"tensor_overlap": 0.0, "fused_attention": 0.0}


@pytest.mark.parametrize(
    ("comm_overlap", "notes", "found"),
    [
        ("", "MoE comm overlap off", 0.0),
        ("", "MoE comm overlap on", 1.0),
        ("no EP overlap", "", 0.0),
        ("EP overlap + delayed wgrad", "", 1.0),
        ("off (TP and P2P overlap disabled)", "", 0.0),
    ],
)
def test_row_words_for_overlap(comm_overlap, notes, found):
    assert recipe(row(comm_overlap=comm_overlap, notes=notes), True)["expert_overlap"] == found


def test_row_words_of_notes():
    said = recipe(row(notes="alltoall dispatcher, no CUDA graphs, moe_permute_fusion off"), True)
    assert said == {"dispatcher": "all-to-all", "kernel_launch": "eager", "fused_permutation": 0}
    assert recipe(row(notes="expert-TP 4; token drop"), True) == {"etp": 4, "expert_capacity": 1}
    kernels = recipe(row(notes="kernel: torch"), True)
    assert [kernels[name] for name in ("fused_attention", "fused_softmax", "fused_norms", "fused_operators")] == [0, 0, 0, 0]
    kernels = recipe(row(notes="kernel: flash_attention2 + RMS kernel"), True)
    assert [kernels[name] for name in ("fused_attention", "fused_softmax", "fused_norms")] == [1, 1, 1]


def test_layout_of_recipes_fills_what_the_row_leaves_empty():
    """Megatron-MoE-ModelZoo, runtime.conf: Mixtral 8x22B in 2 x 8 ranks and 7 chunks, 8 expert-parallel, by all-to-all."""
    zoo = {"source": "Megatron MoE model zoo, Mixtral", "model": "Mixtral-8x22B", "year": "2025"}
    assert layout(row(**zoo)) == {"tp": 2, "pp": 8, "ep": 8, "interleaving": 7}
    assert recipe(row(**zoo), True)["dispatcher"] == "all-to-all"
    assert layout(row(**zoo, tp="4")) == {}
    assert layout(row(source="Megatron-LM", model="Mixtral-8x22B")) == {}


def test_steps_of_the_figure_of_primus_add_up():
    primus = {"source": "AMD MoE training best practice (Primus)", "year": "2025"}
    assert recipe(row(**primus, notes="+DeepEP"), True) == {"dispatcher": "deepep"}
    for step in ("+sync-free stage 1", "+launch optimisation (NUMA)", "MBS14 all optimisations"):
        assert recipe(row(**primus, notes=step), True) == {"dispatcher": "deepep", "fused_permutation": 1}
    assert recipe(row(**primus, notes="MBS8 baseline"), True) == {}


@pytest.mark.parametrize(
    ("source", "notes", "forced"),
    [
        ("Megatron MoE model zoo", "forced balance", True),
        ("Megatron MoE model zoo", "dropless", False),
        ("NVIDIA Megatron-Bridge performance summary", "", True),
        ("NVIDIA NeMo Automodel", "TE+DeepEP, balanced fake gate", True),
    ],
)
def test_row_forced_routing_is_even(source, notes, forced):
    assert ("expert_imbalance" in recipe(row(source=source, notes=notes), True)) == forced


def test_row_recomputed_modules():
    assert modules(row(recompute_modules="mla_up_proj+mlp")) == {"recompute_latent_projection": 1.0, "recompute_mlp": 1.0}
    assert modules(row(recompute="selective: moe+layernorm")) == {"recompute_experts": 1.0, "recompute_norms": 1.0}
    assert modules(row(recompute="full")) == {}
