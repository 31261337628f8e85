"""A small study, and its cube in memory and on disk, that several tests of searches look into."""

import pytest

from sweep.store.run import run
from sweep.study.parse import open_study

STUDY = """title: ranked
set: {server_power: 6 kW, training_flops: 1e24 FLOP, energy_per_query: 0.3 Wh/query, serving_period: 90 d}
axes:
  gpu: [h100-sxm, a100-sxm-80gb, v100-sxm2-32gb]
  precision: [bf16, fp16, fp8]
  gpus: [8, 64, 512]
  split: {tp: [1, 8], pp: [2, 3]}
  training_duration: 30 d:120 d:30 d
  queries_per_day: [0 query/d, 1e6 query/d, 1e9 query/d]
  pue: [1.1, 1.2, 1.3]
point: {gpus: 64}
outputs:
  [it_power, required_mfu, training_energy, facility_energy, servers, replicas, overtake_days, total_facility_energy, gpu_power_total,
  serving_facility_energy, peak_rate]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("ranked")


@pytest.fixture(scope="module")
def study(folder):
    (folder / "study.yaml").write_text(STUDY)
    return open_study(folder / "study.yaml")


@pytest.fixture(scope="module")
def memory(study):
    return run(study)


@pytest.fixture(scope="module")
def stored(study, folder):
    return run(study, folder / "cube.zarr")
