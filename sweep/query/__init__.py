"""What is asked of a cube: labels and units to selections, rows, tables and files."""
