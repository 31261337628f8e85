"""How sure a number is: bands, what moves a quantity, and factors from runs of one's own."""
