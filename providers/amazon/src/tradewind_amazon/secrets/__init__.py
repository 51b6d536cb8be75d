"""Secrets backends at Amazon Web Services."""
