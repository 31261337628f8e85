"""Other files that a study names."""

import pytest

from sweep.catalog.document import parse
from sweep.errors import SweepError
from sweep.study import named_files


def test_included_values_stand_behind_those_of_the_study(tmp_path):
    (tmp_path / "more.yaml").write_text("set: {pue: 1.5, gpus: 8}\n")
    root = parse("include: more.yaml\nset: {pue: 1.1}\n", "study.yaml").mapping()
    found = named_files.with_included(root, tmp_path)["set"].mapping()
    assert {name: node.text for name, node in found.items()} == {"pue": "1.1", "gpus": "8"}


@pytest.mark.parametrize("name", ["../own.py", "own.txt", "folder.py"])
def test_equations_stand_in_a_file_beside_the_study(tmp_path, name):
    (tmp_path / "folder.py").mkdir()
    node = parse(f"equations: {name}\n", "study.yaml").mapping()["equations"]
    with pytest.raises(SweepError, match=r"study.yaml:1: equations = '.*': (must be a Python file|is no regular file)"):
        named_files.equations_of(node, tmp_path)
    assert named_files.equations_of(parse("equations: a.py\n", "s").mapping()["equations"], tmp_path) == tmp_path / "a.py"
