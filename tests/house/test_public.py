"""The public names of the package: listed by dir, typed for a checker, and the same for both."""

import ast
import subprocess
import sys
from pathlib import Path

import sweep

ROOT = Path(__file__).parents[2]
CLIENT = """import sweep
import xarray

study = sweep.open_study("article", set_=["pue=1.1"])
cube: xarray.Dataset = sweep.run(study)
lazy: xarray.Dataset = sweep.open_virtual(study)
point: dict[str, float] = sweep.evaluate(study, gpus=25000)
rows = sweep.best(study, "total_facility_energy", top=3)
reveal_type(rows)
reveal_type(study)
reveal_type(sweep.SweepError)


@sweep.equation(unit="1", source="article")
def double(pue: float) -> float:
    return 2 * pue


sweep.rum(study)
"""


def test_public_names_equal_dir():
    assert dir(sweep) == sorted(sweep.MODULE_OF)
    assert sorted(sweep.__all__) == sorted(sweep.MODULE_OF)
    for name in dir(sweep):
        assert callable(getattr(sweep, name)), name


def test_public_names_of_type_checker_equal_dir():
    tree = ast.parse((ROOT / "sweep" / "__init__.py").read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If) and isinstance(node.test, ast.Name))
    typed = {alias.name: node.module for node in block.body for alias in node.names}
    assert typed == {name: f"sweep.{module}" for name, module in sweep.MODULE_OF.items()}


def test_public_names_are_typed(tmp_path):
    (tmp_path / "client.py").write_text(CLIENT)
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file", "", "--cache-dir", str(tmp_path / "cache"), "client.py"]
    done = subprocess.run(command, cwd=tmp_path, env={"MYPYPATH": str(ROOT), "PATH": ""}, capture_output=True, text=True, timeout=600)
    said = [line for line in done.stdout.splitlines() if line.startswith("client.py")]
    wrong = [line for line in said if ": error:" in line]
    assert len(wrong) == 1, done.stdout
    assert "rum" in wrong[0]
    shown = " ".join(line for line in said if ": note:" in line)
    assert 'Any"' not in shown.replace("dict[builtins.str, Any]", "")
    assert "sweep.study.definition.Study" in shown
