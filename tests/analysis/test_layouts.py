"""The choice of a layout: the study that is shipped for it names one that fits, and none that fits is quicker."""

import numpy as np

from sweep.analysis.search import best
from sweep.cube.running import run
from sweep.study.parse import open_study


def test_the_fastest_layout_fits_and_is_the_fastest_of_the_cube():
    study = open_study("layouts")
    cube = run(study)
    first = best(study, "step_time", top=1)[0]
    assert np.isclose(first["step_time"], float(cube.step_time.min()), rtol=1e-6)
    assert first["memory_per_gpu"] < 80 * 2**30
    assert first["split"].startswith("tp8")  # within a server, as the makers of the model chose
    tight = best(study, "step_time", where=["memory_per_gpu <= 60 GB"], top=1)[0]
    assert tight["memory_per_gpu"] <= 60e9
    assert tight["step_time"] >= first["step_time"]
