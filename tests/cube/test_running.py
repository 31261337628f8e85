"""A study run to a cube, in memory or into a store."""

import math
import signal

import numpy as np
import pytest

from sweep.cube import running
from sweep.cube.running import evaluate, run
from sweep.engine import blocks, plan
from sweep.errors import SweepError


def test_a_study_without_axes_is_a_cube_of_one_cell(opened, tmp_path):
    cube = run(opened("title: x\nset: {server_power: 6 kW, gpus_per_server: 8, gpus: 80}\noutputs: [it_power]\n"), tmp_path / "c.zarr")
    assert float(cube["it_power"]) == 60e3


def test_an_output_that_the_study_gives_is_in_the_cube_as_a_coordinate(opened, tmp_path):
    text = "title: x\nset: {server_power: 6 kW, gpus_per_server: 8, precision: fp8}\naxes: {gpus: [8, 80]}\n"
    cube = run(opened(text + "outputs: [it_power, gpus, server_power, precision]\n"), tmp_path / "c.zarr")
    assert set(cube.data_vars) == {"it_power"}
    assert float(cube["server_power"]) == 6000.0
    assert cube["precision"].item() == "fp8"
    assert cube["gpus"].values.tolist() == [8.0, 80.0]


def test_a_study_of_which_nothing_is_computed_makes_no_cube(opened, tmp_path):
    with pytest.raises(SweepError, match=r"study.yaml: outputs: nothing is to be computed; pue, gpus: given by the study$"):
        run(opened("title: x\nset: {gpus: 8}\noutputs: [pue, gpus]\n"), tmp_path / "c.zarr")
    assert [path.name for path in tmp_path.iterdir()] == ["study.yaml"]


def test_the_same_study_again_reads_what_is_there(study, tmp_path, evaluated):
    run(study, tmp_path / "cube.zarr")
    count = len(evaluated)
    again = run(study, tmp_path / "cube.zarr")
    assert len(evaluated) == count
    assert "facility_energy" in again


def test_a_cube_too_large_for_memory_needs_a_store(study, monkeypatch):
    monkeypatch.setattr(running, "IN_MEMORY_BYTES", 100)
    with pytest.raises(SweepError, match="too large for memory; give a store"):
        run(study)


def test_a_point_is_evaluated_where_the_study_puts_it_and_where_it_is_told(study):
    assert evaluate(study)["facility_energy"] == pytest.approx(1.1 * 6000 * 30 * 86400)
    moved = evaluate(study, gpus=64, pue=1.2, training_duration="60 d")
    assert moved["facility_energy"] == pytest.approx(1.2 * 8 * 6000 * 60 * 86400)
    assert math.isnan(evaluate(study, gpu="a100-sxm-80gb", precision="fp8")["required_mfu"])


def test_progress_is_told_from_nothing_to_all_cells(study, small_blocks):
    told = []
    run(study, threads=2, progress=lambda done, total: told.append((done, total)))
    made = plan.make(study)
    cells = sum(block.cells for block in blocks.blocks(made))
    assert told[0] == (0, cells)
    assert told[-1] == (cells, cells)
    assert np.all(np.diff([done for done, _ in told]) > 0)


@pytest.mark.parametrize("threads", [1, 2])
def test_an_interrupt_stops_a_run_once_no_block_is_half_done(study, tmp_path, small_blocks, evaluated, monkeypatch, threads):
    """The interrupt comes while the fourth block is handed over, in the thread that a user's Ctrl-C interrupts."""
    seen = []

    def progress(done, total):
        seen.append(done)
        if len(seen) == 4:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        run(study, tmp_path / "cube.zarr", threads=threads, progress=progress)
    begun = len(evaluated)
    assert begun >= 3
    whole = run(study, tmp_path / "cube.zarr", threads=threads)
    assert len(evaluated) == len(set(evaluated)), "nothing that was done is computed again"
    assert whole.load().drop_attrs(deep=False).identical(run(study).load().drop_attrs(deep=False))
