"""Operators for Google Cloud."""
