"""Sensors for SQL."""
