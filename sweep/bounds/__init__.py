"""Bounds of quantities over many points at once: intervals, equations over intervals, boxes of a grid."""
