"""From quantities back to inputs: order, what is given, what a fixed choice leaves out, which rules guard what."""

import pytest

from sweep.catalog.parameters import parameters
from sweep.equations import graph, interpret, quantities
from sweep.equations.registry import EQUATIONS, RULES, equation, rule
from sweep.errors import SweepError

pytestmark = pytest.mark.usefixtures("forgotten")
FULL = float(parameters()["recompute"].choices.index("full"))


def declare(name, *arguments, selects=None, value=None):
    """An equation that adds up its arguments."""
    source = f"def {name}({', '.join(arguments)}):\n    'A sum.'\n    return {value or ' + '.join(arguments)}"
    space = {}
    exec(source, space)
    equation(unit="1", source="article", selects=selects)(space[name])


def forbid(name, condition, *arguments, guards=()):
    """A rule that is broken where a condition is true."""
    space = {}
    exec(f"def {name}({', '.join(arguments)}):\n    'A rule.'\n    return {condition}", space)
    rule(guards=guards, source="article")(space[name])


def test_graph_orders_equations_after_needs():
    found = graph.resolve([e for e in EQUATIONS if not EQUATIONS[e].selects], given=[])
    known = set(found.inputs)
    for e in found.equations:
        assert set(found.needs[e.name]) <= known
        known.add(e.name)
    assert set(found.inputs) <= set(parameters())


def test_graph_holds_only_needed_equations():
    found = graph.resolve(["facility_energy"], given=["server_power", "pue"])
    reached, todo = set(), ["facility_energy", *(a for r in found.rules for a in r.arguments)]
    while todo:
        name = todo.pop()
        reached.add(name)
        todo += found.needs[name]
    assert reached == {*found.inputs, *(e.name for e in found.equations)}
    assert "queries_per_day" not in found.inputs


def test_graph_treats_given_quantity_as_input():
    found = graph.resolve(["training_energy"], given=["it_power"])
    assert "it_power" in found.inputs
    assert "server_power" not in found.needs
    assert graph.resolve(["it_power"], given=["it_power"]).equations == ()


def test_graph_reports_unknown_quantity_and_its_user():
    declare("graph_top", "graph_botom")
    declare("graph_bottom", "gpus")
    with pytest.raises(SweepError, match=r"^unknown quantity 'graph_botom' in graph_top; did you mean 'graph_bottom'\?$"):
        graph.resolve(["graph_top"], given=[])
    with pytest.raises(SweepError, match=r"^unknown quantity 'it_powr'; did you mean 'it_power'\?$"):
        graph.resolve(["it_powr"], given=[])


def test_graph_reports_cycle():
    declare("graph_egg", "graph_hen", "gpus")
    declare("graph_hen", "graph_chick")
    declare("graph_chick", "graph_egg")
    with pytest.raises(SweepError, match="circular dependency between equations: graph_hen -> graph_chick -> graph_egg -> graph_hen"):
        graph.resolve(["graph_hen"], given=[])
    opened = graph.resolve(["graph_hen"], given=["graph_egg"])
    assert [e.name for e in opened.equations] == ["graph_chick", "graph_hen"]


def test_graph_reports_cycle_through_rule():
    declare("graph_load", "gpus")
    declare("graph_after", "graph_load")
    forbid("graph_overload", "graph_after > 1", "graph_after", guards=("graph_load",))
    with pytest.raises(SweepError, match="circular dependency between equations"):
        graph.resolve(["graph_load"], given=[])


def test_graph_omits_alternatives_of_fixed_choice():
    declare("graph_none", "gpus")
    declare("graph_some", "tp")
    declare("graph_all", "pp")
    declare("graph_kept", "recompute", "graph_none", "graph_some", "graph_all", selects="recompute", value="graph_all")
    open_choice = graph.resolve(["graph_kept"], given=[])
    assert set(open_choice.inputs) == {"recompute", "gpus", "tp", "pp"}
    fixed = graph.resolve(["graph_kept"], given=[], fixed={"recompute": FULL})
    assert fixed.needs["graph_kept"] == ("graph_all",)
    assert fixed.inputs == ("pp",)
    assert interpret.compute_point(fixed, {"pp": 7.0}).values["graph_kept"] == 7.0


def test_graph_rules_guard_quantities_downstream():
    declare("graph_a", "gpus")
    declare("graph_b", "graph_a", "tp")
    declare("graph_c", "graph_b", "pp")
    forbid("graph_no_gpus", "gpus < 2", "gpus", guards=("graph_a",))
    forbid("graph_too_wide", "tp > graph_a", "tp", "graph_a", guards=("graph_b",))
    forbid("graph_elsewhere", "cp > 1", "cp", guards=("graph_unrelated",))
    found = graph.resolve(["graph_c"], given=[])
    names = [r.name for r in found.rules if r.guards]
    assert sorted(names) == ["graph_no_gpus", "graph_too_wide"]
    by_name = {q: {found.rules[i].name for i in found.rules_of[q]} for q in found.rules_of}
    assert by_name["graph_a"] == {"graph_no_gpus"}
    assert by_name["graph_b"] == by_name["graph_c"] == {"graph_no_gpus", "graph_too_wide"}
    assert not any(by_name[name] for name in found.inputs)
    assert {found.rules[i].name for i in found.before(RULES["graph_too_wide"])} == {"graph_no_gpus"}


def test_graph_given_quantity_is_not_guarded():
    declare("graph_a", "gpus")
    declare("graph_b", "graph_a")
    forbid("graph_no_gpus", "gpus < 2", "gpus", guards=("graph_a",))
    found = graph.resolve(["graph_b"], given=["graph_a"])
    assert found.rules_of["graph_b"] == frozenset()
    assert "gpus" not in found.inputs


def test_graph_unjudged_rule_raises_no_flag():
    declare("graph_a", "gpus")
    declare("graph_b", "graph_a")
    forbid("graph_no_gpus", "gpus < 2", "gpus", guards=("graph_a",))
    forbid("graph_small", "graph_a < 10", "graph_a", guards=("graph_b",))
    found = graph.resolve(["graph_b"], given=[])

    def broken(gpus):
        return {r.name for r in interpret.compute_point(found, {"gpus": gpus}).broken}

    assert [broken(gpus) for gpus in (1.0, 5.0, 50.0)] == [{"graph_no_gpus"}, {"graph_small"}, set()]


def test_graph_includes_warning_with_available_arguments():
    declare("graph_a", "gpus")
    forbid("graph_many", "graph_a > 10", "graph_a")
    forbid("graph_many_and_wide", "graph_a > 10 and tp > 8", "graph_a", "tp")
    found = graph.resolve(["graph_a"], given=[])
    assert [r.name for r in found.rules] == ["graph_many"]
    result = interpret.compute_point(found, {"gpus": 11.0})
    assert (result.values["graph_a"], [r.name for r in result.broken]) == (11.0, ["graph_many"])


def test_graph_adds_rule_for_missing_figure():
    found = graph.resolve(["gpu_power_total"], given=["gpu_tdp"], gaps=["gpu_tdp", "hbm_bandwidth"])
    (rule,) = found.rules
    assert rule.name == "gpu_tdp_is_missing"
    assert rule.meaning.startswith("No figure for the thermal design power of one GPU")
    assert found.rules_of["gpu_power_total"] == frozenset({0})


def test_graph_names_have_unit_and_meaning():
    for name in quantities.names():
        assert quantities.unit_of(name)
        assert quantities.meaning_of(name)
