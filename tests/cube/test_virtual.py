"""A study as a dataset: what is indexed equals the cube that a run computes, and nothing else is computed or compiled."""

import numpy as np
import pytest
import xarray

from sweep.cube import compute
from sweep.cube.virtual import Formula, StudyBackend, open_virtual
from sweep.engine import blocks, compile, plan
from sweep.errors import SweepError
from sweep.store.run import run
from sweep.study.parse import open_study

STUDY = """title: x
select: {model: llama-3.1-8b}
set: {global_batch: 64, sequence_length: 4096, training_tokens: 1e12 token, power_method: modelled}
axes:
  gpu: [a100-sxm-80gb, h100-sxm, b200-sxm]
  gpus: [8, 16, 24, 32]
  split: {tp: [1, 2, 4], pp: [1, 2]}
  pue: 1.1:1.5:lin7
  recompute: [none, full]
outputs: [step_time, facility_power, memory_per_gpu, gpu_power_total]
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    path = tmp_path_factory.mktemp("virtual") / "study.yaml"
    path.write_text(STUDY)
    return path


@pytest.fixture(scope="module")
def cube(study):
    return run(open_study(study))


@pytest.fixture
def lazy(study):
    return xarray.open_dataset(study, engine=StudyBackend)


def test_virtual_cube_equals_cube_of_run(lazy, cube):
    for name, variable in cube.variables.items():
        known = {k: v for k, v in variable.attrs.items() if k not in ("actual_range", "cells", "valid_cells")}  # of all that is computed
        assert lazy[name].dims == variable.dims
        assert lazy[name].attrs == known
    xarray.testing.assert_equal(lazy.load(), cube)


@pytest.mark.parametrize("seed", range(40))
def test_virtual_cube_indexes_as_numpy_does(lazy, cube, seed):
    rng = np.random.default_rng(seed)
    name = rng.choice([str(n) for n in cube.data_vars])
    at = {}
    for dim in cube[name].dims:
        size = cube.sizes[dim]
        choices = (
            int(rng.integers(-size, size)),
            slice(None),
            slice(int(rng.integers(0, size)), None, int(rng.integers(1, 3))),
            slice(None, None, -1),
            rng.integers(-size, size, int(rng.integers(0, 4))),
            rng.random(size) < 0.5,
        )
        at[dim] = choices[rng.integers(len(choices))]
    xarray.testing.assert_equal(lazy[name].isel(at).load(), cube[name].isel(at))


def test_virtual_cube_indexes_along_a_path(lazy, cube):
    path = {dim: xarray.DataArray([0, 2, 1, 2], dims="step") for dim in ("gpu", "gpus")}
    xarray.testing.assert_equal(lazy.step_time.isel(path).load(), cube.step_time.isel(path))
    one = {"gpu": "h100-sxm", "gpus": 16, "split": "tp2-pp1"}
    xarray.testing.assert_equal(lazy.facility_power.sel(**one, pue=1.5).load(), cube.facility_power.sel(**one, pue=1.5))
    assert lazy.status.sel(**one, recompute="none").item() == cube.status.sel(**one, recompute="none").item()


def test_virtual_cube_computes_in_dask_chunks(lazy, cube):
    chunked = lazy.chunk({"pue": 3, "gpus": 2})
    xarray.testing.assert_equal(chunked.facility_power.compute(), cube.facility_power)
    mean = chunked.facility_power.mean("pue").compute()
    np.testing.assert_allclose(mean, cube.facility_power.mean("pue"), rtol=1e-5)


def test_virtual_cube_computes_only_requested_variables(study, monkeypatch):
    asked = []
    monkeypatch.setattr(blocks.Worker, "call", lambda self, function, where, out: asked.append((function.name, where)))
    monkeypatch.setattr(compile, "compiled", lambda functions, *rest: pytest.fail("a few cells need no compiler"))
    lazy = open_virtual(open_study(study, axis=["pue=1:2:lin10000000"]))
    assert asked == []
    assert lazy.facility_power.size > 1e9
    _ = lazy.gpu_power_total[:2, :3].values
    assert [name for name, _ in asked] == ["nest__gpu__gpus__outputs"]
    assert asked[0][1] == {"gpu": (0, 2), "gpus": (0, 3)}


def test_virtual_cube_compiles_large_requests_once(study, cube, monkeypatch):
    made = plan.make(open_study(study))
    formula = Formula(made, "facility_power")
    places = [np.arange(size) for size in cube.facility_power.shape]
    interpreted = formula.values(places).copy()
    monkeypatch.setattr("sweep.cube.virtual.INTERPRETED_CALLS", -1)
    compiled = formula.values(places).copy()
    np.testing.assert_allclose(compiled, interpreted, rtol=1e-6)
    monkeypatch.setattr(compile, "compiled", lambda *all_of_it: pytest.fail("compiled twice"))
    np.testing.assert_array_equal(formula.values(places), compiled)
    monkeypatch.setattr("sweep.cube.virtual.CHUNK_CELLS", 8)
    monkeypatch.setattr(blocks, "CHUNK_CELLS", 8)
    monkeypatch.setattr(blocks, "BLOCK_CELLS", 16)
    np.testing.assert_array_equal(formula.values(places), compiled)


def test_virtual_cube_takes_overrides_and_drops_variables(study):
    opened = xarray.open_dataset(
        study, engine=StudyBackend, set_=["gpus=8"], axis=["pue=1.2,1.3"], outputs=["it_power"], drop_variables="step_time"
    )
    assert opened.sizes["pue"] == 2
    assert "gpus" not in opened.dims
    assert "it_power" in opened
    assert "step_time" not in opened


def test_virtual_cube_rejects_other_yaml(study, tmp_path):
    (tmp_path / "other.yaml").write_text("name: x\n")
    backend = StudyBackend()
    assert backend.guess_can_open(study)
    assert not backend.guess_can_open(tmp_path / "other.yaml")
    assert not backend.guess_can_open("cube.zarr")
    assert not backend.guess_can_open(tmp_path / "none.yaml")
    assert not backend.guess_can_open({"a": 1})


def test_virtual_cube_reports_invalid_study(tmp_path):
    (tmp_path / "study.yaml").write_text("title: x\noutputs: [it_powr]\n")
    with pytest.raises(SweepError, match="it_power"):
        xarray.open_dataset(tmp_path / "study.yaml", engine=StudyBackend)


@pytest.mark.parametrize("index", [{"gpus": 1, "pue": 0}, {"gpus": 1}, {}])
def test_virtual_rejects_infinite_value(tmp_path, index):
    path = tmp_path / "large.yaml"
    path.write_text(
        "title: x\nselect: {gpu: h100-sxm}\nset: {server_power: 1e30 W, training_duration: 30 d}\n"
        "axes: {gpus: [8, 1e9], pue: [1.1, 1.2]}\noutputs: [facility_energy]\n"
    )
    lazy = open_virtual(open_study(path)).facility_energy
    with pytest.raises(SweepError, match="facility_energy is infinite"):
        lazy.isel(index).load()
    assert np.isfinite(lazy.isel(gpus=0).load()).all()


def test_virtual_rejects_index_too_large_for_memory(lazy, monkeypatch):
    monkeypatch.setattr(compute, "IN_MEMORY_BYTES", 100)
    monkeypatch.setattr(Formula, "values", lambda *_: pytest.fail("computed"))
    with pytest.raises(SweepError, match=r"step_time: .* GB are too large for memory; index a smaller part"):
        lazy.step_time.load()
