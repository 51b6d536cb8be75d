"""Hooks for HTTP."""
