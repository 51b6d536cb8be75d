"""Hooks for SSH."""
