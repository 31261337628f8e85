"""Power and energy of training against published results."""
