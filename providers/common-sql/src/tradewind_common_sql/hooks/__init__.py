"""Hooks for SQL."""
