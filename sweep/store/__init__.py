"""Cubes that are kept: written block by block, resumed, verified, repaired and opened."""
