"""Faults on purpose: kills, wrong bits, a full disk, two writers and mutated studies, each looked at as a user would.

`python -m tests.faults.campaign --kills 200 --inputs 100000` counts what was done and what was lost; the tests run a little of each.
It goes in rounds of some faults of each kind. `--seconds 3600` or Ctrl-C ends it with what was done, and `--from` goes on at a round.
"""

from __future__ import annotations

import argparse
import errno
import itertools
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
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

import sweep
from sweep.errors import SweepError
from tests.faults.mutants import mutated
from tests.studies import ENERGY

INPUT_SECONDS = 10.0  # of the processor, for one mutated study; a loaded machine makes none slower
REPORT_SECONDS = 10.0
CHANGES = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.truncate"}
OTHER = ENERGY.replace("gpus: 1024", "gpus: 2048")


class Hang(BaseException):
    """A study that takes too long; no `except Exception` on the way holds it."""


@dataclass
class Part:
    """Faults of one kind. fault: given a number, has that fault happen and tells what it ended with and what was lost by it."""

    name: str
    count: int
    fault: Callable[[int], tuple[str, list[str]]]
    ends: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)

    def round(self, number: int, rounds: int) -> Iterator[None]:
        """The faults of one round, as many as make the count in all rounds."""
        for i in range(self.count * number // rounds, self.count * (number + 1) // rounds):
            end, lost = self.fault(i)
            self.ends[end] += 1
            self.lost += lost
            yield


@dataclass
class Campaign:
    """Parts that go on together, so that each has its share of the time. seed, number: the round to go on with, as it is told."""

    parts: list[Part]
    rounds: int
    seed: int = 1
    number: int = 0
    until: float = float("inf")
    stopped: bool = False

    def stop(self, *_: object) -> None:
        """End it after the fault that happens now."""
        self.stopped = True

    def run(self) -> int:
        """All rounds that there is time for; 1 where something was lost."""
        said = time.monotonic()
        try:
            while self.number < self.rounds and not self.stopped:
                for _ in itertools.chain.from_iterable(part.round(self.number, self.rounds) for part in self.parts):
                    self.stopped |= time.monotonic() >= self.until
                    if self.stopped:
                        break
                else:
                    self.number += 1
                if time.monotonic() - said > REPORT_SECONDS:
                    print(f"{self.number:,} of {self.rounds:,} rounds", file=sys.stderr, flush=True)
                    said = time.monotonic()
        finally:
            self.tell()
        return int(any(part.lost for part in self.parts))

    def tell(self) -> None:
        """Print what was done and lost, and how to go on."""
        for part in self.parts:
            found = {"faults": part.name, "done": part.ends.total(), "ended": part.ends, "lost": len(part.lost)}
            print(json.dumps(found), *part.lost[:5], sep="\n", flush=True)
        if self.number < self.rounds:
            print(f"stopped in round {self.number} of {self.rounds}; --seed {self.seed} --from {self.number} goes on", flush=True)


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


def interrupted(folder: Path, kind: str, seed: int) -> Callable[[int], tuple[str, list[str]]]:
    """Replace one cube by another while a fault meets one of the changes of files; then look at it as a reader, and run again."""
    old, new, out = folder / "old.zarr", folder / "new.zarr", folder / "out.zarr"
    for text, path in ((ENERGY, old), (OTHER, new)):
        assert child(text, path, -1, "")[0] == 0
    before, after = content(old), content(new)
    shutil.copytree(old, out)
    total = int(child(OTHER, out, -1, "")[1])
    places = random.Random(seed).sample(range(1, total + 1), total)

    def fault(number: int) -> tuple[str, list[str]]:
        at, lost = places[number % total], []
        shutil.rmtree(out)
        shutil.rmtree(f"{out}.partial", ignore_errors=True)
        shutil.copytree(old, out)
        end, said = child(OTHER, out, at, kind)
        if end not in (0, 2, -signal.SIGKILL):
            lost.append(f"{kind} at {at} of {total}: {said}")
        found = out.exists() and content(out)
        if found not in (before, after):
            lost.append(f"{kind} at {at} of {total}: the name holds neither the old nor the new cube")
        again, said = child(OTHER, out, -1, "")
        if again or content(out) != after or Path(f"{out}.partial").exists():
            lost.append(f"{kind} at {at} of {total}: the next run leaves another cube ({again}: {said})")
        return "old" if found == before else "new", lost

    return fault


def wrong_bits(folder: Path, seed: int) -> Callable[[int], tuple[str, list[str]]]:
    """Turn one bit of a finished cube, read it, and repair it."""
    out = folder / "bits.zarr"
    assert child(ENERGY, out, -1, "")[0] == 0
    right, whole = sweep.open_cube(out).load(), content(out)
    files = [path for path in sorted(out.rglob("*")) if path.is_file()]

    def fault(number: int) -> tuple[str, list[str]]:
        rng, lost, end = random.Random(f"bits {seed} {number}"), [], "harmless"
        path = rng.choice(files)
        kept = path.read_bytes()
        place = rng.randrange(len(kept))
        path.write_bytes(kept[:place] + bytes([kept[place] ^ 1 << rng.randrange(8)]) + kept[place + 1 :])
        try:
            found = sweep.open_cube(out).load()
            if not found.drop_attrs().identical(right.drop_attrs()):
                lost.append(f"{path.name} byte {place}: other numbers without a word")
        except SweepError:
            end = "refused"
            try:
                sweep.check(out, repair=True)
                if content(out) != whole:
                    lost.append(f"{path.name} byte {place}: repaired to another cube")
            except Exception as error:
                lost.append(f"{path.name} byte {place}: repair says {error!r}")
        except Exception as error:
            lost.append(f"{path.name} byte {place}: {error!r}")
        path.write_bytes(kept)
        return end, lost

    return fault


def two_writers(folder: Path, number: int) -> tuple[str, list[str]]:
    """Let two processes write one cube at the same time, of one study or, where the number is odd, of two."""
    out, processes = folder / f"two{number}.zarr", []
    for text in (ENERGY, OTHER if number % 2 else ENERGY):
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
    wrong = 1 in ends or 0 not in ends or sweep.check(out)
    shutil.rmtree(out, ignore_errors=True)
    return "one study" if number % 2 == 0 else "two studies", [f"two writers end with {ends}"] if wrong else []


def mutant(folder: Path, seed: int, number: int) -> tuple[str, list[str]]:
    """Run a mutated study to a cube and a point: it is refused in one line, or holds no infinity, and does not take long."""
    text = mutated(random.Random(f"inputs {seed} {number}"))
    try:
        with at_most(INPUT_SECONDS):
            looked_at(written(folder, text))
        return "run", []
    except SweepError as error:
        return "refused", [f"more than one line: {str(error)!r}"] if "\n" in str(error) else []
    except (Exception, Hang) as error:
        return "lost", [f"{error!r}: {text!r}"]


def looked_at(path: Path) -> None:
    """Run a study to a cube in memory and to its point; ValueError where one holds an infinity."""
    study = sweep.open_study(path)
    cube = sweep.run(study, threads=1)
    held = [np.asarray(list(sweep.evaluate(study).values())), *(array.values for array in cube.data_vars.values())]
    if any(np.isinf(values).any() for values in held):
        raise ValueError("an infinity")


def parts(folder: Path, kills: int, inputs: int, seed: int) -> list[Part]:
    """Faults of each kind, each kind in a folder of its own."""
    kinds: Mapping[str, tuple[int, Callable[[Path], Callable[[int], tuple[str, list[str]]]]]] = {
        "kills before a change of files": (kills, lambda own: interrupted(own, "kill", seed)),
        "full disks at a change of files": (kills, lambda own: interrupted(own, "full", seed)),
        "wrong bits": (kills, lambda own: wrong_bits(own, seed)),
        "pairs of writers": (-(-kills // 10), lambda own: partial(two_writers, own)),
        "mutated studies": (inputs, lambda own: partial(mutant, own, seed)),
    }
    found = []
    for name, (count, made) in kinds.items():
        own = folder / name.replace(" ", "-")
        own.mkdir()
        found.append(Part(name, count, made(own)))
    return found


def main(arguments: list[str] | None = None) -> int:
    """The campaign of a given size; 1 where something was lost."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--kills", type=int, default=200, help="and full disks and wrong bits; a tenth of that are pairs of writers")
    options.add_argument("--inputs", type=int, default=100_000, help="mutated studies")
    options.add_argument("--seed", type=int, default=1, help="another one makes other faults")
    options.add_argument("--from", type=int, default=0, dest="number", help="the round to go on with, of as many as there are kills")
    options.add_argument("--seconds", type=float, default=float("inf"), help="when to stop")
    given = options.parse_args(arguments)
    warnings.simplefilter("ignore")
    until = time.monotonic() + given.seconds
    with tempfile.TemporaryDirectory() as made:
        every = parts(Path(made), given.kills, given.inputs, given.seed)
        campaign = Campaign(every, max(given.kills, 1), given.seed, given.number, until)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, campaign.stop)
        return campaign.run()


if __name__ == "__main__":
    sys.exit(main())
