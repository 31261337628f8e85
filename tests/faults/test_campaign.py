"""A little of each fault, in seconds; `make faults` does it for hours. And a planted crash, which the campaign must find."""

import itertools
import json
import os
import signal
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

from sweep.cube import dataset
from sweep.engine.blocks import Worker
from sweep.study import parse
from tests.faults import campaign
from tests.studies import ENERGY

pytestmark = pytest.mark.filterwarnings("ignore")


def done(fault, count):
    """How some faults ended, and what was lost by them."""
    part = campaign.Part("", count, fault)
    list(part.round(0, 1))
    return part.ends, part.lost


@pytest.mark.parametrize("kind", ["kill", "full"])
def test_campaign_kill_at_file_change_loses_no_cube(tmp_path, kind):
    ends, lost = done(campaign.interrupted(tmp_path, kind, 2), 3)
    assert (ends.total(), lost) == (3, [])


def test_campaign_flipped_bit_is_detected(tmp_path):
    ends, lost = done(campaign.wrong_bits(tmp_path, 3), 8)
    assert ends["refused"] > 3
    assert (ends.total(), lost) == (8, [])


def test_campaign_two_writers_leave_one_cube(tmp_path):
    assert done(partial(campaign.two_writers, tmp_path), 2) == ({"one study": 1, "two studies": 1}, [])


def test_campaign_mutated_studies_are_rejected_or_run(tmp_path):
    ends, lost = done(partial(campaign.mutant, tmp_path, 4), 60)
    assert lost == []
    assert ends["run"] > 5
    assert ends["refused"] > 5


def test_campaign_finds_crash_planted_in_reading(tmp_path, monkeypatch):
    whole = parse.read_study

    def planted(file, written):
        if "axes: nan" in written.text or "1e9" in written.text:
            raise KeyError("planted")
        return whole(file, written)

    monkeypatch.setattr(parse, "read_study", planted)
    lost = done(partial(campaign.mutant, tmp_path, 5), 300)[1]
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
    lost = done(partial(campaign.mutant, tmp_path, 5), 1)[1]
    said = {"crash": "planted", "hang": "0.05 s of the processor", "infinity": "an infinity"}
    assert len(lost) == 1
    assert said[fault] in lost[0]


def planned(counts, seen, **more):
    """A campaign of parts that note their faults."""

    def fault(name, number):
        seen.append((name, number))
        return "done", ["lost"] if name == "bad" else []

    return campaign.Campaign([campaign.Part(name, count, partial(fault, name)) for name, count in counts.items()], 10, **more)


def test_campaign_runs_each_fault_once_in_rounds(capsys):
    seen = []
    assert planned({"few": 3, "many": 25}, seen).run() == 0
    assert sorted(seen) == [*(("few", i) for i in range(3)), *(("many", i) for i in range(25))]
    assert "goes on" not in capsys.readouterr().out
    assert planned({"few": 3, "bad": 1}, seen).run() == 1


def test_campaign_out_of_time_has_given_each_part_its_share(capsys, monkeypatch):
    ticks = itertools.count()
    monkeypatch.setattr(campaign, "time", SimpleNamespace(monotonic=lambda: next(ticks)))
    seen = []
    planned({"kills": 10, "inputs": 100}, seen, until=63).run()
    counts = [sum(name == part for name, _ in seen) for part in ("kills", "inputs")]
    assert counts[1] > 30
    assert 0 <= 10 * counts[0] - counts[1] <= 10
    assert json.loads(capsys.readouterr().out.splitlines()[1])["done"] == counts[1]


def test_campaign_stopped_tells_what_was_done_and_goes_on(capsys):
    seen = []
    first = planned({"kills": 10, "inputs": 100}, seen, seed=7)
    whole = first.parts[1].fault
    first.parts[1].fault = lambda number: (number == 34 and first.stop()) or whole(number)
    first.run()
    said = capsys.readouterr().out.splitlines()
    assert [json.loads(line)["done"] for line in said[:2]] == [4, 35]
    assert said[2] == "stopped in round 3 of 10; --seed 7 --from 3 goes on"
    planned({"kills": 10, "inputs": 100}, seen, seed=7, number=3).run()
    assert set(seen) == {*(("kills", i) for i in range(10)), *(("inputs", i) for i in range(100))}
    assert len(seen) == 110 + 1 + 5


def test_campaign_command_stopped_by_signal_goes_on_with_other_faults(tmp_path, capsys, monkeypatch):
    def mutant(folder, seed, number):
        numbers.append(number)
        if number == 4:
            os.kill(os.getpid(), signal.SIGTERM)
        return "run", []

    monkeypatch.setattr(campaign, "mutant", mutant)
    monkeypatch.setattr(campaign, "interrupted", lambda *_: lambda number: ("old", []))
    monkeypatch.setattr(campaign, "wrong_bits", lambda *_: lambda number: ("refused", []))
    monkeypatch.setattr(campaign, "two_writers", lambda *_: ("one study", []))
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    numbers = []
    try:
        assert campaign.main(["--kills", "4", "--inputs", "8"]) == 0
        assert "--seed 1 --from 2 goes on" in capsys.readouterr().out
        assert campaign.main(["--kills", "4", "--inputs", "8", "--from", "3"]) == 0
    finally:
        for number, handler in zip((signal.SIGINT, signal.SIGTERM), before, strict=True):
            signal.signal(number, handler)
    assert numbers == [0, 1, 2, 3, 4, 6, 7]
