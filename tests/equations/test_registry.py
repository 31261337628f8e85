"""Equations and rules as they are registered: what a docstring says of them, and what is refused."""

import pytest

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


def test_a_docstring_is_read_for_meaning_formula_symbols_and_units(tmp_path):
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
        ({"unit": "furlong"}, "registry_own: 'furlong' is no unit that is known"),
        ({"guards": "registry_own_"}, "registry_rule guards 'registry_own_', which no equation computes; did you mean 'registry_own'?"),
    ],
)
def test_a_users_file_is_refused_with_the_place_and_the_reason(tmp_path, changes, said):
    path = tmp_path / "own.py"
    path.write_text(OWN.format(**{"unit": "1", "guards": "registry_own", **changes}))
    with pytest.raises(SweepError) as found:
        registry.load_file(path)
    assert str(found.value).startswith(f"{path}:")
    assert said in str(found.value)


def test_a_name_is_taken_once():
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


def test_a_function_without_a_docstring_is_refused():
    def registry_silent(pue):
        return pue

    with pytest.raises(SweepError, match="registry_silent has no docstring"):
        equation(unit="1", source="article")(registry_silent)


def test_an_input_without_a_figure_has_a_rule_of_its_own():
    found = registry.missing("gpu_tdp", "thermal design power")
    assert found is registry.missing("gpu_tdp", "thermal design power")
    assert (found.name, found.arguments) == ("gpu_tdp_is_missing", ("gpu_tdp",))
    assert registry.function_of(found.name)(float("nan"))
    assert not registry.function_of(found.name)(700.0)
