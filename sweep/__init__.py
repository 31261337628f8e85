"""Sweeps over the energy of AI compute: equations written once, labelled cubes handed back."""
