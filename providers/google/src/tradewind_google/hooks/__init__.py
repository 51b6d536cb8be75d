"""Hooks for Google Cloud."""
