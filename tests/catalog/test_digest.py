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


def test_the_digest_is_that_of_the_files_and_not_of_where_they_lie(spoilt, monkeypatch):
    there = read_again()
    monkeypatch.undo()
    assert read_again() == there


def test_the_digest_notices_an_edit_and_a_new_name_of_a_file(spoilt):
    found = [read_again()]
    path = spoilt / "gpus" / "h100-sxm.yaml"
    path.write_text(path.read_text().replace("700 W", "701 W"))
    found.append(read_again())
    path.rename(path.with_name("h100-other.yaml"))
    found.append(read_again())
    assert len(set(found)) == 3


def test_a_study_is_no_fact(spoilt):
    before = read_again()
    (spoilt / "studies" / "mine.yaml").write_text("title: mine\n")
    assert read_again() == before
