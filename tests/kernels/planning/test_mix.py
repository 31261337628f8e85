"""The mean query of a service, as the sum of what its kinds add."""

import pytest

from sweep.catalog import entries
from sweep.kernels.planning import mix
from tests.at_point import value

POINT = {"model": "llama-3.1-70b", "gpu": "h100-sxm"}
GIVEN = {"serving_tp": 4, "serving_precision": "fp8", "weight_bits": 8}


def test_shares_of_the_workloads_are_one_service():
    kinds = [entries.entry("workload", name) for name in entries.entry_names("workload")]
    assert sum(kind.figures["query_share", ""].value for kind in kinds) == pytest.approx(1)


def test_a_kind_of_query_adds_its_share():
    assert mix.mix_energy_per_query(query_share=0.25, facility_energy_per_query=400.0) == 100
    assert mix.mix_cost_per_query(0.5, 1000.0, 1e-6, 200.0, 5e-6) == pytest.approx(1e-3)
    energy = {name: value("facility_energy_per_query", {**POINT, "workload": name}, **GIVEN) for name in ("embedding", "chat", "reasoning")}
    assert 5 * energy["embedding"] < energy["chat"] < energy["reasoning"] / 5
    assert value("mix_energy_per_query", {**POINT, "workload": "chat"}, **GIVEN) == pytest.approx(0.55 * energy["chat"])
