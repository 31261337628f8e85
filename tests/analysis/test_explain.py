"""The chain of equations behind a quantity, as text."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from sweep.analysis import explain
from sweep.engine import plan
from sweep.equations import registry
from sweep.errors import SweepError
from sweep.study.parse import open_study

DATA = Path(__file__).parents[1] / "data"


@pytest.fixture(scope="module")
def splits():
    return open_study(DATA / "splits.yaml")


def test_explain_tree_spells_out_each_equation_once(splits):
    lines = explain.tree("facility_power", splits).split("\n\n")[0].splitlines()
    graph = splits.graph_of(["facility_power"])
    chain = {"facility_power"}
    for equation in reversed(graph.equations):  # what only a rule needs is no part of the chain
        chain |= set(graph.needs[equation.name]) if equation.name in chain else set()
    for name in chain & {equation.name for equation in graph.equations}:
        heads = [line for line in lines if re.match(rf"[|`\- ]*{name}[(:\[ ]", line) and "   (" not in line]
        again = [line for line in heads if line.endswith("(see above)")]
        assert len(heads) - len(again) == 1, name
        needers = [e.name for e in graph.equations if e.name in chain and name in graph.needs[e.name]]
        assert len(heads) == len(needers) + (name == "facility_power")


def test_explain_tree_shows_unit_axes_formula_and_source(splits):
    text = explain.tree("facility_power", splits)
    dims = plan.make(splits, ["facility_power"]).dims
    assert f"facility_power({', '.join(dims['facility_power'])}) [W]: {registry.EQUATIONS['facility_power'].meaning}" in text
    assert f"servers({', '.join(dims['servers'])}): S, servers" in text
    assert "S = N / g   (article, kernels/training/layout.py)" in text
    assert "pue(pue): PUE as stated = 1.1 .. 1.3" in text
    assert re.search(r"^  article: The Physics of AI", text, re.MULTILINE)


def test_explain_tree_shows_origin_of_inputs(splits):
    text = explain.tree("step_time", splits)
    assert re.search(r"hidden_size: .* = 5,120, of llama-2-13b \(litgpt", text)
    assert re.search(r"sequence_length \[token\]: .* = 4,096 token, given by the study", text)
    assert re.search(r"cp: .* = 1, the default \(assumed: no split", text)
    assert re.search(r"exceeds_memory: One GPU does not have the memory .* \(memory_per_gpu, gpu_memory\)", text)


def test_explain_tree_without_study_shows_default_or_catalogue():
    text = explain.tree("training_energy")
    assert "= 1,024, the default (assumed: " in text
    assert "training_misses_deadline: " in text
    assert re.search(r"gpus_per_server: .* <- one of \d+ servers", text)
    assert re.search(r"power_method = \w+: of nameplate, tdp, measured, modelled", text)


def test_explain_tree_of_input():
    assert explain.tree("pue").startswith("pue: PUE")


def test_explain_flowchart_has_arrow_for_each_need():
    lines = explain.flowchart("replicas").splitlines()
    assert lines[0] == "flowchart LR"
    arrows = {line.strip() for line in lines if "-->" in line}
    assert arrows == {
        "tp --> gpus_per_replica",
        "pp --> gpus_per_replica",
        "cp --> gpus_per_replica",
        "gpus --> replicas",
        "gpus_per_replica --> replicas",
    }
    assert '    gpus("gpus [1]")' in lines
    assert '    replicas["replicas [1]"]' in lines


def test_explain_code_compiles_and_holds_nest(splits):
    text = explain.code("facility_power", splits)
    compile(text, "nests.py", "exec")
    assert re.search(r"def nest_\w+\(.*out_facility_power", text)
    assert 'f_facility_power = scalar("facility_power")' in text


def test_explain_code_rejects_input(splits):
    with pytest.raises(SweepError, match="pue: is an input of"):
        explain.code("pue", splits)


@pytest.mark.parametrize("ask", [explain.tree, explain.flowchart])
def test_explain_unknown_quantity_suggests_nearest(ask):
    with pytest.raises(SweepError, match="did you mean 'facility_energy'"):
        ask("facility_enrgy")


def test_explain_tree_of_each_quantity():
    for name in registry.EQUATIONS:
        assert explain.tree(name).startswith(name)


def test_explain_code_imports_no_numba():
    code = "import sys; from sweep.analysis import explain; from sweep.study.parse import open_study; "
    code += "explain.code('step_time', open_study('tests/data/splits.yaml'))"
    found = subprocess.run(
        [sys.executable, "-c", f"{code}; print('numba' in sys.modules)"], cwd=DATA.parent.parent, capture_output=True, text=True, timeout=60
    )
    assert found.stdout.strip() == "False", found.stderr
