"""Operators for Amazon Web Services."""
