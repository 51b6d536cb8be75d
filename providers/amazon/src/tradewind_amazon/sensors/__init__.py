"""Sensors for Amazon Web Services."""
