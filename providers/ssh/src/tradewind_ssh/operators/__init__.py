"""Operators for SSH."""
