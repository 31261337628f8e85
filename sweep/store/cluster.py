"""Blocks on a Dask cluster. What belongs here: some blocks as a task of a worker, and the tasks that are in flight.

A worker is given the study with its blocks, so all of them need the same place and the same version of wattsweep. It writes the files of
its blocks and hands back their lines for the journal, which only the caller writes.
"""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

from sweep.cube import dataset
from sweep.engine import blocks, plan
from sweep.engine.blocks import Block, Program, Worker
from sweep.errors import SweepError
from sweep.store import growing, layout, reading, store
from sweep.store.growing import Growth
from sweep.store.journal import Record, study_digest
from sweep.store.store import Store

IN_FLIGHT = 4096  # tasks that a scheduler knows of at a time
MOST_BLOCKS = 64  # of a task: at 0.1 s a block a scheduler of 1,000 workers has some 150 tasks a second to give out, not 10,000
TASKS_EACH = 20  # of a worker at least, where there are as many blocks
RETRIES = 10  # of a block whose worker was lost
PATIENCE = "10s"  # for a scheduler to answer


@dataclass
class Site:
    """What a worker keeps of a cube that it writes blocks of: compiled once, for all its threads. grown: a cube that has some cells."""

    folder: str
    header: Record
    grown: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)
    own: threading.local = field(default_factory=threading.local)

    @cached_property
    def store(self) -> Store:
        """The cube's arrays, open for writing. Raises SweepError where it is not the cube that this version would make."""
        place = layout.place(self.folder)
        if not place.workshop().exists():
            raise SweepError(f"{self.folder}: a worker does not see this folder; all workers need the same file system")
        kept = self.header["attributes"]
        made = plan.make(reading.study_in(kept))
        changed = dataset.differences(json.loads(kept["identity"]), dataset.identity(made))
        if changed:
            raise SweepError(f"a worker has other equations or facts: {'; '.join(changed[:4])}; all need the same version of wattsweep")
        return store.joined(place, made, self.header)

    @cached_property
    def before(self) -> Growth | None:
        """What another cube has of this one, ready to compute the rest."""
        found = growing.growth(layout.place(self.grown), self.store.plan) if self.grown else None
        if found:
            found.prepare()
        return found

    @cached_property
    def program(self) -> Program:
        """The compiled functions."""
        found = blocks.program(self.store.plan)
        _ = found.code
        return found

    def fill(self, block: Block) -> Record:
        """Compute one block, write its files, and wait until they are on disk."""
        with self.lock:  # one thread compiles
            before = self.before
            make = partial(before.worker, self.store) if before else partial(Worker, self.program)
        if not hasattr(self.own, "worker"):
            self.own.worker = make()
        values = self.own.worker.compute(block)
        record = before.put(self.store, block, values) if before else self.store.put(block, values)
        self.store.folder.sync(record["files"])
        return record


_sites: dict[tuple[str, str], Site] = {}
_lock = threading.Lock()


def fill(folder: str, header: Record, some: list[Block], grown: str) -> list[Record]:
    """The task: some blocks of the cube in a folder. grown: that of a cube that has some of its cells, if there is one."""
    key = folder, study_digest(header)
    with _lock:
        if key not in _sites:
            _sites.clear()
            _sites[key] = Site(folder, header, grown)
        site = _sites[key]
    return [site.fill(block) for block in some]


def each(
    target: Store,
    work: list[Block],
    scheduler: str,
    progress: Callable[[int, int], None] | None = None,
    before: Growth | None = None,
) -> None:
    """Have blocks filled by the workers of a cluster. scheduler: its address, such as "tcp://10.0.0.1:8786". before: what is kept of them.

    What a lost worker had begun is given to another. Raises SweepError where the scheduler does not answer or a block fails.
    """
    try:
        from distributed import Client, as_completed
        from distributed.scheduler import KilledWorker
    except ImportError:
        raise SweepError("--scheduler needs dask: pip install 'wattsweep[dask]'") from None
    try:
        client = Client(scheduler, timeout=PATIENCE, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise SweepError(f"--scheduler {scheduler}: {str(error).splitlines()[0] or 'no scheduler answers there'}") from None
    total, count = sum(block.cells for block in work), 0
    grown = str(before.folder) if before else ""
    flying: dict[Any, list[Block]] = {}

    def submit(some: list[Block]) -> Any:
        future = client.submit(fill, str(target.folder), target.header, some, grown, pure=False, retries=RETRIES)
        flying[future.key] = some
        return future

    if progress:
        progress(0, total)
    with client, client.as_current():
        threads = max(1, sum(client.nthreads().values()))  # type: ignore[no-untyped-call]
        size = min(MOST_BLOCKS, max(1, len(work) // (TASKS_EACH * threads)))
        queue = iter([work[start : start + size] for start in range(0, len(work), size)])
        done = as_completed([submit(some) for some in itertools.islice(queue, IN_FLIGHT)])  # type: ignore[no-untyped-call]
        for future in done:
            some = flying.pop(future.key)
            try:
                records = future.result()
            except KilledWorker:
                raise SweepError(f"--scheduler {scheduler}: the workers of a block died one after another; `run` resumes") from None
            for block, record in zip(some, records, strict=True):
                target.note(block, record)
            count += sum(block.cells for block in some)
            if progress:
                progress(count, total)
            for following in itertools.islice(queue, 1):
                done.add(submit(following))  # type: ignore[no-untyped-call]
