"""Triggers for HTTP."""
