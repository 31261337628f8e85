"""The source that is generated for a nest."""

import ast

from sweep.engine import nests, plan
from sweep.study.parse import open_study


def test_generated_source_is_plain_python_that_names_its_axes():
    made = plan.make(open_study("gpt4"))
    for nest in made.output_nests:
        function = nests.source(made, nest, nest.outputs, "outputs")
        ast.parse(function.text)
        for dim in nest.dims:
            assert f"for i_{dim} in range(n_{dim}):" in function.text
        assert function.text.count("for i_") == len(nest.dims)


def test_a_step_that_a_function_does_not_need_is_not_in_it():
    made = plan.make(open_study("article"))
    nest = next(nest for nest in made.output_nests if len(nest.outputs) > 1)
    function = nests.source(made, nest, nest.outputs[:1], "one")
    assert function.writes == nest.outputs[:1]
    other = nests.source(made, nest, nest.outputs, "all")
    assert set(function.calls) < set(other.calls)
