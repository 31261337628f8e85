"""Serving compiled against interpreted, over every operating point and both placements of prompts."""

import itertools

import numpy as np
import pytest

from sweep.catalog.units import factor
from sweep.equations import interpret
from sweep.equations.quantities import unit_of
from sweep.store.run import run
from sweep.study.parse import open_study

STUDY = """
title: every way to run a replica
select: {engine: vllm-2026, gpu: h100-sxm}
set: {serving_precision: fp8, weight_bits: 8, serving_dp: 2, queries_per_day: 1e9 query/d}
axes:
  operating_point: [concurrency, latency_target, arrival_rate]
  prefill_placement: [mixed, disaggregated]
  model: [llama-3.1-8b, gemma-3-12b, gpt-oss-120b]
  serving_tp: [1, 4]
  draft_tokens: [0, 3]
  arrival_rate: [0 1/s, 0.2 1/s, 5 1/s, 1000 1/s]
  output_tokens: [3, 400]
outputs: {energy_per_query: Wh/query, time_to_first_token: s, output_rate: token/s, batch: "1", serving_gpu_power: W, fleet_power: W}
"""
FLOAT32 = 1e-6


def test_compiled_serving_equals_interpreted(tmp_path):
    path = tmp_path / "serving.yaml"
    path.write_text(STUDY, encoding="utf-8")
    study = open_study(path)
    cube = run(study)
    sizes = {name: axis.size for name, axis in study.axes.items()}
    meaningful = 0
    for index in itertools.islice(itertools.product(*map(range, sizes.values())), 0, None, 7):
        at = dict(zip(sizes, index, strict=True))
        values = interpret.compute_point(study.graph, study.inputs_at(at)).values
        for name in study.outputs:
            found = float(cube[name].isel({axis: i for axis, i in at.items() if axis in cube[name].dims}))
            expected = values[name] / factor(cube[name].attrs["units"], unit_of(name))
            assert found == pytest.approx(expected, rel=FLOAT32, nan_ok=True), (name, at)
            meaningful += not np.isnan(found)
    assert meaningful > 50
