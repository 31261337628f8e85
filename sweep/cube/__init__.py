"""Labelled results: what a cube says of itself, a plan computed in memory, and one that computes what is indexed."""
