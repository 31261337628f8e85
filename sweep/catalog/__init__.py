"""The facts: files of configs/ to figures with units and sources."""
