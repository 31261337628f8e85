"""What is an address, a cube or a study, by its text."""

import os

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


@pytest.mark.parametrize(
    ("address", "environment", "said"),
    [
        ("s3://b", {}, "no access to the bucket 'b'; the environment needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_WEB_IDEN"),
        ("s3://b", {"AWS_ACCESS_KEY_ID": "a"}, "no access to the bucket 'b'"),
        ("s3://b", {"AWS_SKIP_SIGNATURE": "false"}, "no access to the bucket 'b'"),
        ("s3://b", {"AWS_SKIP_SIGNATURE": "True"}, None),
        ("s3://b", {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}, None),
        ("s3://b", {"AWS_SKIP_SIGNATURE": "true", "AWS_ENDPOINT": "host:9000"}, "AWS_ENDPOINT in the environment is 'host:9000'; it must "),
        ("s3://b", {"AWS_SKIP_SIGNATURE": "true", "AWS_ENDPOINT": "https://host"}, None),
        ("gs://b", {"AWS_SKIP_SIGNATURE": "true"}, "no access to the bucket 'b'; the environment needs GOOGLE_APPLICATION_CREDENTIALS, or"),
        ("gs://b", {"GOOGLE_APPLICATION_CREDENTIALS": "key.json"}, None),
        (
            "az://b",
            {"AZURE_STORAGE_ACCOUNT_NAME": "a"},
            "no access to the bucket 'b'; the environment needs AZURE_STORAGE_ACCOUNT_NAME and",
        ),
        ("az://b", {"AZURE_STORAGE_ACCOUNT_NAME": "a", "AZURE_STORAGE_SAS_TOKEN": "b"}, None),
    ],
)
def test_environment_without_access_is_told(monkeypatch, address, environment, said):
    for name in [name for name in os.environ if name.startswith(("AWS_", "GOOGLE_", "AZURE_"))]:
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    found = place.lacking(address)
    assert found is None if said is None else found.startswith(said)
