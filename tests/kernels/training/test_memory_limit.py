"""Whether a job fits: the rule at its limit, and the probability."""

import math
from statistics import NormalDist

import pytest

from sweep.equations import registry
from tests.at_point import by_hand, value


@pytest.mark.parametrize(("needed", "exceeds"), [(79.0, False), (80.0, False), (81.0, True)])
def test_memory_rule_holds_up_to_gpu_memory(needed, exceeds):
    assert registry.RULES["exceeds_memory"].function(memory_per_gpu=needed, gpu_memory=80.0) is exceeds


@pytest.mark.parametrize(("deviations", "share"), [(-2, 0.02275), (0, 0.5), (1, 0.84134), (NormalDist().inv_cdf(0.95), 0.95)])
def test_memory_limit_probability_is_share_of_lognormal_below_gpu_memory(deviations, share):
    given = {"memory_per_gpu": 60e9, "memory_residual_spread": 0.24, "gpu_memory": 60e9 * math.exp(0.24 * deviations)}
    assert by_hand("fit_probability", given) == pytest.approx(share, rel=1e-4)


def test_memory_limit_probability_without_memory_is_zero():
    assert value("fit_probability", memory_per_gpu=1, gpu_memory=0) == 0
