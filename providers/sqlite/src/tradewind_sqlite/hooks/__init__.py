"""Hooks for SQLite."""
