"""Sensors of the second host."""
