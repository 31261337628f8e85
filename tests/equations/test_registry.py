"""Equations and rules as they are registered: what a docstring says of them, and what is refused."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import sweep
from sweep.equations import registry
from sweep.equations.registry import EQUATIONS, RULES, equation, rule
from sweep.errors import SweepError

pytestmark = pytest.mark.usefixtures("forgotten")
OWN = '''from sweep import equation, rule


@equation(unit="{unit}", source="article")
def registry_own(pue):
    """Twice the PUE.

    2 P

    pue: P, energy of the facility over energy of its IT [1]
    """
    return 2 * pue


@rule(guards=("{guards}",), source="article")
def registry_rule(pue):
    "Too large."
    return pue > 2
'''


def test_registry_reads_docstring(tmp_path):
    (tmp_path / "own.py").write_text(OWN.format(unit="1", guards="registry_own"))
    registry.load_file(tmp_path / "own.py")
    found = EQUATIONS["registry_own"]
    assert (found.meaning, found.formula, found.arguments) == ("Twice the PUE", "2 P", ("pue",))
    assert found.documented == (registry.Argument("pue", "P, energy of the facility over energy of its IT", "1"),)
    assert RULES["registry_rule"].guards == ("registry_own",)
    assert registry.file_of(found) == "own.py"
    assert registry.file_of(EQUATIONS["facility_energy"]) == "kernels/facility/energy.py"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"unit": "furlong"}, "registry_own: 'furlong' is not a known unit"),
        ({"guards": "registry_own_"}, "registry_rule guards 'registry_own_', which no equation computes; did you mean 'registry_own'?"),
    ],
)
def test_registry_rejects_invalid_user_file(tmp_path, changes, said):
    path = tmp_path / "own.py"
    path.write_text(OWN.format(**{"unit": "1", "guards": "registry_own", **changes}))
    with pytest.raises(SweepError) as found:
        registry.load_file(path)
    assert str(found.value).startswith(f"{path}:")
    assert said in str(found.value)


def test_registry_rejects_duplicate_name():
    def facility_energy(pue):
        "Another."
        return pue

    def exceeds_memory(pue):
        "Another."
        return pue > 1

    with pytest.raises(SweepError, match=r"equation 'facility_energy' is already defined in .*energy\.py:"):
        equation(unit="J", source="article")(facility_energy)
    with pytest.raises(SweepError, match=r"rule 'exceeds_memory' is already defined in .*\.py:"):
        rule(source="article")(exceeds_memory)


def test_registry_rejects_function_without_docstring():
    def registry_silent(pue):
        return pue

    with pytest.raises(SweepError, match="registry_silent has no docstring"):
        equation(unit="1", source="article")(registry_silent)


def test_registry_adds_rule_for_missing_figure():
    found = registry.missing("gpu_tdp", "thermal design power")
    assert found is registry.missing("gpu_tdp", "thermal design power")
    assert (found.name, found.arguments) == ("gpu_tdp_is_missing", ("gpu_tdp",))
    assert registry.function_of(found.name)(float("nan"))
    assert not registry.function_of(found.name)(700.0)


CONFLICT = '''from sweep import equation


@equation(unit="1", source="article")
def registry_clash(pue):
    """A number.

    {factor} P

    pue: P, energy of the facility over energy of its IT [1]
    """
    return {factor} * pue
'''


def test_registry_separates_studies_in_threads(tmp_path):
    meet = threading.Barrier(2)

    def values(factor):
        folder = tmp_path / str(factor)
        folder.mkdir()
        (folder / "own.py").write_text(CONFLICT.format(factor=factor))
        (folder / "study.yaml").write_text("title: x\nequations: own.py\naxes: {pue: [1.0, 2.0]}\noutputs: [registry_clash]\n")
        meet.wait()
        study = sweep.open_study(folder / "study.yaml")
        meet.wait()
        cube = sweep.run(study)
        meet.wait()
        point = sweep.evaluate(study, pue=3.0)["registry_clash"]
        meet.wait()
        lazy = sweep.open_virtual(study).registry_clash[1].item()
        return [*cube.registry_clash.values.tolist(), point, lazy], cube.registry_clash.formula

    with ThreadPoolExecutor(2) as pool:
        two, five = pool.map(values, (2, 5))
    assert two == ([2, 4, 6, 4], "2 P")
    assert five == ([5, 10, 15, 10], "5 P")
    assert "registry_clash" not in EQUATIONS


def test_registry_shares_study_between_threads(tmp_path):
    (tmp_path / "own.py").write_text(CONFLICT.format(factor=7))
    (tmp_path / "study.yaml").write_text("title: x\nequations: own.py\naxes: {pue: [1.0, 2.0]}\noutputs: [registry_clash]\n")
    study = sweep.open_study(tmp_path / "study.yaml")
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(lambda: sweep.run(study).registry_clash.values.tolist()).result() == [7, 14]
        assert pool.submit(lambda: sweep.open_virtual(study).registry_clash.chunk().compute().values.tolist()).result() == [7, 14]
    registry.only(None)


def test_registry_accepts_example_of_contributing_page(tmp_path):
    page = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text(encoding="utf-8")
    example = next(block for block in re.findall(r"```text\n(.*?)```", page, re.DOTALL) if "@equation" in block)
    (tmp_path / "own.py").write_text(example)
    name = example.partition("def ")[2].partition("(")[0]
    study = f"title: x\nequations: own.py\nset: {{training_energy: 1 GWh}}\naxes: {{gpus: [8, 16]}}\noutputs: [{name}]\n"
    (tmp_path / "study.yaml").write_text(study)
    assert sweep.run(sweep.open_study(tmp_path / "study.yaml"))[name].notnull().all()
    (tmp_path / "own.py").write_text(example.replace("[J]", "[furlong]"))
    with pytest.raises(SweepError, match=r"own\.py:\d+: .*furlong"):
        sweep.open_study(tmp_path / "study.yaml")
    (tmp_path / "own.py").write_text(example.replace("[J]", "[W]"))
    with pytest.raises(SweepError, match=r"own\.py:\d+: .* is in J, not in W"):
        sweep.open_study(tmp_path / "study.yaml")
