"""Fidelity: predicted against published. `python -m benchmarks.fidelity training FILE.csv` scores a file of published runs."""
