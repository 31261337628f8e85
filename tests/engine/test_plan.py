"""Which quantity runs over which axes, and the nests that follow: from the graph of the shipped studies, never from a list."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sweep.engine import blocks, compile, nests, plan
from sweep.errors import SweepError
from sweep.study.parse import open_study

ROOT = Path(__file__).parents[2]
STUDIES = ("article", "gpt4")


@pytest.fixture(scope="module", params=STUDIES)
def made(request):
    return plan.make(open_study(request.param))


def upstream(made, name):
    """Every input that a quantity rests on, by what equations and the rules above them read: found again, without the plan."""
    graph, guards = made.graph, {}
    for rule in graph.rules:
        for guarded in rule.guards:
            guards.setdefault(guarded, []).append(rule)
    found, todo = set(), [name]
    while todo:
        name = todo.pop()
        if name in found:
            continue
        found.add(name)
        todo += graph.needs[name]
        todo += [argument for rule in guards.get(name, ()) for argument in rule.arguments]
    return found & set(graph.inputs)


def test_plan_gives_output_axes_of_its_inputs(made):
    for name in made.study.outputs:
        axes = {dim for source in upstream(made, name) for dim in made.study.input_values(source).dims}
        assert set(made.dims[name]) == axes, name


def test_plan_of_training_rate_has_no_facility_or_query_axes():
    made = plan.make(open_study("gpt4"))
    inputs = upstream(made, "mfu")
    assert "pue" not in inputs
    assert "queries_per_day" not in inputs
    on_axes = {dim for name in inputs for dim in made.study.input_values(name).dims}
    assert not on_axes & {"pue", "queries_per_day", "training_duration"}
    assert set(made.dims["mfu"]) == on_axes == {"gpu", "gpus", "split"}
    assert set(made.dims["total_facility_energy"]) > {"pue", "queries_per_day", "training_duration"}


def test_plan_places_each_step_in_nest_of_its_axes(made):
    nest_of = {}
    for nest in made.nests:
        for step in nest.steps:
            assert step.name not in nest_of
            nest_of[step.name] = nest
    assert set(nest_of) >= {e.name for e in made.graph.equations} | {r.name for r in made.graph.rules}
    for name, nest in nest_of.items():
        assert made.dims[name] == nest.dims
    assert len({nest.dims for nest in made.nests}) == len(made.nests)


def test_plan_orders_nests_and_steps_before_readers(made):
    exported, known = set(), set(made.graph.inputs)
    for nest in made.nests:
        inside = set()
        for step in nest.steps:
            assert set(step.needs) <= known | inside
            assert set(step.needs) - set(made.graph.inputs) - inside <= exported
            inside.add(step.name)
        exported |= set(nest.exports)
        known |= inside


def test_plan_exports_only_values_read_by_larger_nests(made):
    read = {name for nest in made.nests for step in nest.steps for name in step.needs if made.dims[name] != nest.dims}
    assert {name for nest in made.nests for name in nest.exports} == read - set(made.graph.inputs)


def test_plan_has_nest_for_each_output_and_status(made):
    found = [name for nest in made.nests for name in nest.outputs]
    given = set(made.study.outputs) & set(made.graph.inputs)
    assert sorted(found) == sorted((set(made.study.outputs) - given) | {plan.STATUS})


def test_plan_keeps_one_order_of_axes(made):
    for dims in made.dims.values():
        assert list(dims) == [axis for axis in made.order if axis in dims]
    assert set(made.order) == set(made.study.axes)


def test_plan_puts_axis_of_numbers_innermost():
    for name in ("gpt4", "layouts", "power-plants"):
        study = open_study(name)
        assert study.axes[plan.make(study).order[-1]].labels is None, name


LONGER = {
    "gpus": ("1920:7680:1920", "1920:9600:1920"),
    "training_duration": ("30 d,60 d", "30 d,60 d,90 d"),
    "queries_per_day": ("1e9 query/d", "1e9 query/d:2e9 query/d:lin400"),
    "pue": ("1.1,1.2,1.3,1.4", "1.1,1.15,1.2,1.3,1.4"),
    "gpu": ("a100-sxm-80gb,h100-sxm", "a100-sxm-80gb,b200-sxm,h100-sxm"),
}


@pytest.mark.parametrize("axis", LONGER)
def test_plan_and_source_do_not_depend_on_length_of_axis(axis):
    short, long = (plan.make(open_study("gpt4", axis=[f"{axis}={labels}"])) for labels in LONGER[axis])
    assert short.order == long.order
    assert short.sizes != long.sizes
    text = [compile.text(blocks.program(made, budget=-1).compiled) for made in (short, long)]
    assert text[0] == text[1]


def test_plan_keeps_given_axis_order():
    study = open_study("gpt4")
    whole = plan.make(study)
    part = plan.make(study, ["mfu", "facility_energy"])
    assert part.order == tuple(axis for axis in whole.order if axis in part.order)
    assert part.dims["mfu"] == whole.dims["mfu"]


def test_plan_orders_ancestors_before_readers(made):
    for nest in made.output_nests:
        known = set(made.graph.inputs)
        for other in (*made.ancestors(nest, nest.outputs), nest):
            function = nests.source(made, other, nest.outputs if other is nest else other.exports, "x")
            assert set(function.reads) <= known
            known |= set(other.exports)


def test_plan_rejects_axis_without_effect(opened):
    text = "title: x\nset: {server_power: 1 kW, gpus_per_server: 8}\naxes:\n  gpus: [8, 16]\n  pue: [1.1, 1.2]\noutputs: [it_power]\n"
    made = plan.make(opened(text))
    assert made.order == ("gpus",)
    with pytest.raises(SweepError, match=r"study.yaml:5: axes.pue: no output depends on it; leave it out or add an output that does$"):
        plan.check(made)
    plan.check(plan.make(opened(text, outputs=["facility_power"])))


def test_plan_of_study_without_axes(opened):
    made = plan.make(opened("title: x\nset: {server_power: 1 kW, gpus_per_server: 8}\noutputs: [it_power]\n"))
    assert made.order == ()
    assert [nest.dims for nest in made.nests] == [()]
    assert made.cells(()) == 1


def written(name):
    """All that the same study must give again: plan, generated source, cut into blocks."""
    made = plan.make(open_study(name))
    program = blocks.program(made, budget=-1)
    cut = [(made.nests[b.nest].dims, b.ranges) for b in blocks.blocks(made)]
    return "\n".join([repr(made.order), repr(made.dims), repr(made.graph.rules_of), compile.text(program.compiled), repr(cut)])


GAPS = """title: x
equations: gaps.py
set: {gpus: 8, training_flops: 1e24 FLOP, training_duration: 90 d}
axes: {gpu: all, precision: [bf16, fp8]}
outputs: [required_mfu, plan_of_many_gaps]
"""
GAPS_EQUATIONS = """from sweep import equation


@equation(unit="1", source="article")
def plan_of_many_gaps(peak_rate, hbm_bandwidth, scaleup_bandwidth, scaleout_bandwidth, scaleup_domain):
    'What no old GPU has all figures for.'
    return peak_rate + hbm_bandwidth + scaleup_bandwidth + scaleout_bandwidth + scaleup_domain
"""


def test_plan_and_source_do_not_depend_on_hash_seed(tmp_path):
    (tmp_path / "gaps.yaml").write_text(GAPS)
    (tmp_path / "gaps.py").write_text(GAPS_EQUATIONS)
    code = "import sys, hashlib\nfrom tests.engine.test_plan import written\n"
    code += "for name in sys.argv[1:]: print(hashlib.sha256(written(name).encode()).hexdigest())"
    found = []
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", code, *STUDIES, str(tmp_path / "gaps.yaml")]
        found.append(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.split())
    assert found[0] == found[1]
    assert found[0][:2] == [hashlib.sha256(written(name).encode()).hexdigest() for name in STUDIES]
