"""A little of each fault, in seconds; `make faults` does it for hours. And a planted crash, which the campaign must find."""

import itertools
import random
from types import SimpleNamespace

import numpy as np
import pytest

from sweep.cube import dataset
from sweep.engine.blocks import Worker
from sweep.study import parse
from tests.faults import campaign
from tests.studies import ENERGY

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


def test_campaign_finds_crash_planted_in_reading(tmp_path, monkeypatch):
    whole = parse.read_study

    def planted(file, written):
        if "axes: nan" in written.text or "1e9" in written.text:
            raise KeyError("planted")
        return whole(file, written)

    monkeypatch.setattr(parse, "read_study", planted)
    lost = campaign.inputs(tmp_path, 300, random.Random(5))[1]
    assert lost
    assert all("planted" in line for line in lost)


@pytest.mark.parametrize("fault", ["crash", "hang", "infinity"])
def test_campaign_finds_fault_planted_in_computing(tmp_path, monkeypatch, fault):
    """In the cells of a cube alone: the point is computed elsewhere, and the study is read as it was."""
    whole = Worker.compute

    def planted(worker, block):
        found = whole(worker, block)
        if block.cells == 2:
            if fault == "crash":
                raise KeyError("planted")
            while fault == "hang":
                pass
            found = {name: np.where(values == values, np.inf, values) for name, values in found.items()}
        return found

    monkeypatch.setattr(Worker, "compute", planted)
    monkeypatch.setattr(dataset, "measured", lambda made, block, values: {})
    monkeypatch.setattr(dataset, "actual_range", lambda made, found, name: {})
    if fault == "hang":
        monkeypatch.setattr(campaign, "INPUT_SECONDS", 0.05)
    text = ENERGY.replace("[30 d, 60 d]", "30 d")
    monkeypatch.setattr(campaign, "mutated", lambda rng: text)
    lost = campaign.inputs(tmp_path, 1, random.Random(5))[1]
    said = {"crash": "planted", "hang": "0.05 s of the processor", "infinity": "an infinity"}
    assert len(lost) == 1
    assert said[fault] in lost[0]


def test_campaign_ends_in_time_with_what_was_done(tmp_path, monkeypatch):
    ticks = itertools.count()
    monkeypatch.setattr(campaign, "time", SimpleNamespace(monotonic=lambda: next(ticks)))
    found, lost = campaign.inputs(tmp_path, 100, random.Random(6), campaign.Clock(until=5, said=0))
    assert (sum(found.values()), lost) == (5, [])
