"""Served models: rate, latency, power and energy against published results."""
