"""Faults on purpose: kills, wrong bits, a full disk, two writers and mutated studies, each looked at as a user would.

`python -m tests.faults.campaign --kills 200 --inputs 100000` counts what was done and what was lost; the tests run a little of each.
`--seconds 3600` ends it then, with what was done; a campaign of another seed goes on with other faults.
"""

from __future__ import annotations

import argparse
import errno
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np

import sweep
from sweep.errors import SweepError
from tests.studies import ENERGY

T = TypeVar("T")
INPUT_SECONDS = 10.0  # of the processor, for one mutated study; a loaded machine makes none slower
REPORT_SECONDS = 10.0
CHANGES = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.truncate"}
OTHER = ENERGY.replace("gpus: 1024", "gpus: 2048")
WORDS = ["", "~", "nan", "inf", "-1", "0", "1e30", "1e-30", "1e400", "9" * 400, "NO", "[]", "{}", "all", "1 W**9**9", "J*(9**9)", "1 kW"]
WORDS += ["[1, 1]", "[1, 2, 3]", "1:2:log3", "{from: 1, to: 2, points: 3}", "{zip: {pue: [1, 2]}}", "*a", "&a x", "!!python/name:os", "ﬁ"]
WORDS += ["1e9 FLOP", '"\\e[31m"']
LINES = ["pue: ", "gpus: ", "gpu: ", "training_duration: ", "server_power: ", "  split: ", "  precision: ", "outputs: ", "set: ", "axes: "]


class Hang(BaseException):
    """A study that takes too long; no `except Exception` on the way holds it."""


@dataclass
class Clock:
    """Says how far a campaign is, and ends it in time. until: on the monotonic clock."""

    until: float = float("inf")
    said: float = field(default_factory=time.monotonic)

    def over(self, what: str, items: Iterable[T], count: int) -> Iterator[T]:
        """The items, as long as there is time."""
        for done, item in enumerate(items):
            now = time.monotonic()
            if now >= self.until:
                return
            if now - self.said > REPORT_SECONDS:
                print(f"{what}: {done:,} of {count:,}", file=sys.stderr, flush=True)
                self.said = now
            yield item


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Raise Hang in what takes more than some seconds of the processor."""

    def stop(*_: object) -> None:
        raise Hang(f"takes more than {seconds:g} s of the processor")

    signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def written(folder: Path, text: str) -> Path:
    """A study in a file."""
    path = folder / "study.yaml"
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    return path


def content(cube: Path) -> dict[str, object]:
    """Every file of a cube but for the time at which it was made."""
    found: dict[str, object] = {path.relative_to(cube).as_posix(): path.read_bytes() for path in cube.rglob("*") if path.is_file()}
    plain = json.loads(bytes(found["zarr.json"]))  # type: ignore[call-overload]
    del plain["attributes"]["created"]
    return {**found, "zarr.json": plain}


def child(text: str, out: Path, at: int, fault: str) -> tuple[int, str]:
    """Run a study in a process of its own, in which the change of a file of number `at` meets a fault: how it ended, and what it said."""
    read, write = os.pipe()
    process = os.fork()
    if not process:
        code, seen = 1, 0

        def hook(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal seen
            opened = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            if seen >= 0 and (event in CHANGES or opened) and str(out.parent) in str(arguments[0]):
                seen += 1
                if seen == at and fault == "kill":
                    os.kill(os.getpid(), signal.SIGKILL)
                if seen == at:
                    raise OSError(errno.ENOSPC, "No space left on device")

        try:
            study = sweep.open_study(written(out.parent, text))
            sys.addaudithook(hook)
            sweep.run(study, out, threads=1, overwrite=True)
            code, said = 0, str(seen)
        except SweepError as error:
            code, said = 2, str(error)
        except BaseException as error:
            said = repr(error)
        seen = -1
        os.write(write, said.encode()[:2000])
        os._exit(code)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        said = pipe.read().decode(errors="replace")
    status = os.waitpid(process, 0)[1]
    return (-os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)), said


def interrupted(folder: Path, fault: str, count: int, rng: random.Random, clock: Clock | None = None) -> tuple[int, list[str]]:
    """Replace one cube by another while a fault meets one of the changes of files; then look at it as a reader, and run again."""
    old, new, out, lost = folder / "old.zarr", folder / "new.zarr", folder / "out.zarr", []
    for text, path in ((ENERGY, old), (OTHER, new)):
        assert child(text, path, -1, "")[0] == 0
    before, after = content(old), content(new)
    shutil.copytree(old, out)
    total = int(child(OTHER, out, -1, "")[1])
    places = list(range(1, total + 1)) if count >= total else sorted(rng.sample(range(1, total + 1), count))
    done = 0
    for at in (clock or Clock()).over(f"{fault} at a change of files", [places[i % len(places)] for i in range(count)], count):
        done += 1
        shutil.rmtree(out)
        shutil.rmtree(f"{out}.partial", ignore_errors=True)
        shutil.copytree(old, out)
        status, said = child(OTHER, out, at, fault)
        if status not in (0, 2, -signal.SIGKILL):
            lost.append(f"{fault} at {at} of {total}: {said}")
        if not out.exists() or content(out) not in (before, after):
            lost.append(f"{fault} at {at} of {total}: the name holds neither the old nor the new cube")
        status, said = child(OTHER, out, -1, "")
        if status or content(out) != after or Path(f"{out}.partial").exists():
            lost.append(f"{fault} at {at} of {total}: the next run leaves another cube ({status}: {said})")
    return done, lost


def wrong_bits(folder: Path, count: int, rng: random.Random, clock: Clock | None = None) -> tuple[int, list[str]]:
    """Turn one bit of a finished cube, read it, and repair it."""
    out, lost = folder / "bits.zarr", []
    assert child(ENERGY, out, -1, "")[0] == 0
    right, whole = sweep.open_cube(out).load(), content(out)
    files = [path for path in sorted(out.rglob("*")) if path.is_file()]
    done = 0
    for _ in (clock or Clock()).over("wrong bits", range(count), count):
        done += 1
        path = rng.choice(files)
        kept = path.read_bytes()
        place = rng.randrange(len(kept))
        path.write_bytes(kept[:place] + bytes([kept[place] ^ 1 << rng.randrange(8)]) + kept[place + 1 :])
        try:
            found = sweep.open_cube(out).load()
            if not found.drop_attrs().identical(right.drop_attrs()):
                lost.append(f"{path.name} byte {place}: other numbers without a word")
            path.write_bytes(kept)
        except SweepError:
            try:
                sweep.check(out, repair=True)
                if content(out) != whole:
                    lost.append(f"{path.name} byte {place}: repaired to another cube")
            except Exception as error:
                lost.append(f"{path.name} byte {place}: repair says {error!r}")
            path.write_bytes(kept)
        except Exception as error:
            lost.append(f"{path.name} byte {place}: {error!r}")
    return done, lost


def two_writers(folder: Path, count: int, clock: Clock | None = None) -> tuple[int, list[str]]:
    """Let two processes write one cube at the same time, of one study or of two."""
    lost = []
    done = 0
    for turn in (clock or Clock()).over("pairs of writers", range(count), count):
        done += 1
        out = folder / f"two{turn}.zarr"
        processes = []
        for text in (ENERGY, OTHER if turn % 2 else ENERGY):
            process = os.fork()
            if not process:
                try:
                    own = folder / f"{os.getpid()}"
                    own.mkdir()
                    sweep.run(sweep.open_study(written(own, text)), out, threads=1)
                    os._exit(0)
                except SweepError:
                    os._exit(2)
                except BaseException:
                    os._exit(1)
            processes.append(process)
        ends = [os.WEXITSTATUS(os.waitpid(process, 0)[1]) for process in processes]
        if 1 in ends or 0 not in ends or sweep.check(out):
            lost.append(f"two writers end with {ends}")
    return done, lost


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


def inputs(folder: Path, count: int, rng: random.Random, clock: Clock | None = None) -> tuple[Counter[str], list[str]]:
    """Run mutated studies to cubes and points: each is refused in one line, or holds no infinity, and none takes long."""
    found: Counter[str] = Counter()
    lost = []
    for _ in (clock or Clock()).over("mutated studies", range(count), count):
        text = mutated(rng)
        try:
            with at_most(INPUT_SECONDS):
                found["run"] += looked_at(written(folder, text))
        except SweepError as error:
            found["refused"] += 1
            if "\n" in str(error):
                lost.append(f"more than one line: {str(error)!r}")
        except (Exception, Hang) as error:
            lost.append(f"{error!r}: {text!r}")
    return found, lost


def looked_at(path: Path) -> bool:
    """Run a study to a cube in memory and to its point; True, or ValueError where one holds an infinity."""
    study = sweep.open_study(path)
    cube = sweep.run(study, threads=1)
    held = [np.asarray(list(sweep.evaluate(study).values())), *(array.values for array in cube.data_vars.values())]
    if any(np.isinf(values).any() for values in held):
        raise ValueError("an infinity")
    return True


def main() -> int:
    """The campaign of a given size; 1 where something was lost."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--kills", type=int, default=200)
    options.add_argument("--inputs", type=int, default=100_000)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--seconds", type=float, default=float("inf"))
    given = options.parse_args()
    warnings.simplefilter("ignore")
    rng, lost, clock = random.Random(given.seed), [], Clock(time.monotonic() + given.seconds)
    with tempfile.TemporaryDirectory() as made:
        for name, campaign in {
            "kills before a change of files": lambda folder: interrupted(folder, "kill", given.kills, rng, clock),
            "full disks at a change of files": lambda folder: interrupted(folder, "full", given.kills, rng, clock),
            "wrong bits": lambda folder: wrong_bits(folder, given.kills, rng, clock),
            "pairs of writers": lambda folder: two_writers(folder, given.kills // 10, clock),
            "mutated studies": lambda folder: inputs(folder, given.inputs, rng, clock),
        }.items():
            folder = Path(made) / name.replace(" ", "-")
            folder.mkdir()
            done, found = campaign(folder)
            print(json.dumps({"faults": name, "done": done, "lost": len(found)}), *found[:5], sep="\n", flush=True)
            lost += found
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
