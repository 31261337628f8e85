"""A cube that grows: what it has is kept, only what is new is computed, and the result is that of a run of the whole study."""

import os
import signal

import numpy as np
import pytest
import yaml

from sweep.cube import dataset
from sweep.engine import blocks, plan
from sweep.engine.blocks import Worker
from sweep.errors import SweepError
from sweep.store import growing, journal, layout, store
from sweep.store.place import JOURNAL
from sweep.store.reading import open_cube
from sweep.store.run import check, run, write
from tests.cube_files import files
from tests.studies import STORED

MORE = {
    "label at the end": {"axis": ["pue=1.1:1.3:0.1"]},
    "label in the middle": {"axis": ["training_duration=30 d,45 d,60 d,90 d"]},
    "label at the front": {"axis": ["gpus=4,8,64,512"]},
    "entry of a catalogue": {"axis": ["gpu=h100-sxm,b200-sxm,a100-sxm-80gb"]},
    "split": {"axis": ["split={tp: [1, 8], pp: [1, 2, 4]}"]},
    "other order": {"axis": ["gpus=512,8,64"]},
    "other order and labels": {"axis": ["gpu=a100-sxm-80gb,h100-sxm,h200-sxm", "gpus=512,16,8,64,32"]},
    "labels on three axes": {"axis": ["gpus=8,16,64,512", "pue=1.05,1.1,1.2", "training_duration=30 d:120 d:30 d"]},
    "output": {"outputs": ["gpus_per_replica", "facility_power"]},
    "output and labels": {"outputs": ["facility_power", "gpus_per_replica"], "axis": ["pue=1.1,1.15,1.2", "gpus=8,64,512,1024"]},
}


@pytest.fixture
def computed(monkeypatch):
    """The number of cells of outputs that workers compute."""
    found = []
    whole = Worker.compute

    def compute(self, block):
        values = whole(self, block)
        found.append(sum(array.size for array in values.values()))
        return values

    monkeypatch.setattr(Worker, "compute", compute)
    return found


@pytest.mark.parametrize("cut", ["one block", "small blocks"])
@pytest.mark.parametrize("what", MORE)
def test_grown_cube_equals_run_of_whole_study(opened, tmp_path, what, cut, request, computed):
    if cut == "small blocks":
        request.getfixturevalue("small_blocks")
    run(opened(STORED), tmp_path / "cube.zarr")
    old = sum(variable.size for variable in open_cube(tmp_path / "cube.zarr").data_vars.values())
    computed.clear()
    said = []
    write(opened(STORED, **MORE[what]), tmp_path / "cube.zarr", report=said.append)
    grown = open_cube(tmp_path / "cube.zarr")
    new = sum(variable.size for variable in grown.data_vars.values())
    assert said == [f"{tmp_path}/cube.zarr grows: {old:,} cells kept, {new - old:,} computed"]
    assert sum(computed) == new - old
    run(opened(STORED, **MORE[what]), tmp_path / "whole.zarr")
    assert files(tmp_path / "cube.zarr") == files(tmp_path / "whole.zarr")
    assert not (tmp_path / "cube.zarr.partial").exists()
    assert check(tmp_path / "cube.zarr") == []


RULES = """title: A cube with rules
set: {gpus: 96}
select: {model: gpt-3-175b}
axes: {split: {tp: [1, 5, 8], pp: [1, 12, 200]}, gpu: [h100-sxm, a100-sxm-80gb]}
outputs: [gpus_per_replica, replicas, gpu_power_total]
"""


def test_flags_are_computed_again_where_output_brings_rules(opened, tmp_path):
    before = run(opened(RULES), tmp_path / "cube.zarr").load()
    grown = run(opened(RULES, outputs=["step_time"], axis=["gpu=h100-sxm,b200-sxm,a100-sxm-80gb"]), tmp_path / "cube.zarr")
    run(opened(RULES, outputs=["step_time"], axis=["gpu=h100-sxm,b200-sxm,a100-sxm-80gb"]), tmp_path / "whole.zarr")
    assert files(tmp_path / "cube.zarr") == files(tmp_path / "whole.zarr")
    assert len(grown["status"].attrs["flag_masks"]) > len(before["status"].attrs["flag_masks"])


SAMPLED = """title: A cube with quantiles
select: {model: gpt-3-175b}
set: {pue: {value: 1.2, low: 1.1, high: 1.4}}
axes: {gpus: [96, 192], split: {tp: [1, 8], pp: [12]}, gpu: [h100-sxm, a100-sxm-80gb], sample: 32}
outputs: [time_to_train, facility_power]
"""


def test_cube_with_quantiles_grows_at_same_draws(opened, tmp_path):
    run(opened(SAMPLED), tmp_path / "cube.zarr")
    longer = {"axis": ["gpus=96,144,192"]}
    run(opened(SAMPLED, **longer), tmp_path / "cube.zarr")
    run(opened(SAMPLED, **longer), tmp_path / "whole.zarr")
    assert files(tmp_path / "cube.zarr") == files(tmp_path / "whole.zarr")
    with pytest.raises(SweepError, match="axis sample was 32 labels"):
        run(opened(SAMPLED, axis=["gpus=96,144,192", "sample=64"]), tmp_path / "cube.zarr")


@pytest.mark.parametrize(
    ("overrides", "difference"),
    [
        ({"set_": ["server_power=7 kW"]}, "input server_power was 6 kW, is 7 kW"),
        ({"axis": ["gpus=8,64"]}, "axis gpus was 3 labels, 8 .. 512, is 2 labels, 8 .. 64"),
        ({"axis": ["electricity_price=0.1 USD/kWh,0.2 USD/kWh"], "outputs": ["energy_cost"]}, "axis electricity_price was absent"),
        ({"set_": ["split=tp1-pp2"]}, "axis split was 2 labels, tp1-pp2 .. tp8-pp2, is absent"),
    ],
)
def test_cube_does_not_grow_by_what_differs_otherwise(opened, tmp_path, overrides, difference):
    run(opened(STORED), tmp_path / "cube.zarr")
    before = files(tmp_path / "cube.zarr")
    more = {**overrides, "axis": [*overrides.get("axis", ()), "pue=1.1,1.2,1.3"]}
    with pytest.raises(SweepError) as found:
        run(opened(STORED, **more), tmp_path / "cube.zarr")
    assert str(found.value).startswith(f"{tmp_path}/cube.zarr: holds another study: {difference}")
    assert "pue" not in str(found.value)
    assert files(tmp_path / "cube.zarr") == before


def test_cube_does_not_lose_outputs(opened, tmp_path):
    run(opened(STORED), tmp_path / "cube.zarr")
    fewer = {**yaml.safe_load(STORED), "outputs": ["required_mfu", "facility_energy", "replicas"]}
    with pytest.raises(SweepError, match=r"output it_power was \(.*\), is absent"):
        run(opened(fewer), tmp_path / "cube.zarr")


OWN = """from sweep import equation


@equation(unit='1', source='article')
def growing_own(gpus):
    'A number.'
    return gpus * 2.0
"""


@pytest.mark.usefixtures("forgotten")
def test_cube_of_edited_equation_does_not_grow(opened, tmp_path):
    text = "title: x\nequations: own.py\naxes: {gpus: [1, 2]}\noutputs: [growing_own]\n"
    (tmp_path / "own.py").write_text(OWN)
    run(opened(text), tmp_path / "cube.zarr")
    (tmp_path / "own.py").write_text(OWN.replace("2.0", "3.0"))
    with pytest.raises(SweepError, match=r"holds another study: text of the equations has changed"):
        run(opened(text, axis=["gpus=1,2,3"]), tmp_path / "cube.zarr")
    (tmp_path / "own.py").write_text(OWN)
    assert run(opened(text, axis=["gpus=1,2,3"]), tmp_path / "cube.zarr")["growing_own"].values.tolist() == [2, 4, 6]


def test_cube_of_changed_fact_does_not_grow(opened, tmp_path, monkeypatch):
    run(opened(STORED), tmp_path / "cube.zarr")
    longer = opened(STORED, axis=["gpu=h100-sxm,a100-sxm-80gb,h200-sxm"])
    whole = dataset.identity
    monkeypatch.setattr(dataset, "identity", lambda made: {**whole(made), "input gpu_tdp": "over gpu, #1"})
    with pytest.raises(SweepError, match=r"holds another study: input gpu_tdp was absent, is over gpu"):
        run(longer, tmp_path / "cube.zarr")


def test_killed_growth_leaves_old_cube_and_resumes(opened, tmp_path, small_blocks, monkeypatch):
    path, longer = tmp_path / "cube.zarr", {"axis": ["pue=1.1,1.2,1.3", "gpus=8,16,64,512"], "outputs": ["facility_power"]}
    before = run(opened(STORED), path).load()
    study = opened(STORED, **longer)
    monkeypatch.setattr(store, "SYNC_SECONDS", 0.0)
    child = os.fork()
    if not child:
        whole, begun = growing.Grower.compute, []

        def compute(self, block):
            begun.append(block)
            if len(begun) == 20:
                os.kill(os.getpid(), signal.SIGKILL)
            return whole(self, block)

        monkeypatch.setattr(growing.Grower, "compute", compute)
        run(study, path, threads=1)
        os._exit(1)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    assert open_cube(path).identical(before)
    done, written = len(journal.read(layout.partial(layout.place(path)) / JOURNAL).blocks), []
    put = growing.Growth.put
    monkeypatch.setattr(growing.Growth, "put", lambda *given: written.append(given[2]) or put(*given))
    run(study, path)
    assert done == 19
    assert len(written) == len(list(blocks.blocks(plan.make(study)))) - done, "no block that was done is made again"
    run(study, tmp_path / "whole.zarr")
    assert files(path) == files(tmp_path / "whole.zarr")


def test_lost_block_is_computed_before_cube_grows(opened, tmp_path, small_blocks):
    path = tmp_path / "cube.zarr"
    run(opened(STORED), path)
    lost = next(file for file in sorted(path.rglob("*")) if file.is_file() and file.relative_to(path).as_posix().startswith("it_power/c"))
    lost.unlink()
    run(opened(STORED, axis=["pue=1.1,1.2,1.3"]), path)
    run(opened(STORED, axis=["pue=1.1,1.2,1.3"]), tmp_path / "whole.zarr")
    assert files(path) == files(tmp_path / "whole.zarr")


def test_blocks_that_are_cut_alike_are_copied_as_files(opened, tmp_path, small_blocks, computed):
    """A count of GPUs is outermost, so a new one leaves the blocks of the others as they are."""
    path = tmp_path / "cube.zarr"
    run(opened(STORED), path)
    before = {file.stat().st_ino for name in ("facility_energy", "status") for file in (path / name / "c").rglob("*") if file.is_file()}
    computed.clear()
    grown = run(opened(STORED, axis=["gpus=8,32,64,512"]), path)
    after = {file.stat().st_ino for file in path.rglob("*") if file.is_file()}
    assert before < after
    assert sum(computed) == sum(variable.size // 4 for variable in grown.data_vars.values())


def test_growth_is_nothing_for_equal_study(study, tmp_path):
    run(study, tmp_path / "cube.zarr")
    assert growing.growth(layout.place(tmp_path / "cube.zarr"), plan.make(study)) is None
    assert np.array_equal(open_cube(tmp_path / "cube.zarr")["it_power"], run(study)["it_power"])
