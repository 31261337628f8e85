"""The parts of an innermost loop: each statement once, in order, with what passes between them."""

import ast

from sweep.engine import strips

TEXT = """
a = in_a[i]
b = row_of_b[i]
x = f_x(a)
valid_0 = not (x_broken)
y = f_y(x, b, fixed)
z = f_z(y)
if not valid_0:
    y = nan
    z = nan
status = (1 if x_broken else 0)
row_z[i] = z
row_status[i] = status
"""


def texts(part):
    return [ast.unparse(statement) for statement in part.statements]


def test_strips_keep_short_loops_whole():
    (part,) = strips.parts(ast.parse(TEXT).body, ())
    assert (part.takes, part.gives) == ((), ())
    assert texts(part)[:2] == ["a = in_a[i]", "b = row_of_b[i]"]


def test_strips_pass_on_what_later_parts_use(monkeypatch):
    monkeypatch.setattr(strips, "TOGETHER", 1)
    parts = strips.parts(ast.parse(TEXT).body, ())
    assert [(part.takes, part.gives) for part in parts] == [((), ("x", "valid_0")), (("x", "valid_0"), ("y",)), (("valid_0", "y"), ())]
    assert texts(parts[1]) == ["b = row_of_b[i]", "y = f_y(x, b, fixed)", "if not valid_0:\n    y = nan"]
    assert texts(parts[2])[-2:] == ["status = 1 if x_broken else 0", "row_status[i] = status"]


def test_strips_run_what_has_no_vector_code_alone():
    parts = strips.parts(ast.parse(TEXT).body, {"f_y"})
    assert [[line for line in texts(part) if "= f_" in line] for part in parts] == [
        ["x = f_x(a)"],
        ["y = f_y(x, b, fixed)"],
        ["z = f_z(y)"],
    ]
