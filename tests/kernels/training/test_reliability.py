"""Failures: the Llama 3 training run, and Young's interval."""

import math

import pytest

from tests.at_point import value


def test_llama_3_405b_was_interrupted_every_three_hours():
    """Dubey et al. 2024, section 3.3.4: 419 unexpected interruptions of 16,384 GPUs in 54 days, more than 90 % effective training time."""
    assert value("cluster_failure_interval", gpus=16384) == pytest.approx(54 * 86400 / 419, rel=0.02)
    assert 0.9 < value("effective_training_fraction", gpus=16384) < 1


def test_youngs_interval():
    assert value("checkpoint_interval", checkpoint_time=18, cluster_failure_interval=24 * 3600) == pytest.approx(math.sqrt(2 * 18 * 86400))


def test_no_other_interval_loses_less():
    run = {"checkpoint_time": 60, "cluster_failure_interval": 4 * 3600, "restart_time": 0}
    best = value("checkpoint_interval", **run)
    kept = [value("effective_training_fraction", checkpoint_interval=best * f, **run) for f in (0.5, 1, 2)]
    assert kept[1] == max(kept)


def test_a_cluster_that_never_gets_far_does_not_train():
    assert value("effective_training_fraction", gpus=16384, gpu_failure_interval=3600 * 50.0) == 0
