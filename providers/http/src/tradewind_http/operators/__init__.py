"""Operators for HTTP."""
