"""Which published runs identify a constant: on runs made by hand."""

from dataclasses import replace

from benchmarks import fit_training, identification
from benchmarks.fidelity.training import scoring as training
from tests.benchmarks.test_fidelity import run


def prepared() -> list[training.Prepared]:
    """One run of a family that is fitted, dense and on H100."""
    found = training.prepare([run(family="hagemann", step_time_s="0.5")])
    return [replace(one, step_time=0.5) for one in found]


def test_identification_counts_runs_that_depend_on_constant() -> None:
    found = identification.table(prepared())
    assert {name.partition(" of ")[0] for name in fit_training.CONSTANTS} <= set(found)
    assert {"gemm_start_time", "host_pass_time", "straggler_growth"} <= set(found)  # measured or assumed, not fitted
    assert not {"hbm_bandwidth", "gradient_overlap", "recompute"} & set(found)  # facts, switches and choices
    assert (found["hbm_efficiency"]["fitted"], found["gemm_start_time"]["fitted"]) == (True, False)
    assert found["hbm_efficiency"]["rows"] == found["hbm_efficiency"]["rows_of_fitted"] == 1
    assert found["hbm_efficiency"]["followed_by"] == "hagemann"
    elasticity = found["hbm_efficiency"]["elasticity"]
    assert isinstance(elasticity, float)
    assert 0.02 < elasticity < 0.5  # memory-bound operators are some part of a step, not most of it
    assert found["fp4_efficiency"]["rows"] == 0
    assert found["fp4_efficiency"]["elasticity"] == 0
    assert found["fp4_efficiency"]["followed_by"] == "-"


def test_identification_groups_clocks_by_generation() -> None:
    found = fit_training.overrides({"training_clock of H100": 0.5, "tp_overlap": 0.4})
    assert found["training_clock", "h100-sxm"] == found["training_clock", "h200-sxm"] == 0.5
    assert ("training_clock", "a100-sxm-80gb") not in found
    assert found["tp_overlap"] == 0.4
