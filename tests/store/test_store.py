"""A cube on disk: what it says of itself, and that nothing half-written is ever taken for whole, whatever happens on the way."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import xarray

from sweep.engine import blocks, plan
from sweep.errors import SweepError
from sweep.store import layout, store, verify
from sweep.store.reading import open_cube
from sweep.store.run import run
from tests.studies import STORED

ROOT = Path(__file__).parents[2]
def same(one, other):
    """Whether two cubes are the same but for the time at which they were made."""
    return one.drop_attrs(deep=False).identical(other.drop_attrs(deep=False)) and {**one.attrs, "created": ""} == {
        **other.attrs,
        "created": "",
    }


def left(folder):
    return sorted(path.name for path in folder.iterdir() if path.name != "study.yaml")


# what a cube says of itself


def test_stored_cube_equals_cube_in_memory(study, tmp_path):
    stored = run(study, tmp_path / "cube.zarr")
    memory = run(study)
    assert same(stored.load(), memory)
    assert left(tmp_path) == ["cube.zarr"]


def test_stored_cube_is_same_for_any_blocks(study, tmp_path, small_blocks, evaluated):
    stored = run(study, tmp_path / "cube.zarr")
    assert len(evaluated) == len(set(evaluated)) > 20
    blocks.CHUNK_CELLS, blocks.BLOCK_CELLS = 1 << 18, 5 << 20
    assert same(stored.load(), run(study))


def test_stored_cube_has_labels_and_input_coordinates(study, tmp_path):
    cube = run(study, tmp_path / "cube.zarr")
    assert cube["gpu"].values.tolist() == ["h100-sxm", "a100-sxm-80gb"]
    assert cube["split"].values.tolist() == ["tp1-pp2", "tp8-pp2"]
    assert cube["precision"].values.tolist() == ["bf16", "fp8"]
    assert cube["training_duration"].values.tolist() == [30 * 86400.0, 60 * 86400.0, 90 * 86400.0]
    assert cube["tp"].dims == ("split",)
    assert cube["tp"].values.tolist() == [1.0, 8.0]
    assert "peak_rate" not in cube.variables
    assert set(cube["facility_energy"].dims) == {"gpu", "gpus", "training_duration", "pue"}
    assert cube["replicas"].dtype == np.float32


def test_stored_cube_has_provenance_and_inputs(study, tmp_path):
    cube = run(study, tmp_path / "cube.zarr")
    assert cube.attrs["title"] == "stored"
    assert cube.attrs["Conventions"].startswith("CF-1.")
    assert cube.attrs["study"] == str(tmp_path / "study.yaml")
    inputs = json.loads(cube.attrs["inputs"])
    assert inputs["server_power"] == {"value": 6000.0, "unit": "W", "origin": "study"}
    assert inputs["cp"]["origin"] == "default"
    assert inputs["cp"]["assumed"]
    assumed = json.loads(cube.attrs["assumed"])
    assert set(assumed) >= {"cp"}
    assert all(assumed.values())
    for digest in ("catalogue_digest", "kernel_digest"):
        assert len(cube.attrs[digest]) == 64
    assert set(json.loads(cube.attrs["versions"])) == {"wattsweep", "numba", "numpy", "zarr"}
    energy = cube["facility_energy"].attrs
    assert (energy["units"], energy["valid_cells"], energy["cells"]) == ("J", 36, 36)
    assert energy["actual_range"] == [float(cube["facility_energy"].min()), float(cube["facility_energy"].max())]
    assert energy["long_name"]
    assert energy["formula"]
    assert energy["source"]


def test_stored_status_follows_cf_flags(study, tmp_path):
    cube = run(study, tmp_path / "cube.zarr")
    status = cube["status"]
    names = status.attrs["flag_meanings"].split()
    assert status.attrs["flag_masks"] == [1 << bit for bit in range(len(names))]
    assert len(names) == len(set(names))
    assert set(json.loads(status.attrs["flag_sentences"])) == set(json.loads(status.attrs["flag_guards"])) == set(names)
    assert cube["required_mfu"].attrs["ancillary_variables"] == "status"
    assert status.dtype.kind == "i"
    missing = 1 << names.index("precision_not_supported")
    broken = (status & missing) != 0
    assert bool((broken.sel(gpu="a100-sxm-80gb", precision="fp8")).all())
    assert not bool(broken.sel(gpu="h100-sxm").any())
    assert cube["required_mfu"].isnull().sel(gpu="a100-sxm-80gb", precision="fp8").all()
    assert cube["required_mfu"].attrs["valid_cells"] == int(cube["required_mfu"].notnull().sum())


def test_stored_units_are_readable_by_pint(study, tmp_path):
    import pint_xarray  # noqa: F401

    cube = run(study, tmp_path / "cube.zarr").load()
    found = cube.pint.quantify()
    assert str(found["facility_energy"].pint.units) == "joule"
    assert float(found["it_power"].pint.to("MW").max().pint.magnitude) == pytest.approx(512 / 8 * 6e-3)
    for name, variable in cube.variables.items():
        assert variable.dtype.kind in "OUT" or "units" in variable.attrs, name


def test_stored_cube_opens_without_this_package(study, tmp_path):
    run(study, tmp_path / "cube.zarr")
    code = (
        "import sys\n"
        "sys.modules['sweep'] = None  # as where it is not installed\n"
        "import xarray\n"
        "cube = xarray.open_zarr(sys.argv[1])\n"
        "print(float(cube.facility_energy.sel(gpu='h100-sxm', gpus=64, pue=1.2, training_duration=30 * 86400)))\n"
    )
    # that the engine of this package cannot be loaded is a RuntimeWarning
    command = [sys.executable, "-W", "error", "-W", "ignore::RuntimeWarning", "-c", code, str(tmp_path / "cube.zarr")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert float(done.stdout) == pytest.approx(8 * 6000 * 30 * 86400 * 1.2, rel=1e-6)


def test_equal_runs_differ_in_time_only(study, tmp_path, monkeypatch):
    one, other = tmp_path / "one.zarr", tmp_path / "other.zarr"
    run(study, one)
    run(study, other)
    files = {p.relative_to(one).as_posix() for p in one.rglob("*") if p.is_file()}
    assert files == {p.relative_to(other).as_posix() for p in other.rglob("*") if p.is_file()}
    for name in files:
        before, after = (one / name).read_bytes(), (other / name).read_bytes()
        if name == "zarr.json":
            stripped = [json.loads(text) for text in (before, after)]
            for found in stripped:
                assert found["attributes"].pop("created")
            assert stripped[0] == stripped[1]
        else:
            assert before == after, name


def test_stored_choice_coordinate_holds_words(opened, tmp_path):
    axes = "axes: {mode: {zip: {precision: [bf16, fp8], gpus: [8, 16]}}}\n"
    text = f"title: x\nselect: {{gpu: h100-sxm}}\nset: {{server_power: 6 kW, training_flops: 1e24 FLOP, training_duration: 9 d}}\n{axes}"
    cube = run(opened(text + "outputs: [required_mfu]\n"), tmp_path / "c.zarr")
    assert cube["precision"].values.tolist() == ["bf16", "fp8"]


# a cube that is there already


@pytest.mark.parametrize(
    ("overrides", "difference"),
    [
        ({"set_": ["server_power=7 kW"]}, "input server_power was 6 kW, is 7 kW"),
        ({"axis": ["gpus=8,64"]}, "axis gpus was 3 labels, 8 .. 512, is 2 labels, 8 .. 64"),
        ({"axis": ["pue=1.1,1.3"]}, "axis pue was 2 labels, 1.1 .. 1.2, is 2 labels, 1.1 .. 1.3"),
        ({"set_": ["split=tp1-pp2"]}, "axis split was 2 labels, tp1-pp2 .. tp8-pp2, is absent"),
    ],
)
def test_run_refuses_cube_of_other_study(study, opened, tmp_path, overrides, difference):
    run(study, tmp_path / "cube.zarr")
    before = run(study, tmp_path / "cube.zarr").load()
    with pytest.raises(SweepError) as found:
        run(opened(STORED, **overrides), tmp_path / "cube.zarr")
    assert str(found.value).startswith(f"{tmp_path}/cube.zarr: holds another study: ")
    assert difference in str(found.value)
    assert str(found.value).endswith("; give another name or --overwrite")
    assert open_cube(tmp_path / "cube.zarr").identical(before)


def test_run_notices_changed_values_inside_axis(opened, tmp_path):
    run(opened(STORED), tmp_path / "cube.zarr")
    with pytest.raises(SweepError, match="input gpus has changed"):
        run(opened(STORED, axis=["gpus=8,72,512"]), tmp_path / "cube.zarr")


@pytest.mark.usefixtures("forgotten")
def test_run_notices_edited_equation(opened, tmp_path):
    head = "from sweep import equation\n\n\n@equation(unit='1', source='article')\n"
    text = head + "def store_own(gpus):\n    'A number.'\n    return gpus * 2.0\n"
    for body, refused in ((text, False), (text.replace("2.0", "3.0"), True)):
        (tmp_path / "own.py").write_text(body)
        study = opened("title: x\nequations: own.py\naxes: {gpus: [1, 2]}\noutputs: [store_own]\n")
        if refused:
            with pytest.raises(SweepError, match="holds another study: text of the equations has changed"):
                run(study, tmp_path / "cube.zarr")
        else:
            run(study, tmp_path / "cube.zarr")
    assert run(study, tmp_path / "cube.zarr", overwrite=True)["store_own"].values.tolist() == [3.0, 6.0]


def test_overwrite_replaces_cube_when_new_one_is_complete(study, opened, tmp_path, monkeypatch):
    path = tmp_path / "cube.zarr"
    before = run(study, path).load()
    other = opened(STORED, set_=["server_power=7 kW"])
    with monkeypatch.context() as patch:
        patch.setattr(store.Store, "finish", interrupt)
        with pytest.raises(KeyboardInterrupt):
            run(other, path, overwrite=True)
    assert open_cube(path).identical(before)
    after = run(other, path, overwrite=True)
    assert float(after["it_power"].max()) == float(before["it_power"].max()) / 6 * 7
    assert left(tmp_path) == ["cube.zarr"]


def test_run_refuses_path_that_is_no_cube(study, tmp_path):
    (tmp_path / "file").write_text("precious")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "precious").write_text("")
    xarray.Dataset({"x": 1.0}).to_zarr(tmp_path / "foreign.zarr", consolidated=False)
    for name in ("file", "folder", "foreign.zarr"):
        for overwrite in (False, True):
            with pytest.raises(SweepError, match=f"{name}: exists and is not a wattsweep store; give another name$"):
                run(study, tmp_path / name, overwrite=overwrite)
    for name in ("file", "folder"):
        with pytest.raises(SweepError, match="cannot be read as a cube"):
            open_cube(tmp_path / name)
    assert left(tmp_path) == ["file", "folder", "foreign.zarr"]
    assert (tmp_path / "folder" / "precious").exists()


@pytest.mark.parametrize("make", [Path.touch, Path.mkdir])
def test_run_refuses_foreign_partial_path(study, tmp_path, make):
    make(tmp_path / "cube.zarr.partial")
    if make is Path.mkdir:
        (tmp_path / "cube.zarr.partial" / "precious").write_text("")
    with pytest.raises(SweepError, match=r"cube.zarr.partial: exists and is not an incomplete wattsweep store; give another name$"):
        run(study, tmp_path / "cube.zarr")
    assert left(tmp_path) == ["cube.zarr.partial"]


# places that cannot be written


def test_run_creates_parent_folders(study, tmp_path):
    run(study, tmp_path / "a" / "b" / "cube.zarr")
    assert left(tmp_path / "a" / "b") == ["cube.zarr"]


def test_run_reports_path_below_file_in_one_line(study, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SweepError, match=f"file/cube.zarr: cannot be written: {os.strerror(errno.ENOTDIR)}$"):
        run(study, tmp_path / "file" / "cube.zarr")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_run_reports_read_only_folder_in_one_line(study, tmp_path):
    (tmp_path / "closed").mkdir(mode=0o500)
    with pytest.raises(SweepError, match=f"closed/cube.zarr: cannot be written: {os.strerror(errno.EACCES)}$"):
        run(study, tmp_path / "closed" / "cube.zarr")


def test_run_refuses_too_small_disk_and_leaves_nothing(study, tmp_path, monkeypatch, evaluated):
    usage = SimpleNamespace(total=100, used=90, free=10)
    monkeypatch.setattr("sweep.store.disk.shutil.disk_usage", lambda path: usage)
    with pytest.raises(SweepError) as found:
        run(study, tmp_path / "a" / "cube.zarr")
    text = str(found.value)
    assert text.startswith(f"{tmp_path}/a/cube.zarr: the cube of {tmp_path}/study.yaml has ")
    assert "bytes" in text
    assert "10 free" in text
    assert "\n" not in text
    assert left(tmp_path) == []
    assert not evaluated


def test_full_disk_is_reported_and_run_resumes(study, tmp_path, monkeypatch, small_blocks, evaluated):
    path = tmp_path / "cube.zarr"
    write = store.Store.write

    def full(self, block, values):
        if len(self.lines) == 7:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(self, block, values)

    with monkeypatch.context() as patch:
        patch.setattr(store.Store, "write", full)
        with pytest.raises(SweepError, match=r"cube.zarr: cannot be written: No space left on device; finished blocks are kept, run the"):
            run(study, path, threads=1)
    assert left(tmp_path) == ["cube.zarr.partial"]
    kept = set(evaluated[:7])
    evaluated.clear()
    run(study, path)
    assert not kept & set(evaluated)


# stopped on the way


def interrupt(*_):
    raise KeyboardInterrupt


def test_interrupted_run_leaves_no_readable_cube_and_resumes(study, tmp_path, small_blocks, evaluated):
    path, cells = tmp_path / "cube.zarr", []

    def stop_in_the_middle(done, total):
        cells.append((done, total))
        if done > total / 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(study, path, progress=stop_in_the_middle)
    assert left(tmp_path) == ["cube.zarr.partial"]
    half = verify.state(path)
    assert not half["complete"]
    assert 0 < half["done"] < half["total"]
    with pytest.raises(SweepError, match=f"is incomplete, {half['done']} of {half['total']} blocks are done; run the study again"):
        open_cube(path)
    first = list(evaluated)
    assert len(first) == half["done"], "every block that was computed is kept"
    evaluated.clear()
    resumed = run(study, path)
    assert not set(evaluated) & set(first)
    assert len(evaluated) + len(first) == half["total"]
    assert verify.state(path)["complete"]
    assert left(tmp_path) == ["cube.zarr"]
    assert same(resumed.load(), run(study, tmp_path / "other.zarr").load())


def test_run_refuses_partial_cube_of_other_study(study, opened, tmp_path, small_blocks):
    path = tmp_path / "cube.zarr"

    def stop(done, total):
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(study, path, progress=stop)
    other = opened(STORED, set_=["server_power=7 kW"])
    with pytest.raises(SweepError, match="was started with another study: input server_power was 6 kW, is 7 kW; give another name or --ov"):
        run(other, path)
    assert same(run(other, path, overwrite=True).load(), run(other).load())


def test_resume_ignores_truncated_journal_line(study, tmp_path, small_blocks, evaluated):
    path = tmp_path / "cube.zarr"
    for stop_after in (5, 9):

        def stop(done, total, limit=stop_after):
            if len(evaluated) >= limit:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            run(study, path, threads=1, progress=stop)
        journal = tmp_path / "cube.zarr.partial" / store.JOURNAL
        journal.write_bytes(journal.read_bytes()[:-9])
    made = plan.make(study)
    total = sum(1 for _ in blocks.blocks(made))
    cube = run(study, path)
    assert len(evaluated) == total + 2, "one block for each cut"
    assert same(cube.load(), run(study).load())


@pytest.mark.parametrize("length", [0, 5])
def test_resume_rewrites_truncated_block(study, tmp_path, small_blocks, length):
    path = tmp_path / "cube.zarr"

    def stop(done, total):
        if done == total:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(study, path, threads=1, progress=stop)
    half = tmp_path / "cube.zarr.partial"
    for file in (half / store.CUBE / "facility_energy" / "c").rglob("*"):
        if file.is_file():
            file.write_bytes(file.read_bytes()[:length])
    journal = half / store.JOURNAL
    lines = journal.read_text().splitlines()
    journal.write_text("\n".join(line for line in lines if '"facility_energy": [' not in line))
    assert same(run(study, path).load(), run(study).load())


def test_full_disk_error_of_codecs_is_one_line(study, tmp_path, monkeypatch):
    class Full:
        def __setitem__(self, region, values):
            raise RuntimeError("No space left on device (os error 28)")

    opened = store.opened

    def full(*arguments):
        found = opened(*arguments)
        found.arrays = dict.fromkeys(found.arrays, Full())
        return found

    monkeypatch.setattr(store, "opened", full)
    with pytest.raises(SweepError, match=r"cube.zarr: cannot be written: No space left on device"):
        run(study, tmp_path / "cube.zarr")


def test_concurrent_run_into_same_cube_is_refused(study, tmp_path, small_blocks):
    path, refused = tmp_path / "cube.zarr", []

    def again(done, total):
        with pytest.raises(SweepError, match=r"cube.zarr: another run is writing it; wait for that one or give another name$"):
            run(study, path, overwrite=bool(done))
        refused.append(done)

    cube = run(study, path, progress=again)
    assert len(refused) > 10
    assert same(cube.load(), run(study).load())
    assert left(tmp_path) == ["cube.zarr"]


DRIVER = """
import json, os, random, signal, sys
from pathlib import Path
from sweep.store import journal, layout, store
from sweep.store.run import run
from sweep.engine import blocks
from sweep.engine.blocks import Worker
from sweep.study.parse import open_study

blocks.CHUNK_CELLS, blocks.BLOCK_CELLS = 4, 8
store.SYNC_SECONDS = 0.0
study, path, kills = open_study(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
log = os.open(sys.argv[4], os.O_CREAT | os.O_WRONLY | os.O_APPEND)
whole, chance = Worker.compute, random.Random(7)
begun, touched = [], []
FILES = {"open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.truncate", "os.listdir", "os.scandir"}

def die():
    os.kill(os.getpid(), signal.SIGKILL)

def evaluate(self, block):
    begun.append(block)
    if last_block and len(begun) == last_block:
        die()
    os.write(log, f"{block.nest} {block.number}\\n".encode())
    return whole(self, block)

def touching(event, arguments):
    if event in FILES and str(path) in str(arguments[0]) and (begun or attempt % 4 == 0):
        touched.append(event)
        if last_file and len(touched) == last_file:
            die()

rounds = []
for attempt in range(kills + 1):
    start, begun_whole = os.fstat(log).st_size, path.exists()
    done = {(line["nest"], line["number"]) for line in journal.read(store.partial(layout.place(path)) / store.JOURNAL).blocks}
    # killed as it begins a fifth block, when two threads have finished three; or at a file that it touches, early or while it writes blocks
    last_block, last_file = (5, 0) if attempt % 2 else (0, chance.randint(1, 25))
    if attempt == kills:
        last_block = last_file = 0
    child = os.fork()
    if not child:
        Worker.compute = evaluate
        sys.addaudithook(touching)
        try:
            run(study, path, threads=2)
            os._exit(0)
        except BaseException as error:
            print(repr(error), file=sys.stderr)
            os._exit(1)
    status = os.waitpid(child, 0)[1]
    again = [tuple(map(int, line.split())) for line in Path(sys.argv[4]).read_text()[start:].splitlines()]
    kept = {"kept": len(done), "again": len(done & set(again))}
    rounds.append({"status": status, **kept, "begun_whole": begun_whole, "whole": path.exists()})
print(json.dumps(rounds))
"""


def test_killed_runs_resume_to_same_cube(study, tmp_path, small_blocks):
    path, undisturbed = tmp_path / "cube.zarr", tmp_path / "undisturbed.zarr"
    command = [sys.executable, "-c", DRIVER, str(tmp_path / "study.yaml"), str(path), "6", str(tmp_path / "log")]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    rounds = json.loads(done.stdout)
    assert [found["status"] for found in rounds] == [signal.SIGKILL] * 6 + [0], done.stderr
    assert [found["whole"] for found in rounds] == [False] * 6 + [True]
    kept = [found["kept"] for found in rounds]
    assert kept == sorted(kept), "nothing that was done is lost"
    assert kept[2] >= 3
    assert kept[-1] >= 9, "each run that begins a fifth block has finished three"
    assert not any(found["again"] for found in rounds), "nothing that was done is computed again"
    run(study, undisturbed)
    assert same(open_cube(path).load(), open_cube(undisturbed).load())
    for file in (p for p in undisturbed.rglob("*") if p.is_file() and p.name != "zarr.json"):
        assert (path / file.relative_to(undisturbed)).read_bytes() == file.read_bytes(), file
    assert not (tmp_path / "cube.zarr.partial" / store.CUBE).exists()


def test_leftover_journal_is_no_cube(study, tmp_path):
    path = tmp_path / "cube.zarr"
    with store.alone(layout.place(path), plan.make(study)):
        store.opened(layout.place(path), plan.make(study))
    shutil.rmtree(tmp_path / "cube.zarr.partial" / store.CUBE)
    assert same(run(study, path).load(), run(study).load())
    assert left(tmp_path) == ["cube.zarr"]


# one cube in the place of another


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("step", ["os.rename", "exchange", "unlink"])
def test_overwrite_completes_after_kill_at_each_step(study, opened, tmp_path, monkeypatch, at_once, step):
    path, other = tmp_path / "cube.zarr", opened(STORED, set_=["server_power=7 kW"])
    run(study, path)
    before = open_cube(path).load()
    if not at_once:
        monkeypatch.setattr(store.disk, "exchange", lambda one, other: False)
    with monkeypatch.context() as patch:
        if step == "unlink":
            remove = shutil.rmtree
            patch.setattr(store.disk.shutil, "rmtree", lambda p, **k: interrupt() if p.exists() else remove(p, **k))
        elif step == "exchange" and at_once:
            whole = store.disk.exchange
            patch.setattr(store.disk, "exchange", lambda one, other: whole(one, other) and interrupt())
        else:
            whole_rename = os.rename

            def rename(one, other):
                whole_rename(one, other)
                if Path(other).name in ("cube.zarr", store.OLD):
                    raise KeyboardInterrupt

            patch.setattr(store.disk.os, "rename", rename)
        with suppress(KeyboardInterrupt):
            run(other, path, overwrite=True)
    if path.exists():
        assert any(same(open_cube(path).load(), cube) for cube in (before, run(other).load()))
    assert same(run(other, path, overwrite=True).load(), run(other).load())
    assert left(tmp_path) == ["cube.zarr"]


def test_overwrite_keeps_link(study, opened, tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "cube.zarr").symlink_to(tmp_path / "disk" / "real.zarr")
    for found in (study, opened(STORED, set_=["server_power=7 kW"])):
        assert same(run(found, tmp_path / "cube.zarr", overwrite=True).load(), run(found).load())
    assert (tmp_path / "cube.zarr").is_symlink()
    assert left(tmp_path / "disk") == ["real.zarr"]


def test_overwrite_replaces_damaged_cube(study, tmp_path):
    run(study, tmp_path / "cube.zarr")
    shutil.rmtree(tmp_path / "cube.zarr" / "facility_energy" / "c")
    (tmp_path / "cube.zarr" / "zarr.json").unlink()
    assert same(run(study, tmp_path / "cube.zarr", overwrite=True).load(), run(study).load())


def test_run_reports_unreadable_journal(study, tmp_path, small_blocks):
    def stop(done, total):
        if done > total / 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(study, tmp_path / "cube.zarr", progress=stop)
    journal = tmp_path / "cube.zarr.partial" / store.JOURNAL
    journal.write_bytes(journal.read_bytes().replace(b"crc32c", b"crc32d"))
    with pytest.raises(SweepError, match=r"journal.jsonl: is damaged and does not say which study it is of; --ov"):
        run(study, tmp_path / "cube.zarr")
    assert same(run(study, tmp_path / "cube.zarr", overwrite=True).load(), run(study).load())


def test_journal_records_block_after_sync(study, tmp_path, monkeypatch, small_blocks):
    events = []
    sync, append = store.disk.sync, store.journal.append
    monkeypatch.setattr(store, "SYNC_SECONDS", 0.0)
    monkeypatch.setattr(store.disk, "sync", lambda paths: events.extend(map(str, paths := list(paths))) or sync(paths))

    def noting(path, records):
        for record in records:
            for name in record["files"]:
                assert str(tmp_path / "cube.zarr.partial" / "cube.zarr" / name) in events
        append(path, records)

    monkeypatch.setattr(store.journal, "append", noting)
    run(study, tmp_path / "cube.zarr")
    assert str(tmp_path) in events, "the folder that the cube is in"
