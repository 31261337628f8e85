"""A little of each fault, in seconds; `make faults` does it for hours. And a planted crash, which the campaign must find."""

import random

import pytest

from sweep.study import parse
from tests.faults import campaign

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.mark.parametrize("fault", ["kill", "full"])
def test_campaign_kill_at_file_change_loses_no_cube(tmp_path, fault):
    assert campaign.interrupted(tmp_path, fault, 3, random.Random(2)) == (3, [])


def test_campaign_flipped_bit_is_detected(tmp_path):
    assert campaign.wrong_bits(tmp_path, 8, random.Random(3)) == (8, [])


def test_campaign_two_writers_leave_one_cube(tmp_path):
    assert campaign.two_writers(tmp_path, 2) == (2, [])


def test_campaign_mutated_studies_are_rejected_or_run(tmp_path):
    found, lost = campaign.inputs(tmp_path, 60, random.Random(4))
    assert lost == []
    assert found["run"] > 5
    assert found["refused"] > 5


def test_campaign_finds_planted_crash(tmp_path, monkeypatch):
    whole = parse.read_study

    def planted(file, written):
        if "axes: nan" in written.text or "1e9" in written.text:
            raise KeyError("planted")
        return whole(file, written)

    monkeypatch.setattr(parse, "read_study", planted)
    lost = campaign.inputs(tmp_path, 300, random.Random(5))[1]
    assert lost
    assert all("planted" in line for line in lost)
