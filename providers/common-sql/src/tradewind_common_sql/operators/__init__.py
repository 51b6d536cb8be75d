"""Operators for SQL."""
