"""The numbers of choices: each is the place of its word in configs/parameters."""

import pytest

from sweep.catalog.parameters import parameters
from sweep.kernels import choices

WORDS = {
    "precision": {"fp32": choices.FP32, "tf32": choices.TF32, "fp16": choices.FP16, "bf16": choices.BF16, "fp8": choices.FP8},
    "recompute": {"none": choices.NO_RECOMPUTE, "selective": choices.SELECTIVE_RECOMPUTE, "full": choices.FULL_RECOMPUTE},
    "pue_method": {"stated": choices.STATED_PUE, "part-load": choices.PART_LOAD_PUE, "built-up": choices.BUILT_UP_PUE},
    "water_method": {"stated": choices.STATED_WATER, "cooling": choices.COOLING_WATER},
    "power_source": {"grid": choices.FROM_GRID, "generator": choices.FROM_GENERATOR, "mix": choices.FROM_MIX},
    "carbon_kind": {"average-lifecycle": choices.AVERAGE_LIFECYCLE, "as-published": choices.AS_PUBLISHED},
}


@pytest.mark.parametrize("parameter", sorted(WORDS))
def test_choice_constant_equals_index_of_word(parameter):
    words = parameters()[parameter].choices
    assert {word: words.index(word) for word in WORDS[parameter]} == WORDS[parameter]
