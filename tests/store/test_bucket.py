"""What a bucket refuses is one line that says what to do."""

import re
import sys

import pytest

from sweep.store import bucket as buckets
from tests.commands import refused
from tests.studies import ENERGY


@pytest.mark.parametrize(
    ("path", "environment", "said"),
    [
        ("s3://nobody-has-this/cube.zarr", {}, "there is no bucket 'nobody-has-this'; make it first, or correct the address"),
        ("{bucket}/cube.zarr", {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "the store cannot be reached, check the network; a store other"),
        ("{bucket}/cube.zarr", {"AWS_ACCESS_KEY_ID": ""}, "no access to the bucket 'bucket-.*'; the environment needs AWS_ACCESS_KEY_ID"),
        ("{bucket}", {}, "cannot hold a cube; give a bucket and a name, such as s3://bucket-.*/cube.zarr"),
        ("s4://bucket/cube.zarr", {}, "no cube can lie at s4://, but in a folder or at s3://, gs://, az://, file://$"),
    ],
)
def test_commands_refuse_address_in_one_line(tmp_path, opened, bucket, monkeypatch, path, environment, said):
    opened(ENERGY)
    monkeypatch.setattr(buckets, "RETRIES", {"max_retries": 0})
    for name, value in environment.items():
        monkeypatch.setenv(name, value) if value else monkeypatch.delenv(name)
    path = path.format(bucket=bucket)
    for command in (("run", tmp_path / "study.yaml", "-o", path), ("info", path), ("check", path), ("best", path, "--minimize", "x")):
        assert re.search(f"^error: {re.escape(bucket if environment else path)}.*: {said}", refused(*command))


def test_address_without_obstore_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "obstore.store", None)
    assert "s3://a: needs obstore: pip install 'wattsweep[objects]'" in refused("info", "s3://a/b.zarr")
