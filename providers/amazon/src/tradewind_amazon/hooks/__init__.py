"""Hooks for Amazon Web Services."""
