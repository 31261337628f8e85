"""Strict YAML: text stays text, a key stands once, and each value knows where it is."""

from pathlib import Path

import pytest

from sweep.catalog.document import parse, read, written_as_text
from sweep.errors import SweepError

TEXT = """title: NO
flops: 989e12
deep:
  one: [a, 007, ~]
  two: {three: 4}
"""


def test_document_keeps_scalars_as_text():
    root = parse(TEXT, "f.yaml").mapping()
    assert root["title"].text == "NO"
    assert root["flops"].text == "989e12"
    assert [item.text for item in root["deep"].mapping()["one"].items] == ["a", "007", "~"]


def test_document_nodes_have_file_line_and_key():
    deep = parse(TEXT, "f.yaml").mapping()["deep"]
    item = deep.mapping()["one"].items[1]
    three = deep.mapping()["two"].mapping()["three"]
    assert (item.file, item.line, item.key) == ("f.yaml", 4, "deep.one[1]")
    assert (three.line, three.key) == (5, "deep.two.three")
    with pytest.raises(SweepError, match=r"^f.yaml:5: deep.two.three = '4': too small$"):
        three.fail("too small")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\nb: 2\na: 3\n", "f.yaml:3: a = '3': duplicate key 'a', first given on line 1"),
        ("x:\n  a: 1\n  a: 2\n", "f.yaml:3: x.a = '2': duplicate key 'a', first given on line 2"),
        ("a: [1, 2\nb: 3\n", "f.yaml:2: not valid YAML: "),
        ("a: *nowhere\n", "f.yaml:1: not valid YAML: found undefined alias"),
        ("a: 1\n\tb: 2\n", "f.yaml:2: not valid YAML: "),
        ("? [1, 2]\n: 3\n", "f.yaml:1: "),
        ("a: 1\n---\nb: 2\n", "f.yaml:2: not valid YAML: but found another document"),
        ("b: 1\na: \x07\n", "f.yaml:2: not valid YAML: "),
    ],
)
def test_document_rejects_invalid_yaml_in_one_line(text, line):
    with pytest.raises(SweepError) as found:
        parse(text, "f.yaml")
    assert str(found.value).startswith(line)
    assert "\n" not in str(found.value)


def test_document_of_empty_file_is_empty_mapping():
    assert parse("# only a comment\n", "f.yaml").mapping() == {}


def test_document_rejects_wrong_kind_of_value():
    root = parse(TEXT, "f.yaml").mapping()
    with pytest.raises(SweepError, match=r"^f.yaml:1: title = 'NO': must be a list$"):
        _ = root["title"].items
    with pytest.raises(SweepError, match=r"^f.yaml:4: deep: must be a single value$"):
        _ = root["deep"].text
    with pytest.raises(SweepError, match=r"^f.yaml:1: title = 'NO': must be a mapping of keys to values$"):
        root["title"].mapping()


def test_document_unknown_key_suggests_nearest():
    with pytest.raises(SweepError, match=r"^f.yaml:1: titel = 'x': unknown key 'titel'; did you mean 'title'\?$"):
        parse("titel: x", "f.yaml").mapping(["title", "about"])


def test_document_reports_unreadable_file_in_one_line(tmp_path):
    (tmp_path / "latin.yaml").write_bytes("Stra\u00dfe: 1".encode("latin-1"))
    for path in (tmp_path / "none.yaml", tmp_path / "latin.yaml", tmp_path):
        with pytest.raises(SweepError, match="cannot be read: ") as found:
            read(path)
        assert "\n" not in str(found.value)
    with pytest.raises(SweepError, match=r"^shown.yaml: cannot be read: "):
        read(tmp_path / "none.yaml", "shown.yaml")


def test_document_rejects_exponential_aliases():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]", *(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12))]
    with pytest.raises(SweepError, match=r"^bomb.yaml:\d+: .*: aliases repeat so much that the file holds more values than characters$"):
        parse("\n".join(lines), "bomb.yaml")
    assert parse("a: &a [1, 2]\nb: *a", "plain.yaml").mapping()["b"].items[1].text == "2"


def test_document_rejects_device_file():
    with pytest.raises(SweepError, match="is larger than 16 MiB, the largest that is read"):
        read(Path("/dev/zero"))


def test_written_as_text_keeps_a_mapping():
    given = {"title": "a: b", "set": {"pue": 1.2, "precision": "no"}, "axes": {"gpus": [8, 16]}}
    read = parse(written_as_text(given), "a").mapping()
    assert read["title"].text == "a: b"
    assert read["set"].mapping()["precision"].text == "no"
    assert [node.text for node in read["axes"].mapping()["gpus"].items] == ["8", "16"]
    with pytest.raises(SweepError, match="the mapping: must hold texts, numbers, lists and mappings only"):
        written_as_text({"title": object()})
