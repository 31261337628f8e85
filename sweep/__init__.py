"""Sweeps over the energy of AI compute: equations written once, labelled cubes handed back.

>>> import sweep
>>> study = sweep.open_study("configs/studies/gpt4.yaml")
>>> cube = sweep.run(study, store="gpt4.zarr")
>>> sweep.evaluate(study, gpus=25000, pue=1.2, training_duration="90 d")["training_energy"]
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

WHERE = {
    "SweepError": "errors",
    "equation": "equations.registry",
    "rule": "equations.registry",
    "bands": "analysis.bands",
    "best": "analysis.search",
    "check": "cube.running",
    "compare": "analysis.compare",
    "evaluate": "cube.running",
    "open_cube": "cube.query",
    "open_study": "study.parse",
    "open_virtual": "cube.virtual",
    "pareto": "analysis.pareto",
    "run": "cube.running",
    "sensitivity": "analysis.sensitivity",
    "solve": "analysis.solve",
}
__all__ = [*WHERE]


def __getattr__(name: str) -> Any:
    """The public names, imported when they are first asked for."""
    if name not in WHERE:
        raise AttributeError(f"module 'sweep' has no attribute {name!r}")
    return getattr(import_module(f"sweep.{WHERE[name]}"), name)
