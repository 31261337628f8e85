"""Training runs: step time, memory, layouts and peers against published results."""
