"""Sweeps over the energy of AI compute: equations written once, labelled cubes handed back.

>>> import sweep
>>> study = sweep.open_study("configs/studies/gpt4.yaml")
>>> cube = sweep.run(study, store="gpt4.zarr")
>>> sweep.evaluate(study, gpus=25000, pue=1.2, training_duration="90 d")["training_energy"]
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sweep.analysis.compare import compare as compare
    from sweep.analysis.pareto import pareto as pareto
    from sweep.analysis.search import best as best
    from sweep.analysis.solve import solve as solve
    from sweep.cube.compute import evaluate as evaluate
    from sweep.cube.virtual import open_virtual as open_virtual
    from sweep.equations.registry import equation as equation
    from sweep.equations.registry import rule as rule
    from sweep.errors import SweepError as SweepError
    from sweep.query.part import slice as slice
    from sweep.query.selection import in_display_units as in_display_units
    from sweep.store.reading import open_cube as open_cube
    from sweep.store.run import check as check
    from sweep.store.run import run as run
    from sweep.study.parse import open_study as open_study
    from sweep.uncertainty.bands import bands as bands
    from sweep.uncertainty.calibrate import calibrate as calibrate
    from sweep.uncertainty.sensitivity import sensitivity as sensitivity

# where each public name is; a type checker reads the same above
MODULE_OF = {
    "SweepError": "errors",
    "bands": "uncertainty.bands",
    "best": "analysis.search",
    "calibrate": "uncertainty.calibrate",
    "check": "store.run",
    "compare": "analysis.compare",
    "equation": "equations.registry",
    "evaluate": "cube.compute",
    "in_display_units": "query.selection",
    "open_cube": "store.reading",
    "open_study": "study.parse",
    "open_virtual": "cube.virtual",
    "pareto": "analysis.pareto",
    "rule": "equations.registry",
    "run": "store.run",
    "sensitivity": "uncertainty.sensitivity",
    "slice": "query.part",
    "solve": "analysis.solve",
}
__all__ = list(MODULE_OF)


def __dir__() -> list[str]:
    return [*__all__]


if not TYPE_CHECKING:  # to a type checker a name that is not above is a mistake

    def __getattr__(name: str) -> Any:
        """The public names, imported when they are first asked for."""
        if name not in MODULE_OF:
            raise AttributeError(f"module 'sweep' has no attribute {name!r}")
        return getattr(import_module(f"sweep.{MODULE_OF[name]}"), name)
