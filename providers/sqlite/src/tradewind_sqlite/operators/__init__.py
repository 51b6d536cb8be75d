"""Operators for SQLite."""
