"""What a run will take. What belongs here: chunks of a plan computed and compressed as a run does it, and the metadata of its cube."""

from __future__ import annotations

import json
import math
import time
from dataclasses import dataclass

import numpy as np

from sweep.cube import dataset
from sweep.engine import blocks, quantiles
from sweep.engine.blocks import Array, Block, Worker, grid
from sweep.engine.plan import Nest, Plan
from sweep.store import journal, layout
from sweep.store.place import METADATA

SAMPLES = 4  # chunks of an output
PRIMES = (2, 3, 5, 7, 11, 13, 17, 19)  # multiples of their roots, modulo 1, fill a space evenly
CHUNK_BYTES = 20  # beside the values of a chunk: its place in the index of the shard, and its checksum
SHARD_BYTES = 4  # the checksum of that index


@dataclass(frozen=True)
class Estimate:
    """bytes: of the files of a cube. seconds: of one core, for the values alone."""

    bytes: int
    seconds: float


def estimate(plan: Plan) -> Estimate:
    """What a run of a plan will take. Code that it needs is compiled, and kept for the run."""
    worker = Worker(blocks.program(plan))
    found = [_sampled(worker, nest) for nest in plan.output_nests]
    return Estimate(_metadata_bytes(plan) + sum(one.bytes for one in found), sum(one.seconds for one in found))


def _sampled(worker: Worker, nest: Nest) -> Estimate:
    """The blocks of the outputs of one nest, from what a few chunks of them take."""
    plan, cut = worker.plan, grid(worker.plan, nest)
    chunks = [-(-size // length) for size, length in zip(cut.shape, cut.chunk, strict=True)]
    steps = [math.sqrt(PRIMES[i % len(PRIMES)]) for i in range(len(chunks))]
    places = {tuple(int((k + 0.5) * step % 1 * count) for step, count in zip(steps, chunks, strict=True)) for k in range(SAMPLES)}
    drawn: dict[str, list[Array]] = {name: [] for name in nest.outputs}
    seconds = cells = 0.0
    for place in sorted(places):
        starts = [at * length for at, length in zip(place, cut.chunk, strict=True)]
        ends = [min(start + length, size) for start, length, size in zip(starts, cut.chunk, cut.shape, strict=True)]
        block = Block(plan.nests.index(nest), 0, tuple(zip(starts, ends, strict=True)))
        if not cells:
            worker.compute(block)  # what is compiled now is not compiled again
        before = time.process_time()
        values = worker.compute(block)
        seconds, cells = seconds + time.process_time() - before, cells + block.cells
        for name in nest.outputs:
            drawn[name].append(values[name].flatten())
    shards = math.prod(-(-size // length) for size, length in zip(cut.shape, cut.block, strict=True))
    beside = len(nest.outputs) * (math.prod(chunks) * CHUNK_BYTES + shards * SHARD_BYTES)
    packed = {name: sum(map(compressed, parts)) / sum(part.size for part in parts) for name, parts in drawn.items()}
    whole = sum(packed[name] * math.prod(quantiles.cut(name, nest.dims, cut.shape)) for name in nest.outputs)
    return Estimate(round(whole) + beside, seconds / cells * math.prod(cut.shape))


def _metadata_bytes(plan: Plan) -> int:
    """What is no block: descriptions and coordinates, the descriptions once more in one file, and the manifest."""
    attributes = dataset.attributes(plan)
    made = layout.skeleton(plan, attributes)
    described = sum(len(content) for name, content in made.items() if name.endswith(METADATA))
    lines = 0
    for block in blocks.blocks(plan):
        line = {"nest": block.nest, "number": block.number, "ranges": journal.ranges(block), "of": 12 * "0"}
        lines += len(json.dumps(line)) + sum(2 * len(name) + 90 for name in plan.nests[block.nest].outputs)
    end = sum(len(name) + 30 for name in made)
    return sum(map(len, made.values())) + described + len(json.dumps(attributes)) + lines + end


def compressed(values: Array) -> int:
    """How many bytes some values take in a store."""
    from numcodecs.blosc import SHUFFLE, Blosc

    return len(Blosc(layout.CODEC, layout.LEVEL, SHUFFLE).encode(np.ascontiguousarray(values)))
