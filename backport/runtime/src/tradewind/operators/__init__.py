"""Operators of the second host."""
