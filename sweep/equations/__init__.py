"""The physics as a graph: equations registered by name, what each needs, and one point of them interpreted."""
