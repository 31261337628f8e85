"""Nests as readable Python source. What belongs here: a plan to text; the same text runs compiled and interpreted.

Each function loops over the axes of one nest. Values are read into locals at the depth where their last index is known; the
innermost loop reads and writes one-dimensional rows, which is what the compiler turns into vector code. So nothing is skipped
there: what a broken rule makes meaningless is computed, too, and then replaced.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sweep.engine.plan import STATUS, Dims, Nest, Plan, Step
from sweep.equations.registry import Equation, Rule

INDENT = "    "


@dataclass(frozen=True)
class Function:
    """One generated function. arguments: names of sizes (n_<axis>), of arrays read (name) and written (out_<name>)."""

    name: str
    text: str
    sizes: Dims
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    calls: tuple[str, ...]
    native: bool = True  # of loops and assignments alone, which lower.py knows; numba compiles what has more

    @property
    def cost(self) -> int:
        """What one point costs, in calls; reading and writing a value counts as one."""
        return len(self.calls) + len(self.reads) + len(self.writes)


def source(plan: Plan, nest: Nest, wanted: Iterable[str], kind: str) -> Function:
    """The function that computes `wanted` in one nest, its exports or its outputs, and nothing that they do not need."""
    wanted = tuple(wanted)
    steps = needed(nest, wanted)
    inside = {step.name for step in steps}
    reads = tuple(dict.fromkeys(name for step in steps for name in step.needs if name not in inside))
    name = "__".join(["nest", *nest.dims, kind]) if nest.dims else f"nest_scalar_{kind}"
    arguments = [*(f"n_{dim}" for dim in nest.dims), *(f"in_{read}" for read in reads), *(f"out_{write}" for write in wanted)]
    lines = [f"def {name}({', '.join(arguments)}):", f'{INDENT}"""{_headline(nest, wanted)}"""']
    lines += reads_at(plan, nest.dims, reads, 0)
    for depth, dim in enumerate(nest.dims, 1):
        lines.append(f"{INDENT * depth}for i_{dim} in range(n_{dim}):")
        if depth < len(nest.dims) or len(nest.dims) == 1:
            lines += reads_at(plan, nest.dims, reads, depth)
        if depth == len(nest.dims) - 1:
            prefix = ", ".join(f"i_{d}" for d in nest.dims[:-1])
            lines += [f"{INDENT * (depth + 1)}row_{write} = out_{write}[{prefix}]" for write in wanted]
    depth = len(nest.dims)
    if depth > 1:
        lines += reads_at(plan, nest.dims, reads, depth)
    lines += [INDENT * (depth + 1) + line for line in body(plan, steps)]
    for write in wanted:
        target = f"row_{write}[i_{nest.dims[-1]}]" if depth > 1 else f"out_{write}[{f'i_{nest.dims[0]}' if depth else '()'}]"
        lines.append(f"{INDENT * (depth + 1)}{target} = {write}")
    return Function(name, "\n".join(lines) + "\n", nest.dims, reads, wanted, calls(steps))


def calls(steps: tuple[Step, ...]) -> tuple[str, ...]:
    """The equations and rules that some steps call."""
    return tuple(step.name for step in steps if isinstance(step.what, Rule) or (isinstance(step.what, Equation) and not alias(step)))


def needed(nest: Nest, wanted: tuple[str, ...]) -> tuple[Step, ...]:
    """The steps of a nest behind some of its quantities."""
    steps = {step.name: step for step in nest.steps}
    todo, seen = list(wanted), set()
    while todo:
        name = todo.pop()
        if name in steps and name not in seen:
            seen.add(name)
            todo += steps[name].needs
    return tuple(step for step in nest.steps if step.name in seen)


def _headline(nest: Nest, wanted: tuple[str, ...]) -> str:
    return f"{', '.join(wanted)} over {', '.join(nest.dims) or 'no axis'}."


def reads_at(plan: Plan, dims: Dims, reads: tuple[str, ...], depth: int) -> list[str]:
    """The lines that read, at one depth, the values and rows whose last index has just become known."""
    indent, lines = INDENT * (depth + 1), []
    inner = dims[-1] if len(dims) > 1 else None
    for name in reads:
        own = plan.dims[name]
        known = max((dims.index(dim) + 1 for dim in own), default=0)
        if not own:
            if depth == 0:
                lines.append(f"{indent}{name} = in_{name}{'' if name in plan.inputs else '[()]'}")
        elif own[-1] == inner and len(own) > 1:
            prefix = ", ".join(f"i_{dim}" for dim in own[:-1])
            if depth == max(dims.index(dim) + 1 for dim in own[:-1]):
                lines.append(f"{indent}row_of_{name} = in_{name}[{prefix}]")
            elif depth == known:
                lines.append(f"{indent}{name} = row_of_{name}[i_{inner}]")
        elif depth == known:
            lines.append(f"{indent}{name} = in_{name}[{', '.join(f'i_{dim}' for dim in own)}]")
    return lines


def alias(step: Step) -> bool:
    """Whether a step only passes on the alternative that a fixed choice has taken."""
    return isinstance(step.what, Equation) and step.what.selects is not None and len(step.reads) == 1


def body(plan: Plan, steps: tuple[Step, ...]) -> list[str]:
    """The lines of the innermost loop; steps under one mask are computed first and masked after, which leaves vector code."""
    lines: list[str] = []
    block: list[Step] = []

    def flush() -> None:
        if not block:
            return
        lines.extend(f"{step.name} = {_expression(plan, step)}" for step in block)
        lines.append(f"if not {block[0].valid}:")
        lines.extend(f"{INDENT}{step.name} = {'False' if isinstance(step.what, Rule) else 'nan'}" for step in block)
        block.clear()

    for step in steps:
        if block and step.valid != block[0].valid:
            flush()
        if step.valid:
            block.append(step)
        else:
            lines.append(f"{step.name} = {_expression(plan, step)}")
    flush()
    return lines


def _expression(plan: Plan, step: Step) -> str:
    if step.name == STATUS:
        return " + ".join(f"({1 << bit} if {rule} else 0)" for bit, rule in enumerate(step.reads))
    if isinstance(step.what, frozenset):
        return f"not ({' or '.join(step.reads)})"
    if alias(step):
        return step.reads[0]
    return f"f_{step.name}({', '.join(step.reads)})"
