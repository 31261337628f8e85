"""How fast the engine is, against what the machine can do: C, numpy, memory and zarr, as ratios of CPU time inside one run.

`python -m benchmarks.speed --json FILE` measures; subjects.py holds what is swept, one module per group of phases holds how it is timed.
"""
