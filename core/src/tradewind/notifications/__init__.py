"""Notifiers that are built in."""
