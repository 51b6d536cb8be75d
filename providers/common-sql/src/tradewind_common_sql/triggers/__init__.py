"""Triggers for SQL."""
