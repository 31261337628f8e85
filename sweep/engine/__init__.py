"""From a study to compiled loops: plan, nests as source, compiler and blocks."""
