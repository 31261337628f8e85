"""A study of many blocks, and what workers evaluate of it."""

import pytest

from sweep.engine import blocks
from sweep.engine.blocks import Worker

STUDY = """title: stored
about: A cube for these tests.
set: {server_power: 6 kW, training_flops: 1e24 FLOP}
axes:
  gpu: [h100-sxm, a100-sxm-80gb]
  precision: [bf16, fp8]
  gpus: [8, 64, 512]
  split: {tp: [1, 8], pp: [2]}
  training_duration: 30 d:90 d:30 d
  pue: [1.1, 1.2]
outputs: [it_power, required_mfu, training_energy, facility_energy, servers, replicas]
"""


@pytest.fixture
def study(opened):
    return opened(STUDY)


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks of a few cells, so that a small cube has many."""
    monkeypatch.setattr(blocks, "CHUNK_CELLS", 4)
    monkeypatch.setattr(blocks, "BLOCK_CELLS", 8)


@pytest.fixture
def evaluated(monkeypatch):
    """The blocks that workers evaluate, in order."""
    found = []
    whole = Worker.compute

    def evaluate(self, block):
        found.append((block.nest, block.number))
        return whole(self, block)

    monkeypatch.setattr(Worker, "compute", evaluate)
    return found
