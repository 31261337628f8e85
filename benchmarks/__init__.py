"""Speed and fidelity of wattsweep, measured."""
