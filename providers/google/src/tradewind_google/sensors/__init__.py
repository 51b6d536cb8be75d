"""Sensors for Google Cloud."""
