"""Studies that several test files vary. What belongs here: small texts and mappings of a study."""

PLAIN = """title: small
select: {gpu: h100-sxm}
set:
  server_power: 6 kW
axes:
  gpus: [8, 16]
outputs: [it_power]
"""

SPLIT = {
    "title": "splits",
    "select": {"model": "gpt-3-175b"},
    "set": {"gpus": 96},
    "axes": {"split": {"tp": [1, 5, 8], "pp": [1, 12, 200]}},
    "outputs": ["gpus_per_replica", "replicas", "step_time"],
}

ENERGY = """\
title: A study
select: {gpu: h100-sxm}
set:
  gpus: 1024
axes:
  pue: [1.1, 1.2]
  training_duration: [30 d, 60 d]
outputs: [facility_energy]
"""

STORED = """title: stored
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


def with_axes(**axes):
    return {
        "title": "small",
        "set": {"server_power": "6 kW"},
        "axes": axes,
        "outputs": ["it_power", "training_energy", "facility_energy"],
    }
