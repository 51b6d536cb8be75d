"""Hooks for PostgreSQL."""
