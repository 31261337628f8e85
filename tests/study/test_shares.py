"""Shares of a step's time at a point of a study."""

import math

import pytest

from sweep.equations.interpret import compute_point
from sweep.study.parse import open_study
from sweep.study.shares import SHARES, step_shares


def test_shares_of_a_study_sum_to_one():
    found = step_shares(open_study("gpt4"))
    assert tuple(found) == SHARES
    assert sum(found.values()) == pytest.approx(1)


def test_a_study_without_a_computed_step_time_has_none():
    assert step_shares(open_study("article")) == {}
    assert step_shares(open_study("gpt4", set_=["step_time=10 s"])) == {}


def test_a_step_that_cannot_be_has_none():
    study = open_study("gpt4", set_=["micro_batch=1000"])
    assert math.isnan(compute_point(study.graph, study.inputs_at(study.point)).values["step_time"])
    assert step_shares(study) == {}
