"""A study run to a cube that is kept, and its check: nothing is computed twice, nothing that is damaged goes unseen."""

import json
import os
import shutil

import pytest

from sweep.cube import dataset
from sweep.cube.compute import evaluate
from sweep.errors import SweepError
from sweep.store import journal
from sweep.store.disk import Folder
from sweep.store.reading import open_cube
from sweep.store.run import check, run, write
from tests.cube_files import files
from tests.studies import ENERGY


def test_run_of_study_without_axes_is_one_cell(opened, tmp_path):
    cube = run(opened("title: x\nset: {server_power: 6 kW, gpus_per_server: 8, gpus: 80}\noutputs: [it_power]\n"), tmp_path / "c.zarr")
    assert float(cube["it_power"]) == 60e3


def test_run_stores_given_output_as_coordinate(opened, tmp_path):
    text = "title: x\nset: {server_power: 6 kW, gpus_per_server: 8, precision: fp8}\naxes: {gpus: [8, 80]}\n"
    cube = run(opened(text + "outputs: [it_power, gpus, server_power, precision]\n"), tmp_path / "c.zarr")
    assert set(cube.data_vars) == {"it_power"}
    assert float(cube["server_power"]) == 6000.0
    assert cube["precision"].item() == "fp8"
    assert cube["gpus"].values.tolist() == [8.0, 80.0]


def test_run_rejects_study_that_computes_nothing(opened, tmp_path):
    with pytest.raises(SweepError, match=r"study.yaml: outputs: nothing is to be computed; pue, gpus: given by the study$"):
        run(opened("title: x\nset: {gpus: 8}\noutputs: [pue, gpus]\n"), tmp_path / "c.zarr")
    assert [path.name for path in tmp_path.iterdir()] == ["study.yaml"]


def test_run_of_same_study_reads_existing_cube(study, tmp_path, evaluated):
    run(study, tmp_path / "cube.zarr")
    count = len(evaluated)
    again = run(study, tmp_path / "cube.zarr")
    assert len(evaluated) == count
    assert "facility_energy" in again


@pytest.mark.parametrize("threads", [1, 2])
def test_interrupt_stops_run_between_blocks(study, tmp_path, small_blocks, evaluated, monkeypatch, threads):
    """The interrupt comes while the fourth block is handed over, in the thread that a user's Ctrl-C interrupts."""
    seen = []

    def progress(done, total):
        seen.append(done)
        if len(seen) == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(study, tmp_path / "cube.zarr", threads=threads, progress=progress)
    begun = len(evaluated)
    assert begun >= 3
    whole = run(study, tmp_path / "cube.zarr", threads=threads)
    assert len(evaluated) == len(set(evaluated)), "nothing that was done is computed again"
    assert whole.load().drop_attrs(deep=False).identical(run(study).load().drop_attrs(deep=False))


# every byte is as it was written, or is named and computed again


@pytest.fixture
def cube(opened, tmp_path):
    run(opened(ENERGY, set_=["gpus=2048"], axis=["pue=1.1:1.5:0.1"], outputs=["it_power"]), tmp_path / "cube.zarr")
    return tmp_path / "cube.zarr"


def test_check_of_intact_cube_finds_nothing(cube):
    assert check(cube) == []


def ways(content):
    """What may happen to a file."""
    yield None
    yield b""
    yield content[: len(content) // 2]
    middle = len(content) // 2
    yield content[:middle] + bytes([content[middle] ^ 16]) + content[middle + 1 :]


def test_check_finds_and_repairs_damage_of_each_file(cube):
    whole = files(cube)
    names = ["zarr.json", "manifest.jsonl", "pue/zarr.json", "pue/c/0", "facility_energy/zarr.json", "facility_energy/c/0/0"]
    assert set(names) <= set(whole)
    for name in names:
        content = (cube / name).read_bytes()
        for damaged in ways(content):
            (cube / name).unlink() if damaged is None else (cube / name).write_bytes(damaged)
            found = check(cube)
            assert name in [fault.file for fault in found], (name, damaged and len(damaged))
            if damaged in (None, b"") or "energy/c" not in name:
                with pytest.raises(SweepError, match=r"cube.zarr: is damaged: .*; `sweep check .*cube.zarr --repair` recomputes it$"):
                    open_cube(cube)
            assert check(cube, repair=True) == found
            assert check(cube) == []
            assert files(cube) == whole
    assert sorted(os.listdir(cube.parent)) == ["cube.zarr", "study.yaml"]


def test_open_cube_reports_lost_block(cube):
    shutil.rmtree(cube / "facility_energy" / "c")
    with pytest.raises(SweepError, match=r"facility_energy/c/0/0, which is facility_energy\[0:2, 0:5\], is missing; `sweep check"):
        open_cube(cube)


def test_run_recomputes_lost_block(opened, cube):
    whole = files(cube)
    shutil.rmtree(cube / "facility_energy" / "c")
    run(opened(ENERGY, set_=["gpus=2048"], axis=["pue=1.1:1.5:0.1"], outputs=["it_power"]), cube)
    assert files(cube) == whole


def test_repair_refuses_other_equations_or_facts(cube, monkeypatch):
    shutil.rmtree(cube / "facility_energy" / "c")
    before = files(cube)
    today = dataset.identity
    monkeypatch.setattr(dataset, "identity", lambda plan: {**today(plan), "text of the equations": "as it was, #0"})
    with pytest.raises(SweepError, match=r"not those that it was made with: .*the equations has changed.*--overwrite$"):
        check(cube, repair=True)
    assert files(cube) == before


def test_check_rejects_cube_without_manifest_and_metadata(cube):
    (cube / "manifest.jsonl").unlink()
    (cube / "zarr.json").write_bytes(b"{")
    with pytest.raises(SweepError, match="cannot be read as a cube"):
        check(cube, repair=True)


@pytest.mark.parametrize(("change", "said"), [("layout", "by another version of wattsweep"), ("written", "by an older version")])
def test_store_of_other_layout_version_is_rejected_and_left(cube, opened, change, said):
    lines = journal.read(Folder(cube / "manifest.jsonl"))
    if change == "layout":
        journal.write(Folder(cube / "manifest.jsonl"), [{**lines.header, "layout": 99}, *lines.blocks, lines.end])
    else:
        (cube / "manifest.jsonl").unlink()
        plain = json.loads((cube / "zarr.json").read_text())
        del plain["attributes"]["written"]
        (cube / "zarr.json").write_text(json.dumps(plain))
    study = opened(ENERGY, set_=["gpus=2048"], axis=["pue=1.1:1.5:0.1"], outputs=["it_power"])
    kept = {path: path.read_bytes() for path in cube.rglob("*") if path.is_file()}
    for ask in (open_cube, check, lambda cube: write(study, cube)):
        with pytest.raises(SweepError, match=said):
            ask(cube)
    assert {path: path.read_bytes() for path in cube.rglob("*") if path.is_file()} == kept


@pytest.mark.usefixtures("forgotten")
@pytest.mark.parametrize("formula", ["1e300 * 1e300 * gpus", "1e30 * gpus * 1e8"])
def test_run_and_evaluate_reject_infinite_value(opened, tmp_path, formula):
    head = "from sweep import equation\n\n\n@equation(unit='1', source='article')\n"
    (tmp_path / "own.py").write_text(f"{head}def running_own(gpus):\n    'A number.'\n    return {formula} if gpus > 8 else 1.0\n")
    study = opened("title: x\nequations: own.py\naxes: {gpus: [8, 16]}\noutputs: [running_own]\n")
    for store in (None, tmp_path / "cube.zarr"):
        with pytest.raises(SweepError, match=r"running_own is infinite, for it divides by zero or is too large .* at gpus = 16$"):
            run(study, store)
    with pytest.raises(SweepError, match=r"running_own is infinite.* at this point"):
        evaluate(study, gpus=16)
