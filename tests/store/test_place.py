"""What is an address, a cube or a study, by its text."""

import pytest

from sweep.store import layout, place
from sweep.store.disk import Folder


@pytest.mark.parametrize("text", ["s3://bucket/x.zarr", "gs://b/x", "file:///tmp/x.zarr", "s3:/bucket/x.zarr"])
def test_addresses_have_a_scheme(text):
    assert place.is_address(text)
    assert place.names_cube(text)


@pytest.mark.parametrize("text", ["x.zarr", "a:b.zarr", "/tmp/x.zarr", "C:/x.zarr", "runs/a://b.zarr", "."])
def test_paths_are_no_address(text):
    assert not place.is_address(text)
    assert place.names_cube(text)


@pytest.mark.parametrize("text", ["gpt4", "gpt4.yaml", "a.b/c"])
def test_study_is_no_cube(text):
    assert not place.names_cube(text)


def test_file_address_is_a_path(tmp_path):
    assert layout.place(f"file://{tmp_path}/x.zarr") == Folder(tmp_path / "x.zarr")
