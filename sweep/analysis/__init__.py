"""Answers about a study or a cube: the best points, where a number is from, what there is."""
