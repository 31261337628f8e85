"""The identity of the facts."""

import pytest

from sweep.catalog import digest


def read_again():
    """The digest of a process that reads the facts only now."""
    digest._digest.cache_clear()
    return digest.catalogue_digest()


@pytest.fixture
def spoilt(copied, monkeypatch):
    """A copy of configs/ that the digest is of."""
    monkeypatch.setattr(digest, "folder", lambda: copied)
    return copied


def test_digest_does_not_depend_on_location(spoilt, monkeypatch):
    there = read_again()
    monkeypatch.undo()
    assert read_again() == there


def test_digest_changes_with_content_and_name(spoilt):
    found = [read_again()]
    path = spoilt / "gpus" / "h100-sxm.yaml"
    path.write_text(path.read_text().replace("700 W", "701 W"))
    found.append(read_again())
    path.rename(path.with_name("h100-other.yaml"))
    found.append(read_again())
    assert len(set(found)) == 3


def test_catalogue_digest_ignores_studies(spoilt):
    before = read_again()
    (spoilt / "studies" / "mine.yaml").write_text("title: mine\n")
    assert read_again() == before
