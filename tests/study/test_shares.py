"""Shares of a step's time at a point of a study."""

import math

import pytest

from sweep.equations.interpret import compute_point
from sweep.study.parse import open_study
from sweep.study.shares import SHARES, step_shares


def test_step_shares_sum_to_one():
    found = step_shares(open_study("gpt4"))
    assert tuple(found) == SHARES
    assert sum(found.values()) == pytest.approx(1)


def test_step_shares_need_computed_step_time():
    assert step_shares(open_study("article")) == {}
    assert step_shares(open_study("gpt4", set_=["step_time=10 s"])) == {}


def test_step_shares_of_infeasible_step_are_empty():
    study = open_study("gpt4", set_=["micro_batch=1000"])
    assert math.isnan(compute_point(study.graph, study.inputs_at(study.point)).values["step_time"])
    assert step_shares(study) == {}
