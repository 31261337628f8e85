"""Lines with checksums: what is damaged counts as no line, whatever bit it is."""

import json

import pytest

from sweep.store import journal
from sweep.store.disk import Folder

HEADER = {"layout": journal.LAYOUT, "blocks": 2, "attributes": {"identity": json.dumps({"output x": "(gpus)"})}}
BLOCKS = [{"nest": 3, "number": n, "ranges": [[n, n + 1]], "of": "abc", "statistics": {}, "files": {}} for n in range(2)]
END = {"files": {"zarr.json": [10, 99]}}


@pytest.fixture
def file(tmp_path):
    journal.write(Folder(tmp_path / "journal.jsonl"), [HEADER, *BLOCKS, END])
    return tmp_path / "journal.jsonl"


def test_journal_round_trips_lines(file):
    found = journal.read(Folder(file))
    assert (found.header, found.blocks, found.end, found.damaged) == (HEADER, BLOCKS, END, 0)
    assert found.identity == {"output x": "(gpus)"}
    assert found.complete()


def test_journal_lines_are_json(file):
    assert [len(json.loads(line)["crc32c"]) for line in file.read_text().splitlines()] == [8] * 4


def test_journal_rejects_line_with_flipped_bit(file):
    content = file.read_bytes()
    for place in range(len(content)):
        for bit in range(8):
            file.write_bytes(content[:place] + bytes([content[place] ^ 1 << bit]) + content[place + 1 :])
            found = journal.read(Folder(file))
            assert found.header in (HEADER, None)
            assert all(line in BLOCKS for line in found.blocks)
            assert found.end in (END, None)
            assert not found.complete() or content[place : place + 1] == b"\n"


@pytest.mark.parametrize("more", [b"5", b"null", b'{"a": 1}', b'{"nest": 99, "number": 7, "statistics": {}}', b"\xff\xfe", b"[]"])
def test_journal_rejects_line_without_checksum(file, more):
    file.write_bytes(file.read_bytes() + more)
    found = journal.read(Folder(file))
    assert (found.blocks, found.damaged) == (BLOCKS, 1)


def test_journal_append_terminates_truncated_line(file):
    file.write_bytes(file.read_bytes()[:-9])
    journal.append(Folder(file), [{**BLOCKS[0], "number": 7}])
    found = journal.read(Folder(file))
    assert found.end is None
    assert found.blocks[-1]["number"] == 7


def test_journal_of_missing_file_is_empty(tmp_path):
    assert journal.read(Folder(tmp_path / "none")) == journal.Journal()


def test_journal_metadata_checksum_ignores_time():
    def sealed(created, title, name="zarr.json"):
        return journal.seal(name, json.dumps({"attributes": {"created": created, "title": title}}).encode())

    assert sealed("2026-01-01", "x") == sealed("2026-02-02", "x")
    assert sealed("2026-02-02", "y") != sealed("2026-02-02", "x")
    assert sealed("2026-01-01", "x", "it_power/zarr.json.gz") != sealed("2026-02-02", "x", "it_power/zarr.json.gz")
    assert journal.seal("zarr.json", b"{") == (1, journal.checksum(b"{"))
