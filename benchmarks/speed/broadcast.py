"""The all-axes nest in numpy. What belongs here: a program whose widest nest runs on whole float64 arrays that broadcast.

What the nest reads is ready, computed by the compiled smaller nests: the comparison is with the loop alone, to numpy's favour.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from benchmarks.speed.subjects import widest
from sweep.engine import blocks
from sweep.engine.nests import needed
from sweep.engine.plan import Nest, Plan
from sweep.equations.registry import Equation


@dataclass(frozen=True)
class Program(blocks.Program):
    """A program whose widest nest is numpy's; a Worker cannot tell the difference."""

    @cached_property
    def code(self) -> dict[str, Callable[..., None]]:
        nest = widest(self.plan)
        others = blocks.program(self.plan, self.budget).code
        return {**others, self.outputs[nest.dims].name: self._broadcast(nest)}

    def _broadcast(self, nest: Nest) -> Callable[..., None]:
        function = self.outputs[nest.dims]
        steps = needed(nest, nest.outputs)

        def aligned(name: str, array: Any) -> Any:
            """An array with an axis of length one for each axis of the nest that it does not depend on."""
            own = self.plan.dims[name]
            return np.reshape(array, [array.shape[own.index(dim)] if dim in own else 1 for dim in nest.dims]) if own else array

        def call(*arguments: Any) -> None:
            given = arguments[len(function.sizes) :]
            values = {name: aligned(name, array) for name, array in zip(function.reads, given, strict=False)}
            for step in steps:
                assert isinstance(step.what, Equation)
                value = step.what.function(*(values[name] for name in step.reads))
                values[step.name] = np.where(values[step.valid], value, np.nan) if step.valid else value
            for name, out in zip(function.writes, given[len(function.reads) :], strict=True):
                out[...] = values[name]

        return call


def program(plan: Plan, budget: float) -> Program:
    """The program that fills a plan's outputs, its widest nest in numpy."""
    same = blocks.program(plan, budget)
    return Program(plan, same.exports, same.outputs, same.calls, budget=budget)
