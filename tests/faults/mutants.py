"""A study with some lines changed: words that are no values, lines twice, lost or in another order."""

from __future__ import annotations

import random

from tests.studies import ENERGY

WORDS = ["", "~", "nan", "inf", "-1", "0", "1e30", "1e-30", "1e400", "9" * 400, "NO", "[]", "{}", "all", "1 W**9**9", "J*(9**9)", "1 kW"]
WORDS += ["[1, 1]", "[1, 2, 3]", "1:2:log3", "{from: 1, to: 2, points: 3}", "{zip: {pue: [1, 2]}}", "*a", "&a x", "!!python/name:os", "ﬁ"]
WORDS += ["1e9 FLOP", '"\\e[31m"']
LINES = ["pue: ", "gpus: ", "gpu: ", "training_duration: ", "server_power: ", "  split: ", "  precision: ", "outputs: ", "set: ", "axes: "]


def mutated(rng: random.Random) -> str:
    """A small study with some lines changed."""
    lines = ENERGY.splitlines()
    for _ in range(rng.choice((1, 1, 2, 4))):
        at = rng.randrange(len(lines))
        line, kind = lines[at], rng.randrange(6)
        if kind == 0:
            lines[at] = line.split(":")[0] + ": " + rng.choice(WORDS)
        elif kind == 1:
            lines.insert(at, " " * rng.choice((0, 2)) + rng.choice(LINES) + rng.choice(WORDS))
        elif kind == 2 and len(lines) > 2:
            del lines[at]
        elif kind == 3 and line:
            place = rng.randrange(len(line))
            lines[at] = line[:place] + rng.choice("{}[],:&*!|>'\"%@`#?- \t\\\0\u2028é9eE.") + line[place + rng.randrange(2) :]
        elif kind == 4:
            lines[at] = "".join(c if not c.isdigit() or rng.random() < 0.7 else rng.choice(("0", "9", "1e9", "-")) for c in line)
        else:
            other = rng.randrange(len(lines))
            lines[at], lines[other] = lines[other], line
    return "\n".join(lines)
