"""A cube's keys are those of a Zarr store; any other key is none."""

import json

import numpy as np
import pytest
import zarr
from zarr.storage import MemoryStore

from sweep.cube.virtual import open_virtual
from sweep.serve.keys import Keys
from sweep.store.reading import open_cube
from sweep.store.run import run
from sweep.study.parse import open_study
from tests.commands import SMALL


def stored(keys):
    """All keys of a cube as a store that zarr reads."""
    from zarr.core.buffer import default_buffer_prototype

    found = dict(keys.held)
    for name, chunk in keys.chunks.items():
        counts = [-(-size // length) for size, length in zip(keys.cube[name].shape, chunk, strict=True)]
        for place in np.ndindex(*counts):
            key = "/".join((name, "c", *map(str, place)))
            found[key] = keys.get(key)
            assert len(found[key]) == keys.size(key)
    buffer = default_buffer_prototype().buffer
    return MemoryStore({key: buffer.from_bytes(content) for key, content in found.items()})


@pytest.mark.parametrize("where", ["virtual", "stored"])
def test_keys_are_the_cube_that_zarr_reads(tmp_path, where):
    study = open_study(SMALL)
    if where == "stored":
        run(study, store=tmp_path / "a.zarr")
    cube = open_cube(tmp_path / "a.zarr") if where == "stored" else open_virtual(study)
    read = zarr.open_group(stored(Keys(cube)), mode="r")
    for name, variable in cube.variables.items():
        array = read[str(name)]
        assert isinstance(array, zarr.Array)
        assert array.metadata.dimension_names == variable.dims
        np.testing.assert_array_equal(np.asarray(array[...]), variable.values)


def test_keys_cut_long_axes_into_chunks_of_one_length(cube):
    keys = Keys(cube.chunk({"gpus": 3}))
    keys.chunks = {name: (3, 4)[: len(shape)] for name, shape in keys.chunks.items()}
    last = np.frombuffer(keys.get("facility_power/c/1/0") or b"", "<f4")
    assert last.size == 12
    assert (last != 0).sum() == 4


@pytest.mark.parametrize(
    "key",
    ["", "/", "..", "../zarr.json", "it_power", "it_power/c", "it_power/c/9", "it_power/c/0/0", "it_power/c/-1", "it_power/c/00",
     "it_power/c/1e1", "nothing/c/0", "gpus/c/1", "it_power/c/0/../0", "/etc/passwd", f"it_power/c/{10**30}"],
)  # fmt: skip
def test_keys_has_no_other_key(cube, key):
    keys = Keys(cube)
    assert keys.get(key) is None
    assert keys.size(key) is None


def test_keys_compute_a_chunk_once(cube):
    keys = Keys(cube)
    assert keys.get("it_power/c/0") is keys.get("it_power/c/0")
    assert keys.chunk.cache_info().hits == 1
    assert json.loads(keys.held["zarr.json"])["attributes"]["title"] == "A small cluster"
