"""A cube in a bucket keeps the promises of one in a folder: it is equal, resumed, verified and repaired, and never half there."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
import xarray

from sweep.engine import blocks, plan
from sweep.errors import SweepError
from sweep.serve.keys import Keys
from sweep.store import growing, layout, objects, store, verify
from sweep.store.reading import open_cube
from sweep.store.run import check, run
from tests.commands import refused, sweep
from tests.house.test_docs import agrees, printed, transcripts
from tests.studies import ENERGY

ROOT = Path(__file__).parents[2]
AXIS = {"axis": ["pue=1.1:1.4:0.1"]}
BLOCKS = 5  # of the study below


@pytest.fixture
def study(opened, monkeypatch):
    monkeypatch.setattr(blocks, "CHUNK_CELLS", 2)
    monkeypatch.setattr(blocks, "BLOCK_CELLS", 2)
    return opened(ENERGY, **AXIS)


@pytest.fixture
def path(bucket):
    return f"{bucket}/runs/cube.zarr"


@pytest.fixture(autouse=True)
def short_lease(monkeypatch):
    monkeypatch.setattr(objects, "LEASE_SECONDS", 0.5)


def content(place):
    """Every file of a cube."""
    return {name: (place / name).read() for name in place.sizes()}


def same(one, other):
    """Whether two cubes are the same but for the time at which they were made."""
    return all(a.attrs.pop("created") and True for a in (one, other)) and one.identical(other)


def stop_after(count):
    def progress(done, total):
        if done >= total * count / BLOCKS:
            raise KeyboardInterrupt

    return progress


def test_cube_in_bucket_is_cube_in_folder(study, path, tmp_path):
    run(study, tmp_path / "cube.zarr")
    stored = run(study, path)
    ours, theirs = content(layout.place(path)), content(layout.place(tmp_path / "cube.zarr"))
    assert ours.keys() == theirs.keys()
    assert [name for name in ours if ours[name] != theirs[name] and name != "zarr.json"] == [], "zarr.json says when it was made"
    assert not layout.partial(layout.place(path)).exists()
    assert check(path) == []
    code = "import sys, xarray; print(float(xarray.open_zarr(sys.argv[1]).facility_energy.sum(dtype=float)))"
    plain = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True)
    assert plain.returncode == 0, plain.stderr
    assert float(plain.stdout) == float(stored.facility_energy.sum(dtype=float)) > 0
    assert same(stored, run(study))


def test_commands_take_an_address(study, path, tmp_path):
    local, changed = tmp_path / "cube.zarr", ("--axis", "pue=1.1,1.2")
    sweep("run", tmp_path / "study.yaml", *changed, "-o", local)
    assert f"sweep info {path}" in sweep("run", tmp_path / "study.yaml", *changed, "-o", path)
    for command in (
        ("slice", path, "facility_energy", "--csv"),
        ("compare", path, "--with", "pue=1.3", "--json"),
        ("compare", path, path),
        ("best", path, "--minimize", "facility_energy"),
        ("pareto", path, "--minimize", "facility_energy", "--minimize", "pue"),
        ("solve", path, "pue", "--for", "facility_energy <= 2.1 GWh", "--per", "training_duration"),
        ("check", path),
        ("check", path, "--repair"),
    ):
        assert sweep(*command).replace(path, str(local)) == sweep(*(str(local) if part == path else part for part in command))
    assert f"({path}: complete" in sweep("info", path)
    sweep("plot", path, "facility_energy", "--x", "pue", "-o", tmp_path / "a.svg")
    assert (tmp_path / "a.svg").exists()
    assert Keys(open_cube(path)).get("facility_energy/c/0/0")


DRIVER = """
import json, os, signal, sys
from sweep.engine import blocks
from sweep.store import store
from sweep.store.run import run
from sweep.study.parse import open_study

blocks.CHUNK_CELLS, blocks.BLOCK_CELLS, store.SYNC_SECONDS = 2, 2, 0.0
whole = store.Store.put

def put(self, block, values):
    if len(self.lines) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return whole(self, block, values)

store.Store.put = put
run(open_study(sys.argv[1], **json.loads(sys.argv[3])), sys.argv[2], threads=1)
"""


def killed(study, path, changes):
    """Run a study that has some changes, and kill it as it has three blocks."""
    command = [sys.executable, "-c", DRIVER, str(study), path, json.dumps(changes)]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr


def test_killed_run_is_no_cube_and_is_resumed(study, path, tmp_path, evaluated):
    killed(tmp_path / "study.yaml", path, AXIS)
    assert verify.state(path) == {"complete": False, "done": 3, "total": BLOCKS}
    with pytest.raises(SweepError, match=f"is incomplete, 3 of {BLOCKS} blocks are done; run the study again to resume"):
        open_cube(path)
    with pytest.raises(FileNotFoundError):
        xarray.open_zarr(layout.place(path).zarr())
    resumed = run(study, path)
    assert len(evaluated) == BLOCKS - 3
    assert check(path) == []
    assert same(resumed.load(), run(study))


def test_killed_growth_leaves_old_cube_and_resumes(study, opened, path, tmp_path, monkeypatch):
    before, more = run(study, path).load(), {"axis": [*AXIS["axis"], "training_duration=30 d,60 d,90 d"], "outputs": ["facility_power"]}
    killed(tmp_path / "study.yaml", path, more)
    assert open_cube(path).load().identical(before)
    put, copy, written, sources = growing.Growth.put, objects.Prefix.copy, [], set()
    monkeypatch.setattr(growing.Growth, "put", lambda *given: written.append(given[2]) or put(*given))
    monkeypatch.setattr(objects.Prefix, "copy", lambda self, other: sources.add(str(other)) or copy(self, other))
    longer = opened(ENERGY, **more)
    run(longer, path)
    assert len(written) == len(list(blocks.blocks(plan.make(longer)))) - 3
    assert f"{path}/facility_energy/c/1/1" in sources, "the store copies a block that is cut alike"
    run(longer, tmp_path / "whole.zarr")
    ours, theirs = content(layout.place(path)), content(layout.place(tmp_path / "whole.zarr"))
    assert ours.keys() == theirs.keys()
    assert [name for name in ours if ours[name] != theirs[name] and name != "zarr.json"] == [], "zarr.json says when it was made"
    assert check(path) == []
    assert not layout.partial(layout.place(path)).exists()


def test_interrupted_run_leaves_no_lock(study, path, evaluated, monkeypatch):
    with pytest.raises(KeyboardInterrupt):
        run(study, path, threads=1, progress=stop_after(2))
    monkeypatch.setattr(objects, "LEASE_SECONDS", 1000.0)
    run(study, path)
    assert len(evaluated) == BLOCKS


def test_damaged_object_is_named_and_repaired(study, path):
    run(study, path)
    place = layout.place(path)
    whole = content(place)
    shard = place / "facility_energy/c/1/0"
    for damaged in (whole["facility_energy/c/1/0"][:-1] + b"#", None):
        shard.write(damaged) if damaged else shard.remove()
        assert "facility_energy/c/1/0, which is facility_energy[" in sweep("check", path, code=1)
        if damaged:
            with pytest.raises(SweepError, match=f"facility_energy is damaged .*; `sweep check {path} --repair` recomputes it"):
                open_cube(path).facility_energy.load()
        sweep("check", path, "--repair")
        assert check(path) == []
        assert {name: held for name, held in content(place).items() if name != "zarr.json"} == {
            name: held for name, held in whole.items() if name != "zarr.json"
        }


def test_second_run_is_refused(study, path):
    found = []

    def again(done, total):
        if done and not found:
            found.append(done)
            with pytest.raises(SweepError, match=r"cube.zarr: another run is writing it; wait for that one or give another name$"):
                run(study, path)

    run(study, path, threads=1, progress=again)
    assert found
    assert check(path) == []


def test_run_whose_lock_was_taken_stops(study, path, monkeypatch):
    monkeypatch.setattr(store, "SYNC_SECONDS", 0.0)

    def taken(done, total):
        if done:
            (layout.partial(layout.place(path)) / store.LOCK).write(b"another's")
            assert lost.wait(60)

    lost, renew = threading.Event(), objects.Prefix._renew

    def renewing(self, *arguments):
        renew(self, *arguments)
        lost.set()

    monkeypatch.setattr(objects.Prefix, "_renew", renewing)
    with pytest.raises(SweepError, match="another run has taken it over; this one stops"):
        run(study, path, threads=1, progress=taken)
    assert (layout.partial(layout.place(path)) / store.LOCK).read() == b"another's"


def interrupt(*_):
    raise KeyboardInterrupt


def test_old_cube_is_there_until_new_one_is_complete(study, opened, path, monkeypatch):
    before = run(study, path).load()
    other = opened(ENERGY, **AXIS, set_=["gpus=2048"])
    with monkeypatch.context() as patch:
        patch.setattr(store.Store, "finish", interrupt)
        with pytest.raises(KeyboardInterrupt):
            run(other, path, overwrite=True)
    assert open_cube(path).load().identical(before)
    with pytest.raises(SweepError, match=r"cube.zarr: holds another study: input gpus was 1,024, is 2,048; give another name or --ov"):
        run(other, path)


@pytest.mark.parametrize("last", ["/facility_energy/c/1/0", "cube.zarr/zarr.json"])
def test_overwriting_that_is_stopped_is_finished(study, opened, path, monkeypatch, last):
    """The run is stopped as it gives the new cube its name, before it copies one of the objects."""
    run(study, path)
    other = opened(ENERGY, **AXIS, set_=["gpus=2048"])
    copy = objects.Prefix.copy
    with monkeypatch.context() as patch:
        patch.setattr(objects.Prefix, "copy", lambda self, other: interrupt() if str(self).endswith(last) else copy(self, other))
        with pytest.raises(KeyboardInterrupt):
            run(other, path, overwrite=True)
    with pytest.raises(SweepError, match=r"is damaged: .*zarr.json is (missing|damaged)"):
        open_cube(path)
    with pytest.raises(FileNotFoundError):
        xarray.open_zarr(layout.place(path).zarr())
    assert same(run(other, path, overwrite=True).load(), run(other))
    assert check(path) == []
    assert not layout.partial(layout.place(path)).exists()


def test_page_shows_what_commands_print(make_bucket, monkeypatch):
    """What docs/objects.md shows, in the bucket that it names."""
    make_bucket("mine")
    text = (ROOT / "docs" / "objects.md").read_text(encoding="utf-8")
    monkeypatch.chdir(ROOT)
    for part in re.findall(r"^```transcript\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        for command, said in transcripts(part):
            assert agrees(said, printed(command)), command


def refusals(path, tmp_path):
    """What commands say that take an address."""
    for command in (("run", tmp_path / "study.yaml", "-o", path), ("info", path), ("check", path), ("best", path, "--minimize", "x")):
        yield refused(*command)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("s3://nobody-has-this/cube.zarr", "there is no bucket 'nobody-has-this'; make it first, or correct the address$"),
        ("{bucket}", "cannot hold a cube; give a bucket and a name, such as s3://bucket-.*/cube.zarr$"),
        ("{bucket}/runs//cube.zarr", "cannot hold a cube; give a bucket and a name, such as s3://bucket-.*/cube.zarr$"),
        ("{bucket}/../cube.zarr", "cannot hold a cube; give a bucket and a name, such as s3://bucket-.*/cube.zarr$"),
        ("s3://my bucket/cube.zarr", "cannot hold a cube; give a bucket and a name, such as s3://bucket/cube.zarr$"),
        ("s3:bucket/cube.zarr", "is neither a path nor an address; write s3://bucket/cube.zarr$"),
        ("s4://bucket/cube.zarr", "no cube can lie at s4://, but in a folder or at s3://, gs://, az://, file://$"),
        ("{bucket}/notes", "(exists and is not a wattsweep store; give another name|cannot be read as a cube: it has no zarr.json)$"),
        ("{bucket}/notes/", "(exists and is not a wattsweep store; give another name|cannot be read as a cube: it has no zarr.json)$"),
    ],
)
def test_commands_refuse_address_in_one_line(tmp_path, opened, bucket, monkeypatch, path, said):
    opened(ENERGY)
    monkeypatch.chdir(tmp_path)
    (layout.place(f"{bucket}/notes/mine.txt")).write(b"x")
    path = path.format(bucket=bucket)
    for line in refusals(path, tmp_path):
        assert re.search(f"^error: {re.escape(path.rstrip('/'))}(/|[.]partial)?: {said}", line), line
    assert os.listdir(tmp_path) == ["study.yaml"]


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        (
            "AWS_ENDPOINT_URL",
            "http://127.0.0.1:9",
            "the store cannot be reached, check the network; a store other than Amazon's needs AWS_",
        ),
        ("AWS_ENDPOINT_URL", "127.0.0.1:9", "AWS_ENDPOINT_URL in the environment is '127.0.0.1:9'; it must begin with http:// or https://"),
        (
            "AWS_ACCESS_KEY_ID",
            "",
            "no access to the bucket 'bucket-.*'; the environment needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or",
        ),
    ],
)
def test_commands_refuse_environment_in_one_line(tmp_path, opened, bucket, monkeypatch, variable, value, said):
    opened(ENERGY)
    monkeypatch.setitem(objects.AT_FIRST, "retry_config", {"max_retries": 0})
    monkeypatch.setenv(variable, value)
    for line in refusals(f"{bucket}/cube.zarr", tmp_path):
        assert re.search(f"^error: {bucket}.*: {said}", line), line


def test_store_that_does_not_answer_is_told_soon(bucket, monkeypatch):
    """Something takes the connection and says nothing."""
    first = objects.AT_FIRST
    assert (first["retry_config"]["max_retries"] + 1) * first["client_options"]["timeout"] <= timedelta(seconds=15)
    monkeypatch.setitem(first, "client_options", {**first["client_options"], "timeout": timedelta(seconds=0.1)})
    with closing(socket.create_server(("127.0.0.1", 0))) as mute:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{mute.getsockname()[1]}")
        assert f"{bucket}/cube.zarr: the store cannot be reached" in refused("info", f"{bucket}/cube.zarr")


@pytest.mark.parametrize("name", ["a cube.zarr", "cube.zarr?versionId=3", "100%20.zarr", "cube#1.zarr", "würfel.zarr"])
def test_cube_has_any_name(study, bucket, name):
    stored = run(study, f"{bucket}/{name}")
    assert float(stored.facility_energy.min()) > 0
    assert layout.place(f"{bucket}/{name}").children() >= {"zarr.json", "manifest.jsonl", "facility_energy"}


def test_address_without_obstore_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "obstore.store", None)
    assert "s3://a: needs obstore: pip install 'wattsweep[objects]'" in refused("info", "s3://a/b.zarr")
