"""Blocks on a Dask cluster make the cube that threads make, whatever becomes of a worker."""

import json
import os
import signal
import threading

import pytest
import xarray
from distributed import LocalCluster

from sweep.engine import blocks, plan
from sweep.errors import SweepError
from sweep.store import cluster, journal, layout
from sweep.store.reading import open_cube
from sweep.store.run import check, run
from tests.studies import STORED


@pytest.fixture(scope="module")
def workers():
    """Two processes of one thread each."""
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as found:
        yield found


def test_cluster_makes_the_cube_that_threads_make(tmp_path, study, small_blocks, workers):
    shown = []
    run(study, tmp_path / "a.zarr", scheduler=workers.scheduler_address, progress=lambda done, total: shown.append((done, total)))
    run(study, tmp_path / "b.zarr")
    with xarray.open_zarr(tmp_path / "a.zarr") as ours, xarray.open_zarr(tmp_path / "b.zarr") as other:
        xarray.testing.assert_equal(ours, other)
    assert check(tmp_path / "a.zarr") == []
    assert shown[0][0] == 0
    assert shown[-1][0] == shown[-1][1] > 0


def test_cluster_finishes_all_blocks_when_a_worker_is_killed(tmp_path, study, small_blocks, workers):
    first = threading.Event()

    def kill(done, total):
        if done and not first.is_set():
            first.set()
            os.kill(next(iter(workers.workers.values())).pid, signal.SIGKILL)

    run(study, tmp_path / "a.zarr", scheduler=workers.scheduler_address, progress=kill)
    assert first.is_set()
    assert check(tmp_path / "a.zarr") == []
    run(study, tmp_path / "b.zarr")
    with xarray.open_zarr(tmp_path / "a.zarr") as ours, xarray.open_zarr(tmp_path / "b.zarr") as other:
        xarray.testing.assert_equal(ours, other)


def test_cluster_run_that_stops_is_resumed(tmp_path, study, small_blocks, workers, evaluated):
    def stop(done, total):
        if done > total / 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(study, tmp_path / "a.zarr", scheduler=workers.scheduler_address, progress=stop)
    run(study, tmp_path / "a.zarr")
    total = len(list(blocks.blocks(plan.make(study))))
    assert 0 < len(evaluated) < total
    assert check(tmp_path / "a.zarr") == []


def test_cluster_grows_the_cube_that_threads_grow(tmp_path, opened, small_blocks, workers):
    longer = {"axis": ["pue=1.1,1.15,1.2", "gpus=8,16,64,512"], "outputs": ["facility_power"]}
    for name in ("a.zarr", "b.zarr"):
        run(opened(STORED), tmp_path / name)
    run(opened(STORED, **longer), tmp_path / "a.zarr", scheduler=workers.scheduler_address)
    run(opened(STORED, **longer), tmp_path / "b.zarr")
    for file in (path for path in (tmp_path / "b.zarr").rglob("*") if path.is_file() and path.name != "zarr.json"):
        assert (tmp_path / "a.zarr" / file.relative_to(tmp_path / "b.zarr")).read_bytes() == file.read_bytes(), file


def test_cluster_names_a_worker_of_another_version(tmp_path, study):
    run(study, tmp_path / "a.zarr")
    header = journal.read(layout.place(tmp_path / "a.zarr") / "manifest.jsonl").header
    assert header
    header["attributes"]["identity"] = json.dumps({**json.loads(header["attributes"]["identity"]), "input pue": "over pue, #0"})
    with pytest.raises(SweepError, match="a worker has other equations or facts: input pue"):
        _ = cluster.Site(str(tmp_path / "a.zarr"), header).store
    with pytest.raises(SweepError, match="a worker does not see this folder"):
        _ = cluster.Site(str(tmp_path / "none.zarr"), header).store


def test_cluster_writes_to_an_address(tmp_path, study, small_blocks, bucket):
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=":0") as threads:
        run(study, f"{bucket}/a.zarr", scheduler=threads.scheduler_address)
    assert check(f"{bucket}/a.zarr") == []
    assert open_cube(f"{bucket}/a.zarr").load().drop_attrs(deep=False).identical(run(study).drop_attrs(deep=False))


def test_cluster_keeps_no_study_of_a_folder(tmp_path, study, opened, bucket):
    """A worker that has written a cube is given another study for the same place."""
    with LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=":0") as threads:
        for gpus in (8, 16):
            changed = opened(STORED, axis=[f"gpus={gpus}"])
            cube = run(changed, tmp_path / "a.zarr", overwrite=True, scheduler=threads.scheduler_address)
            assert float(cube.it_power.max()) == float(run(changed).it_power.max())


def test_cluster_that_does_not_answer_is_named(tmp_path, study, monkeypatch):
    monkeypatch.setattr(cluster, "PATIENCE", "1s")
    with pytest.raises(SweepError, match=r"--scheduler tcp://127\.0\.0\.1:9: "):
        run(study, tmp_path / "a.zarr", scheduler="tcp://127.0.0.1:9")
    with pytest.raises(SweepError, match="give a store that all its workers see"):
        run(study, scheduler="tcp://127.0.0.1:9")
