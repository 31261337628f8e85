"""The source that is generated for a nest."""

import ast

from sweep.engine import nests, plan
from sweep.study.parse import open_study


def test_nest_source_is_python_with_axis_names():
    made = plan.make(open_study("gpt4"))
    for nest in made.output_nests:
        function = nests.source(made, nest, nest.outputs, "outputs")
        ast.parse(function.text)
        for dim in nest.dims:
            assert f"for i_{dim} in range(n_{dim}):" in function.text
        assert function.text.count("for i_") == len(nest.dims)


def test_nest_source_omits_unneeded_steps():
    made = plan.make(open_study("article"))
    nest = next(nest for nest in made.output_nests if len(nest.outputs) > 1)
    function = nests.source(made, nest, nest.outputs[:1], "one")
    assert function.writes == nest.outputs[:1]
    other = nests.source(made, nest, nest.outputs, "all")
    assert set(function.calls) < set(other.calls)
