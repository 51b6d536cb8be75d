"""Operators for PostgreSQL."""
