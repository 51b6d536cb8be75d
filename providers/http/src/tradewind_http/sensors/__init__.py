"""Sensors for HTTP."""
